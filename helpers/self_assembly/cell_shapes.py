"""Stress cases drawn cell by cell, because their widths are counted in cells.

Each is a function of the picture's side in cells and a random generator (only the
maze uses it) that returns a bool array no larger than the picture.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np


def _spiral(side: int, rng: np.random.Generator) -> np.ndarray:
    """Square spiral, two cells wide with gaps of two cells."""
    cells = np.zeros((side, side), dtype=bool)
    row, column = 0, 0
    steps = ((0, 1), (1, 0), (0, -1), (-1, 0))
    # after the first three sides, opposite sides come closer by one arm and gap
    lengths = [side - 2, side - 2, side - 2] + [
        a for a in range(side - 6, 0, -4) for _ in "ab"
    ]
    for turn, length in enumerate(lengths):
        down, right = steps[turn % 4]
        for _ in range(length):
            cells[row : row + 2, column : column + 2] = True
            row, column = row + down, column + right
        cells[row : row + 2, column : column + 2] = True
    return cells


def _comb(side: int, rng: np.random.Generator) -> np.ndarray:
    """Teeth one cell wide with gaps of one cell, on a spine one cell thick."""
    cells = np.zeros((side, side), dtype=bool)
    cells[:, ::2] = True
    cells[0] = True
    return cells


def _line(side: int, rng: np.random.Generator) -> np.ndarray:
    return np.ones((1, side), dtype=bool)


def _maze(side: int, rng: np.random.Generator) -> np.ndarray:
    """Corridors, one cell wide, of a random maze without loops."""
    rooms = (side + 1) // 2
    cells = np.zeros((2 * rooms - 1, 2 * rooms - 1), dtype=bool)
    cells[0, 0] = True
    path = [(0, 0)]
    while path:
        row, column = path[-1]
        doors = [
            (row + 2 * down, column + 2 * right)
            for down, right in ((0, 1), (1, 0), (0, -1), (-1, 0))
            if 0 <= row + 2 * down < len(cells) and 0 <= column + 2 * right < len(cells)
        ]
        doors = [room for room in doors if not cells[room]]
        if not doors:
            path.pop()
            continue
        room = doors[rng.integers(len(doors))]
        cells[room] = cells[(row + room[0]) // 2, (column + room[1]) // 2] = True
        path.append(room)
    return cells


def _two_discs(side: int, rng: np.random.Generator) -> np.ndarray:
    """Two separate discs of the same size, side by side."""
    radius = 0.22 * side
    row, column = np.indices((side, side)) - (side - 1) / 2
    return np.hypot(row, np.abs(column) - 0.28 * side) <= radius


CELL_SHAPES: dict[str, Callable[[int, np.random.Generator], np.ndarray]] = {
    "spiral": _spiral,
    "comb": _comb,
    "line": _line,
    "maze": _maze,
    "two-discs": _two_discs,
}
