import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import curve_fit, least_squares, nnls

from helpers.spot_tuning.curve_fitting import (
    Geometric,
    Reciprocal,
    as_losses,
    fit_geometric,
    fit_reciprocal,
    history,
)

K = np.arange(1, 41)
CURVES = st.lists(st.floats(0, 1e6), min_size=4, max_size=40).filter(
    lambda values: max(values) > 1e-6
)


def squares(fit, values):
    return float(((fit.at(np.arange(1, len(values) + 1)) - values) ** 2).sum())


def noisy(seed, noise=0.02):
    rng = np.random.default_rng(seed)
    truth = Reciprocal(*rng.uniform(0.01, 1, 3) * [0.02, 1, 1], rng.uniform(0, 2))
    clean = truth.at(np.arange(1, rng.integers(8, 60)))
    return np.abs(clean + noise * np.ptp(clean) * rng.standard_normal(len(clean)))


def brute_force(values, starts=20):
    """Lowest sum of squares of a general optimiser from many starts."""
    rng = np.random.default_rng(0)
    x = np.arange(1, len(values) + 1) / len(values)

    def miss(p):
        return 1 / np.maximum((p[0] * x + p[1]) * x + p[2], 1e-12) + p[3] - values

    first = [
        [*rng.exponential(size=3) * 10 ** rng.uniform(-1, 2), rng.random()]
        for _ in range(starts)
    ]
    options = {"xtol": 1e-10, "ftol": 1e-10, "gtol": 1e-10, "max_nfev": 200}
    return min(
        2 * least_squares(miss, p, bounds=(0, np.inf), x_scale="jac", **options).cost
        for p in first
    )


@pytest.mark.parametrize(
    "truth",
    [
        Reciprocal(0.01, 0.2, 0.5, 0.3),
        Reciprocal(0.002, 0.05, 0.4, 1.5),
        Reciprocal(0.01, 0.0, 0.5, 0.3),
        Reciprocal(0.0, 0.3, 0.6, 0.1),
        Reciprocal(0.02, 0.3, 0.5, 0.0),
        Reciprocal(0.05, 0.7, 0.0, 0.2),
    ],
)
def test_reciprocal_coefficients_are_recovered(truth):
    assert fit_reciprocal(truth.at(K)) == pytest.approx(truth, rel=1e-5, abs=1e-7)


@pytest.mark.parametrize("seed", range(12))
def test_reciprocal_is_as_good_as_brute_force(seed):
    values = noisy(seed, noise=(0.001, 0.01, 0.05)[seed % 3])
    assert squares(fit_reciprocal(values), values) <= 1.0005 * brute_force(values)


@pytest.mark.parametrize("seed", range(6))
def test_a_quick_drop_into_noise_is_found(seed):
    values = 1 + 0.01 * np.random.default_rng(seed).standard_normal(20)
    values[0] += 0.04
    assert squares(fit_reciprocal(values), values) <= 1.0005 * brute_force(values)


def test_reciprocal_agrees_with_curve_fit():
    truth = Reciprocal(0.01, 0.2, 0.5, 0.3)
    values = truth.at(K) + 0.01 * np.random.default_rng(3).standard_normal(len(K))
    found, _ = curve_fit(
        lambda k, *a: Reciprocal(*a).at(k), K, values, truth, bounds=(0, np.inf)
    )
    fit = fit_reciprocal(values)
    assert squares(fit, values) == pytest.approx(
        squares(Reciprocal(*found), values), rel=1e-5
    )
    assert fit.at(80) == pytest.approx(Reciprocal(*found).at(80), rel=1e-3)


