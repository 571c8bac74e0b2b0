"""HUN: fixed minimum-cost assignment, then greedy moves under cell locks."""

from __future__ import annotations

from time import process_time

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
def _hungarian_step(positions, goals, holder, bump, draws, step_row, step_col):  # type: ignore[no-untyped-def]  # pragma: no cover
    """One step in id order; a cell is free again as soon as its agent has left.

    With ``bump``, agents on their goal move to a random free neighbouring cell.
    """
    height, width = holder.shape
    free = np.empty((8, 2), dtype=np.int64)
    moved = 0
    for agent in range(len(positions)):
        row, col = positions[agent]
        down, right = goals[agent, 0] - row, goals[agent, 1] - col
        to_row, to_col = row, col
        if down == 0 and right == 0:
            count = 0
            for k in range(8 if bump else 0):
                i, j = row + step_row[k], col + step_col[k]
                if 0 <= i < height and 0 <= j < width and holder[i, j] < 0:
                    free[count] = i, j
                    count += 1
            if count:
                to_row, to_col = free[int(draws[agent] * count)]
        else:
            to_row, to_col = row + np.sign(down), col + np.sign(right)
            if holder[to_row, to_col] >= 0:
                # Along the longer axis, where there is one.
                if abs(down) >= abs(right):
                    to_col = col
                if abs(right) >= abs(down):
                    to_row = row
        if holder[to_row, to_col] < 0:
            holder[row, col] = -1
            holder[to_row, to_col] = agent
            positions[agent] = to_row, to_col
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
    every agent, in id order, tries the diagonal move towards its goal if both
    offsets are non-zero, then the move along the longer axis, and stays if both cells
    are locked. A step in which nobody moves is a block. In the step after a block,
    agents that have arrived (and agents without a goal) each make a random free
    move, and after it the assignment is made again from the current positions.
    Without that bump the method stalls, because the Euclidean optimum does not
    change: an agent standing on a target cell keeps it.

    Source: the authors' published engine for the paper's comparison. Its first
    version uses the plain cost, as here. Its last version passes the negated cost to
    a minimum-cost solver, which is a maximum-distance assignment, and a cost matrix
    that is not square; neither is reproduced. It also truncates the distances to
    whole cells when it assigns again; here they are exact.

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
        Make the random moves after a block.

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
    # A call without agents compiles (or loads) the kernel outside the timed part.
    nobody = board.positions[:0]
    _hungarian_step(
        nobody, nobody, board.holder, False, rng.random(0), KING_ROW, KING_COL
    )

    start = process_time()
    goals = _assign(board)
    planning_seconds = process_time() - start
    blocked = False

    def step() -> int:
        nonlocal goals, blocked
        draws = rng.random(board.n_agents if blocked and bump else 0)
        moved = _hungarian_step(
            board.positions,
            goals,
            board.holder,
            blocked and bump,
            draws,
            KING_ROW,
            KING_COL,
        )
        if blocked:
            goals = _assign(board)
        blocked = moved == 0
        return int(moved)

    return run_board(
        board,
        "HUN",
        step,
        max_steps=max_steps,
        record=record,
        planning_seconds=planning_seconds,
    )
