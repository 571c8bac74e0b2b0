"""Property-based experiments: a model proposes molecules, a classifier judges them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from helpers.graph_generation.asking import Model, ask
from helpers.graph_generation.classifier import Judge
from helpers.graph_generation.molecule_answers import (
    REFERENCES,
    TEMPERATURE,
    MoleculeAnswer,
    given_molecules,
    molecule_requests,
    prompt_name,
    reference_answers,
)
from helpers.graph_generation.molecule_frame import molecule_frame, summary
from helpers.graph_generation.prompts import MOLECULE_METHODS
from helpers.graph_generation.reply_parser import parse_molecules
from helpers.graph_generation.smiles_documents import AMOUNT, Subject


def proposed(
    model: Model,
    name: str,
    runs: int,
    *,
    methods: Sequence[str] = MOLECULE_METHODS,
    hidden: Sequence[str] = (),
    amount: int = AMOUNT,
    seed: int = 0,
    temperature: float = TEMPERATURE,
    **asking: Any,
) -> list[MoleculeAnswer]:
    """Replies to prompts with molecules that have a property, and that lack it.

    Parameters
    ----------
    model : Path or Backend
        See `helpers.graph_generation.asking.ask`, which takes ``asking``.
    name : str
        Key of `helpers.graph_generation.properties.PROPERTIES`.
    runs : int
        Replies per prompt and method; the same molecules are shown to all methods.
    hidden : sequence of str
        Methods whose prompts are asked once more without a word about the property:
        the molecules shown have to tell.
    amount : int
        Molecules asked for in one reply.
    temperature : float
        0.5 in the paper; see `helpers.graph_generation.molecule_answers`.
    """
    ways = [(True, method) for method in methods]
    ways += [(False, method) for method in hidden]
    asked, requests = [], []
    for active in (True, False):
        given = given_molecules(Subject(name, active=active), runs, seed=seed)
        for named, method in ways:
            subject = Subject(name, active=active, named=named)
            asked += [(subject, method, run, shown) for run, shown in enumerate(given)]
            requests += molecule_requests(
                subject,
                given,
                method=method,
                amount=amount,
                temperature=temperature,
                seed=seed,
            )
    completions = ask(model, requests, **asking)
    return [
        MoleculeAnswer(
            prompt_name(subject),
            name,
            method,
            run,
            shown,
            parse_molecules(completion.text, amount),
        )
        for (subject, method, run, shown), completion in zip(
            asked, completions, strict=True
        )
    ]


def references(
    name: str, runs: int, *, amount: int = AMOUNT, seed: int = 0
) -> list[MoleculeAnswer]:
    """Real molecules with and without the property, and changed ones, as replies."""
    return [
        answer
        for kind in REFERENCES
        for answer in reference_answers(kind, name, runs, amount=amount, seed=seed)
    ]


def judged(
    answers: Sequence[MoleculeAnswer], judge: Judge, *, seed: int = 0
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The molecules of all replies, and C_M, C and the truth of every cell.

    C takes the classifier's rates on scaffolds that it did not learn from.
    """
    frame = molecule_frame(answers, judge)
    return frame, summary(frame, judge.held_out, seed=seed)
