"""Distribution-based experiments: infer p from ten graphs, then go on with the same p.

Ten graphs are shown and ten asked for, at temperature 0.5 (Section 3.2, Tables 11-13).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from helpers.graph_generation.asking import Model, ask_cells, generator
from helpers.graph_generation.distribution_answers import answer_row
from helpers.graph_generation.distribution_documents import worked_example
from helpers.graph_generation.distributions import Episode, draw_episode
from helpers.graph_generation.prompts import (
    DISTRIBUTION_METHODS,
    TEMPLATE,
    Worked,
    distribution_prompt,
)
from helpers.graph_generation.reply_parser import parse_reply
from helpers.llm.backend import Request, Sampling
from helpers.names import unknown_name


@dataclass(frozen=True)
class DistributionCell:
    """One setting of a distribution-based experiment.

    Attributes
    ----------
    distribution : str
        One of `helpers.graph_generation.distributions.DISTRIBUTIONS`.
    p : float
        Probability that the shown graphs were drawn with.
    method : str
        One of `helpers.graph_generation.prompts.DISTRIBUTION_METHODS`.
    temperature : float
    amount : int
        Graphs shown, and graphs asked for.
    """

    distribution: str
    p: float
    method: str = "zero-shot"
    temperature: float = 0.5
    amount: int = 10

    def __post_init__(self) -> None:
        if self.method not in DISTRIBUTION_METHODS:
            raise unknown_name("method", self.method, DISTRIBUTION_METHODS)

    def episode(self, run: int, seed: int) -> Episode:
        """The graphs shown in a run, the same under all methods."""
        rng = generator(seed, self.distribution, self.p, run)
        return draw_episode(self.distribution, self.p, rng, self.amount)

    def worked(self, run: int, seed: int) -> Worked | None:
        """The solved example of few-shot and CoT prompts, at a p of its own.

        That CoT prompts have one is inferred from section 3.2.
        """
        if self.method == "zero-shot":
            return None
        rng = generator(seed, "worked", self.distribution, run)
        return worked_example(self.distribution, self.method, rng)

    def request(self, run: int, seed: int, max_tokens: int = 4096) -> Request:
        """What a model is asked in a run."""
        prompt = distribution_prompt(
            self.distribution,
            self.method,
            self.episode(run, seed).graphs,
            self.amount,
            self.worked(run, seed),
        )
        sampling = Sampling(self.temperature, max_tokens=max_tokens, seed=seed)
        return Request.ask(prompt, sampling, sample=run, template=TEMPLATE)


def continued(
    model: Model,
    cells: Sequence[DistributionCell],
    runs: int,
    *,
    name: str,
    seed: int = 0,
    max_tokens: int = 4096,
    **asking: Any,
) -> pd.DataFrame:
    """Ask a model to infer p and to continue, in all cells.

    Parameters
    ----------
    model : Path or Backend
        See `helpers.graph_generation.asking.ask`, which takes ``asking``.
    runs : int
        Replies per cell.
    name : str
        Of the model in the frame.

    Returns
    -------
    DataFrame
        A row a reply, see `helpers.graph_generation.distribution_answers`.
    """
    rows = []
    for cell, run, completion in ask_cells(
        model, cells, runs, seed=seed, max_tokens=max_tokens, **asking
    ):
        reply = parse_reply(completion.text, cell.amount)
        rows.append(
            answer_row(
                cell.episode(run, seed),
                list(reply.graphs),
                reply.p,
                model=name,
                method=cell.method,
                run=run,
            )
        )
    return pd.DataFrame(rows)
