"""The classifiers that are watched by default: two small ones, trained in seconds.

`digits` are well separated in the end and a small convolutional network nearly learns
them by heart; the classes of `tangle` overlap, so that its network stays wrong about
some samples. The paper's own are in `subjects_paper`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from itertools import pairwise
from typing import TypeVar

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from helpers.cache import stage
from helpers.seeding import torch_seeded
from helpers.torch_threads import single_thread
from helpers.training_visualization.boundary_samples import BoundarySampler
from helpers.training_visualization.recorder import Recorder
from helpers.training_visualization.trace import Trace

Module = TypeVar("Module", bound=nn.Module)

DIGITS_TEST = 360
TANGLE_CLASSES, TANGLE_FEATURES = 5, 20
TANGLE_TRAIN, TANGLE_TEST = 1200, 300


@dataclass(frozen=True)
class Split:
    """Samples to train on and samples to test with; the arrays are read-only.

    Attributes
    ----------
    x, x_test : np.ndarray
        Shapes (n, ...) and (m, ...), float32.
    y, y_test : np.ndarray
        Shapes (n,) and (m,), class numbers from 0 on.
    """

    x: np.ndarray
    y: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray

    def __post_init__(self) -> None:
        for field in fields(self):
            getattr(self, field.name).flags.writeable = False


@lru_cache(maxsize=4)
def digits(seed: int = 0) -> Split:
    """Handwritten digits (scikit-learn): 1437 and 360 images (1, 8, 8) in [0, 1].

    Every class has the same share in both parts.

    Parameters
    ----------
    seed : int
        Of the split.
    """
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    images, labels = load_digits(return_X_y=True)
    images = (images / 16).astype(np.float32).reshape(-1, 1, 8, 8)
    x, x_test, y, y_test = train_test_split(
        images,
        labels.astype(np.int64),
        test_size=DIGITS_TEST,
        random_state=seed,
        stratify=labels,
    )
    return Split(x, y, x_test, y_test)


@lru_cache(maxsize=4)
def tangle(seed: int = 0) -> Split:
    """Five spiral arms with blurred borders, bent into 20 dimensions; ours.

    Sample i of class c lies at radius t in [0.22, 1] and angle
    ``2 pi (0.75 t + c / 5) + e`` of a plane, e normal with a deviation of a quarter
    of an arm's width. One sample in ten (9.4 %, measured) is nearer to another arm,
    so that a test accuracy of 0.91 is the best there is. The plane z becomes
    ``z A + sin(2 z C) B + noise``, then each feature is standardised.

    Parameters
    ----------
    seed : int
        Of everything that is drawn.
    """
    rng = np.random.default_rng(seed)
    count = TANGLE_TRAIN + TANGLE_TEST
    # both parts hold every class equally often
    y = np.arange(count) % TANGLE_CLASSES
    for part in (slice(0, TANGLE_TRAIN), slice(TANGLE_TRAIN, None)):
        y[part] = rng.permutation(y[part])
    radius = rng.uniform(0.15, 1, count) ** 0.8
    arm = 2 * np.pi / TANGLE_CLASSES
    angle = 2 * np.pi * 0.75 * radius + arm * (y + 0.25 * rng.normal(size=count))
    z = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    z += rng.normal(0, 0.04, z.shape)
    a, c = rng.normal(size=(2, 2, TANGLE_FEATURES))
    b = rng.normal(size=(TANGLE_FEATURES, TANGLE_FEATURES)) / TANGLE_FEATURES**0.5
    x = z @ a + np.sin(2 * z @ c) @ b + rng.normal(0, 0.15, (count, TANGLE_FEATURES))
    train = x[:TANGLE_TRAIN]
    x = ((x - train.mean(axis=0)) / train.std(axis=0)).astype(np.float32)
    cut = TANGLE_TRAIN
    return Split(x[:cut].copy(), y[:cut].copy(), x[cut:].copy(), y[cut:].copy())


class DigitsCNN(nn.Module):
    """Two convolutions, pooling, 64 features, 10 classes, for images (1, 8, 8)."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(16, 32, 3, padding=1),
            nn.MaxPool2d(2),
            nn.ReLU(),  # after pooling, with the same result on a quarter
            nn.Flatten(),
            nn.Linear(32 * 4 * 4, 64),
            nn.ReLU(),
        )
        self.head = nn.Linear(64, 10)
        # channels last: torch pools on a processor ten times as quickly
        self.features.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.features(x))


class TangleMLP(nn.Module):
    """Three hidden layers, the last one of 32 features, for `tangle`."""

    def __init__(self) -> None:
        super().__init__()
        sizes = (TANGLE_FEATURES, 64, 64, 32)
        layers: list[nn.Module] = []
        for before, after in pairwise(sizes):
            layers += [nn.Linear(before, after), nn.ReLU()]
        self.features = nn.Sequential(*layers)
        self.head = nn.Linear(sizes[-1], TANGLE_CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.features(x))


