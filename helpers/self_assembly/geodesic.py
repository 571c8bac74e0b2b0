"""Repair of stalled runs by distances along the target instead of light (ours).

Light travels straight through everything, so behind filled walls it can have local
maxima in which agents wait for ever. Distances measured inside the target have
none: from every cell some neighbour is nearer to where the agents wait.

* Inside, an agent moves away from the target cells next to waiting agents, so
  every vacancy travels towards an entrance.
* Outside, an agent walks round the target to a piece that still has vacancies.

Agents move only to strictly better cells and do not explore: a waiting agent stays
at its entrance, and each vacancy comes nearer by one cell per step. A connected
target whose waiting agents can reach its border is therefore always completed.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from helpers.self_assembly.locks import OCCUPIED, TARGET


@njit(cache=True)
def _spread(
    distance: np.ndarray, queue: np.ndarray, tail: int, cells: np.ndarray, wanted: int
) -> int:  # pragma: no cover
    """Breadth-first distances over cells whose TARGET bit equals `wanted`.

    `distance` is padded like `cells` and holds 0 at the `tail` seeds in `queue`
    and -1 where nothing is known yet. Returns the number of cells reached.
    """
    stride = cells.shape[1]
    flat, codes = distance.ravel(), cells.ravel()
    head = 0
    while head < tail:
        here = queue[head]
        head += 1
        for dy in range(-1, 2):
            for dx in range(-1, 2):
                there = here + dy * stride + dx
                row, column = there // stride, there % stride
                if not (0 < row < cells.shape[0] - 1 and 0 < column < stride - 1):
                    continue
                if flat[there] < 0 and (codes[there] & TARGET) == wanted:
                    flat[there] = flat[here] + 1
                    queue[tail] = there
                    tail += 1
    return tail


@njit(cache=True)
def geodesic_fields(
    cells: np.ndarray, blue: np.ndarray, red: np.ndarray
) -> None:  # pragma: no cover
    """Write both repair fields of the state `cells`; O(cells).

    Parameters
    ----------
    cells : uint8 array (H + 2, W + 2)
        See `step_locks`.
    blue : float array (H, W), overwritten
        Minus the walking distance to the nearest target piece with a vacancy;
        0 on that piece. Pieces without one are as far as can be.
    red : float array (H, W), overwritten
        Inside: minus the distance, within the target, from the nearest target cell
        next to a waiting agent (0 where no such cell can be reached).
    """
    height, width = blue.shape
    stride = width + 2
    queue = np.empty(cells.size, np.int64)
    inner = np.full(cells.shape, -1, np.int32)
    tail = 0
    for row in range(1, height + 1):
        for column in range(1, width + 1):
            if not cells[row, column] & TARGET:
                continue
            waiting = False
            for dy in range(-1, 2):
                for dx in range(-1, 2):
                    y, x = row + dy, column + dx
                    on_grid = 0 < y <= height and 0 < x <= width
                    waiting |= on_grid and cells[y, x] == OCCUPIED
            if waiting:
                inner[row, column] = 0
                queue[tail] = row * stride + column
                tail += 1
    _spread(inner, queue, tail, cells, TARGET)

    outer = np.full(cells.shape, -1, np.int32)
    tail = 0
    for row in range(1, height + 1):
        for column in range(1, width + 1):
            if cells[row, column] == TARGET:
                outer[row, column] = 0
                queue[tail] = row * stride + column
                tail += 1
    # First the whole pieces that hold a vacancy (all at distance 0), then outwards.
    tail = _spread(outer, queue, tail, cells, TARGET)
    for i in range(tail):
        outer.ravel()[queue[i]] = 0
    _spread(outer, queue, tail, cells, 0)
    far = height * width
    for row in range(height):
        for column in range(width):
            steps = outer[row + 1, column + 1]
            blue[row, column] = -steps if steps >= 0 else -far
            red[row, column] = -max(inner[row + 1, column + 1], 0)
