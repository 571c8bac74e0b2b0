"""OPT-D: minimum total distance, carried out as a flow on an acyclic graph."""

from __future__ import annotations

from time import process_time

import numpy as np
import numpy.typing as npt
from numba import njit

from helpers.self_assembly.baselines.assignment import minimum_cost_assignment
from helpers.self_assembly.baselines.board import (
    KING_COL,
    KING_ROW,
    make_board,
    run_board,
)
from helpers.self_assembly.trace import Trace


@njit(cache=True)
def _path_flow(starts, goals, direction_of, flow):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Add one unit of flow along the straight line, in king moves, of every pair."""
    for k in range(len(starts)):
        row, col = starts[k]
        down, right = goals[k, 0] - row, goals[k, 1] - col
        length = max(abs(down), abs(right))
        for s in range(1, length + 1):
            to_row = starts[k, 0] + int(np.round(down * s / length))
            to_col = starts[k, 1] + int(np.round(right * s / length))
            flow[row, col, direction_of[to_row - row + 1, to_col - col + 1]] += 1
            row, col = to_row, to_col


@njit(cache=True)
def _reverse_topological_order(flow, step_row, step_col):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Cells with flow, sinks first, and their longest way to a sink."""
    height, width, _ = flow.shape
    heads_left = np.zeros((height, width), dtype=np.int64)
    depth = np.zeros((height, width), dtype=np.int64)
    order = np.empty((height * width, 2), dtype=np.int64)
    touched = np.zeros((height, width), dtype=np.bool_)
    for row in range(height):
        for col in range(width):
            for k in range(8):
                if flow[row, col, k] > 0:
                    heads_left[row, col] += 1
                    touched[row, col] = True
                    touched[row + step_row[k], col + step_col[k]] = True
    size = 0
    count = 0
    for row in range(height):
        for col in range(width):
            if touched[row, col]:
                count += 1
                if heads_left[row, col] == 0:
                    order[size] = row, col
                    size += 1
    done = 0
    while done < size:
        row, col = order[done]
        done += 1
        for k in range(8):
            tail_row, tail_col = row - step_row[k], col - step_col[k]
            if not (0 <= tail_row < height and 0 <= tail_col < width):
                continue
            if flow[tail_row, tail_col, k] > 0:
                if depth[tail_row, tail_col] <= depth[row, col]:
                    depth[tail_row, tail_col] = depth[row, col] + 1
                heads_left[tail_row, tail_col] -= 1
                if heads_left[tail_row, tail_col] == 0:
                    order[size] = tail_row, tail_col
                    size += 1
    return order[:size], depth, size == count


@njit(cache=True)
def _push_flow(order, depth, flow, positions, holder, step_row, step_col):  # type: ignore[no-untyped-def]  # pragma: no cover
    """One step: each agent takes a unit of outgoing flow whose head is free."""
    moved = 0
    for v in range(len(order)):
        row, col = order[v]
        agent = holder[row, col]
        if agent < 0:
            continue
        best = -1
        best_depth = -1
        for k in range(8):
            if flow[row, col, k] > 0:
                to_row, to_col = row + step_row[k], col + step_col[k]
                if holder[to_row, to_col] < 0 and depth[to_row, to_col] > best_depth:
                    best = k
                    best_depth = depth[to_row, to_col]
        if best >= 0:
            flow[row, col, best] -= 1
            holder[row, col] = -1
            positions[agent, 0] = row + step_row[best]
            positions[agent, 1] = col + step_col[best]
            holder[positions[agent, 0], positions[agent, 1]] = agent
            moved += 1
    return moved


def run_optimal_distance(
    target: npt.ArrayLike,
    positions: npt.ArrayLike,
    *,
    seed: int = 0,
    max_steps: int = 1000,
    record: bool = True,
) -> Trace:
    r"""Fill the target with the fewest moves in total.

    1. The assignment minimises :math:`\sum_i \max(|\Delta r_i|, |\Delta c_i|)`, the
       number of king moves.
    2. One shortest path per pair, here the one along the straight line, which
       spreads the traffic; their union is an integer flow. It has no directed
       cycle, since cancelling one would make the assignment cheaper.
    3. Each step visits the cells sinks first. The agent on a cell takes any unit of
       outgoing flow whose head is free (of several, the one with the longest way
       still to go); agents are interchangeable, so identities may swap.

    The agent nearest to the sinks can always move, hence the run always completes,
    with exactly the optimal number of moves. Yu & LaValle prove at most n + l - 1
    steps, with l the longest distance in the assignment, for their schedule; for the
    greedy one here the bound is tested, not proved. Surplus agents never stand on
    a path: a path through one could start there instead, which would be cheaper.

    Source: Yu & LaValle, arXiv 1204.3820, stated there for graphs with unit edges
    and planning in O(n V^2). Solving the assignment directly and the choices of the
    path and among free heads are ours.

    Parameters
    ----------
    target : bool array (H, W)
    positions : int array (n, 2)
        Start cells (row, column). Any n is allowed.
    seed : int
        Accepted for the common signature; the method is deterministic.
    max_steps : int
        Cap on the number of steps.
    record : bool
        Keep all states, or only the first and the last.

    Returns
    -------
    Trace
        ``sum(moved)`` is the optimal total distance when the run completes.

    Raises
    ------
    ValueError
        If the instance is malformed (see `make_board`).
    """
    board = make_board(target, positions)
    direction_of = np.full((3, 3), -1, dtype=np.int64)
    direction_of[KING_ROW + 1, KING_COL + 1] = np.arange(8)
    flow = np.zeros((*board.target.shape, 8), dtype=np.int64)
    # Calls without work compile (or load) the kernels outside the timed part.
    nobody = board.positions[:0]
    _path_flow(nobody, nobody, direction_of, flow)
    order, depth, _ = _reverse_topological_order(
        np.zeros((1, 1, 8), dtype=np.int64), KING_ROW, KING_COL
    )
    _push_flow(order, depth, flow, board.positions, board.holder, KING_ROW, KING_COL)

    start = process_time()
    cells = board.cells
    agents, goals = minimum_cost_assignment(cells, board.positions, "chebyshev")
    _path_flow(board.positions[agents], cells[goals], direction_of, flow)
    order, depth, acyclic = _reverse_topological_order(flow, KING_ROW, KING_COL)
    if not acyclic:
        raise RuntimeError(
            "the flow has a directed cycle: the assignment is not optimal"
        )
    planning_seconds = process_time() - start

    def step() -> int:
        return int(
            _push_flow(
                order, depth, flow, board.positions, board.holder, KING_ROW, KING_COL
            )
        )

    return run_board(
        board,
        "OPT-D",
        step,
        max_steps=max_steps,
        record=record,
        planning_seconds=planning_seconds,
    )