@dataclass(frozen=True)
class Training:
    """Stochastic gradient descent with momentum on the cross-entropy.

    Attributes
    ----------
    epochs : int
    checkpoints : tuple of int
        Epochs that are recorded, ascending; 0 is before the first.
    rate, momentum : float
    batch : int
    """

    epochs: int
    checkpoints: tuple[int, ...]
    rate: float = 0.02
    momentum: float = 0.9
    batch: int = 64

    def __post_init__(self) -> None:
        marks = self.checkpoints
        if not marks or marks[0] < 0 or marks[-1] > self.epochs:
            raise ValueError(
                f"checkpoints are {marks}; allowed: epochs from 0 to {self.epochs}, "
                "at least one"
            )
        if any(b <= a for a, b in pairwise(marks)):
            raise ValueError(f"checkpoints are {marks}; allowed: ascending")


def train_and_record(
    model: nn.Module,
    split: Split,
    training: Training,
    *,
    seed: int = 0,
    labels: np.ndarray | None = None,
    train_on: np.ndarray | None = None,
) -> Trace:
    """Train a model in place and record it: its last linear layer is the head.

    Parameters
    ----------
    labels : np.ndarray, optional
        Shape (n,), to train on instead of ``split.y``; also the trace's ``y``.
    train_on : np.ndarray, optional
        Indices of the samples that are trained on; all are recorded.
    seed : int
        Of the order of samples, and of the boundary samples.

    Raises
    ------
    ValueError
        If labels or indices do not fit the samples.
    """
    y = split.y if labels is None else np.asarray(labels)
    chosen = _indices(train_on, len(split.x))
    with (
        single_thread(),
        Recorder(
            model,
            data=split.x,
            y=y,
            test=split.x_test,
            y_test=split.y_test,
            boundary=BoundarySampler(),
            seed=seed,
        ) as recorder,
    ):
        inputs, targets = torch.tensor(split.x[chosen]), torch.tensor(y[chosen])
        order = torch.Generator().manual_seed(seed)
        optimiser = torch.optim.SGD(
            model.parameters(), training.rate, training.momentum
        )
        for epoch in range(training.epochs + 1):
            if epoch:
                model.train()
                mixed = torch.randperm(len(inputs), generator=order)
                for batch in mixed.split(training.batch):
                    optimiser.zero_grad()
                    F.cross_entropy(model(inputs[batch]), targets[batch]).backward()
                    optimiser.step()
            if epoch in training.checkpoints:
                recorder.snapshot(epoch)
        return recorder.trace()


@stage
def train_digits(
    seed: int = 0,
    epochs: int = 15,
    checkpoints: Sequence[int] = (1, 3, 5, 7, 9, 12, 15),
    labels: np.ndarray | None = None,
    train_on: np.ndarray | None = None,
) -> Trace:
    """`DigitsCNN` on `digits`: 64 features; a few seconds on one core, then cached.

    Parameters
    ----------
    seed : int
        Of initial weights and order; the split is always the same.
    labels, train_on : np.ndarray, optional
        See `train_and_record`.
    """
    training = Training(epochs, tuple(checkpoints))
    return train_and_record(
        seeded(DigitsCNN, seed),
        digits(),
        training,
        seed=seed,
        labels=labels,
        train_on=train_on,
    )


@stage
def train_tangle(
    seed: int = 0,
    epochs: int = 20,
    checkpoints: Sequence[int] = (1, 2, 3, 5, 8, 13, 20),
    labels: np.ndarray | None = None,
    train_on: np.ndarray | None = None,
) -> Trace:
    """`TangleMLP` on `tangle`: 32 features; see `train_digits`."""
    training = Training(epochs, tuple(checkpoints))
    return train_and_record(
        seeded(TangleMLP, seed),
        tangle(),
        training,
        seed=seed,
        labels=labels,
        train_on=train_on,
    )


def seeded(make: Callable[[], Module], seed: int) -> Module:
    """A new module whose weights, made on the processor, depend on the seed alone."""
    with torch_seeded(seed):
        return make()


def _indices(train_on: np.ndarray | None, count: int) -> np.ndarray:
    if train_on is None:
        return np.arange(count)
    chosen = np.asarray(train_on)
    if chosen.ndim != 1 or not len(chosen) or chosen.dtype.kind not in "iu":
        raise ValueError(
            f"train_on has shape {chosen.shape} and type {chosen.dtype}; allowed: a "
            "list of indices, at least one"
        )
    if chosen.min() < 0 or chosen.max() >= count:
        raise ValueError(
            f"train_on reaches from {chosen.min()} to {chosen.max()}; allowed: 0 to "
            f"{count - 1}"
        )
    return chosen
