"""The checks turn wrong attempts down, each with a hint that says why."""

from __future__ import annotations

import numpy as np
import pytest

from helpers.training_visualization.exercises import (
    check_attention,
    check_band,
    check_bisection,
    check_overlap,
)


def kept(high, low, k):
    near = []
    for x in (high, low):
        distance = np.linalg.norm(x[:, None] - x[None], axis=2)
        np.fill_diagonal(distance, np.inf)
        near.append(np.argsort(distance, axis=1)[:, :k])
    return np.mean([len(set(a) & set(b)) for a, b in zip(*near, strict=True)])


def kept_with_self(high, low, k):
    near = [
        np.argsort(np.linalg.norm(x[:, None] - x[None], axis=2), axis=1)[:, :k]
        for x in (high, low)
    ]
    return np.mean([len(set(a) & set(b)) for a, b in zip(*near, strict=True)])


def on_boundary(scores, delta):
    ordered = np.sort(scores, axis=1)
    gap = ordered[:, -1] - ordered[:, -2]
    return (gap < delta * (ordered[:, -1] - ordered[:, 0])) | (gap == 0)


def on_boundary_without_range(scores, delta):
    ordered = np.sort(scores, axis=1)
    return ordered[:, -1] - ordered[:, -2] < delta


def on_boundary_but_equal(scores, delta):
    ordered = np.sort(scores, axis=1)
    gap = ordered[:, -1] - ordered[:, -2]
    return gap < delta * (ordered[:, -1] - ordered[:, 0])


def on_boundary_by_softmax(scores, delta):
    p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    return on_boundary(p, delta)


def switch(classify, first, second, lower):
    low, high = lower, 1.0
    own = classify(first)
    for _ in range(10):
        share = (low + high) / 2
        if classify(share * first + (1 - share) * second) == own:
            high = share
        else:
            low = share
    return (low + high) / 2


def switch_upside_down(classify, first, second, lower):
    return 1 + lower - switch(classify, first, second, lower)


def switch_from_zero(classify, first, second, lower):
    return switch(classify, first, second, 0.0) if lower else 0.5


def switch_by_search(classify, first, second, lower):
    own = classify(first)
    shares = np.linspace(1, lower, 2000)
    for share in shares:
        if classify(share * first + (1 - share) * second) != own:
            return share
    return lower


def attend(weight, bias, x, temperature):
    order = np.argsort(x @ weight.T + bias, axis=1)
    size = np.abs(weight)
    slope = (size[order[:, -1]] + size[order[:, -2]]) / temperature
    raised = np.exp(slope - slope.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)


def attend_without_bias(weight, bias, x, temperature):
    return attend(weight, 0 * bias, x, temperature)


def attend_signed(weight, bias, x, temperature):
    order = np.argsort(x @ weight.T + bias, axis=1)
    slope = np.abs(weight[order[:, -1]] + weight[order[:, -2]]) / temperature
    return np.exp(slope) / np.exp(slope).sum(axis=1, keepdims=True)


def attend_to_samples(weight, bias, x, temperature):
    found = attend(weight, bias, x, temperature)
    return found / found.sum(axis=0)


WRONG = [
    (check_overlap, kept_with_self, "its own neighbour"),
    (check_overlap, lambda high, low, k: kept(high, low, k) / k, "take the mean"),
    (check_band, on_boundary_without_range, "range"),
    (check_band, on_boundary_but_equal, "equal logits"),
    (check_band, on_boundary_by_softmax, "logits"),
    (check_band, lambda scores, delta: on_boundary(scores, delta)[:1], "shape"),
    (check_bisection, switch_upside_down, "smaller share"),
    (check_bisection, switch_from_zero, "Halve"),
    (check_bisection, switch_by_search, "questions"),
    (check_attention, attend_without_bias, "differs"),
    (check_attention, attend_signed, "differs"),
    (check_attention, attend_to_samples, "sum to 1"),
    (check_attention, lambda *given: attend(*given).T, "shape"),
    (check_attention, lambda w, b, x, _: attend(w, b, x, 1.0), "temperature"),
]


@pytest.mark.parametrize(("check", "attempt", "hint"), WRONG)
def test_wrong_solutions_get_a_hint(check, attempt, hint):
    with pytest.raises(AssertionError, match=hint):
        check(attempt)
