"""The packed crowd beside the seed that edge following starts from."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from helpers.self_assembly.baselines.board import BoolArray, IntArray, make_board

_CLEARANCE = 2  # cells between the packed agents and the target
_MARGIN = 1  # free cells along the border of the grid


def seed_cells(target: BoolArray) -> IntArray:
    """Cells of the four seeds, int array (4, 2): origin, two helpers, one inside.

    The inside one stands on the leftmost cell of the target's lowest row (r, c); the
    origin of the gradient below it at (r + 1, c), the helpers at (r + 1, c + 1) and
    (r + 2, c).

    Raises
    ------
    ValueError
        If the target is empty or leaves no room for the seeds.
    """
    cells = np.argwhere(target)
    if not len(cells):
        raise ValueError("an empty target has no place for the seeds")
    row = cells[:, 0].max()
    col = cells[cells[:, 0] == row, 1].min()
    if row + 3 >= target.shape[0] or col + 1 >= target.shape[1]:
        raise ValueError(
            "edge following needs 3 free rows below the target and a free column to "
            f"its right; its lowest cell is ({row}, {col}) in {target.shape}"
        )
    return np.array([(row + 1, col), (row + 1, col + 1), (row + 2, col), (row, col)])


def edge_following_start(target: npt.ArrayLike, n: int) -> IntArray:
    """Pack ``n`` agents next to the seed, four of them seeds, outside the target.

    Columns are filled from the bottom of the grid up, first the seed's own, then
    those to its right, then those to its left, and each only as far as it keeps two
    free cells to the target. The packing is 8-connected, so that all hear the seed.

    Parameters
    ----------
    target : bool array (H, W)
    n : int
        Number of agents, seeds included; ``|T| + 3`` fills the target, since three of
        the seeds stand outside.

    Returns
    -------
    int array (n, 2)
        Start cells, the seeds of `seed_cells` first.

    Raises
    ------
    ValueError
        If n is below 4, the target is empty, or there is not enough room.
    """
    mask = make_board(target, ()).target
    if n < 4:
        raise ValueError(f"edge following needs at least its 4 seeds, got n = {n}")
    seeds = seed_cells(mask)
    height, width = mask.shape
    near = np.zeros((height + 2 * _CLEARANCE, width + 2 * _CLEARANCE), dtype=bool)
    for row, col in np.argwhere(mask):
        near[row : row + 2 * _CLEARANCE + 1, col : col + 2 * _CLEARANCE + 1] = True
    near = near[_CLEARANCE:-_CLEARANCE, _CLEARANCE:-_CLEARANCE]
    tail_row, col = seeds[2]
    bottom = height - 1 - _MARGIN
    start = [(int(row), int(column)) for row, column in seeds]
    start += [(row, col) for row in range(tail_row + 1, bottom + 1)]
    columns = [*range(col + 1, width - _MARGIN), *range(col - 1, _MARGIN - 1, -1)]
    for column in columns:
        for row in range(bottom, _MARGIN - 1, -1):
            if near[row, column]:
                break
            start.append((row, column))
    if len(start) < n:
        raise ValueError(
            f"only {len(start)} agents can be packed next to the seed, {n} were asked "
            "for; use a larger grid or a smaller target"
        )
    return np.array(start[:n], dtype=np.int64)
