"""What a shape is, measured on its cells: holes, convexity, straight or curved.

The category of a shape is a claim until it is measured. Holes and convexity can be
measured on the grid the agents see; whether a boundary is straight or curved needs
more cells (a hexagon and a disc of 28 cells differ by single cells), so it is
measured where the shape is at least :data:`BOUNDARY_CELLS` cells across and left
None below that. The measures and their limits are ours: the paper's table was
sorted by hand.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from helpers.self_assembly.shape_categories import (
    CATEGORIES,
    Boundary,
    Category,
    Convexity,
    Inner,
)
from helpers.self_assembly.shape_raster import EIGHT, picture_fill

# a region is convex when it lacks at most this share of its hull, or one cell of it
CONVEX_DEFECT = 0.01
# below this size straight and curved boundaries cannot be told apart
BOUNDARY_CELLS = 180
# the rest in shares of the shape's size: window of the moving average, tolerance of
# the simplification, length below which corners merge, length of a straight side
SMOOTH, TOLERANCE, SHORT, SIDE = 0.015, 0.005, 0.03, 0.25
# turns above this are corners; a circle cut at TOLERANCE turns by about 16 degrees
CORNER = np.radians(35)
# curved share of the boundary. Generated shapes of 180-300 cells across measure
# 0-.08 (line), .28-.91 (both) and 1 (curve); the gaps are split in the middle
LINE_UP_TO, CURVE_FROM = 0.18, 0.95


@dataclass(frozen=True)
class Hole:
    """One hole: its cells and the convexity of the region they form."""

    cells: int
    defect: float
    convexity: Convexity


@dataclass(frozen=True)
class ShapeMeasures:
    """What :func:`measure_shape` found.

    Attributes
    ----------
    cells : int
        Target cells, ``|T|``.
    fill : float
        ``|T|`` over the area of the picture of the half-area rule (half of the grid's
        area on a square grid).
    components : int
        8-connected pieces.
    holes : tuple of Hole
        4-connected pieces of background that do not reach the border of the grid,
        largest first.
    defect : float
        Convexity defect of the outer boundary (holes filled in).
    outer : str
        "convex" or "concave".
    inner : str or None
        "convex", "concave" or "concave & convex" over all holes; None without.
    curved : float or None
        Share of the outer boundary's length that is curved; None when the shape
        has several pieces or is under :data:`BOUNDARY_CELLS` cells across.
    boundary : str or None
        "line", "curve" or "line & curve"; None when not measurable.
    """

    cells: int
    fill: float
    components: int
    holes: tuple[Hole, ...]
    defect: float
    outer: Convexity
    inner: Inner | None
    curved: float | None
    boundary: Boundary | None

    @property
    def candidates(self) -> tuple[Category, ...]:
        """Categories of the paper that agree with everything measured.

        One for shapes with holes; for shapes without, three unless the kind of
        boundary is known.
        """
        count = ("none", "one", "several")[min(len(self.holes), 2)]
        return tuple(
            category
            for category in CATEGORIES
            if (category.holes, category.outer, category.inner)
            == (count, self.outer, self.inner)
            and (
                category.boundary is None or self.boundary in (None, category.boundary)
            )
        )

    @property
    def category(self) -> Category | None:
        """The category, when the measures leave only one."""
        found = self.candidates
        return found[0] if len(found) == 1 else None


def _lower_envelope(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Largest convex function below the points, at every row from first to last."""
    chain: list[tuple[int, int]] = []
    for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
        while len(chain) > 1:
            (r0, c0), (r1, c1) = chain[-2:]
            if (c1 - c0) * (row - r0) < (column - c0) * (r1 - r0):
                break
            chain.pop()
        chain.append((row, column))
    at, height = np.array(chain, dtype=float).T
    return np.interp(np.arange(rows[0], rows[-1] + 1), at, height)


def convexity_defect(region: np.ndarray) -> float:
    """Share of the cells in a region's convex hull that the region lacks.

    (cells in hull - cells) / cells in hull, where a cell is in the hull when its
    centre is in the hull of the region's cell centres. 0 for a digitised convex
    set, but for single cells at its border.
    """
    rows = np.flatnonzero(region.any(axis=1))
    left = _lower_envelope(rows, region[rows].argmax(axis=1))
    last = region.shape[1] - 1 - region[rows, ::-1].argmax(axis=1)
    right = -_lower_envelope(rows, -last)
    # the slack keeps centres that lie on the hull's border
    inside = (np.floor(right + 1e-9) - np.ceil(left - 1e-9) + 1).sum()
    return float(1 - region.sum() / inside)


def _convexity(region: np.ndarray, defect: float) -> Convexity:
    missing = defect / (1 - defect) * region.sum()
    return "concave" if defect > CONVEX_DEFECT and missing > 1.5 else "convex"


# cells ahead on the left and right of a walker at the upper left corner of cell (0, 0)
CELLS_AHEAD = {
    (0, 1): ((-1, 0), (0, 0)),
    (1, 0): ((0, 0), (0, -1)),
    (0, -1): ((0, -1), (-1, -1)),
    (-1, 0): ((-1, -1), (-1, 0)),
}


