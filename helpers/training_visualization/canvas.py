"""The background of a map: what the classifier would say at every place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

BAND = 0.15  # margin below which a place is drawn as boundary (released code)
MARGIN = 0.1  # of the data's extent, around it

Extent = tuple[float, float, float, float]


@dataclass(frozen=True)
class Canvas:
    """Predicted class and margin on a grid.

    Attributes
    ----------
    classes : np.ndarray
        Shape (resolution, resolution), int; row 0 lies at the lowest y, column 0 at the
        lowest x.
    margin : np.ndarray
        Same shape, in [0, 1]: gap of the two highest logits over their range.
    extent : tuple
        (x0, x1, y0, y1), of the grid's outer edges.
    """

    classes: np.ndarray
    margin: np.ndarray
    extent: Extent

    @property
    def boundary(self) -> np.ndarray:
        """True where the canvas is drawn white, shape (resolution, resolution)."""
        return self.margin < BAND

    def cells(self, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Row and column of each place; outside places take the nearest cell."""
        x0, x1, y0, y1 = self.extent
        size = len(self.classes)
        column = (z[:, 0] - x0) / (x1 - x0) * size
        row = (z[:, 1] - y0) / (y1 - y0) * size
        inside = (np.clip(v, 0, size - 1).astype(int) for v in (row, column))
        return next(inside), next(inside)

    def on_boundary(self, z: np.ndarray) -> np.ndarray:
        """Whether each place is drawn white, shape (n,)."""
        return self.boundary[self.cells(z)]


def grid(extent: Extent, resolution: int) -> np.ndarray:
    """Centres of the cells, shape (resolution^2, 2), row by row from the lowest y.

    Raises
    ------
    ValueError
        If the resolution is below 2 or the extent is empty.
    """
    x0, x1, y0, y1 = extent
    if resolution < 2 or not (x1 > x0 and y1 > y0):
        raise ValueError(
            f"resolution {resolution}, extent {extent}; allowed: 2 or more, and "
            "x0 < x1, y0 < y1"
        )
    half = 0.5 / resolution
    share = np.linspace(half, 1 - half, resolution)
    x, y = np.meshgrid(x0 + share * (x1 - x0), y0 + share * (y1 - y0))
    return np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float32)


def extent_of(places: Sequence[np.ndarray], margin: float = MARGIN) -> Extent:
    """Square extent around all places, a share ``margin`` wider on each side."""
    every = np.concatenate([np.asarray(z) for z in places])
    low, high = every.min(axis=0), every.max(axis=0)
    half = max(float((high - low).max()), 1e-6) * (0.5 + margin)
    x, y = (float(v) for v in (low + high) / 2)
    return x - half, x + half, y - half, y + half
