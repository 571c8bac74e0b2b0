"""HUN: fixed minimum-cost assignment, then greedy moves under cell locks."""

from __future__ import annotations

from time import perf_counter

import numpy as np
import numpy.typing as npt
from numba import njit

from helpers.self_assembly.baselines.assignment import minimum_cost_assignment
from helpers.self_assembly.baselines.board import (
    KING_COL,
    KING_ROW,
    Board,
    IntArray,
    make_board,
    run_board,
)
from helpers.self_assembly.trace import Trace


@njit(cache=True)
def _move_greedily(positions, goals, holder):  # type: ignore[no-untyped-def]
    """One step in id order; a cell is free again as soon as its agent has left."""
    moved = 0
    for agent in range(len(positions)):
        row, col = positions[agent]
        to_row = row + np.sign(goals[agent, 0] - row)
        to_col = col + np.sign(goals[agent, 1] - col)
        if holder[to_row, to_col] < 0:
            holder[row, col] = -1
            holder[to_row, to_col] = agent
            positions[agent, 0] = to_row
            positions[agent, 1] = to_col
            moved += 1
    return moved


@njit(cache=True)
def _bump_arrived(positions, goals, holder, draws, step_row, step_col):  # type: ignore[no-untyped-def]
    """Arrived agents each move to a random free neighbouring cell."""
    height, width = holder.shape
    free = np.empty(8, dtype=np.int64)
    moved = 0
    for agent in range(len(positions)):
        row, col = positions[agent]
        if row != goals[agent, 0] or col != goals[agent, 1]:
            continue
        count = 0
        for k in range(8):
            to_row, to_col = row + step_row[k], col + step_col[k]
            if 0 <= to_row < height and 0 <= to_col < width:
                if holder[to_row, to_col] < 0:
                    free[count] = k
                    count += 1
        if count:
            k = free[int(draws[agent] * count)]
            holder[row, col] = -1
            positions[agent, 0] = row + step_row[k]
            positions[agent, 1] = col + step_col[k]
            holder[positions[agent, 0], positions[agent, 1]] = agent
            moved += 1
    return moved


def _assign(board: Board) -> IntArray:
    """Goal cell of every agent; a surplus agent's goal is the cell it stands on."""
    agents, goals = minimum_cost_assignment(board.cells, board.positions, "euclidean")
    cells = board.positions.copy()
    cells[agents] = board.cells[goals]
    return cells


def run_hungarian(
    target: npt.ArrayLike,
    positions: npt.ArrayLike,
    *,
    seed: int = 0,
    max_steps: int = 1000,
    record: bool = True,
    bump: bool = True,
) -> Trace:
    r"""Assign once at minimum Euclidean cost, walk there, repair when blocked.

    The assignment minimises :math:`\sum_i \lVert p_i - g_i \rVert_2`. Each step
    every agent, in id order, tries the king move towards its goal (diagonal while
    both offsets are non-zero, then along the longer axis) and stays if that cell is
    locked. A step in which nobody moves is a block: the assignment is made again
    from the current positions. If the next step is blocked too, agents that have
    arrived (and agents without a goal) each make a random free move in it. Without
    that bump the method stalls, because the Euclidean optimum does not change.

    Source: the authors' published engine for the paper's comparison. Its first
    version uses the plain cost, as here. Its last version passes the negated cost to
    a minimum-cost solver, which is a maximum-distance assignment, and a cost matrix
    that is not square; neither is reproduced.

    Parameters
    ----------
    target : bool array (H, W)
    positions : int array (n, 2)
        Start cells (row, column). Any n is allowed.
    seed : int
        Seeds the random moves.
    max_steps : int
        Cap on the number of steps.
    record : bool
        Keep all states, or only the first and the last.
    bump : bool
        Make the random moves in repeated blocks.

    Returns
    -------
    Trace
        Re-assignments during the run count in ``seconds``, the first one in
        ``planning_seconds``.

    Raises
    ------
    ValueError
        If the instance is malformed (see `make_board`).
    """
    board = make_board(target, positions)
    rng = np.random.default_rng(seed)
    # Calls without agents compile (or load) the kernels outside the timed part.
    nobody = board.positions[:0]
    _move_greedily(nobody, nobody, board.holder)
    _bump_arrived(nobody, nobody, board.holder, rng.random(0), KING_ROW, KING_COL)

    start = perf_counter()
    goals = _assign(board)
    planning_seconds = perf_counter() - start
    blocked_before = False

    def step() -> int:
        nonlocal goals, blocked_before
        moved = _move_greedily(board.positions, goals, board.holder)
        blocked = moved == 0
        if blocked:
            if blocked_before and bump:
                draws = rng.random(board.n_agents)
                moved = _bump_arrived(
                    board.positions, goals, board.holder, draws, KING_ROW, KING_COL
                )
            goals = _assign(board)
        blocked_before = blocked
        return int(moved)

    return run_board(
        board,
        "HUN",
        step,
        max_steps=max_steps,
        record=record,
        planning_seconds=planning_seconds,
    )
