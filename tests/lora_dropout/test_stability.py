"""Leave-one-out stability against refits by scikit-learn, and the bounds' algebra."""

import math

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from helpers.lora_dropout.stability import (
    fit_logistic,
    generalisation_term,
    logistic_problem,
    logistic_stability,
    stability_bound,
    stability_term,
)

GRID = [0.0, 0.1, 0.3, 0.5, 0.8, 1.0]


def sklearn_fit(x, y, penalty):
    # its objective: |theta|^2 / 2 + C sum of losses
    model = LogisticRegression(
        C=1 / (2 * penalty * len(y)), fit_intercept=False, tol=1e-10, max_iter=10_000
    )
    return model.fit(x, y).coef_[0]


def test_refits_are_those_of_scikit_learn():
    x, y = logistic_problem(30, 4, seed=0)
    found = fit_logistic(x, y, 0.02, 1 - np.eye(30))
    for i in (0, 7, 29):
        others = np.arange(30) != i
        expected = sklearn_fit(x[others], y[others], 0.02)
        assert found[i] == pytest.approx(expected, abs=1e-5)


def test_stability_is_the_leave_one_out_mean():
    x, y = logistic_problem(40, 5, seed=2)
    penalty = 0.05 * 0.75

    def losses(theta):
        return np.log1p(np.exp(-(2 * y - 1) * (x @ theta)))

    full = losses(sklearn_fit(x, y, penalty))
    change = [
        abs(losses(sklearn_fit(x[k], y[k], penalty))[i] - full[i])
        for i, k in enumerate(~np.eye(40, dtype=bool))
    ]
    found = logistic_stability(0.5, n=40, features=5, seed=2)
    assert found.stability == pytest.approx(np.mean(change), abs=1e-5)
    assert found.train_loss == pytest.approx(full.mean(), abs=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_more_dropout_is_more_stable_and_the_bound_holds(seed):
    found = [logistic_stability(p, seed=seed, test_size=2000) for p in GRID]
    measured = [one.stability for one in found]
    bounds = [one.bound for one in found]
    assert measured == sorted(measured, reverse=True)
    assert bounds == sorted(bounds, reverse=True)
    assert all(b > s for b, s in zip(bounds, measured, strict=True))
    losses = [one.train_loss for one in found]
    assert losses == sorted(losses)
    assert measured[0] > 1.3 * measured[-1]


def test_largest_gradient_between_the_fits_is_at_their_ends():
    x, y = logistic_problem(60, 8, seed=1)
    full = fit_logistic(x, y, 0.01, np.ones((1, 60)))[0]
    found = logistic_stability(
        0.1, strength=0.01 / 0.19, features=8, seed=1, test_size=10
    )
    for theta in fit_logistic(x, y, 0.01, 1 - np.eye(60)):
        for share in np.linspace(0, 1, 5):
            scores = x @ (full + share * (theta - full))
            slope = np.abs(1 / (1 + np.exp(-scores)) - y) * np.linalg.norm(x, axis=1)
            assert slope.max() <= found.lipschitz + 1e-12


def test_lemma_with_the_proposition_is_the_theorem():
    constants = {"lipschitz": 2.4, "curvature": 0.05, "strength": 0.1}
    for p in GRID:
        found = generalisation_term(p, n=60, delta=0.1, loss_range=3.0, **constants)
        inner = 24 * 3.0 * 2.4**2 / (0.05 + 0.2 * (2 * p - p * p))
        assert found == pytest.approx(math.sqrt((9 + inner) / (2 * 60 * 0.1)))


def test_bound_by_hand():
    assert stability_bound(2.0, 0.1, 0.2, 0.5, 50) == pytest.approx(8 / (0.4 * 50))


def test_divided_classes_need_a_penalty():
    x = np.array([[-1.0], [1.0]])
    y = np.array([0.0, 1.0])
    with pytest.raises(ValueError, match="a plane divides the classes"):
        fit_logistic(x, y, 0.0, np.ones((1, 2)))
    assert np.isfinite(fit_logistic(x, y, 0.1, np.ones((1, 2)))).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: stability_bound(1, 0, 1, 0, 5), "allowed: more than 0"),
        (lambda: stability_bound(1, 1, 1, 0.5, 0), "n is 0"),
        (
            lambda: stability_bound(1, 1, 1, 2, 5),
            r"`p` must be a number in \[0, 1\], got 2",
        ),
        (lambda: stability_term(1, n=5, delta=1, loss_range=1), "delta is 1"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
