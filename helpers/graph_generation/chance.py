"""Chance level: how often a uniform random graph satisfies the rule."""

from __future__ import annotations

from functools import lru_cache, partial
from typing import NamedTuple

import numpy as np

from helpers.graph_generation.checks import check
from helpers.graph_generation.generators import uniform_graph
from helpers.graph_generation.graphs import Graph
from helpers.graph_generation.tasks import Pair, Task
from helpers.intervals import proportion


class Chance(NamedTuple):
    """Share of valid graphs with its 95 % Wilson interval, each in [0, 1]."""

    share: float
    low: float
    high: float


@lru_cache(maxsize=256)
def chance(
    task: Task | Pair, *, draws: int = 4000, seed: int = 0, complete: bool = False
) -> Chance:
    """Share of G(n, m) that is valid, at the edge count of the rule.

    The paper chose the sizes of planar and k-color so that it is about 20 %
    (Appendix A.1) and draws it in no chart. Where the rule leaves m open, m is the one
    that favours chance for components (a forest, n - k) and half of all edges between
    the sides for bipartite.

    Parameters
    ----------
    task : Task or Pair
        Of a Pair, n is uniform over what it allows.
    draws : int
        Number of random graphs, at least 1.
    seed : int
    complete : bool
        Reading of bipartite, as in `checks.check`.

    Raises
    ------
    ValueError
        For draws < 1.

    Examples
    --------
    >>> 0.2 < chance(Task("planar", 15, m=24), draws=500).share < 0.31
    True
    """
    if draws < 1:
        raise ValueError(f"draws must be at least 1, got {draws}")
    rng = np.random.default_rng(seed)
    draw = partial(chance_graph, task, rng, complete=complete)
    outcomes = [
        float(check(task, draw(), complete=complete).valid) for _ in range(draws)
    ]
    result = proportion(outcomes)
    return Chance(result["value"], max(0.0, result["low"]), min(1.0, result["high"]))


def chance_edges(task: Task, *, complete: bool = False) -> int:
    """Edge count m at which chance is measured.

    Examples
    --------
    >>> chance_edges(Task("components", 15, k=5))
    10
    """
    if task.edges is not None:
        return task.edges
    if task.rule == "components" and task.k is not None:
        return task.n - task.k
    assert task.parts is not None
    between = task.parts[0] * task.parts[1]
    return between if complete else between // 2


def chance_graph(
    task: Task | Pair, rng: np.random.Generator, *, complete: bool = False
) -> Graph:
    """A uniform random graph of the size that the rule asks for."""
    if isinstance(task, Task):
        return uniform_graph(task.n, chance_edges(task, complete=complete), rng)
    n = int(rng.integers(2 * task.fewest, 2 * task.most + 1))
    return uniform_graph(n, n - task.kinds.count("tree"), rng)
