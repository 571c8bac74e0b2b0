"""The paper's protocol with a model of the hub or behind a server (scale ``paper``).

2,415 calls at 15 and 5 replies a cell. Every answer is kept in a file with its number,
so that an interrupted campaign resumes, and a finished one can be looked at again
without the model.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from helpers.graph_generation.distribution_cells import DistributionCell, continued
from helpers.graph_generation.distributions import DISTRIBUTIONS, PAPER_P
from helpers.graph_generation.prompts import DISTRIBUTION_METHODS, METHODS
from helpers.graph_generation.rule_cells import Cell, generated
from helpers.graph_generation.tasks import PAIRS, RULES, preset
from helpers.llm.backend import Backend
from helpers.llm.chat import ChatServer
from helpers.llm.local import LocalModel

VARIED = ("cycles", "k-regular", "k-color")  # rules of the paper's ablations
TEMPERATURES = (0.0, 0.2, 0.4, 0.6, 1.0)
AMOUNTS = (5, 20)


def large_model(
    hub_model: str | Path, endpoint: str | None = None, endpoint_model: str = ""
) -> Backend:
    """The server's model if there is an endpoint, else one of the hub or of a folder.

    The key of a server comes from the environment (``OPENAI_API_KEY``).

    Raises
    ------
    ValueError
        If an endpoint comes without the name of its model.
    """
    if endpoint is None:
        return LocalModel.load(hub_model)
    if not endpoint_model:
        raise ValueError("endpoint needs endpoint_model: the server's name for it")
    return ChatServer(endpoint, endpoint_model)


def rule_campaign(size: str = "medium") -> list[Cell]:
    """The cells of Tables 1-5 and 14-18, each once."""
    methods = [Cell(preset(rule, size), m) for rule in RULES for m in METHODS]
    others = [
        Cell(preset(rule, other), method)
        for other in ("small", "large")
        for rule in VARIED
        for method in METHODS
    ]
    ablations = [
        cell
        for rule in VARIED
        for method in METHODS
        for cell in (
            *(Cell(preset(rule, size), method, t) for t in TEMPERATURES),
            *(Cell(preset(rule, size), method, amount=a) for a in AMOUNTS),
        )
    ]
    pairs = [
        Cell(pair, method)
        for pair in PAIRS
        for method in ("zero-shot", "few-shot", "zero-shot-cot")
    ]
    return list(dict.fromkeys([*methods, *others, *ablations, *pairs]))


def share_campaign(ps: Sequence[float] = PAPER_P) -> list[DistributionCell]:
    """The cells of Tables 11-13."""
    return [
        DistributionCell(distribution, p, method)
        for distribution in DISTRIBUTIONS
        for method in DISTRIBUTION_METHODS
        for p in ps
    ]


def campaign(
    model: Backend,
    answers: Path,
    *,
    runs: int = 15,
    share_runs: int = 5,
    size: str = "medium",
    seed: int = 0,
    **asking: Any,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Ask everything; graphs of the rules, and replies to the distribution tasks.

    Parameters
    ----------
    answers : Path
        File that keeps them.
    runs, share_runs : int
        Replies per cell; the paper asked for 15 (30 in the main table) and 5, and some
        were left out (inferred).
    asking
        Of `helpers.graph_generation.asking.ask`: ``price``, ``max_cost``, ``progress``.
    """
    name = model.name
    asking = {"seed": seed, "answers": answers, "name": name, **asking}
    graphs = generated(model, rule_campaign(size), runs, label="rules", **asking)
    shares = continued(
        model, share_campaign(), share_runs, label="distributions", **asking
    )
    return graphs, shares
