"""Rule-based experiments: cells of task, method and temperature, and what came back.

A cell is asked ``runs`` times, each time for ``amount`` graphs in one reply, as in the
paper (Section 3.1: 10 graphs a reply; 30 or 15 replies, inferred from Tables 14-18).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from helpers.graph_generation.asking import Model, ask_cells, generator
from helpers.graph_generation.generators import random_valid
from helpers.graph_generation.graph_frame import graph_rows
from helpers.graph_generation.graphs import Graph
from helpers.graph_generation.prompts import (
    METHODS,
    TEMPLATE,
    pair_prompt,
    rule_prompt,
)
from helpers.graph_generation.reply_parser import parse_reply
from helpers.graph_generation.tasks import Pair, Task
from helpers.llm.backend import Request, Sampling
from helpers.names import unknown_name


@dataclass(frozen=True)
class Cell:
    """One setting of a rule-based experiment.

    Attributes
    ----------
    task : Task or Pair
    method : str
        One of `helpers.graph_generation.prompts.METHODS`.
    temperature : float
        0.8 in the paper.
    amount : int
        Graphs asked for in one reply.
    examples : int
        Given by the few-shot methods; the paper does not say how many.

    Raises
    ------
    ValueError
        For an unknown method, or numbers below 1.
    """

    task: Task | Pair
    method: str = "zero-shot"
    temperature: float = 0.8
    amount: int = 10
    examples: int = 3

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise unknown_name("method", self.method, METHODS)
        for name in ("amount", "examples"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; allowed: 1 or more")

    def given(self, run: int, seed: int) -> tuple[Graph, ...]:
        """Examples in the prompt of a run: other ones in every run, the same in both
        few-shot methods, none in the others."""
        if not self.method.startswith("few-shot"):
            return ()
        rng = generator(seed, "examples", self.task, run)
        found: dict[object, Graph] = {}
        for _ in range(100 * self.examples):  # small tasks have few graphs
            graph = random_valid(self.task, rng)
            found.setdefault(graph.key, graph)
            if len(found) == self.examples:
                break
        return tuple(found.values())

    def request(self, run: int, seed: int, max_tokens: int = 4096) -> Request:
        """What a model is asked in a run."""
        if isinstance(self.task, Pair):
            prompt = pair_prompt(
                self.task.kinds, self.method, self.amount, self.given(run, seed)
            )
        else:
            prompt = rule_prompt(
                self.task, self.method, self.amount, self.given(run, seed)
            )
        sampling = Sampling(self.temperature, max_tokens=max_tokens, seed=seed)
        return Request.ask(prompt, sampling, sample=run, template=TEMPLATE)


def generated(
    model: Model,
    cells: Sequence[Cell],
    runs: int,
    *,
    name: str,
    seed: int = 0,
    complete: bool = False,
    max_tokens: int = 4096,
    **asking: Any,
) -> pd.DataFrame:
    """Ask a model for the graphs of all cells and check them.

    Parameters
    ----------
    model : Path or Backend
        See `helpers.graph_generation.asking.ask`, which takes ``asking``.
    runs : int
        Replies per cell.
    name : str
        Of the model in the frame.
    complete : bool
        Reading of bipartite.

    Returns
    -------
    DataFrame
        See `helpers.graph_generation.graph_frame`, and ``finished``: False where the
        limit of tokens cut the reply off.
    """
    rows = []
    for cell, run, completion in ask_cells(
        model, cells, runs, seed=seed, max_tokens=max_tokens, **asking
    ):
        reply = parse_reply(completion.text, cell.amount)
        rows += [
            row | {"finished": completion.finished}
            for row in graph_rows(
                cell.task,
                list(reply.graphs),
                model=name,
                method=cell.method,
                temperature=cell.temperature,
                run=run,
                examples=cell.given(run, seed),
                complete=complete,
            )
        ]
    return pd.DataFrame(rows)
