"""Checks of notebook 03's exercises; each raises AssertionError with a hint."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from helpers.training_visualization.attention import attention
from helpers.training_visualization.heads import LinearHead, margin
from helpers.training_visualization.metrics import neighbor_preservation

HALVINGS = 10


def check_overlap(
    attempt: Callable[[np.ndarray, np.ndarray, int], float],
) -> None:
    """``attempt(high, low, k)`` -> mean number of neighbours kept, 0 to k."""
    rng = np.random.default_rng(0)
    for n, k in ((30, 5), (40, 15), (12, 11)):
        high = rng.normal(size=(n, 6))
        low = high[:, :2] + 0.1 * rng.normal(size=(n, 2))
        expected = neighbor_preservation(high, low, k)
        found = float(attempt(high.copy(), low.copy(), k))
        with_self = neighbor_preservation(high, low, k, include_self=True)
        hint = "count what the k nearest in both spaces share, and take the mean"
        if not math.isclose(expected, with_self) and math.isclose(found, with_self):
            hint = "a point is not its own neighbour"
        assert math.isclose(found, expected, abs_tol=1e-9), (
            f"{n} points, k={k}: {expected:.3f} neighbours, got {found:.3f}; {hint}"
        )


def check_band(attempt: Callable[[np.ndarray, float], np.ndarray]) -> None:
    """``attempt(scores, delta)`` -> whether each row of logits is on the boundary."""
    rng = np.random.default_rng(1)
    for classes in (2, 3, 10):
        scores = rng.normal(2, 1.5, (300, classes))
        scores[0] = 3.0  # all equal: on the boundary, and no division by 0
        for delta in (0.05, 0.1, 0.3):
            expected = margin(scores) < delta
            found = np.asarray(attempt(scores.copy(), delta))
            assert found.shape == expected.shape, (
                f"the answer has shape {found.shape}, not {expected.shape}"
            )
            wrong = np.flatnonzero(found.astype(bool) != expected)
            assert not len(wrong), (
                f"logits {scores[wrong[0]].round(2)}, delta {delta:g}: on the boundary "
                f"is {bool(expected[wrong[0]])}. Divide the gap of the two highest "
                "logits by the range of the row; equal logits are on it"
            )


def check_bisection(
    attempt: Callable[
        [Callable[[np.ndarray], int], np.ndarray, np.ndarray, float], float
    ],
) -> None:
    """``attempt(classify, first, second, lower)`` -> share of the first at the switch.

    The classifier takes one sample and counts how often it is asked.
    """
    rng = np.random.default_rng(2)
    for lower in (0.0, 0.5, 0.6):
        for _ in range(10):
            first, second, normal = rng.normal(size=(3, 8))
            if normal @ first < normal @ second:
                normal = -normal
            true = rng.uniform(lower + 0.02, 0.98)
            level = normal @ (true * first + (1 - true) * second)
            asked = 0

            def classify(
                x: np.ndarray, normal: np.ndarray = normal, level: float = level
            ) -> int:
                nonlocal asked
                asked += 1
                return 1 if normal @ x > level else 4

            found = float(attempt(classify, first.copy(), second.copy(), lower))
            room = (1 - lower) / 2**HALVINGS
            assert abs(found - true) <= room + 1e-9, (
                f"lower={lower:g}: the class changes at a share of {true:.4f}, got "
                f"{found:.4f}. Halve the bracket [lower, 1] {HALVINGS} times; if the "
                "mix is still in the first one's class, the switch lies at a smaller "
                "share"
            )
            assert asked <= HALVINGS + 2, (
                f"{asked} questions to the classifier; {HALVINGS} halvings need one "
                "each, and one for the class of the first sample"
            )


def check_attention(
    attempt: Callable[[np.ndarray, np.ndarray, np.ndarray, float], np.ndarray],
) -> None:
    """``attempt(weight, bias, x, temperature)`` -> attention (n, features)."""
    rng = np.random.default_rng(3)
    for classes, features in ((2, 4), (5, 7), (10, 3)):
        weight = rng.normal(size=(classes, features))
        bias, x = rng.normal(size=classes), rng.normal(size=(20, features))
        head = LinearHead(weight, bias)
        for temperature in (0.1, 1.0):
            expected = attention(head, x, temperature)
            found = np.asarray(attempt(weight, bias, x, temperature), dtype=float)
            assert found.shape == expected.shape, (
                f"the attention has shape {found.shape}, not {expected.shape}"
            )
            assert np.allclose(found.sum(axis=1), 1, atol=1e-5), (
                "the attention of a sample's features does not sum to 1; the softmax "
                "runs over the features"
            )
            assert np.allclose(found, expected, atol=1e-5), (
                f"{classes} classes, temperature {temperature:g}: the attention "
                "differs. The gradient of logit c is row c of the weight: add the "
                "absolute rows of the two highest logits and divide by the temperature"
            )
