"""A classification task: texts with the labels seen in training and the true ones."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

TASKS = ("opinions", "docstrings")  # of the notebook


@dataclass(frozen=True)
class Split:
    """Texts of one split with their labels.

    Attributes
    ----------
    texts : tuple of str
        n texts.
    labels : np.ndarray
        Class numbers as a learner sees them, int64, shape (n,).
    clean : np.ndarray
        Class numbers before label noise, int64, shape (n,).
    """

    texts: tuple[str, ...]
    labels: np.ndarray
    clean: np.ndarray

    def __post_init__(self) -> None:
        n = len(self.texts)
        for name, values in (("labels", self.labels), ("clean", self.clean)):
            if values.shape != (n,) or values.dtype != np.int64:
                raise ValueError(
                    f"{name} has shape {values.shape} and type {values.dtype}; "
                    f"allowed: ({n},) for {n} texts, int64"
                )

    def __len__(self) -> int:
        return len(self.texts)


@dataclass(frozen=True)
class Task:
    """Training and test split of one classification task.

    Attributes
    ----------
    name : str
    classes : tuple of str
        Names of classes 0, 1, ...
    train, test : Split
        No text is in both.
    noise : float
        Probability of a wrong label, in both splits. The best possible expected
        accuracy on noisy labels is ``1 - noise``.

    Raises
    ------
    ValueError
        If the splits share a text, or a label is no class number.
    """

    name: str
    classes: tuple[str, ...]
    train: Split
    test: Split
    noise: float

    def __post_init__(self) -> None:
        shared = set(self.train.texts) & set(self.test.texts)
        if shared:
            raise ValueError(
                f"{len(shared)} texts are in both splits, such as {min(shared)!r}"
            )
        for split in (self.train, self.test):
            for values in (split.labels, split.clean):
                if len(values) and not 0 <= values.min() <= values.max() < self.size:
                    raise ValueError(
                        f"labels go from {values.min()} to {values.max()}; "
                        f"allowed: 0 to {self.size - 1}"
                    )

    @property
    def size(self) -> int:
        """Number of classes."""
        return len(self.classes)

    @property
    def digest(self) -> str:
        """SHA-256 of name, classes, texts and labels of both splits."""
        found = hashlib.sha256()
        for word in (self.name, *self.classes):
            found.update(word.encode() + b"\0")
        for split in (self.train, self.test):
            for text in split.texts:
                found.update(text.encode() + b"\0")
            for values in (split.labels, split.clean):
                found.update(values.astype("<i8").tobytes())
        return found.hexdigest()


def check_noise(noise: float, classes: int) -> None:
    """Raise ValueError unless ``noise`` leaves the true class the likeliest one."""
    limit = 1 - 1 / classes
    if not 0 <= noise < limit:
        raise ValueError(
            f"noise is {noise}; allowed: 0 up to, not including, {limit:.3g} "
            f"({classes} classes)"
        )


def with_label_noise(
    clean: np.ndarray, classes: int, noise: float, draw: np.random.Generator
) -> np.ndarray:
    """Labels of which each is wrong with probability ``noise``, independently.

    A wrong label is uniform over the other classes, so the Bayes classifier is right
    with probability ``1 - noise``, and its negative log-likelihood is
    ``-(1 - noise) log(1 - noise) - noise log(noise / (classes - 1))``.

    Parameters
    ----------
    clean : np.ndarray
        True class numbers, shape (n,).
    classes : int
        Number of classes.
    noise : float
        In [0, 1 - 1/classes).
    draw : np.random.Generator

    Returns
    -------
    np.ndarray
        int64, shape (n,).

    Examples
    --------
    >>> with_label_noise(np.arange(4), 4, 0.0, np.random.default_rng(0))
    array([0, 1, 2, 3])
    """
    check_noise(noise, classes)
    wrong = draw.random(len(clean)) < noise
    shift = draw.integers(1, classes, len(clean))
    return ((clean + wrong * shift) % classes).astype(np.int64)
