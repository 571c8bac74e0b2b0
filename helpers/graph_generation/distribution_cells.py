"""Distribution-based experiments: infer p from ten graphs, then go on with the same p.

Ten graphs are shown and ten asked for, at temperature 0.5 (Section 3.2, Tables 11-13).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from helpers.graph_generation.asking import Model, ask, generator
from helpers.graph_generation.distributions import (
    Episode,
    attempted,
    draw_episode,
    kind,
    p_gen,
)
from helpers.graph_generation.prompts import (
    DISTRIBUTION_METHODS,
    TEMPLATE,
    Worked,
    distribution_prompt,
)
from helpers.graph_generation.reply_parser import parse_reply
from helpers.llm.backend import Request, Sampling
from helpers.names import unknown_name

QUANTITIES = ("p_pred", "p_gen", "valid", "realised", "attempted")


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
        """The solved example of the few-shot method, at a p of its own."""
        if self.method != "few-shot":
            return None
        rng = generator(seed, "worked", self.distribution, run)
        p = round(float(rng.uniform()), 1)
        shown = draw_episode(self.distribution, p, rng, self.amount)
        return Worked(shown.graphs, p)

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
    seed: int = 0,
    max_tokens: int = 4096,
    **asking: Any,
) -> pd.DataFrame:
    """Ask a model to infer p and to continue, in all cells.

    Returns
    -------
    DataFrame
        A row a reply: distribution, p, method, temperature, run; ``realised``, the
        share of targets among the shown graphs; ``p_pred``, what the reply states
        (NaN: nothing); ``p_gen``, the share of targets among its valid graphs (NaN:
        none is valid); ``attempted``, the same over all whose kind can be told by
        their counts; ``valid``, the share of the asked graphs. All from 0 to 1.
    """
    asked = [(cell, run) for cell in cells for run in range(runs)]
    requests = [cell.request(run, seed, max_tokens) for cell, run in asked]
    rows = []
    for (cell, run), completion in zip(
        asked, ask(model, requests, **asking), strict=True
    ):
        reply = parse_reply(completion.text, cell.amount)
        graphs = [answer and answer.graph for answer in reply.answers]
        kinds = [kind(cell.distribution, graph) for graph in graphs]
        rows.append(
            {
                "distribution": cell.distribution,
                "p": cell.p,
                "method": cell.method,
                "temperature": cell.temperature,
                "run": run,
                "realised": cell.episode(run, seed).share,
                "p_pred": np.nan if reply.p is None else reply.p,
                "p_gen": p_gen(cell.distribution, graphs),
                "attempted": attempted(cell.distribution, graphs),
                "valid": float(np.mean([found is not None for found in kinds])),
            }
        )
    return pd.DataFrame(rows)


def summary(
    replies: pd.DataFrame, *, seed: int = 0, draws: int = 2000
) -> pd.DataFrame:
    """Mean and 95 % bootstrap interval over replies, one row per cell.

    Columns distribution, p, method, replies, and each of `QUANTITIES` with ``_se``
    (population SD / sqrt(replies), as in the paper), ``_low``, ``_high``; NaN is left
    out, as the paper leaves out replies that it cannot read (inferred).
    """
    rows = []
    keys = ["distribution", "p", "method"]
    for names, cell in replies.groupby(keys, sort=False):
        row: dict[str, Any] = dict(zip(keys, names, strict=True))
        row["replies"] = len(cell)
        for quantity in QUANTITIES:
            row |= _mean(quantity, cell[quantity].to_numpy(float), seed, draws)
        rows.append(row)
    return pd.DataFrame(rows)


def _mean(name: str, values: np.ndarray, seed: int, draws: int) -> dict[str, float]:
    known = values[~np.isnan(values)]
    if not len(known):
        return dict.fromkeys((name, *(f"{name}_{x}" for x in ("se", "low", "high"))))  # type: ignore[arg-type]
    rng = np.random.default_rng(seed)
    means = known[rng.integers(0, len(known), (draws, len(known)))].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return {
        name: float(known.mean()),
        f"{name}_se": float(known.std() / np.sqrt(len(known))),
        f"{name}_low": float(low),
        f"{name}_high": float(high),
    }
