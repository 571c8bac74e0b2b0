"""Lower bounds on the number of steps of any method."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit
from scipy.ndimage import distance_transform_cdt
from scipy.spatial.distance import cdist

from helpers.self_assembly.baselines.board import make_board


@njit(cache=True)
def _match_more(distance, limit, partner, owner):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Match as many rows as possible over pairs within ``limit``; how many are.

    Grows one search tree per unmatched row in turn, and augments the matching
    (``partner`` of each row, ``owner`` of each column, -1: none) along the path to
    every unmatched column that a tree reaches, until a phase reaches none.
    """
    rows, columns = distance.shape
    matched = np.count_nonzero(partner >= 0)
    queue = np.empty(rows, dtype=np.int64)
    root = np.empty(rows, dtype=np.int64)
    parent = np.empty(columns, dtype=np.int64)
    while matched < rows:
        before = matched
        done = np.zeros(rows, dtype=np.bool_)
        parent[:] = -1
        size = 0
        for row in range(rows):
            if partner[row] < 0:
                root[row] = row
                queue[size] = row
                size += 1
        head = 0
        while head < size:
            row = queue[head]
            head += 1
            for column in range(columns):
                if done[root[row]]:
                    break
                if parent[column] >= 0 or distance[row, column] > limit:
                    continue
                parent[column] = row
                following = owner[column]
                if following >= 0:
                    root[following] = root[row]
                    queue[size] = following
                    size += 1
                    continue
                done[root[row]] = True
                matched += 1
                free = column
                while free >= 0:
                    tail = parent[free]
                    left = partner[tail]
                    partner[tail] = free
                    owner[free] = tail
                    free = left
        if matched == before:
            break
    return matched


def nearest_agent_bound(target: npt.ArrayLike, positions: npt.ArrayLike) -> int:
    r"""Steps that the worst placed cell needs, if every agent could serve it.

    .. math:: \max_{u \in T} \min_i d_\infty(u, p_i)

    With fewer agents than cells, not every cell is filled but every agent must get
    inside: then :math:`\max_i \min_{u \in T} d_\infty(u, p_i)`. Zero without agents
    or without target cells. O(H W).

    Raises
    ------
    ValueError
        If the instance is malformed (see `make_board`).
    """
    board = make_board(target, positions)
    if not board.n_agents or not board.target.any():
        return 0
    agents = board.holder >= 0
    scarce = board.n_agents < board.target.sum()
    sources, served = (board.target, agents) if scarce else (agents, board.target)
    distance = distance_transform_cdt(~sources, metric="chessboard")
    return int(distance[served].max())


def bottleneck_bound(target: npt.ArrayLike, positions: npt.ArrayLike) -> int:
    r"""Bottleneck assignment distance: the least possible longest way.

    .. math:: \min_{\sigma} \max_k d_\infty(u_k, p_{\sigma(k)})

    over all pairings of ``min(n, |T|)`` agents and cells; at least
    `nearest_agent_bound`. From there the allowed distance grows by one until a
    matching within it is complete; each matching continues the one before.
    ``O(n |T|)`` memory. Zero without agents or without target cells.

    Raises
    ------
    ValueError
        If the instance is malformed (see `make_board`).
    """
    board = make_board(target, positions)
    small, large = board.cells, board.positions
    if len(small) > len(large):
        small, large = large, small
    if not len(small):
        return 0
    distance = cdist(small, large, "chebyshev").astype(np.int32)
    partner = np.full(len(small), -1, dtype=np.int64)
    owner = np.full(len(large), -1, dtype=np.int64)
    limit = nearest_agent_bound(target, positions)
    while _match_more(distance, limit, partner, owner) < len(small):
        limit += 1
    return limit
