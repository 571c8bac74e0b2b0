"""Growth laws: known laws are recovered and agree with numpy and scipy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import curve_fit

from helpers.self_assembly.scaling import fit_scaling

N = np.repeat([50, 150, 400, 1000, 2500, 6000], 5).astype(float)
NOISE = np.random.default_rng(0).normal(0, 1.5, len(N))


@pytest.mark.parametrize(
    ("law", "winner"),
    [
        (lambda n: 12 * np.log(n) - 20, "log"),
        (lambda n: 1.5 * np.sqrt(n) + 15, "sqrt"),
        (lambda n: 0.05 * n**0.8, "power"),
    ],
)
def test_the_law_that_made_the_data_wins(law, winner):
    table = fit_scaling(N, law(N) + NOISE, resamples=20)
    assert table.index[table["winner"]].tolist() == [winner]
    assert table.loc[winner, "delta_aic"] == 0
    assert table.loc[winner, "r2"] > 0.95
    assert (table.drop(winner)["delta_aic"] > 2).all()


def test_coefficients_against_numpy_and_scipy():
    steps = 1.8 * N**0.55 + NOISE
    table = fit_scaling(N, steps, resamples=20)
    for model, x in (("log", np.log(N)), ("sqrt", np.sqrt(N))):
        a, b = np.polyfit(x, steps, 1)
        assert table.loc[model, ["a", "b"]].tolist() == pytest.approx([a, b])
        assert table.loc[model, "r2"] == pytest.approx(np.corrcoef(x, steps)[0, 1] ** 2)
    (a, p), _ = curve_fit(lambda n, a, p: a * n**p, N, steps, p0=(1, 0.5))
    assert table.loc["power", ["a", "exponent"]].tolist() == pytest.approx(
        [a, p], rel=1e-4
    )
    rss = ((steps - a * N**p) ** 2).sum()
    assert table.loc["power", "aic"] == pytest.approx(
        len(N) * np.log(rss / len(N)) + 6, abs=1e-6
    )


def test_exponent_interval_covers_and_repeats():
    steps = 2.0 * N**0.5 + NOISE
    first = fit_scaling(N, steps, seed=4, resamples=200).loc["power"]
    again = fit_scaling(N, steps, seed=4, resamples=200).loc["power"]
    assert first["exponent_low"] == again["exponent_low"]
    assert first["exponent_low"] < first["exponent"] < first["exponent_high"]
    assert first["exponent_low"] < 0.5 < first["exponent_high"]
    assert first["exponent_high"] - first["exponent_low"] < 0.1


@given(
    a=st.floats(0.1, 50),
    p=st.floats(-0.5, 2.0).filter(lambda p: abs(p) > 0.05),
    unit=st.floats(1e-3, 1e6),
)
@settings(max_examples=30, deadline=None)
def test_exact_powers_are_found_in_any_unit(a, p, unit):
    n = unit * np.array([1.0, 3.0, 10.0, 40.0, 100.0])
    row = fit_scaling(n, a * (n / unit) ** p, resamples=2).loc["power"]
    assert row["exponent"] == pytest.approx(p, abs=1e-5)
    assert row["a"] * unit**p == pytest.approx(a, rel=1e-4)


@pytest.mark.parametrize(
    ("n", "steps", "message"),
    [
        ([1, 2, 3], [1, 2], "one length"),
        ([1, 2, 3, 4], [1, 2, 3, np.nan], "no NaN"),
        ([0, 2, 3, 4], [1, 2, 3, 4], "positive"),
        ([1, 2, 3], [1, 2, 3], "at least four runs"),
        ([1, 1, 2, 2], [1, 2, 3, 4], "three sizes"),
        ([1, 2, 3, 4], [5, 5, 5, 5], "no growth"),
    ],
)
def test_bad_input(n, steps, message):
    with pytest.raises(ValueError, match=message):
        fit_scaling(n, steps)
