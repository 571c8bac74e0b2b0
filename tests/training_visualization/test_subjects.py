"""The default classifiers: their data, how they learn, and what may be varied."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from helpers.training_visualization.heads import logits, margin
from helpers.training_visualization.subjects import (
    DigitsCNN,
    TangleMLP,
    digits,
    seeded,
    tangle,
    train_digits,
    train_tangle,
)
from helpers.training_visualization.trace import Trace


@pytest.fixture(autouse=True)
def _nothing_cached(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CURRICULUM_CACHE", "off")


def test_digits_are_split_evenly() -> None:
    split = digits()
    assert split.x.shape == (1437, 1, 8, 8)
    assert split.x_test.shape == (360, 1, 8, 8)
    assert split.x.dtype == np.float32
    assert (split.x.min(), split.x.max()) == (0, 1)
    for labels in (split.y, split.y_test):
        shares = np.bincount(labels) / len(labels)
        np.testing.assert_allclose(shares, 0.1, atol=0.005)
    together = np.concatenate([split.x, split.x_test]).reshape(-1, 64) * 16
    expected = load_digits().data
    assert sorted(map(tuple, together)) == sorted(map(tuple, expected))
    assert not np.array_equal(digits(1).x, split.x)
    with pytest.raises(ValueError, match="read-only"):
        split.x[0] = 0


def test_a_tangle_is_balanced_and_new_for_each_seed() -> None:
    split = tangle()
    assert split.x.shape == (1200, 20)
    assert split.x_test.shape == (300, 20)
    assert np.bincount(split.y).tolist() == [240] * 5
    assert np.bincount(split.y_test).tolist() == [60] * 5
    np.testing.assert_allclose(split.x.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(split.x.std(axis=0), 1, atol=1e-5)
    assert not np.array_equal(tangle(1).x, split.x)


@pytest.mark.parametrize(
    ("train", "features", "classes", "lowest", "highest"),
    [(train_digits, 64, 10, 0.95, 1.0), (train_tangle, 32, 5, 0.75, 0.93)],
)
def test_subjects_learn(
    train: Callable[..., Trace],
    features: int,
    classes: int,
    lowest: float,
    highest: float,
) -> None:
    threads, state = torch.get_num_threads(), torch.get_rng_state()
    trace = train(3)
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.get_rng_state(), state)
    assert trace.train.shape[::2] == (7, features)
    assert trace.classes == classes
    learned, tested = trace.accuracy(), trace.accuracy("test")
    assert learned[0] < 0.6 < lowest < learned[-1] <= highest
    assert tested[-1] > lowest - 0.05
    for head, edge in zip(trace.heads, trace.boundary, strict=True):
        assert len(edge) <= round(trace.train.shape[1] / 10)
        assert not len(edge) or (margin(logits(head, edge)) < 0.1).all()
    assert len(trace.boundary[-1]) == round(trace.train.shape[1] / 10)
    again = pickle.loads(pickle.dumps(trace))  # as the cache does
    np.testing.assert_array_equal(again.train_scores, trace.train_scores)


def test_a_seed_decides_weights_and_order() -> None:
    first, same, other = (
        train_tangle(seed, epochs=2, checkpoints=(0, 2)) for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first.train, same.train)
    np.testing.assert_array_equal(first.boundary[1], same.boundary[1])
    for place in (0, 1):
        assert not np.allclose(first.train[place], other.train[place])
    with torch.no_grad():
        untrained = seeded(TangleMLP, 0)(torch.tensor(tangle().x)).numpy()
    np.testing.assert_allclose(first.train_scores[0], untrained, atol=1e-5)


def test_other_labels_and_fewer_samples() -> None:
    split = tangle()
    few = np.arange(0, 1200, 8)
    one_class = np.full(1200, 3)
    constant = train_tangle(0, epochs=6, checkpoints=(6,), labels=one_class)
    assert (constant.predictions == 3).mean() > 0.99
    np.testing.assert_array_equal(constant.y, one_class)
    subset = train_tangle(0, epochs=200, checkpoints=(200,), train_on=few)
    right = subset.predictions[0] == split.y
    assert subset.train.shape[1] == 1200  # all are recorded
    assert right[few].mean() > 0.97 > 0.9 > right.mean()
    np.testing.assert_array_equal(subset.y, split.y)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"checkpoints": (1, 3)}, "allowed: epochs from 0 to 2"),
        ({"checkpoints": ()}, "at least one"),
        ({"checkpoints": (2, 1)}, "allowed: ascending"),
        ({"labels": np.zeros(3, int)}, r"y \(3,\)"),
        ({"labels": np.full(1200, 5)}, "label 5, but the model has 5 classes"),
        ({"train_on": np.array([0, 1200])}, "reaches from 0 to 1200; allowed: 0 to"),
        ({"train_on": np.array([], int)}, "at least one"),
        ({"train_on": np.ones(1200, bool)}, "a list of indices"),
    ],
)
def test_bad_input(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        train_tangle(0, **{"epochs": 2, "checkpoints": (2,), **options})


def test_the_digits_network_is_as_large_as_described() -> None:
    weights = sum(p.numel() for p in DigitsCNN().parameters())
    assert weights == 16 * (9 + 1) + 32 * (16 * 9 + 1) + 64 * (512 + 1) + 10 * (64 + 1)
