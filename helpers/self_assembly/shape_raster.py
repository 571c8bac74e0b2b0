"""From a picture to a target on the grid: the half-area rule.

A square picture is placed in the middle of the grid at a linear scale of
1/sqrt(2), so that it covers half of the grid's area and leaves a margin for the
agents to start in: a shape that fills a fraction ``fill`` of its picture has
n = fill W^2 / 2 cells on a W x W grid. The scale is inferred from the agent
numbers of the authors' web demo (ratios .48 to .52).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import ndimage

from helpers.self_assembly.outlines import Layer

EIGHT = np.ones((3, 3), dtype=bool)
Keep = Literal["largest", "all"]
SMALLEST_GRID = 8


def check_grid(width: int, height: int | None = None) -> tuple[int, int]:
    """(width, height) as whole numbers of cells; square when height is None.

    Raises
    ------
    ValueError
        If a size is not a whole number of at least 8 cells.
    """
    sizes = (width, width if height is None else height)
    for name, size in zip(("width", "height"), sizes, strict=True):
        whole = isinstance(size, (int, np.integer)) and not isinstance(size, bool)
        if not whole or size < SMALLEST_GRID:
            raise ValueError(
                f"{name} must be a whole number of at least {SMALLEST_GRID} cells, "
                f"got {size!r}"
            )
    return int(sizes[0]), int(sizes[1])


@dataclass(frozen=True)
class ComponentReport:
    """Sizes of the 8-connected pieces of a shape, largest first."""

    sizes: tuple[int, ...]
    kept: int

    @property
    def dropped(self) -> tuple[int, ...]:
        """Sizes of the pieces that were removed."""
        return self.sizes[self.kept :]

    def __str__(self) -> str:
        if not self.dropped:
            return f"{len(self.sizes)} piece(s), nothing dropped"
        listed = ", ".join(str(size) for size in self.dropped[:5])
        more = ", ..." if len(self.dropped) > 5 else ""
        return (
            f"kept {sum(self.sizes[: self.kept])} of {sum(self.sizes)}; "
            f"dropped {len(self.dropped)} piece(s) of {listed}{more}"
        )


def keep_components(
    mask: np.ndarray, keep: Keep = "largest"
) -> tuple[np.ndarray, ComponentReport]:
    """Largest 8-connected component of a mask, and what was dropped.

    Parameters
    ----------
    mask : bool array (H, W)
    keep : {"largest", "all"}
        With "all" the mask is returned as it is; the report still lists the pieces.

    Notes
    -----
    Of two equally large pieces the one met first in reading order is kept.
    """
    labels, count = ndimage.label(mask, structure=EIGHT)
    sizes = np.bincount(labels.ravel(), minlength=count + 1)[1:]
    ordered = tuple(sorted((int(size) for size in sizes), reverse=True))
    if keep == "all" or count <= 1:
        return mask.copy(), ComponentReport(ordered, kept=count)
    return labels == 1 + int(sizes.argmax()), ComponentReport(ordered, kept=1)


def picture_side(width: int, height: int) -> float:
    """Side of the picture in cells: the smaller grid side over sqrt(2)."""
    return min(width, height) / math.sqrt(2)


def picture_fill(mask: np.ndarray) -> float:
    """Cells of a mask over the area of the picture the half-area rule puts there."""
    height, width = mask.shape
    return float(mask.sum()) / picture_side(width, height) ** 2


def paint(drawing: Sequence[Layer], pixels: int) -> np.ndarray:
    """Picture of a drawing, a bool array (pixels, pixels).

    Even-odd scan line fill sampled at the pixel centres: an edge is counted in
    every row whose centre it crosses, and a pixel is inside when an odd number of
    crossings lies to its left.
    """
    picture = np.zeros((pixels, pixels), dtype=bool)
    for layer in drawing:
        crossings = np.zeros((pixels, pixels + 1), dtype=np.int8)
        for contour in layer.contours:
            start = (contour + 0.5) * pixels - 0.5
            stop = np.roll(start, -1, axis=0)
            for (x0, y0), (x1, y1) in zip(start, stop, strict=True):
                first, last = np.ceil(sorted((y0, y1))).clip(0, pixels).astype(int)
                if first == last:
                    continue
                rows = np.arange(first, last)
                x = x0 + (rows - y0) * (x1 - x0) / (y1 - y0)
                columns = np.ceil(x).clip(0, pixels).astype(int)
                crossings[rows, columns] += 1
        # only the parity counts, so that eight bits may wrap
        inside = crossings.cumsum(axis=1, dtype=np.int8)[:, :pixels] & 1 == 1
        picture[inside] = layer.ink
    return picture


def _overlap(pixels: int, cells: int, pixel: float) -> np.ndarray:
    """Length of every pixel inside every cell, (cells, pixels), both centred."""
    edges = pixels / 2 + (np.arange(cells + 1) - cells / 2) / pixel
    start = np.arange(pixels)
    shared = np.minimum(edges[1:, None], start + 1) - np.maximum(
        edges[:-1, None], start
    )
    return shared.clip(0) * pixel


def coverage(picture: np.ndarray, width: int, height: int, pixel: float) -> np.ndarray:
    """Share of every grid cell covered by a picture centred on the grid.

    Parameters
    ----------
    picture : array (h, w)
        Ink per pixel, 0 to 1.
    width, height : int
        Grid size in cells.
    pixel : float
        Side of one pixel in cells.

    Returns
    -------
    float64 array (height, width)
        Area of ink in the cell (exact, pixels are split by the cell borders).
    """
    ink = picture.astype(np.float64)
    down = _overlap(ink.shape[0], height, pixel)
    across = _overlap(ink.shape[1], width, pixel)
    return down @ ink @ across.T


def rasterise(
    picture: np.ndarray, width: int, height: int, scale: float = 1.0
) -> np.ndarray:
    """Target of a picture: cells at least half covered by ink.

    Parameters
    ----------
    picture : bool array (h, w)
        True is ink. The longer side gets ``scale * min(width, height) / sqrt(2)``
        cells.

    Returns
    -------
    bool array (height, width)

    Raises
    ------
    ValueError
        If ink would lie outside the grid.
    """
    pixel = scale * picture_side(width, height) / max(picture.shape)
    for size, cells, axis in ((0, height, 1), (1, width, 0)):
        used = np.flatnonzero(picture.any(axis=axis))
        if len(used) == 0:
            continue
        reach = picture.shape[size] / 2
        extent = max(reach - used[0], used[-1] + 1 - reach) * pixel
        # the slack: sqrt(2) times the picture's side is a hair above some grids' width
        if extent > cells / 2 + 1e-9:
            raise ValueError(
                f"the shape does not fit the {height} x {width} grid: "
                f"it reaches {extent:.1f} cells from the middle; use a smaller fill"
            )
    # ties count as covered; the small slack makes them independent of rounding
    return coverage(picture, width, height, pixel) >= 0.5 - 1e-9
