"""Trials that train an image classifier with momentum and step-decayed rates."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from helpers.spot_tuning.workload_data import Split
from helpers.spot_tuning.workload_models import network_operations
from helpers.spot_tuning.workload_state import (
    WEIGHTS,
    Schedule,
    Trial,
    TrialKey,
    generator,
)

# Takes a mini-batch of images and the trial's generator; returns changed images.
Augmentation = Callable[[Tensor, np.random.Generator], Tensor]
EVALUATED = 512  # images per forward pass of the validation


def noise(scale: float) -> Augmentation:
    """Adds independent Gaussian noise to every pixel."""

    def add(images: Tensor, rng: np.random.Generator) -> Tensor:
        drawn = rng.standard_normal(tuple(images.shape), dtype=np.float32)
        return images + scale * torch.from_numpy(drawn).to(images.device)

    return add


def crop_and_flip(margin: int) -> Augmentation:
    """Moves images by up to ``margin`` pixels, the rest 0, and mirrors half of them."""

    def change(images: Tensor, rng: np.random.Generator) -> Tensor:
        count, _, height, width = images.shape
        moves = rng.integers(0, 2 * margin + 1, (2, count, 1))
        rows = moves[0] + np.arange(height)
        columns = moves[1] + np.arange(width)
        mirrored = rng.random(count) < 0.5
        columns[mirrored] = columns[mirrored, ::-1]
        padded = F.pad(images, (margin,) * 4)
        picked = padded[
            torch.arange(count)[:, None, None],
            :,
            torch.from_numpy(rows)[:, :, None],
            torch.from_numpy(columns)[:, None, :],
        ]
        return picked.permute(0, 3, 1, 2)

    return change


class NetworkTrial(Trial):
    """Stochastic gradient descent with momentum on the cross-entropy.

    .. math:: v \\leftarrow \\mu v + \\nabla_w \\ell + \\lambda w, \\quad
              w \\leftarrow w - \\eta_k v

    Parameters
    ----------
    key : TrialKey
    data : Split
        Images of shape (rows, channels, height, width), float32.
    build : callable
        Makes the network; its initial weights follow from the seed.
    schedule : Schedule
    batch : int
    images : int
        Training images per step, drawn without replacement.
    augment : Augmentation, optional
    momentum, penalty : float
        mu, and lambda (weight decay).
    device : str
    """

    def __init__(
        self,
        key: TrialKey,
        data: Split,
        build: Callable[[], nn.Module],
        *,
        schedule: Schedule,
        batch: int,
        images: int,
        augment: Augmentation | None = None,
        momentum: float = 0.9,
        penalty: float = 5e-4,
        device: str = "cpu",
    ) -> None:
        super().__init__(key)
        self._device = torch.device(device)
        with self._torch_seed(generator(key.seed, WEIGHTS)):
            network = build()
        self.network = network.to(self._device)
        self._weights: list[Tensor] = list(self.network.parameters())
        self._velocity = [torch.zeros_like(weight) for weight in self._weights]
        self._x, self._x_val = (self._images(x) for x in (data.x, data.x_val))
        self._y, self._y_val = (
            torch.as_tensor(y, dtype=torch.int64, device=self._device)
            for y in (data.y, data.y_val)
        )
        self._schedule, self._augment = schedule, augment
        self._batch, self._count = batch, images
        self._momentum, self._penalty = momentum, penalty

    @contextmanager
    def _torch_seed(self, rng: np.random.Generator) -> Iterator[None]:
        """Seed torch (initial weights, dropout) from ``rng``; undone at the end."""
        cuda = [self._device] if self._device.type == "cuda" else []
        with torch.random.fork_rng(devices=cuda):
            torch.manual_seed(int(rng.integers(2**31)))
            yield

    def _images(self, x: np.ndarray) -> Tensor:
        # channels_last is about a third faster on a CPU for small layers
        return torch.as_tensor(x, device=self._device).contiguous(
            memory_format=torch.channels_last
        )

    def _update(self) -> None:
        self.network.train()
        rate = self._schedule(self.step)
        drawn = self._rng.permutation(len(self._x))[: self._count]
        with self._torch_seed(self._rng):
            for rows in torch.from_numpy(drawn).to(self._device).split(self._batch):
                images = self._x[rows]
                if self._augment is not None:
                    images = self._augment(images, self._rng)
                loss = F.cross_entropy(self.network(images), self._y[rows])
                self._descend(list(torch.autograd.grad(loss, self._weights)), rate)

    @torch.no_grad()
    def _descend(self, gradients: list[Tensor], rate: float) -> None:
        """One update of all weights; `torch.optim.SGD` takes a second to import."""
        change = torch._foreach_add(gradients, self._weights, alpha=self._penalty)
        torch._foreach_mul_(self._velocity, self._momentum)
        torch._foreach_add_(self._velocity, change)
        torch._foreach_add_(self._weights, self._velocity, alpha=-rate)

    @torch.no_grad()
    def _metric(self) -> float:
        self.network.eval()
        total = 0.0
        for x, y in zip(
            self._x_val.split(EVALUATED), self._y_val.split(EVALUATED), strict=True
        ):
            total += F.cross_entropy(self.network(x), y, reduction="sum").item()
        return total / len(self._y_val)

    def _arrays(self) -> dict[str, np.ndarray]:
        arrays = {
            f"network.{name}": tensor.cpu().numpy()
            for name, tensor in self.network.state_dict().items()
        }
        for i, velocity in enumerate(self._velocity):
            arrays[f"velocity.{i}"] = velocity.cpu().numpy()
        return arrays

    def _set_arrays(self, arrays: Mapping[str, np.ndarray]) -> None:
        prefix = "network."
        self.network.load_state_dict(
            {
                name.removeprefix(prefix): torch.from_numpy(array)
                for name, array in arrays.items()
                if name.startswith(prefix)
            }
        )
        for i, velocity in enumerate(self._velocity):
            velocity.copy_(torch.from_numpy(arrays[f"velocity.{i}"]))


def network_seconds(
    network: nn.Module,
    shape: tuple[int, ...],
    *,
    batch: int,
    images: int,
    rows_val: int,
) -> float:
    """Declared seconds of one step on one core.

    Multiply-adds at 10^10 per second, three times the forward pass for an image
    trained on (both gradients cost as much again), plus 100 microseconds per weighted
    layer and mini-batch for calling torch at all.
    """
    layers = sum(isinstance(m, (nn.Conv2d, nn.Linear)) for m in network.modules())
    calls = math.ceil(images / batch) + math.ceil(rows_val / EVALUATED)
    operations = network_operations(network, shape) * (3 * images + rows_val)
    return operations / 1e10 + 1e-4 * layers * calls
