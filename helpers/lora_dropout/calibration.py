"""How far predicted probabilities can be believed: ECE, reliability, NLL, Brier score.

The paper's section 5.4 compares expected calibration errors. Confidence is the highest
probability of an example; bins have equal width, are open below and closed above, and
the lowest holds 0 too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

BINS = 15  # as in the literature on Bayesian LoRA; the paper does not state its number


@dataclass(frozen=True)
class Reliability:
    """One row per bin of confidence; a bin without examples has NaN means.

    Attributes
    ----------
    edges : np.ndarray
        Of the bins, from 0 to 1; shape (bins + 1,).
    confidence, accuracy : np.ndarray
        Means over the bin's examples, shape (bins,).
    count : np.ndarray
        Examples, shape (bins,).
    """

    edges: np.ndarray
    confidence: np.ndarray
    accuracy: np.ndarray
    count: np.ndarray

    @property
    def gap(self) -> np.ndarray:
        """Confidence minus accuracy: above zero where the network is too sure."""
        return self.confidence - self.accuracy


def reliability(
    probabilities: np.ndarray, labels: np.ndarray, bins: int = BINS
) -> Reliability:
    """Confidence and accuracy of the examples of each bin.

    Parameters
    ----------
    probabilities : np.ndarray
        Shape (n, c), rows sum to 1.
    labels : np.ndarray
        Class numbers, shape (n,).
    bins : int
        Of equal width.

    Raises
    ------
    ValueError
        If shapes disagree, rows are no probabilities, or ``bins`` is below 1.
    """
    p, y = checked(probabilities, labels)
    if bins < 1:
        raise ValueError(f"bins is {bins}; allowed: 1 or more")
    confidence = p.max(axis=1)
    right = p.argmax(axis=1) == y
    edges = np.linspace(0, 1, bins + 1)
    # rounding may leave a row's probability a hair above 1
    place = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, bins - 1)
    count = np.bincount(place, minlength=bins)
    sums = [np.bincount(place, part, bins) for part in (confidence, right)]
    means = [
        np.divide(part, count, out=np.full(bins, np.nan), where=count > 0)
        for part in sums
    ]
    return Reliability(edges, means[0], means[1], count)


def expected_calibration_error(
    probabilities: np.ndarray, labels: np.ndarray, bins: int = BINS
) -> float:
    r"""Mean distance of confidence and accuracy, weighted by the bins' examples.

    .. math:: ECE = \sum_b \frac{n_b}{n} |acc(b) - conf(b)|

    Zero is best. A network that is right as often as it is sure has it near zero, up
    to a bias of order ``sqrt(bins / n)``; so has one that knows nothing and says so.

    Examples
    --------
    >>> p = np.array([[0.9, 0.1], [0.9, 0.1]])
    >>> round(expected_calibration_error(p, np.array([0, 1])), 3)
    0.4
    """
    found = reliability(probabilities, labels, bins)
    filled = found.count > 0
    weighted = np.abs(found.gap[filled]) * found.count[filled]
    return float(weighted.sum() / found.count.sum())


def negative_log_likelihood(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Mean of ``-log p(label)`` in nats; infinite where a label has probability 0."""
    p, y = checked(probabilities, labels)
    with np.errstate(divide="ignore"):
        return float(-np.log(p[np.arange(len(y)), y]).mean())


def brier(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Mean squared distance from the label's indicator: 0 is best, 2 is worst.

    It sums over classes, as Brier did; with two classes that is twice the score of
    libraries that look at one of them.
    """
    p, y = checked(probabilities, labels)
    return float(((p - np.eye(p.shape[1])[y]) ** 2).sum(axis=1).mean())


def accuracy(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Share of examples whose likeliest class is the label."""
    p, y = checked(probabilities, labels)
    return float((p.argmax(axis=1) == y).mean())


def checked(
    probabilities: np.ndarray, labels: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Both as arrays, probabilities in float64.

    Raises
    ------
    ValueError
        If shapes disagree, or rows are no probabilities: logits are a usual mistake.
    """
    p, y = np.asarray(probabilities, dtype=np.float64), np.asarray(labels)
    if p.ndim != 2 or p.shape[1] < 2 or y.shape != p.shape[:1] or not len(y):
        raise ValueError(
            f"probabilities have shape {p.shape}, labels {y.shape}; "
            "allowed: (n, c) and (n,) with n >= 1, c >= 2"
        )
    if not np.issubdtype(y.dtype, np.integer) or y.min() < 0 or y.max() >= p.shape[1]:
        raise ValueError(
            f"labels have type {y.dtype} and go from {y.min()} to {y.max()}; "
            f"allowed: whole numbers from 0 to {p.shape[1] - 1}"
        )
    # float32 and half precision round the sums
    if not (p.min() >= 0 and np.abs(p.sum(axis=1) - 1).max() <= 1e-2):
        raise ValueError(
            "rows are no probabilities (below zero, or their sum is not 1); "
            "allowed: what softmax returns"
        )
    return p, y
