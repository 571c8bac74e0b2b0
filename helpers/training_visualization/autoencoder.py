"""The network of one checkpoint: representations to the plane and back."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch
from torch import nn


class Autoencoder(nn.Module):
    """Two mirrored stacks of dense layers with ReLU between them, linear at the ends.

    ``phi: R^d -> R^2`` is :meth:`encode`, its inverse ``psi: R^2 -> R^d`` is
    :meth:`decode`. The released code has four hidden layers of half the features; three
    of 128 are enough for the small data here (ours).

    Parameters
    ----------
    features : int
        d, of the representations.
    hidden : sequence of int
        Units of the encoder's hidden layers; the decoder has them in reverse.

    Raises
    ------
    ValueError
        If a size is below 1 or there is no hidden layer.
    """

    def __init__(self, features: int, hidden: Sequence[int] = (128, 128, 128)) -> None:
        super().__init__()
        if not hidden or min(features, *hidden) < 1:
            raise ValueError(
                f"features {features}, hidden {tuple(hidden)}; allowed: at least one "
                "hidden layer, all sizes 1 or more"
            )
        self.features = features
        self.encoder = _stack([features, *hidden, 2])
        self.decoder = _stack([2, *reversed(hidden), features])

    def encode(self, x: torch.Tensor) -> torch.Tensor:
        """Places in the plane, (n, features) to (n, 2)."""
        return self.encoder(x)

    def decode(self, z: torch.Tensor) -> torch.Tensor:
        """Representations of places, (n, 2) to (n, features)."""
        return self.decoder(z)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Places and reconstructions."""
        z = self.encode(x)
        return z, self.decode(z)


def _stack(sizes: Sequence[int]) -> nn.Sequential:
    layers: list[nn.Module] = []
    for a, b in itertools.pairwise(sizes):
        layers += [nn.Linear(a, b), nn.ReLU()]
    return nn.Sequential(*layers[:-1])
