"""Checks of notebook 04's exercises; each raises AssertionError with a hint."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from helpers.lora_dropout.calibration import expected_calibration_error, reliability
from helpers.lora_dropout.sparsity import dropped_share


def check_update(
    attempt: Callable[
        [np.ndarray, np.ndarray, np.ndarray, np.ndarray, float], np.ndarray
    ],
) -> None:
    """``attempt(a, b, mask_a, mask_b, p)`` -> the masked update, rescaled.

    ``a`` (r, n_in) and ``b`` (n_out, r); ``mask_a`` (n_in,) and ``mask_b`` (n_out,) are
    1 where kept and 0 where dropped; the answer has shape (n_out, n_in).
    """
    rng = np.random.default_rng(0)
    for rank, inputs, outputs, p in ((2, 5, 7, 0.5), (3, 6, 6, 0.2), (4, 4, 4, 0.75)):
        a, b = rng.normal(size=(rank, inputs)), rng.normal(size=(outputs, rank))
        mask_a, mask_b = np.ones(inputs), np.ones(outputs)
        mask_a[[0, 2]], mask_b[[1, 2, 3]] = 0.0, 0.0
        kept = mask_b[:, None] * (b @ a) * mask_a
        dropped = (1 - mask_b)[:, None] * (b @ a) * (1 - mask_a)
        expected = kept / (1 - p) ** 2
        found = np.asarray(
            attempt(a.copy(), b.copy(), mask_a.copy(), mask_b.copy(), p), dtype=float
        )
        assert found.shape == expected.shape, (
            f"the update has shape {found.shape}, not (n_out, n_in) = {expected.shape}"
        )
        hint = (
            "mask_a drops columns of A (input features), mask_b rows of B (output "
            "features); the rank is never masked"
        )
        if np.allclose(found, kept):
            hint = "the masks are right; rescale each of the two by 1 / (1 - p)"
        elif np.allclose(found, kept / (1 - p)):
            hint = "there are two masks, so the product is rescaled twice"
        elif np.allclose(found, dropped / (1 - p) ** 2):
            hint = "a mask is 1 where a feature is kept"
        assert np.allclose(found, expected, atol=1e-9), (
            f"r={rank}, p={p:g}: entry (0, 1) is {expected[0, 1]:.3f}, got "
            f"{found[0, 1]:.3f}, and the largest error is "
            f"{np.abs(found - expected).max():.3f}; {hint}"
        )


def check_share(attempt: Callable[[float], float]) -> None:
    """``attempt(p)`` -> expected share of the update's entries that are zero."""
    for p in (0.3, 0.5, 0.9, 0.0, 1.0):
        expected, found = dropped_share(p), float(attempt(p))
        hint = "an entry survives only if its row and its column do"
        if math.isclose(found, (1 - p) ** 2) and not math.isclose(found, expected):
            hint = "that is the share of entries that survive"
        elif math.isclose(found, p * p) and not math.isclose(found, expected):
            hint = "one of the two, row or column, is enough to make an entry zero"
        elif math.isclose(found, 2 * p) and not math.isclose(found, expected):
            hint = "entries whose row and column are both dropped were counted twice"
        assert math.isclose(found, expected, abs_tol=1e-9), (
            f"p={p:g}: {expected:.4f}, got {found:.4f}; {hint}"
        )


