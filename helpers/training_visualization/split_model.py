"""A classifier split at one layer: up to the representations, and from them on."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn

from helpers.training_visualization.heads import Head, LinearHead, frozen, logits
from helpers.training_visualization.layer_tap import (
    Forward,
    call,
    class_scores,
    find_head,
    place_tap,
)

_PROBED = 16  # samples that show how the network is built


@contextmanager
def undisturbed(model: nn.Module) -> Iterator[None]:
    """Evaluation mode without gradients; modes and random numbers are put back.

    Every submodule gets its own mode back: part of a model may be frozen.
    """
    modes = [(module, module.training) for module in model.modules()]
    devices = sorted({p.device.index or 0 for p in model.parameters() if p.is_cuda})
    try:
        model.eval()
        with torch.no_grad(), torch.random.fork_rng(devices):
            yield
    finally:
        for module, training in modes:
            module.training = training


class SplitModel:
    """Both sides of a layer; the model itself is neither copied nor changed.

    Parameters
    ----------
    model : nn.Module
        It stays on its device, and batches go there.
    layer, head : str or nn.Module, optional
        As in `recorder.Recorder`.
    samples : np.ndarray
        A few inputs, shape (n, ...).
    forward : callable, optional
        Of model and batch, to logits or an object with ``.logits``.
    batch : int
        Samples per forward pass.

    Raises
    ------
    ValueError
        If a layer is unknown, never called or called twice, or there are no logits.
    """

    def __init__(
        self,
        model: nn.Module,
        layer: str | nn.Module | None,
        head: str | nn.Module | None,
        samples: np.ndarray,
        forward: Forward | None = None,
        batch: int = 512,
    ) -> None:
        if batch < 1:
            raise ValueError(f"batch is {batch}; allowed: 1 or more")
        self.model, self.batch = model, batch
        self.tap = place_tap(model, layer, head)
        self._forward = forward or call
        with undisturbed(model):
            probe = self._moved(samples[:_PROBED])
            self._head = find_head(model, self.tap, head, self._forward, probe)
            self.classes = self.represent(samples[:2])[1].shape[1]

    def represent(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Representations (n, features) and logits (n, classes), float32.

        Call it inside `undisturbed`.
        """
        rows, scores = [], []
        with self.tap.listen() as heard:
            for first in range(0, len(x), self.batch):
                part = self._moved(x[first : first + self.batch])
                heard.clear()
                found = class_scores(self._forward(self.model, part), len(part))
                row = self.tap.only(heard, len(part)).reshape(len(part), -1)
                rows.append(row.float().cpu().numpy())
                scores.append(found.float().cpu().numpy())
        return np.concatenate(rows), np.concatenate(scores)

    def frozen_head(self) -> Head:
        """The head as it is now, on the processor; `LinearHead` where it is linear."""
        if isinstance(self._head, nn.Linear):
            return frozen(copy.deepcopy(self._head).float())
        head = frozen(self._head)
        assert isinstance(head, nn.Module)
        for weight in head.parameters():
            weight.grad = None
        return head.requires_grad_(False).float().cpu()

    def check(self, head: Head, x: np.ndarray, scores: np.ndarray) -> None:
        """A way around the layer, or a step after the head, would make maps wrong.

        Raises
        ------
        ValueError
            If ``head`` does not turn the representations ``x`` into ``scores``.
        """
        x, scores = x[: self.batch], scores[: self.batch]
        found = logits(head, x)
        same = found.shape == scores.shape
        difference = float(np.abs(found - scores).max()) if same else np.inf
        half = any(
            p.dtype in (torch.float16, torch.bfloat16) for p in self.model.parameters()
        )
        if difference > (0.05 if half else 0.005) * float(np.abs(scores).max()):
            raise ValueError(
                f"the {self.tap.side} of layer {self.tap.name!r} does not decide the "
                f"logits (they differ by up to {difference:.3g}): name a layer through "
                "which everything passes, and the head that is last"
            )

    def _moved(self, x: np.ndarray) -> Tensor:
        """Samples where the model is, and of its floating-point type."""
        batch = torch.tensor(x)
        weight = next(self.model.parameters(), None)
        if weight is None:
            return batch
        floating = batch.is_floating_point() and weight.is_floating_point()
        return batch.to(weight.device, weight.dtype if floating else batch.dtype)


def head_weights(head: Head) -> np.ndarray:
    """All weights of a frozen head, flat."""
    if isinstance(head, LinearHead):
        return np.concatenate([head.weight.ravel(), head.bias])
    if not isinstance(head, nn.Module):
        raise ValueError(f"a head of type {type(head).__name__} has no weights")
    return np.concatenate([p.detach().numpy().ravel() for p in head.parameters()])
