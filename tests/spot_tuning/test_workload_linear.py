"""Linear trials against scikit-learn, least squares and torch, step for step."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import hinge_loss, log_loss, mean_squared_error
from sklearn.metrics.pairwise import rbf_kernel

from helpers.spot_tuning.workload_data import Split, correlated_regression, digits
from helpers.spot_tuning.workload_linear import (
    LinearTrial,
    Loss,
    cross_entropy,
    fourier_features,
    hinge,
    kernel_split,
    linear_seconds,
    squared,
)
from helpers.spot_tuning.workload_state import Schedule, TrialKey

KEY = TrialKey("test", {}, 0)
RNG = np.random.default_rng(0)
SCORES = 3 * RNG.normal(size=(40, 4))
CLASSES = RNG.integers(0, 4, 40)
BINARY = RNG.integers(0, 2, 40)
TARGETS = RNG.normal(size=40)


def test_losses_against_sklearn() -> None:
    shares = np.exp(SCORES) / np.exp(SCORES).sum(axis=1, keepdims=True)
    assert cross_entropy(SCORES, CLASSES)[0] == pytest.approx(log_loss(CLASSES, shares))
    one = SCORES[:, :1]
    assert hinge(one, BINARY)[0] == pytest.approx(hinge_loss(BINARY, one[:, 0]))
    expected = mean_squared_error(TARGETS, one[:, 0])
    assert squared(one, TARGETS)[0] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("loss", "targets", "outputs"),
    [(cross_entropy, CLASSES, 4), (hinge, BINARY, 1), (squared, TARGETS, 1)],
)
def test_gradients_against_differences(
    loss: Loss, targets: np.ndarray, outputs: int
) -> None:
    scores = SCORES[:, :outputs]
    gradient = loss(scores, targets)[1]
    for row, column in np.ndindex(scores.shape):
        step = np.zeros_like(scores)
        step[row, column] = 1e-6
        difference = loss(scores + step, targets)[0] - loss(scores - step, targets)[0]
        assert gradient[row, column] == pytest.approx(difference / 2e-6, abs=1e-7)


def test_large_scores_do_not_overflow() -> None:
    loss, gradient = cross_entropy(1e4 * SCORES, CLASSES)
    assert np.isfinite(loss)
    assert np.isfinite(gradient).all()


def _torch_hinge(scores: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
    return torch.relu(1 - (2 * classes - 1) * scores[:, 0]).mean()


@pytest.mark.parametrize(
    ("loss", "reference", "targets", "outputs"),
    [
        (cross_entropy, torch.nn.functional.cross_entropy, CLASSES, 4),
        (hinge, _torch_hinge, BINARY, 1),
        (squared, lambda s, y: ((s[:, 0] - y) ** 2).mean(), TARGETS, 1),
    ],
)
def test_steps_are_those_of_torch(
    loss: Loss, reference: Callable, targets: np.ndarray, outputs: int
) -> None:
    x = RNG.normal(size=(40, 6))
    penalty, updates, batch = 0.1, 3, 8
    schedule = Schedule(0.2, 0.5, (2, 4))
    trial = LinearTrial(
        KEY,
        Split(x, targets, x, targets),
        loss,
        outputs=outputs,
        schedule=schedule,
        batch=batch,
        updates=updates,
        penalty=penalty,
    )
    twin = LinearTrial(  # draws the same mini-batches
        KEY,
        Split(x, targets, x, targets),
        loss,
        outputs=outputs,
        schedule=schedule,
        batch=batch,
        updates=updates,
    )
    layer = torch.nn.Linear(6, outputs, dtype=torch.float64)
    with torch.no_grad():
        layer.weight.zero_(), layer.bias.zero_()
    groups = [
        {"params": [layer.weight], "weight_decay": penalty},
        {"params": [layer.bias], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.SGD(groups, lr=0.2)
    for step in range(6):
        for group in optimizer.param_groups:
            group["lr"] = 0.2 * 0.5 ** ((step >= 2) + (step >= 4))
        for rows in twin._rng.integers(len(x), size=(updates, batch)):
            optimizer.zero_grad()
            scores = layer(torch.from_numpy(x[rows]))
            reference(scores, torch.from_numpy(targets[rows])).backward()
            optimizer.step()
        metric = trial.train_step()
        np.testing.assert_allclose(
            trial.weights, layer.weight.detach().numpy().T, atol=1e-12
        )
        with torch.no_grad():
            scores = layer(torch.from_numpy(x))
            expected = reference(scores, torch.from_numpy(targets))
        assert metric == pytest.approx(float(expected))


def _trained(data: Split, loss: Loss, steps: int, **options: object) -> LinearTrial:
    trial = LinearTrial(KEY, data, loss, **options)  # type: ignore[arg-type]
    for _ in range(steps):
        trial.train_step()
    return trial


def test_long_logistic_training_reaches_the_optimum_of_sklearn() -> None:
    data = digits(0)
    penalty = 0.1
    trial = _trained(
        data,
        cross_entropy,
        60,
        outputs=10,
        schedule=Schedule(0.5, 0.5, (15, 30, 45)),
        batch=256,
        updates=20,
        penalty=penalty,
    )
    best = LogisticRegression(C=1 / (penalty * len(data.x)), tol=1e-8, max_iter=1000)
    best.fit(data.x, data.y)
    expected = log_loss(data.y_val, best.predict_proba(data.x_val))
    assert trial._metric() == pytest.approx(expected, rel=0.02)


def test_long_linear_regression_reaches_least_squares() -> None:
    data = correlated_regression(0, rows=600, features=6)
    trial = _trained(
        data,
        squared,
        60,
        outputs=1,
        schedule=Schedule(0.05, 0.5, (20, 35, 50)),
        batch=128,
        updates=20,
    )
    ones = np.ones((len(data.x), 1))
    best, *_ = np.linalg.lstsq(np.hstack([data.x, ones]), data.y, rcond=None)
    scores = data.x_val @ best[:-1] + best[-1]
    assert trial._metric() == pytest.approx(
        ((scores - data.y_val) ** 2).mean(), rel=0.01
    )


def test_fourier_features_approach_the_kernel() -> None:
    x = RNG.normal(size=(30, 5))
    exact = rbf_kernel(x, gamma=0.1)
    errors = []
    for count in (200, 20_000):
        z = fourier_features(x, count, 0.1, np.random.default_rng(1))
        errors.append(np.abs(z @ z.T - exact).max())
    assert errors[1] < 0.05 < errors[0]


def test_kernel_split() -> None:
    data = Split(np.ones((4, 3)), np.zeros(4), np.ones((2, 3)), np.zeros(2))
    assert kernel_split(data, "linear", 0, count=8, gamma=1.0) is data
    mapped = kernel_split(data, "rbf", 0, count=8, gamma=1.0)
    assert mapped.x.shape == (4, 8)
    np.testing.assert_array_equal(mapped.x[0], mapped.x_val[0])
    with pytest.raises(ValueError, match="did you mean 'rbf'"):
        kernel_split(data, "rbff", 0, count=8, gamma=1.0)


def test_declared_seconds_grow_with_the_work() -> None:
    base = linear_seconds(64, 10, 8, 20, 449)
    assert linear_seconds(64, 10, 64, 20, 449) > base
    assert linear_seconds(128, 10, 8, 20, 449) > base
    assert linear_seconds(64, 10, 8, 40, 449) > base
