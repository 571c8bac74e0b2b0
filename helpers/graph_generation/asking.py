"""Many requests to one model: a small decoder in processes, others through a cache."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np

from helpers.cache import stage
from helpers.graph_generation.decoder import GraphDecoder
from helpers.graph_generation.graph_grammar import GraphGrammar
from helpers.graph_generation.smiles_training import molecule_model
from helpers.llm.answer_cache import cached
from helpers.llm.backend import Backend, Completion, Request
from helpers.llm.cost import Price, run_requests
from helpers.parallel import in_processes
from helpers.tiny_lm.checkpoint import read_card

Model = Path | Backend
"""A folder with a small decoder, or any other model."""


def generator(seed: int, *parts: object) -> np.random.Generator:
    """Random numbers of their own for anything that has a ``repr``."""
    text = json.dumps([seed, [repr(part) for part in parts]])
    return np.random.default_rng(list(hashlib.sha256(text.encode()).digest()))


@dataclass(frozen=True)
class _Part:
    folder: str
    digest: str  # of the weights: others give other answers
    requests: tuple[Request, ...]
    grammar: bool


@stage
def _decoded(part: _Part) -> list[Completion]:
    decoder = small_model(Path(part.folder), grammar=part.grammar)
    return list(decoder.complete(part.requests))


def small_model(folder: Path, *, grammar: bool = False) -> Backend:
    """A checkpoint of this project as a backend, of graphs or of molecules.

    Its card says which of the two, whatever the folder is called.

    Raises
    ------
    FileNotFoundError
        If the folder is no checkpoint.
    ValueError
        If a grammar is wanted for molecules.
    """
    if read_card(folder).corpus["name"] == "molecules":
        if grammar:
            raise ValueError("the grammar is one of graphs; allowed: grammar=False")
        return molecule_model(folder)
    return GraphDecoder(folder, grammar=GraphGrammar() if grammar else None)


def ask(
    model: Model,
    requests: Sequence[Request],
    *,
    processes: int = 2,
    grammar: bool = False,
    answers: Path | None = None,
    price: Price | None = None,
    max_cost: float | None = None,
    label: str = "asking",
    progress: bool = True,
) -> list[Completion]:
    """Completions of all requests, in their order.

    Parameters
    ----------
    model : Path or Backend
        Folder of a small decoder, whose requests are shared among ``processes``; or
        any backend, asked in this process.
    grammar : bool
        Constrained decoding, of a small decoder only.
    answers : Path, optional
        File that keeps a backend's answers: an interrupted run resumes there.
    price, max_cost
        See `helpers.llm.cost.run_requests`.

    Raises
    ------
    ValueError
        If a backend is to use a grammar.
    """
    if not isinstance(model, Path):
        if grammar:
            raise ValueError("a grammar is for small decoders; allowed: grammar=False")
        asked = cached(model, answers) if answers else model
        return run_requests(
            asked, requests, price=price, max_cost=max_cost, progress=progress
        )
    digest = hashlib.sha256((model / "model.safetensors").read_bytes()).hexdigest()
    parts = [
        _Part(str(model), digest, tuple(requests[k::processes]), grammar)
        for k in range(min(processes, len(requests)))
    ]
    found = in_processes(_decoded, parts, processes, label=label, progress=progress)
    return [found[k % len(parts)][k // len(parts)] for k in range(len(requests))]


class Cell(Protocol):
    """One setting of an experiment, asked several times."""

    def request(self, run: int, seed: int, max_tokens: int = 4096) -> Request: ...


C = TypeVar("C", bound=Cell)


def ask_cells(
    model: Model,
    cells: Sequence[C],
    runs: int,
    *,
    seed: int,
    max_tokens: int,
    **asking: Any,
) -> Iterator[tuple[C, int, Completion]]:
    """Each cell, run and completion; ``asking`` as in `ask`."""
    asked = [(cell, run) for cell in cells for run in range(runs)]
    requests = [cell.request(run, seed, max_tokens) for cell, run in asked]
    completions = ask(model, requests, **asking)
    for (cell, run), completion in zip(asked, completions, strict=True):
        yield cell, run, completion
