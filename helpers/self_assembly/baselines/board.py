"""The grid all baselines move on, its checks, and the loop that records a run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import process_time

import numpy as np
import numpy.typing as npt

from helpers.self_assembly.trace import Trace

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

# King moves in clockwise order on the screen: N, NE, E, SE, S, SW, W, NW.
KING_ROW = np.array([-1, -1, 0, 1, 1, 1, 0, -1])
KING_COL = np.array([0, 1, 1, 1, 0, -1, -1, -1])


@dataclass
class Board:
    """Target, agents and cell locks of one run; the kernels change it in place.

    Attributes
    ----------
    target : bool array (H, W)
    positions : int64 array (n, 2)
        (row, column) of every agent.
    holder : int64 array (H, W)
        Agent that holds the lock of each cell, -1 where the cell is free.
    """

    target: BoolArray
    positions: IntArray
    holder: IntArray

    @property
    def n_agents(self) -> int:
        return len(self.positions)

    @property
    def cells(self) -> IntArray:
        """Target cells, int array ``(|T|, 2)``, in row-major order."""
        return np.ascontiguousarray(np.argwhere(self.target))

    def unoccupied(self) -> int:
        """Target cells without an agent."""
        inside = self.target[self.positions[:, 0], self.positions[:, 1]]
        return int(self.target.sum() - inside.sum())

    def finished(self) -> bool:
        """All target cells filled, or all agents inside when there are fewer."""
        return self.unoccupied() <= max(0, int(self.target.sum()) - self.n_agents)


def make_board(target: npt.ArrayLike, positions: npt.ArrayLike) -> Board:
    """Check an instance and lay it out; the arguments are copied.

    An empty target, no agents, and more or fewer agents than target cells are
    all allowed: a run is over when ``min(n, |T|)`` target cells are occupied.

    Raises
    ------
    ValueError
        If the target is not a two-dimensional array of booleans (or 0 and 1), or
        the positions are not an integer (n, 2) array of distinct cells of the grid.
    """
    mask = np.asarray(target)
    if mask.ndim != 2 or mask.size == 0:
        raise ValueError(f"target must be a bool (H, W) array, got shape {mask.shape}")
    if mask.dtype != bool and not np.isin(mask, (0, 1)).all():
        raise ValueError("target must hold booleans (or 0 and 1) only")
    at = np.asarray(positions)
    if at.size == 0:
        at = np.empty((0, 2), dtype=np.int64)
    if at.ndim != 2 or at.shape[1] != 2 or not np.issubdtype(at.dtype, np.integer):
        raise ValueError(
            "positions must be an integer (n, 2) array of (row, column), got "
            f"shape {at.shape} and type {at.dtype}"
        )
    height, width = mask.shape
    outside = ((at < 0) | (at >= (height, width))).any(axis=1)
    if outside.any():
        row, col = at[outside][0]
        raise ValueError(
            f"agent at ({row}, {col}) is off the grid of {height} x {width} cells"
        )
    holder = np.full(mask.shape, -1, dtype=np.int64)
    holder[at[:, 0], at[:, 1]] = np.arange(len(at))
    clash = np.flatnonzero(holder[at[:, 0], at[:, 1]] != np.arange(len(at)))
    if clash.size:
        row, col = at[clash[0]]
        raise ValueError(
            f"two agents start at ({row}, {col}); each cell holds at most one"
        )
    return Board(mask.astype(bool), at.astype(np.int64), holder)


def run_board(
    board: Board,
    method: str,
    step: Callable[[], int],
    *,
    max_steps: int,
    record: bool,
    planning_seconds: float = 0.0,
    stop: Callable[[], bool] = lambda: False,
) -> Trace:
    """Call ``step`` until the run is finished, and record it.

    Parameters
    ----------
    board : Board
        Changed in place by ``step``.
    method : str
        Name written in the trace.
    step : callable
        Makes one step and returns how many agents changed cell.
    max_steps : int
        Cap on the number of steps.
    record : bool
        Keep every state; otherwise only the first and the last.
    planning_seconds : float
        Processor time spent before the first step.
    stop : callable
        Asked after each step: give up although the run is not finished?

    Raises
    ------
    ValueError
        If ``max_steps`` is negative.
    """
    if max_steps < 0:
        raise ValueError(f"max_steps must be 0 or more, got {max_steps}")
    trace = Trace(board.target, method=method, planning_seconds=planning_seconds)
    trace.positions.append(board.positions.astype(np.int32))
    trace.unoccupied.append(board.unoccupied())
    while not board.finished() and trace.steps < max_steps:
        start = process_time()
        moved = step()
        trace.seconds.append(process_time() - start)
        trace.moved.append(moved)
        trace.unoccupied.append(board.unoccupied())
        if record:
            trace.positions.append(board.positions.astype(np.int32))
        if stop():
            break
    if not record:
        trace.positions.append(board.positions.astype(np.int32))
    return trace
