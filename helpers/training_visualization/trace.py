"""What is visualised: the same samples' representations at several checkpoints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from helpers.training_visualization.heads import Head, logits, softmax


@dataclass(frozen=True)
class Trace:
    """Representations, heads and boundary points of every checkpoint.

    Attributes
    ----------
    epochs : tuple of int
        Labels of the checkpoints, ascending.
    train : np.ndarray
        Shape (checkpoints, n, features), float32: the training samples.
    heads : tuple of callable
        One per checkpoint, representations to logits; see `heads`.
    y : np.ndarray
        Shape (n,), the labels that were trained on.
    test, y_test : np.ndarray
        Shapes (checkpoints, m, features) and (m,); m may be 0.
    boundary : tuple of np.ndarray
        Per checkpoint the representations (b, features) of its boundary samples; b may
        differ and may be 0.

    Raises
    ------
    ValueError
        If lengths disagree, there is no checkpoint, epochs do not ascend, or a
        representation is not finite.
    """

    epochs: tuple[int, ...]
    train: np.ndarray
    heads: tuple[Head, ...]
    y: np.ndarray
    test: np.ndarray = field(default_factory=lambda: np.zeros((0, 0, 0), np.float32))
    y_test: np.ndarray = field(default_factory=lambda: np.zeros(0, int))
    boundary: tuple[np.ndarray, ...] = ()

    def __post_init__(self) -> None:
        count = len(self.epochs)
        if not count or any(np.diff(self.epochs) <= 0):
            raise ValueError(
                f"epochs are {self.epochs}; allowed: ascending, at least 1"
            )
        if self.train.ndim != 3:
            raise ValueError(
                f"train has shape {self.train.shape}; allowed: (checkpoints, samples, "
                "features)"
            )
        sizes = {"train": len(self.train), "heads": len(self.heads)}
        if self.test.size:
            sizes["test"] = len(self.test)
        if self.boundary:
            sizes["boundary"] = len(self.boundary)
        for name, size in sizes.items():
            if size != count:
                raise ValueError(f"{size} {name}, but {count} epochs")
        if len(self.y) != self.train.shape[1]:
            raise ValueError(f"{len(self.y)} labels for {self.train.shape[1]} samples")
        if self.test.size and len(self.y_test) != self.test.shape[1]:
            raise ValueError(
                f"{len(self.y_test)} test labels for {self.test.shape[1]} samples"
            )
        for name in ("train", "test"):
            for epoch, x in zip(self.epochs, getattr(self, name), strict=False):
                if not np.isfinite(x).all():
                    raise ValueError(
                        f"{name} representations of epoch {epoch} are not finite"
                    )

    def __len__(self) -> int:
        return len(self.epochs)

    @property
    def classes(self) -> int:
        return int(self.train_scores.shape[2])

    @cached_property
    def train_scores(self) -> np.ndarray:
        """Logits of the training samples, shape (checkpoints, n, classes)."""
        return np.stack(
            [logits(h, x) for h, x in zip(self.heads, self.train, strict=True)]
        )

    @cached_property
    def test_scores(self) -> np.ndarray:
        """Logits of the test samples, shape (checkpoints, m, classes)."""
        return np.stack(
            [logits(h, x) for h, x in zip(self.heads, self.test, strict=True)]
        )

    @property
    def predictions(self) -> np.ndarray:
        """Predicted classes of the training samples, shape (checkpoints, n)."""
        return self.train_scores.argmax(axis=2)

    @property
    def confidence(self) -> np.ndarray:
        """Probability of the predicted class, shape (checkpoints, n)."""
        return np.stack([softmax(s).max(axis=1) for s in self.train_scores])

    def accuracy(self, split: str = "train") -> np.ndarray:
        """Share of samples predicted as labelled, shape (checkpoints,)."""
        scores = self.train_scores if split == "train" else self.test_scores
        labels = self.y if split == "train" else self.y_test
        return (scores.argmax(axis=2) == labels).mean(axis=1)

    def first(self, samples: int, test: int) -> Trace:
        """Only the first training and test samples."""
        return Trace(
            self.epochs,
            self.train[:, :samples],
            self.heads,
            self.y[:samples],
            self.test[:, :test] if self.test.size else self.test,
            self.y_test[:test],
            self.boundary,
        )

    def at(self, places: Sequence[int]) -> Trace:
        """Some of the checkpoints, by position."""
        keep = list(places)
        return Trace(
            tuple(self.epochs[i] for i in keep),
            self.train[keep],
            tuple(self.heads[i] for i in keep),
            self.y,
            self.test[keep] if self.test.size else self.test,
            self.y_test,
            tuple(self.boundary[i] for i in keep) if self.boundary else (),
        )