def check_ensemble(attempt: Callable[[np.ndarray], np.ndarray]) -> None:
    """``attempt(member_logits)`` -> probabilities of the ensemble.

    ``member_logits`` (n, b, c): n members, b examples, c classes; the answer is (b, c),
    the mean of the members' probabilities.
    """
    rng = np.random.default_rng(1)
    for n, examples, classes, size in ((2, 5, 3, 2.0), (4, 6, 2, 3.0), (3, 4, 5, 400)):
        logits = size * rng.normal(size=(n, examples, classes))
        expected = _softmax(logits).mean(axis=0)
        found = np.asarray(attempt(logits.copy()), dtype=float)
        assert found.shape == expected.shape, (
            f"the answer has shape {found.shape}, not (b, c) = {expected.shape}; "
            "average over the members, the first axis"
        )
        assert np.isfinite(found).all(), (
            f"logits up to {logits.max():.0f} give {found[~np.isfinite(found)][0]}: "
            "subtract each row's largest logit before exp"
        )
        assert np.allclose(found.sum(axis=1), 1, atol=1e-6), (
            "the probabilities of an example do not sum to 1; the softmax runs over "
            "the classes, the last axis"
        )
        hint = "take each member's softmax, then the mean"
        if np.allclose(found, _softmax(logits.mean(axis=0)), atol=1e-6):
            hint = "the logits were averaged; average the probabilities"
        elif np.allclose(found, _softmax(logits)[0], atol=1e-6):
            hint = "that is the first member alone"
        assert np.allclose(found, expected, atol=1e-6), (
            f"{n} members: the first example has {expected[0].round(3)}, got "
            f"{found[0].round(3)}; {hint}"
        )


def check_calibration(
    attempt: Callable[[np.ndarray, np.ndarray, int], float],
) -> None:
    """``attempt(probabilities, labels, bins)`` -> ECE, in [0, 1].

    ``probabilities`` (n, c) and ``labels`` (n,); bins of equal width from 0 to 1, a
    confidence of exactly 1 belongs to the last.
    """
    rng = np.random.default_rng(2)
    for n, classes, bins in ((200, 2, 10), (150, 4, 15), (40, 3, 5)):
        p = _softmax(2.5 * rng.normal(size=(n, classes)))
        labels = rng.integers(0, classes, n)
        labels[::2] = p.argmax(axis=1)[::2]
        if bins == 5:
            p[:8], labels[:8] = np.eye(3)[0], [0, 1] * 4  # sure, right half of the time
        expected = expected_calibration_error(p, labels, bins)
        found = float(attempt(p.copy(), labels.copy(), bins))
        assert math.isfinite(found), (
            f"{n} examples, {bins} bins: got {found}; a bin without examples counts "
            "nothing, and has no mean"
        )
        assert math.isclose(found, expected, abs_tol=1e-6), (
            f"{n} examples, {bins} bins: {expected:.4f}, got {found:.4f}; "
            f"{_calibration_hint(found, p, labels, bins)}"
        )


def _calibration_hint(
    found: float, p: np.ndarray, labels: np.ndarray, bins: int
) -> str:
    """What may be wrong with an ECE."""
    rows = reliability(p, labels, bins)
    filled = rows.count > 0
    gaps, share = rows.gap[filled], rows.count[filled] / len(p)
    chosen = p[np.arange(len(p)), labels]
    below = p.max(axis=1) < 1
    likely = {
        float(100 * (np.abs(gaps) @ share)): "give a share in [0, 1], no percent",
        float(np.abs(gaps).mean()): "weight each bin by its share of the examples",
        float(np.abs(gaps).sum()): "weight each bin by its share of the examples",
        float(np.abs(gaps).max()): "that is the largest gap; the ECE is the mean",
        float(gaps @ share): "take the absolute gap of each bin",
        float(abs(gaps @ share)): "take the absolute value in each bin, then the mean",
        float(gaps**2 @ share): "take absolute gaps, no squares",
    }
    if not below.all():
        part = expected_calibration_error(p[below], labels[below], bins)
        likely[part] = "a confidence of 1 belongs to the last bin"
        likely[part * float(below.mean())] = "a confidence of 1 belongs to the last bin"
    if math.isclose(found, float(np.abs(1 - chosen).mean()), abs_tol=1e-6):
        return "confidence is the highest probability, not that of the label"
    for value, hint in likely.items():
        if math.isclose(found, value, abs_tol=1e-6):
            return hint
    return (
        "bin the examples by their highest probability; in each bin take |accuracy - "
        "mean confidence|, and weight it by the bin's share of the examples"
    )


def _softmax(logits: np.ndarray) -> np.ndarray:
    raised = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return raised / raised.sum(axis=-1, keepdims=True)
