"""Checked targets and starting positions."""

from __future__ import annotations

import warnings
from typing import Literal

import numpy as np
from scipy import ndimage

Start = Literal["outside", "anywhere"]


def check_target(target: object, require_connected: bool = False) -> np.ndarray:
    """Target as a bool array (H, W).

    An empty target and the whole grid are allowed. A target of several pieces is
    reported by a warning, since the problem statement asks for one piece (the
    method does not need it).

    Raises
    ------
    ValueError
        Not two-dimensional, no cells, values other than 0 and 1 (or NaN), or
        several pieces (8-neighbourhood) under `require_connected`.
    """
    grid = np.asarray(target)
    if grid.ndim != 2 or grid.size == 0:
        raise ValueError(
            f"target must be a 2-D grid of at least one cell, not of shape {grid.shape}"
        )
    if grid.dtype != bool:
        if grid.dtype.kind not in "uif" or not np.isin(grid, (0, 1)).all():
            raise ValueError("target must hold only 0 and 1 (or False and True)")
        grid = grid.astype(bool)
    pieces = ndimage.label(grid, structure=np.ones((3, 3)))[1]
    if pieces > 1:
        text = f"target has {pieces} separate pieces"
        if require_connected:
            raise ValueError(f"{text}, but require_connected asks for one")
        warnings.warn(f"{text}; the method runs all the same", stacklevel=3)
    return grid.copy()


def check_positions(positions: object, shape: tuple[int, int]) -> np.ndarray:
    """Positions as an int32 array (n, 2) of distinct cells on the grid.

    Raises
    ------
    ValueError
        Wrong shape or type, NaN, off the grid, or two agents on one cell.
    """
    place = np.asarray(positions)
    if place.size == 0:
        place = place.reshape(0, 2).astype(np.int32)
    if place.ndim != 2 or place.shape[1] != 2:
        raise ValueError(f"positions must have shape (n, 2), not {place.shape}")
    if place.dtype.kind == "f" and not np.isfinite(place).all():
        raise ValueError("positions must be finite, but some are NaN or infinite")
    if place.dtype.kind not in "ui":
        raise ValueError(
            f"positions must be integers (row, column), not of type {place.dtype}"
        )
    off = (place < 0) | (place >= np.array(shape))
    if off.any():
        bad = place[off.any(axis=1)][0].tolist()
        raise ValueError(
            f"position {bad} is off the grid of {shape[0]} x {shape[1]} cells"
        )
    cells, counts = np.unique(
        place[:, 0].astype(np.int64) * shape[1] + place[:, 1], return_counts=True
    )
    if (counts > 1).any():
        twice = np.unravel_index(int(cells[counts > 1][0]), shape)
        cell = [int(i) for i in twice]
        raise ValueError(f"two agents share cell {cell}; each needs its own")
    return place.astype(np.int32)


def draw_positions(
    target: np.ndarray,
    n_agents: int,
    rng: np.random.Generator,
    start: Start = "outside",
    taken: np.ndarray | None = None,
) -> np.ndarray:
    """Uniformly random distinct free cells for `n_agents`, int32 (n, 2).

    Parameters
    ----------
    start : "outside" or "anywhere"
        Cells outside the target only (the paper's start), or any cell.
    taken : int array (m, 2), optional
        Cells that already hold an agent.

    Raises
    ------
    ValueError
        Negative number, unknown start, or too few free cells.
    """
    if start not in ("outside", "anywhere"):
        raise ValueError(f"start must be 'outside' or 'anywhere', not {start!r}")
    whole = isinstance(n_agents, (int, np.integer)) and not isinstance(n_agents, bool)
    if not whole or n_agents < 0:
        raise ValueError(f"number of agents must be an integer >= 0, not {n_agents!r}")
    free = np.ones_like(target) if start == "anywhere" else ~target
    if taken is not None:
        free[taken[:, 0], taken[:, 1]] = False
    cells = np.flatnonzero(free)
    if n_agents > len(cells):
        where = "on the grid" if start == "anywhere" else "outside the target"
        hint = "" if start == "anywhere" else "; start='anywhere' allows more"
        raise ValueError(
            f"{n_agents} agents do not fit: only {len(cells)} free cells {where}{hint}"
        )
    chosen = rng.choice(cells, size=n_agents, replace=False)
    return np.stack(np.unravel_index(chosen, target.shape), axis=1).astype(np.int32)