def outer_contour(region: np.ndarray) -> np.ndarray:
    """Outer boundary of an 8-connected region, a closed polyline (N, 2).

    Points are (row, column) of the middles of the edges between region and
    background, met on a walk along the edges with the region on the right.
    """
    cells = np.pad(region, 1)
    row, column = map(int, np.argwhere(cells)[0])
    down, right = 0, 1
    start = (row, column, down, right)
    points: list[tuple[float, float]] = []
    while not points or (row, column, down, right) != start:
        points.append((row + down / 2, column + right / 2))
        row, column = row + down, column + right
        ahead_left, ahead_right = (
            cells[row + r, column + c] for r, c in CELLS_AHEAD[down, right]
        )
        if ahead_left:
            down, right = -right, down
        elif not ahead_right:
            down, right = right, -down
    # a corner (r, c) of the padded grid lies at (r - 3/2, c - 3/2) in cell centres
    return np.array(points) - 1.5


def straight_pieces(contour: np.ndarray, tolerance: float) -> np.ndarray:
    """Corners (K, 2) of a closed polyline simplified by Douglas and Peucker.

    Every point of the polyline is within ``tolerance`` of the piece that replaces
    it. The first cuts are the point farthest from the middle and the one farthest
    from that.
    """
    start = int(np.linalg.norm(contour - contour.mean(axis=0), axis=1).argmax())
    ring = np.roll(contour, -start, axis=0)
    far = int(np.linalg.norm(ring - ring[0], axis=1).argmax())
    ring = np.vstack([ring, ring[:1]])
    kept = {0, far}
    todo = [(0, far), (far, len(ring) - 1)]
    while todo:
        first, last = todo.pop()
        if last - first < 2:
            continue
        chord = ring[last] - ring[first]
        offset = ring[first + 1 : last] - ring[first]
        cross = np.abs(offset[:, 0] * chord[1] - offset[:, 1] * chord[0])
        worst = int(cross.argmax())
        if cross[worst] > tolerance * np.hypot(*chord):
            cut = first + 1 + worst
            kept.add(cut)
            todo += [(first, cut), (cut, last)]
    return ring[sorted(kept)]


def _merge_close(corners: np.ndarray, short: float) -> np.ndarray:
    """Corners with every run of sides up to ``short`` long shrunk to its middle."""
    sides = np.roll(corners, -1, axis=0) - corners
    ends = np.flatnonzero(np.hypot(*sides.T) > short)
    if len(ends) < 3:
        return corners
    runs = np.split(np.roll(corners, -ends[0] - 1, axis=0), ends[1:] - ends[0])
    return np.array([run.mean(axis=0) for run in runs])


def curved_share(region: np.ndarray) -> float:
    """Share of the outer boundary's length that no straight side explains, 0 to 1.

    The contour is smoothed by a moving average, simplified, and close corners are
    merged. A side is straight when it joins two corners (turns of over 35 degrees)
    or is longer than a quarter of the shape; what is left are chords of curves.
    """
    size = float(np.ptp(np.argwhere(region), axis=0).max() + 1)
    window = 2 * round(SMOOTH * size / 2) + 1
    smooth = ndimage.uniform_filter1d(
        outer_contour(region), window, axis=0, mode="wrap"
    )
    corners = _merge_close(
        straight_pieces(smooth, TOLERANCE * size), short=SHORT * size
    )
    sides = np.roll(corners, -1, axis=0) - corners
    length = np.hypot(*sides.T)
    angle = np.arctan2(*sides.T)
    turn = np.abs((angle - np.roll(angle, 1) + np.pi) % (2 * np.pi) - np.pi)
    corner = turn > CORNER
    straight = (length > SIDE * size) | (corner & np.roll(corner, -1))
    return float(length[~straight].sum() / length.sum())


def _boundary(curved: float) -> Boundary:
    if curved <= LINE_UP_TO:
        return "line"
    return "curve" if curved >= CURVE_FROM else "line & curve"


def measure_shape(mask: np.ndarray) -> ShapeMeasures:
    """Measure a target: holes, convexity, and straight or curved where possible.

    Parameters
    ----------
    mask : bool array (H, W)

    Raises
    ------
    ValueError
        If the mask is not a 2-D bool array or has no target cell.
    """
    if mask.ndim != 2 or mask.dtype != bool:
        raise ValueError(
            f"a mask must be a 2-D bool array, got {mask.ndim}-D {mask.dtype}"
        )
    if not mask.any():
        raise ValueError("the mask is empty: there is nothing to measure")
    padded = np.pad(mask, 1)
    # label 1 is the background around the shape: the corner of the padding
    background, _ = ndimage.label(~padded)
    holes = []
    for label, box in enumerate(ndimage.find_objects(background)[1:], start=2):
        region = background[box] == label
        defect = convexity_defect(region)
        holes.append(Hole(int(region.sum()), defect, _convexity(region, defect)))
    holes.sort(key=lambda hole: -hole.cells)
    kinds = {hole.convexity for hole in holes}
    inner: Inner | None = None
    if holes:
        inner = "concave & convex" if len(kinds) == 2 else kinds.pop()
    filled = background != 1
    defect = convexity_defect(filled)
    components = int(ndimage.label(mask, structure=EIGHT)[1])
    across = np.ptp(np.argwhere(filled), axis=0).max() + 1
    measurable = components == 1 and across >= BOUNDARY_CELLS
    curved = curved_share(filled) if measurable else None
    return ShapeMeasures(
        cells=int(mask.sum()),
        fill=picture_fill(mask),
        components=components,
        holes=tuple(holes),
        defect=defect,
        outer=_convexity(filled, defect),
        inner=inner,
        curved=curved,
        boundary=None if curved is None else _boundary(curved),
    )
