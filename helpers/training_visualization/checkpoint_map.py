"""One checkpoint's map: to the plane, back, and what the classifier says there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from helpers.seeding import torch_seeded
from helpers.training_visualization import checks
from helpers.training_visualization.autoencoder import Autoencoder
from helpers.training_visualization.boundary_samples import BoundarySampler
from helpers.training_visualization.canvas import Canvas, Extent, grid
from helpers.training_visualization.heads import Head, logits, margin


@dataclass(frozen=True)
class CheckpointMap:
    """A fitted network with what its checkpoint needs besides.

    Attributes
    ----------
    network : Autoencoder
        On the processor, of representations divided by ``scale``.
    scale : float
    head : callable or None
        The checkpoint's classifier, see `heads`.
    """

    network: Autoencoder
    scale: float
    head: Head | None

    def places(self, x: np.ndarray) -> np.ndarray:
        """Representations (n, features) to places (n, 2), float32."""
        return _apply(self.network.encode, x / self.scale, 2)

    def representations(self, z: np.ndarray) -> np.ndarray:
        """Places (n, 2) to representations (n, features), float32."""
        return _apply(self.network.decode, z, self.network.features) * self.scale

    def canvas(self, extent: Extent, resolution: int) -> Canvas:
        """Every cell's centre projected back and classified.

        Raises
        ------
        ValueError
            If there is no head, or as in `canvas.grid`.
        """
        if self.head is None:
            raise ValueError("a canvas needs the classifier's head: pass head= to fit")
        cells = grid(extent, resolution)
        scores = logits(self.head, self.representations(cells))
        shape = (resolution, resolution)
        return Canvas(
            scores.argmax(axis=1).reshape(shape), margin(scores).reshape(shape), extent
        )


def new_network(
    features: int, hidden: Sequence[int], seed: int, before: Autoencoder | None = None
) -> Autoencoder:
    """A seeded network, or a copy of the one before; torch's own seed is untouched."""
    with torch_seeded(seed):
        network = Autoencoder(features, hidden)
    if before is not None:
        network.load_state_dict(before.state_dict())
    return network


def root_mean_square(x: np.ndarray) -> float:
    """Scale of a checkpoint's features; 1 where all of them are 0."""
    return float(np.sqrt(np.mean(np.square(x, dtype=float)))) or 1.0


def boundary_points(
    x: np.ndarray, head: Head | None, given: np.ndarray | None, share: float, seed: int
) -> np.ndarray:
    """Representations (b, features) of boundary samples: given ones, or mixed here.

    Parameters
    ----------
    share : float
        Mixed samples per training sample; with 0 there are none, not even given ones.
    """
    none = x[:0]
    if share == 0:
        return none
    if given is not None:
        return checks.rows(given, x.shape[1], "DVI", "boundary") if len(given) else none
    assert head is not None
    made = BoundarySampler()(
        lambda part: logits(head, part), x, round(share * len(x)), seed
    )
    return made.samples


def _apply(
    layer: Callable[[torch.Tensor], torch.Tensor],
    rows: np.ndarray,
    width: int,
    batch: int = 16_384,
) -> np.ndarray:
    parts = [np.zeros((0, width), np.float32)]
    with torch.no_grad():
        for first in range(0, len(rows), batch):
            part = np.ascontiguousarray(rows[first : first + batch], np.float32)
            parts.append(layer(torch.from_numpy(part)).numpy())
    return np.concatenate(parts)
