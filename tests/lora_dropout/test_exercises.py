"""The checks turn wrong attempts down, each with a hint that says why."""

from __future__ import annotations

import numpy as np
import pytest

from helpers.lora_dropout.exercises import (
    check_calibration,
    check_ensemble,
    check_share,
    check_update,
)


def update(a, b, mask_a, mask_b, p):
    a_hat, b_hat = a * mask_a / (1 - p), b * mask_b[:, None] / (1 - p)
    return b_hat @ a_hat


def update_unscaled(a, b, mask_a, mask_b, p):
    return update(a, b, mask_a, mask_b, p) * (1 - p) ** 2


def update_scaled_once(a, b, mask_a, mask_b, p):
    return update(a, b, mask_a, mask_b, p) * (1 - p)


def update_dropping_the_kept(a, b, mask_a, mask_b, p):
    return update(a, b, 1 - mask_a, 1 - mask_b, p)


def update_of_a_alone(a, b, mask_a, mask_b, p):
    return update(a, b, mask_a, np.ones_like(mask_b), p)


def update_scaled_by_p(a, b, mask_a, mask_b, p):
    return update_unscaled(a, b, mask_a, mask_b, p) / p**2


def softmax(logits, axis=-1):
    raised = np.exp(logits - logits.max(axis=axis, keepdims=True))
    return raised / raised.sum(axis=axis, keepdims=True)


def mean_of_logits(logits):
    return softmax(logits.mean(axis=0))


def unsafe(logits):
    with np.errstate(over="ignore", invalid="ignore"):
        raised = np.exp(logits)
        return (raised / raised.sum(axis=-1, keepdims=True)).mean(axis=0)


def votes(logits):
    chosen = np.eye(logits.shape[2])[logits.argmax(axis=2)]
    return chosen.mean(axis=0)


def gaps(p, labels, bins, last=True):
    confidence, right = p.max(axis=1), p.argmax(axis=1) == labels
    place = (confidence * bins).astype(int)
    if last:
        place = np.minimum(place, bins - 1)
    found = []
    for k in range(bins):
        inside = place == k
        if inside.any():
            gap = right[inside].mean() - confidence[inside].mean()
            found.append((gap, inside.mean()))
    return np.array(found).T


def ece(p, labels, bins):
    gap, share = gaps(p, labels, bins)
    return np.abs(gap) @ share


def ece_by_the_label(p, labels, bins):
    return np.abs(1 - p[np.arange(len(p)), labels]).mean()


def ece_of_all_at_once(p, labels, bins):
    gap, share = gaps(p, labels, bins)
    return abs(gap @ share)


def ece_without_the_sure(p, labels, bins):
    gap, share = gaps(p, labels, bins, last=False)
    return np.abs(gap) @ share


def ece_with_empty_bins(p, labels, bins):
    return float("nan") if bins > 10 else ece(p, labels, bins)


WRONG = [
    (check_update, update_unscaled, r"rescale each of the two by 1 / \(1 - p\)"),
    (check_update, update_scaled_once, "rescaled twice"),
    (check_update, update_dropping_the_kept, "1 where a feature is kept"),
    (check_update, update_of_a_alone, "rows of B"),
    (check_update, update_scaled_by_p, r"rescale|largest error"),
    (check_update, lambda *given: update(*given).T, "shape"),
    (check_share, lambda p: p, "row and its column"),
    (check_share, lambda p: (1 - p) ** 2, "survive"),
    (check_share, lambda p: p * p, "row or column, is enough"),
    (check_share, lambda p: 2 * p, "counted twice"),
    (check_share, lambda p: min(2 * p, 1), "counted twice"),
    (check_ensemble, mean_of_logits, "logits were averaged"),
    (check_ensemble, unsafe, "subtract each row's largest"),
    (check_ensemble, lambda logits: softmax(logits)[0], "first member alone"),
    (check_ensemble, votes, "then the mean"),
    (check_ensemble, lambda logits: softmax(logits, 0).mean(0), "do not sum to 1"),
    (check_ensemble, lambda logits: softmax(logits).mean(1), "shape"),
    (check_ensemble, lambda logits: softmax(logits).sum(0), "do not sum to 1"),
    (check_calibration, lambda *given: 100 * ece(*given), "no percent"),
    (check_calibration, lambda *given: np.abs(gaps(*given)[0]).mean(), "weight each"),
    (check_calibration, lambda *given: np.abs(gaps(*given)[0]).max(), "largest gap"),
    (check_calibration, ece_of_all_at_once, "absolute"),
    (check_calibration, ece_by_the_label, "not that of the label"),
    (check_calibration, ece_without_the_sure, "confidence of 1"),
    (check_calibration, ece_with_empty_bins, "without examples"),
    (check_calibration, lambda p, labels, bins: ece(p, labels, 10), "bin the examples"),
]


@pytest.mark.parametrize(("check", "attempt", "hint"), WRONG)
def test_wrong_solutions_get_a_hint(check, attempt, hint):
    with pytest.raises(AssertionError, match=hint):
        check(attempt)
