"""Attention: closed form, autograd and finite differences agree."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch
from torch import nn

from helpers.training_visualization.attention import _slopes, attention, top_two
from helpers.training_visualization.heads import frozen, logits


@pytest.fixture(scope="module")
def x():
    return np.random.default_rng(0).normal(size=(70, 12)).astype(np.float32)


def network(*layers):
    with torch.random.fork_rng([]):
        torch.manual_seed(0)
        return nn.Sequential(*(make() for make in layers))


@pytest.mark.parametrize("temperature", [0.02, 0.3])
def test_closed_form_equals_autograd(x, temperature) -> None:
    linear = network(lambda: nn.Linear(12, 5))[0]
    closed = attention(frozen(linear), x, temperature)
    by_autograd = attention(linear, x, temperature)
    np.testing.assert_allclose(closed, by_autograd, atol=1e-6)
    np.testing.assert_allclose(closed.sum(axis=1), 1, atol=1e-5)
    assert closed.shape == x.shape and closed.dtype == np.float32
    assert (closed >= 0).all()


def test_a_head_without_bias_and_many_batches(x) -> None:
    linear = network(lambda: nn.Linear(12, 5, bias=False))[0]
    many = np.tile(x, (60, 1))  # more than one batch of autograd
    np.testing.assert_allclose(
        attention(frozen(linear), many, 0.1), attention(linear, many, 0.1), atol=1e-6
    )


def test_slopes_against_finite_differences(x) -> None:
    head = network(lambda: nn.Linear(12, 9), nn.Tanh, lambda: nn.Linear(9, 4)).double()
    step = 1e-5
    points = torch.from_numpy(x[:15].astype(float))
    with torch.no_grad():
        first, second = top_two(head(points).numpy())
        rows = np.arange(len(points))
        expected = np.zeros((len(points), 12))
        for j in range(12):
            shift = torch.zeros(12, dtype=torch.float64)
            shift[j] = step
            slope = (head(points + shift) - head(points - shift)).numpy() / (2 * step)
            expected[:, j] = abs(slope[rows, first]) + abs(slope[rows, second])
    found = _slopes(head.float(), x[:15])
    np.testing.assert_allclose(found, expected, atol=1e-5)
    raised = np.exp(expected / 0.3)
    np.testing.assert_allclose(
        attention(head, x[:15], 0.3),
        raised / raised.sum(axis=1, keepdims=True),
        atol=1e-4,
    )


def test_gradients_of_the_head_are_left_alone(x) -> None:
    head = network(lambda: nn.Linear(12, 6), nn.ReLU, lambda: nn.Linear(6, 3))
    before = x.copy()
    locked = x.copy()
    locked.flags.writeable = False
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # torch warns of arrays it could write to
        attention(head, locked, 0.1)
    attention(head, x, 0.1)
    assert all(p.grad is None for p in head.parameters())
    np.testing.assert_array_equal(x, before)


def test_a_small_temperature_does_not_overflow(x) -> None:
    found = attention(frozen(network(lambda: nn.Linear(12, 5))[0]), 1e3 * x, 1e-6)
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found.max(axis=1), 1, atol=1e-3)


def test_top_two(x) -> None:
    scores = logits(network(lambda: nn.Linear(12, 5))[0], x)
    order = np.argsort(scores, axis=1)
    first, second = top_two(scores)
    np.testing.assert_array_equal(first, order[:, -1])
    np.testing.assert_array_equal(second, order[:, -2])


@pytest.mark.parametrize("temperature", [0, -1, np.nan])
def test_temperatures_that_are_not_positive(x, temperature) -> None:
    with pytest.raises(ValueError, match=r"temperature is .*; allowed: above 0"):
        attention(frozen(nn.Linear(12, 5)), x, temperature)


def test_a_function_has_no_gradient(x) -> None:
    with pytest.raises(
        ValueError, match=r"LinearHead or a torch module.*attention=None"
    ):
        attention(lambda z: z[:, :3], x, 0.1)


def test_a_head_of_one_class(x) -> None:
    with pytest.raises(ValueError, match="at least two classes"):
        attention(frozen(nn.Linear(12, 1)), x, 0.1)
