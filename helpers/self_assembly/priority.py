"""One agent's priority list, written to be read; the compiled step must agree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

NEIGHBOURS = ((-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1))
"""The eight king moves (row, column), in scan order."""

Cell = tuple[int, int]


@dataclass(frozen=True)
class PriorityList:
    """What an agent would like to do next.

    Attributes
    ----------
    cell : (row, column)
        Where the agent stands.
    queue : str
        "BD" (outside: blue descending), "BD-RA" (inside, early: blue descending,
        ties red ascending) or "RA" (inside, late: red ascending).
    good : tuple of cells
        No worse than the own cell, best first; the agent takes the first free one.
        Cells of equal rank are in scan order.
    less_good : tuple of cells
        The other cells it may enter, in scan order; tried in random order with
        probability gamma when no good cell is free.
    """

    cell: Cell
    queue: Literal["BD", "BD-RA", "RA"]
    good: tuple[Cell, ...]
    less_good: tuple[Cell, ...]


def priority_list(
    blue: np.ndarray,
    red: np.ndarray,
    target: np.ndarray,
    cell: Cell,
    phase: Literal["early", "late"] = "early",
    strict: bool = True,
    improve: bool = False,
) -> PriorityList:
    """Rank the neighbours of `cell` by the light an agent there can see.

    The own cell is never listed: an agent already holds its lock. Whether a listed
    cell is free is not looked at here.

    Parameters
    ----------
    blue, red : arrays (H, W)
        Light fields.
    target : bool array (H, W)
    cell : (row, column)
    phase : "early" or "late"
        Matters for agents inside the target only.
    strict : bool
        Agents inside stay inside in the early phase, too.
    improve : bool
        Good cells must be better than the own one (repair); else as good will do.
    """
    height, width = target.shape
    row, column = int(cell[0]), int(cell[1])
    if not (0 <= row < height and 0 <= column < width):
        raise ValueError(f"cell {cell} is not on the {height} x {width} grid")
    if phase not in ("early", "late"):
        raise ValueError(f"phase must be 'early' or 'late', not {phase!r}")
    inside = bool(target[row, column])
    late = inside and phase == "late"
    confined = inside and (late or strict)
    ranked: list[tuple[float, float, Cell]] = []
    less_good: list[Cell] = []
    for dy, dx in NEIGHBOURS:
        y, x = row + dy, column + dx
        on_grid = 0 <= y < height and 0 <= x < width
        if not on_grid or (confined and not target[y, x]):
            continue
        first, own = (
            (float(red[y, x]), float(red[row, column]))
            if late
            else (-float(blue[y, x]), -float(blue[row, column]))
        )
        if first < own or (first == own and not improve):
            second = float(red[y, x]) if inside and not late else 0.0
            ranked.append((first, second, (y, x)))
        else:
            less_good.append((y, x))
    ranked.sort(key=lambda entry: entry[:2])
    queue: Literal["BD", "BD-RA", "RA"] = "BD"
    if inside:
        queue = "RA" if late else "BD-RA"
    good = tuple(entry[2] for entry in ranked)
    return PriorityList((row, column), queue, good, tuple(less_good))
