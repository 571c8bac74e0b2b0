"""Targets: generated shapes of all 16 categories, special ones, text and drawings.

Every function returns a bool array (height, width), True on target cells. Names and
instances are listed by :func:`shape_names` and :func:`instances`. What a shape
*is* (holes, convexity) is not taken from its label but measured, see
:func:`helpers.self_assembly.shape_measures.measure_shape`.
"""

from __future__ import annotations

import math
import warnings
from functools import lru_cache

import numpy as np

from helpers.names import unknown_name
from helpers.self_assembly.cell_shapes import CELL_SHAPES
from helpers.self_assembly.outlines import Drawing, centred, solid, text_contours
from helpers.self_assembly.shape_catalogue import CATALOGUE, Entry
from helpers.self_assembly.shape_categories import CATEGORIES, Category, find_category
from helpers.self_assembly.shape_raster import (
    Keep,
    check_grid,
    keep_components,
    paint,
    picture_side,
    rasterise,
)

__all__ = [
    "CATEGORIES",
    "Category",
    "find_category",
    "from_mask",
    "instances",
    "make_shape",
    "named_shape",
    "shape_names",
    "text_shape",
]


def _check_keep(keep: str) -> None:
    if keep not in ("largest", "all"):
        raise unknown_name("keep", keep, ["largest", "all"])


def _kept(mask: np.ndarray, keep: Keep, what: str) -> np.ndarray:
    mask, report = keep_components(mask, keep)
    if report.dropped:
        warnings.warn(f"{what}: {report}", UserWarning, stacklevel=3)
    return mask


def _draw(drawing: Drawing, width: int, height: int, fill: float | None) -> np.ndarray:
    side = picture_side(width, height)
    picture = paint(centred(drawing), max(1024, 4 * math.ceil(side)))
    scale = 1.0
    if fill is not None:
        if not 0 < fill <= 2:
            raise ValueError(
                "fill is the share of the picture covered, above 0 and at most 2 "
                f"(the picture is half of the grid), got {fill!r}"
            )
        scale = math.sqrt(fill / picture.mean())
    return rasterise(picture, width, height, scale)


def instances(category: int | str | Category) -> tuple[str, ...]:
    """Names of the shapes generated for a category, in the order of ``instance``.

    Examples
    --------
    >>> instances("convex-curve")
    ('disc', 'ellipse', 'random-curve')
    """
    wanted = find_category(category).id
    return tuple(entry.name for entry in CATALOGUE if entry.category == wanted)


def make_shape(
    category: int | str | Category,
    width: int,
    instance: int = 0,
    seed: int = 0,
    height: int | None = None,
    fill: float | None = None,
) -> np.ndarray:
    """Generated shape of one of the paper's 16 categories.

    Parameters
    ----------
    category : int, str or Category
        Id (1-16), key or label.
    width, height : int
        Grid size in cells; square by default.
    instance : int
        Which of :func:`instances`.
    seed : int
        Seed of the instances whose name starts with "random".
    fill : float, optional
        Share of the picture the shape covers, by scaling it: n = fill W^2 / 2.

    Returns
    -------
    bool array (height, width)
        One 8-connected piece; a warning tells if the grid was so coarse that
        pieces came off and were dropped.

    Raises
    ------
    ValueError
        Unknown category or instance, a grid that is too small, or a ``fill`` with
        which the shape does not fit the grid.
    """
    names = instances(category)
    if isinstance(instance, bool) or instance not in range(len(names)):
        raise ValueError(
            f"category {find_category(category).key!r} has instances "
            f"0 to {len(names) - 1} ({', '.join(names)}), got {instance!r}"
        )
    return named_shape(names[instance], width, seed=seed, height=height, fill=fill)


ENTRIES: dict[str, Entry] = {entry.name: entry for entry in CATALOGUE}


def shape_names() -> tuple[str, ...]:
    """All names :func:`named_shape` knows."""
    return (*ENTRIES, *CELL_SHAPES)


@lru_cache(maxsize=1)
def _folded() -> dict[str, str]:
    return {name.lower().replace("_", "-"): name for name in shape_names()}


def named_shape(
    name: str,
    width: int,
    seed: int = 0,
    height: int | None = None,
    fill: float | None = None,
) -> np.ndarray:
    """Shape with this name (see :func:`shape_names`; case and _ or - do not matter).

    Besides the instances of the 16 categories there are stress cases: ``spiral``
    (arms and gaps two cells wide), ``comb``, ``line`` and ``maze`` (one cell wide)
    and ``two-discs`` (two pieces, both kept).

    Parameters and errors as in :func:`make_shape`; the stress cases, drawn in
    cells, take no ``fill``.
    """
    columns, rows = check_grid(width, height)
    known = _folded().get(str(name).lower().replace("_", "-").replace(" ", "-"))
    if known is None:
        raise unknown_name("shape", name, shape_names())
    rng = np.random.default_rng(seed)
    if known in ENTRIES:
        mask = _draw(ENTRIES[known].draw(rng), columns, rows, fill)
        return _kept(mask, "largest", f"{known} on a {rows} x {columns} grid")
    if fill is not None:
        raise ValueError(f"{known!r} is drawn in cells and takes no fill")
    cells = CELL_SHAPES[known](round(picture_side(columns, rows)), rng)
    mask = np.zeros((rows, columns), dtype=bool)
    top, left = (rows - len(cells)) // 2, (columns - cells.shape[1]) // 2
    mask[top : top + len(cells), left : left + cells.shape[1]] = cells
    return mask


def text_shape(
    text: str,
    width: int,
    height: int | None = None,
    bold: bool = True,
    fill: float | None = None,
    keep: Keep = "all",
) -> np.ndarray:
    """Target that spells a text (DejaVu Sans, which comes with matplotlib).

    The letters are separate pieces; the method fills them all, so all are kept
    unless ``keep="largest"``.

    Raises
    ------
    ValueError
        Empty text, characters the font cannot draw, or letters so small on this
        grid that nothing is left of them.
    """
    columns, rows = check_grid(width, height)
    _check_keep(keep)
    mask = _draw(solid(*text_contours(text, bold)), columns, rows, fill)
    if not mask.any():
        raise ValueError(
            f"{text!r} leaves no cell on a {rows} x {columns} grid; use a larger grid"
        )
    return _kept(mask, keep, f"text {text!r}")


def from_mask(array: np.ndarray, keep: Keep = "all") -> np.ndarray:
    """Target drawn by hand: checks an array and returns it as a bool mask.

    Parameters
    ----------
    array : array-like (H, W)
        Bool, or numbers that are all 0 or 1.
    keep : {"all", "largest"}
        "largest" drops every 8-connected piece but the largest, with a warning.

    Raises
    ------
    ValueError
        If the array is not 2-D, holds anything but 0 and 1, or has no target cell.
    """
    _check_keep(keep)
    given = np.asarray(array)
    if given.ndim != 2:
        raise ValueError(f"a drawing must have two axes, got shape {given.shape}")
    if given.dtype != bool and not (
        np.issubdtype(given.dtype, np.number) and np.isin(given, (0, 1)).all()
    ):
        raise ValueError(
            "a drawing must be bool or hold only 0 and 1, "
            f"got {given.dtype} values such as {given.flat[0]!r}"
            if given.size
            else "a drawing must have at least one cell"
        )
    mask = given.astype(bool)
    if not mask.any():
        raise ValueError("the drawing is empty: mark at least one cell")
    return _kept(mask, keep, "drawing")
