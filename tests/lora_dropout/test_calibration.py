"""Calibration measures against brute force and scikit-learn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, brier_score_loss, log_loss

from helpers.lora_dropout.calibration import (
    accuracy,
    brier,
    expected_calibration_error,
    negative_log_likelihood,
    reliability,
)


def sample(seed, n=200, classes=3):
    draw = np.random.default_rng(seed)
    p = draw.dirichlet(np.full(classes, 0.5), n)
    return p, draw.integers(0, classes, n)


def brute_force(p, y, bins):
    error = 0.0
    for b in range(bins):
        rows = [
            i
            for i in range(len(p))
            if b / bins < p[i].max() <= (b + 1) / bins or (b == 0 and p[i].max() == 0)
        ]
        if rows:
            sure = sum(p[i].max() for i in rows) / len(rows)
            right = sum(p[i].argmax() == y[i] for i in rows) / len(rows)
            error += len(rows) / len(p) * abs(right - sure)
    return error


@given(st.integers(0, 10_000), st.sampled_from([1, 7, 10, 15]), st.integers(2, 5))
def test_ece_is_the_brute_force(seed, bins, classes):
    p, y = sample(seed, 50, classes)
    found = expected_calibration_error(p, y, bins)
    assert found == pytest.approx(brute_force(p, y, bins), abs=1e-12)


@pytest.mark.parametrize("classes", [2, 5])
def test_scores_are_those_of_scikit_learn(classes):
    p, y = sample(1, classes=classes)
    names = list(range(classes))
    assert negative_log_likelihood(p, y) == pytest.approx(log_loss(y, p, labels=names))
    expected = brier_score_loss(y, p, labels=names, scale_by_half=False)
    assert brier(p, y) == pytest.approx(expected)
    assert accuracy(p, y) == accuracy_score(y, p.argmax(axis=1))


def test_labels_drawn_from_the_probabilities_are_calibrated():
    draw = np.random.default_rng(0)
    p = draw.dirichlet([1, 1, 1], 40_000)
    y = (draw.random(len(p))[:, None] > p.cumsum(axis=1)).sum(axis=1)
    assert expected_calibration_error(p, y) < 0.015
    sharper = p**3 / (p**3).sum(axis=1, keepdims=True)
    assert expected_calibration_error(sharper, y) > 0.15


def test_bins_are_closed_above_and_hold_every_example():
    p = np.array([[0.6, 0.4], [0.8, 0.2], [1.0, 0.0], [0.5, 0.5]])
    found = reliability(p, np.array([0, 1, 0, 1]), bins=5)
    assert found.count.tolist() == [0, 0, 2, 1, 1]
    assert found.confidence[2:].tolist() == pytest.approx([0.55, 0.8, 1.0])
    assert found.accuracy[2:].tolist() == [0.5, 0.0, 1.0]
    assert found.gap[3] == pytest.approx(0.8) and np.isnan(found.gap[0])


def test_float32_rounding_above_one_stays_in_the_last_bin():
    p = np.array([[1.0 + 1e-6, 0.0]], dtype=np.float32)
    assert reliability(p, np.array([0])).count[-1] == 1


def test_impossible_label_has_infinite_loss():
    assert negative_log_likelihood(np.array([[1.0, 0.0]]), np.array([1])) == np.inf


@pytest.mark.parametrize(
    ("p", "y", "message"),
    [
        ([[2.0, -1.0]], [0], "no probabilities"),
        ([[3.0, 4.0]], [0], "no probabilities"),
        ([[np.nan, 1.0]], [0], "no probabilities"),
        ([[0.5, 0.5]], [2], "labels have type int64 and go from 2 to 2"),
        ([[0.5, 0.5]], [0.5], "type float64"),
        ([[0.5, 0.5]], [0, 1], r"allowed: \(n, c\) and \(n,\)"),
        ([[1.0]], [0], "c >= 2"),
        (np.zeros((0, 2)), np.zeros(0, int), "n >= 1"),
    ],
)
def test_bad_input(p, y, message):
    for measure in (expected_calibration_error, negative_log_likelihood, brier):
        with pytest.raises(ValueError, match=message):
            measure(np.array(p), np.array(y))


def test_bins_below_one():
    with pytest.raises(ValueError, match="bins is 0"):
        reliability(np.array([[0.5, 0.5]]), np.array([0]), bins=0)
