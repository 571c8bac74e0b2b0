"""Minimum-cost assignment of unlabelled agents to target cells."""

from __future__ import annotations

from typing import Literal

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from helpers.self_assembly.baselines.board import IntArray

Metric = Literal["chebyshev", "euclidean"]


def minimum_cost_assignment(
    cells: IntArray, positions: IntArray, metric: Metric
) -> tuple[IntArray, IntArray]:
    """Pair ``min(n, |T|)`` agents and cells so that the summed distance is minimal.

    An agent that stands on a target cell keeps it. No optimum is lost: if ``a``
    stands on ``u`` but goes to ``v`` while ``b`` comes to ``u``, then sending ``b``
    to ``v`` costs d(b, v) <= d(b, u) + d(u, v). Only the others enter the
    O(n^3) solver, which makes repeated assignments of a nearly filled shape cheap.

    When as many agents as cells are left, the solver sees the reduced cost
    d(p, u) - d(p, o) + d(u, o) with o the centre of the cells: constants per row and
    column leave the optimum as it is, and this start, non-negative by the triangle
    inequality, is several times faster on a crowd around a shape.

    Parameters
    ----------
    cells : int array (|T|, 2)
        Target cells.
    positions : int array (n, 2)
        Agents.
    metric : "chebyshev" or "euclidean"
        Distance in cells.

    Returns
    -------
    agents, goals : int arrays (min(n, |T|),)
        Agent ``agents[k]`` goes to ``cells[goals[k]]``.
    """
    shape = np.concatenate([cells, positions]).max(axis=0, initial=0) + 1
    cell_keys = np.ravel_multi_index(tuple(cells.T), tuple(shape))
    agent_keys = np.ravel_multi_index(tuple(positions.T), tuple(shape))
    _, goals, agents = np.intersect1d(
        cell_keys, agent_keys, assume_unique=True, return_indices=True
    )
    open_goals = np.setdiff1d(np.arange(len(cells)), goals, assume_unique=True)
    waiting = np.setdiff1d(np.arange(len(positions)), agents, assume_unique=True)
    cost = cdist(positions[waiting], cells[open_goals], metric)
    if cost.size and len(waiting) == len(open_goals):
        # A whole cell as centre keeps Chebyshev costs integer, hence exact.
        centre = cells[open_goals].mean(axis=0, keepdims=True).round()
        cost -= cdist(positions[waiting], centre, metric)
        cost += cdist(centre, cells[open_goals], metric)
    rows, columns = linear_sum_assignment(cost)
    return (
        np.concatenate([agents, waiting[rows]]),
        np.concatenate([goals, open_goals[columns]]),
    )