def test_ten_lines_find_nearly_the_same_curve():
    """The from-scratch version: a grid over a3, linear least squares for the rest."""

    def from_scratch(values):
        k = np.arange(1, len(values) + 1)
        design = np.stack([k**2, k, np.ones(len(k))], axis=1)
        best = (np.inf, None)
        for a3 in np.linspace(0, values.min(), 201)[:-1]:
            above = values - a3
            a, _ = nnls(design * above[:, None] ** 2, above)
            error = ((1 / (design @ a) + a3 - values) ** 2).sum()
            best = min(best, (error, (*a, a3)))
        return Reciprocal(*best[1])

    for seed in range(6):
        values = noisy(seed, noise=0.005)
        simple, fit = from_scratch(values), fit_reciprocal(values)
        assert squares(fit, values) <= squares(simple, values)
        assert fit.at(2 * len(values)) == pytest.approx(
            simple.at(2 * len(values)), rel=0.03
        )


@given(values=CURVES)
@settings(max_examples=80, deadline=None)
def test_any_fit_falls_stays_finite_and_beats_a_constant(values):
    values = np.array(values)
    constant = float(((values - values.mean()) ** 2).sum())
    for fit in (fit_reciprocal(values), fit_geometric(values)):
        ahead = fit.at(np.arange(1, 10 * len(values)))
        assert min(fit) >= 0
        assert np.isfinite(ahead).all()
        assert (np.diff(ahead) <= 1e-9 * ahead[:-1]).all()
        assert squares(fit, values) <= constant * (1 + 1e-6) + 1e-12 * values.max() ** 2


@given(power=st.integers(-60, 60), seed=st.integers(0, 50))
@settings(max_examples=30, deadline=None)
def test_fits_do_not_depend_on_the_unit(power, seed):
    values, unit = noisy(seed), 2.0**power
    ahead = 2 * len(values)
    for fit in (fit_reciprocal, fit_geometric):
        assert fit(unit * values).at(ahead) == pytest.approx(
            unit * fit(values).at(ahead), rel=1e-6
        )


def test_values_of_no_weight_do_not_count():
    reciprocal, geometric = Reciprocal(0.01, 0.2, 0.5, 0.3), Geometric(0.9, 2.0, 0.4)
    weights = np.where(K <= 10, 1e-14, 1.0)
    for truth, fit in ((reciprocal, fit_reciprocal), (geometric, fit_geometric)):
        spoilt = np.where(K <= 10, 3.0, truth.at(K))
        assert fit(spoilt, weights).at(90) == pytest.approx(truth.at(90), rel=1e-3)
        assert fit(spoilt).at(90) != pytest.approx(truth.at(90), rel=1e-3)


@pytest.mark.parametrize("truth", [(0.9, 2.0, 0.4), (0.99, 1.0, 0.0), (0.5, 7.0, 1.0)])
def test_geometric_parameters_are_recovered(truth):
    assert fit_geometric(Geometric(*truth).at(K)) == pytest.approx(
        truth, rel=1e-4, abs=1e-4
    )


def test_geometric_agrees_with_curve_fit():
    truth = Geometric(0.93, 1.5, 0.2)
    values = truth.at(K) + 0.02 * np.random.default_rng(1).standard_normal(len(K))
    weights = 0.95 ** K[::-1]
    found, _ = curve_fit(
        lambda k, *p: Geometric(*p).at(k),
        K,
        values,
        truth,
        sigma=weights**-0.5,
        bounds=([0, 0, 0], [1, np.inf, np.inf]),
    )
    fit = fit_geometric(values, weights)
    assert fit == pytest.approx(found, rel=1e-3)
    assert fit.at(70) == pytest.approx(Geometric(*found).at(70), rel=1e-4)


@pytest.mark.parametrize(
    ("metrics", "message"),
    [
        ([], "at least one"),
        ([[1.0, 2.0]], "shape"),
        ([1.0, float("nan")], "after step 2"),
        ([1.0, 2.0, float("inf")], "after step 3"),
        ([-0.5, 1.0], "-0.5 after step 1.*1 - accuracy"),
    ],
)
def test_bad_metrics(metrics, message):
    with pytest.raises(ValueError, match=message):
        as_losses(metrics)


def test_nothing_to_fit_and_nothing_to_predict():
    with pytest.raises(ValueError, match="all metrics are zero"):
        fit_reciprocal([0.0] * 6)
    with pytest.raises(ValueError, match="final step 2 is already past: 3 metrics"):
        history([3.0, 2.0, 1.0], 2)
