"""DUD: descent on the target's distance transform with neighbour repulsion."""

from __future__ import annotations

import math
from time import process_time

import numpy as np
import numpy.typing as npt
from numba import njit
from scipy.ndimage import distance_transform_edt

from helpers.self_assembly.baselines.board import (
    KING_COL,
    KING_ROW,
    BoolArray,
    make_board,
    run_board,
)
from helpers.self_assembly.trace import Trace

# Opposite repulsions cancel only up to rounding.
_BALANCED = 1e-9


@njit(cache=True)
def _dud_step(positions, holder, pull, last, wanted, radius, step_row, step_col):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Everyone decides on the state at the start of the step, then moves in id order.

    ``last`` is the king move made in the previous step (-1: none), ``wanted``
    scratch space for the moves decided on.
    """
    height, width = holder.shape
    reach = int(radius)
    for agent in range(len(positions)):
        row, col = positions[agent]
        force_row, force_col = pull[row, col]
        crowded = False
        for i in range(max(0, row - reach), min(height, row + reach + 1)):
            for j in range(max(0, col - reach), min(width, col + reach + 1)):
                if holder[i, j] < 0 or holder[i, j] == agent:
                    continue
                d = math.hypot(i - row, j - col)
                if d <= radius:
                    crowded = True
                    push = (1.0 / radius - 1.0 / d) / (d * d)
                    force_row += push * (i - row)
                    force_col += push * (j - col)
        if abs(force_row) > _BALANCED or abs(force_col) > _BALANCED:
            # Angle 0 is north and grows clockwise, as the king moves do.
            angle = math.atan2(force_col, -force_row)
            wanted[agent] = int(np.round(angle / (math.pi / 4))) % 8
        else:
            wanted[agent] = -1 if crowded else last[agent]
    moved = 0
    for agent in range(len(positions)):
        k = wanted[agent]
        last[agent] = -1
        if k < 0:
            continue
        row, col = positions[agent]
        to_row, to_col = row + step_row[k], col + step_col[k]
        if 0 <= to_row < height and 0 <= to_col < width and holder[to_row, to_col] < 0:
            holder[row, col] = -1
            holder[to_row, to_col] = agent
            positions[agent, 0] = to_row
            positions[agent, 1] = to_col
            last[agent] = k
            moved += 1
    return moved


def attraction(target: BoolArray) -> npt.NDArray[np.float64]:
    """Force -grad D per cell, float array (H, W, 2) of (row, column) components.

    D is the Euclidean distance in cells to the nearest target cell, zero inside;
    the gradient takes central differences, one-sided at the border.
    """
    distance = distance_transform_edt(~target)
    force = np.zeros((*target.shape, 2))
    for axis in range(2):
        if target.shape[axis] > 1:
            force[..., axis] = -np.gradient(distance, axis=axis)
    return force


def run_distance_transform(
    target: npt.ArrayLike,
    positions: npt.ArrayLike,
    *,
    seed: int = 0,
    max_steps: int = 1000,
    record: bool = True,
    radius: float = 2.0,
) -> Trace:
    r"""Go down a static distance field while keeping off the neighbours.

    The force on an agent at :math:`p` is

    .. math:: F = -\nabla D(p)
        + \sum_{|q - p| \le r} \left(\frac1r - \frac1d\right)\frac{1}{d^2}\,(q - p),
        \quad d = |q - p|,

    over the neighbours q within the sensing radius r. Its angle is snapped to the
    nearest of the 8 moves; without any force and neighbour the last move is
    repeated (none after a blocked one), and forces in balance mean rest. The move
    is made if the cell is free. All agents decide on the same state and then move in
    id order.

    The distance field does not change, so agents inside feel no pull and clog the
    boundary: the run saturates below a full shape. It ends at the cap, or when
    nothing moved for two steps, from where nothing ever will.

    Source: the authors' published engine for the paper's comparison; its radius is 2
    cells in the version followed here (sqrt(2) is reported for another one), and it
    snaps to a diagonal only at exactly 45 degrees.

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
    radius : float
        Sensing radius r in cells.

    Raises
    ------
    ValueError
        If the instance is malformed (see `make_board`) or the radius is below 1.
    """
    if not radius >= 1.0:
        raise ValueError(f"radius must be 1 cell or more, got {radius}")
    board = make_board(target, positions)
    last = np.full(board.n_agents, -1, dtype=np.int64)
    wanted = np.empty_like(last)
    start = process_time()
    pull = (
        attraction(board.target)
        if board.target.any()
        else np.zeros((*board.target.shape, 2))
    )
    planning_seconds = process_time() - start
    # A call without agents compiles (or loads) the kernel outside the timed part.
    nobody = board.positions[:0]
    _dud_step(nobody, board.holder, pull, last, wanted, radius, KING_ROW, KING_COL)
    quiet = 0

    def step() -> int:
        nonlocal quiet
        moved = _dud_step(
            board.positions,
            board.holder,
            pull,
            last,
            wanted,
            radius,
            KING_ROW,
            KING_COL,
        )
        quiet = 0 if moved else quiet + 1
        return int(moved)

    return run_board(
        board,
        "DUD",
        step,
        max_steps=max_steps,
        record=record,
        planning_seconds=planning_seconds,
        stop=lambda: quiet >= 2,
    )
