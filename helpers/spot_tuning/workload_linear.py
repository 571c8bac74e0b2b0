"""Linear models by stochastic gradient descent, written out in numpy.

Logistic regression, support vector machine and linear regression differ in their
loss only; an RBF kernel becomes a linear model on random Fourier features.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from helpers.names import unknown_name
from helpers.spot_tuning.workload_data import Split
from helpers.spot_tuning.workload_state import (
    WEIGHTS,
    Schedule,
    Trial,
    TrialKey,
    generator,
)

# Takes scores (rows, outputs) and targets (rows,); returns the mean loss and its
# gradient with respect to the scores, shape (rows, outputs).
Loss = Callable[[np.ndarray, np.ndarray], tuple[float, np.ndarray]]
KERNELS = ("linear", "rbf")


def cross_entropy(scores: np.ndarray, classes: np.ndarray) -> tuple[float, np.ndarray]:
    """Mean of ``-log softmax(scores)[class]``; with two outputs, logistic loss."""
    rows = np.arange(len(scores))
    shifted = scores - scores.max(axis=1, keepdims=True)
    gradient = np.exp(shifted)
    total = gradient.sum(axis=1, keepdims=True)
    loss = float((np.log(total[:, 0]) - shifted[rows, classes]).mean())
    gradient /= total
    gradient[rows, classes] -= 1
    return loss, gradient / len(scores)


def hinge(scores: np.ndarray, classes: np.ndarray) -> tuple[float, np.ndarray]:
    """Mean of ``max(0, 1 - s t)`` with t = -1 for class 0 and +1 for class 1."""
    sign = (2.0 * classes - 1.0)[:, None]
    margin = 1.0 - sign * scores
    loss = float(np.maximum(margin, 0).mean())
    return loss, np.where(margin > 0, -sign, 0.0) / len(scores)


def squared(scores: np.ndarray, targets: np.ndarray) -> tuple[float, np.ndarray]:
    """Mean of ``(s - y)^2``."""
    error = scores - targets[:, None]
    return float((error**2).mean()), 2 * error / len(scores)


def fourier_features(
    x: np.ndarray, count: int, gamma: float, rng: np.random.Generator
) -> np.ndarray:
    """Features whose inner product approaches ``exp(-gamma |x - x'|^2)``.

    .. math:: z(x) = \\sqrt{2 / D} \\, \\cos(x W + b), \\quad
              W_{ij} \\sim N(0, 2 \\gamma), \\; b_j \\sim U(0, 2 \\pi)

    Rahimi and Recht, Random features for large-scale kernel machines (2007).

    Returns
    -------
    np.ndarray
        Shape (rows, count), dtype of ``x``.
    """
    weights = rng.normal(0.0, np.sqrt(2 * gamma), (x.shape[1], count))
    phases = rng.uniform(0, 2 * np.pi, count)
    angles = x @ weights.astype(x.dtype) + phases.astype(x.dtype)
    return np.sqrt(2 / count) * np.cos(angles)


def kernel_split(
    data: Split, kernel: str, seed: int, *, count: int, gamma: float
) -> Split:
    """``data`` as it is for "linear", with `fourier_features` for "rbf".

    The features follow from the seed: a checkpoint need not hold them. They are
    multiplied by ``sqrt(features)``, so that one learning rate suits both kernels.
    """
    if kernel not in KERNELS:
        raise unknown_name("kernel", kernel, KERNELS)
    if kernel == "linear":
        return data
    x, x_val = (
        np.sqrt(data.x.shape[1])
        * fourier_features(rows, count, gamma, generator(seed, WEIGHTS))
        for rows in (data.x, data.x_val)
    )
    return Split(x, data.y, x_val, data.y_val)


class LinearTrial(Trial):
    """Scores ``x V + c`` trained by plain mini-batch gradient descent from zero.

    .. math:: V \\leftarrow V - \\eta_k (\\nabla_V \\ell + \\lambda V)

    Parameters
    ----------
    key : TrialKey
    data : Split
    loss : Loss
        Trained on, and measured on the validation rows.
    outputs : int
        Scores per row: classes for `cross_entropy`, otherwise 1.
    schedule : Schedule
    batch : int
        Rows per mini-batch, drawn with replacement.
    updates : int
        Mini-batches per step.
    penalty : float
        lambda >= 0; the offset c is free of it.
    """

    def __init__(
        self,
        key: TrialKey,
        data: Split,
        loss: Loss,
        *,
        outputs: int,
        schedule: Schedule,
        batch: int,
        updates: int,
        penalty: float = 0.0,
    ) -> None:
        super().__init__(key)
        self._data, self._loss, self._schedule = data, loss, schedule
        self._size, self._penalty = (updates, batch), penalty
        self.weights = np.zeros((data.x.shape[1], outputs), dtype=data.x.dtype)
        self.offset = np.zeros(outputs, dtype=data.x.dtype)

    def scores(self, x: np.ndarray) -> np.ndarray:
        """Shape (rows, outputs)."""
        return x @ self.weights + self.offset

    def _update(self) -> None:
        rate = self._schedule(self.step)
        for rows in self._rng.integers(len(self._data.x), size=self._size):
            x = self._data.x[rows]
            _, gradient = self._loss(self.scores(x), self._data.y[rows])
            self.weights -= rate * (x.T @ gradient + self._penalty * self.weights)
            self.offset -= rate * gradient.sum(axis=0)

    def _metric(self) -> float:
        return self._loss(self.scores(self._data.x_val), self._data.y_val)[0]

    def _arrays(self) -> dict[str, np.ndarray]:
        return {"weights": self.weights, "offset": self.offset}

    def _set_arrays(self, arrays: Mapping[str, np.ndarray]) -> None:
        self.weights, self.offset = arrays["weights"], arrays["offset"]


def linear_seconds(
    features: int, outputs: int, batch: int, updates: int, rows_val: int
) -> float:
    """Declared seconds of one step on one core.

    Multiply-adds of scores and gradient, and of the validation scores, at 10^9 per
    second, plus 20 microseconds per mini-batch for calling numpy at all.
    """
    products = features * outputs * (2 * batch * updates + rows_val)
    return products / 1e9 + 20e-6 * updates
