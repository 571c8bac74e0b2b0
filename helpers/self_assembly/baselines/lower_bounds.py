"""Lower bounds on the number of steps of any method."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.ndimage import distance_transform_cdt
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching
from scipy.spatial.distance import cdist

from helpers.self_assembly.baselines.board import make_board


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

    over all pairings of min(n, |T|) agents and cells; at least
    `nearest_agent_bound`, where the search starts. Bisection over the distance
    with a maximum matching (Hopcroft-Karp) per trial. Zero without agents or
    without target cells.

    Raises
    ------
    ValueError
        If the instance is malformed (see `make_board`).
    """
    board = make_board(target, positions)
    cells = board.cells
    pairs = min(len(cells), board.n_agents)
    if not pairs:
        return 0
    distance = cdist(cells, board.positions, "chebyshev").astype(np.int16)

    def feasible(limit: int) -> bool:
        graph = csr_array(distance <= limit)
        matching = maximum_bipartite_matching(graph, perm_type="column")
        return int((matching >= 0).sum()) == pairs

    low, high = nearest_agent_bound(target, positions), int(distance.max())
    while low < high:
        middle = (low + high) // 2
        if feasible(middle):
            high = middle
        else:
            low = middle + 1
    return low
