"""Delta rules: distributions, the trimmed fluctuation, and only the past."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest, trim_mean

from helpers.spot_tuning.revocation_deltas import DeltaRule, fluctuation
from tests.spot_tuning.synthetic_prices import random_trace

PRICES = random_trace(2).prices
MINUTES = np.arange(120, 2700, 7)


def draw(rule, prices=PRICES, minutes=MINUTES):
    return rule.draw(prices, minutes, np.random.default_rng(3))


def test_random_deltas_follow_their_distribution():
    many = np.zeros(5000, dtype=int)
    flat = draw(DeltaRule("uniform"), minutes=many)
    assert kstest((flat - 1e-5) / (0.2 - 1e-5), "uniform").pvalue > 0.01
    logs = np.log(draw(DeltaRule("log-uniform"), minutes=many) / 1e-5)
    assert kstest(logs / np.log(0.2 / 1e-5), "uniform").pvalue > 0.01
    assert set(draw(DeltaRule("fixed", low=0.01))) == {0.01}


@given(
    st.lists(st.integers(1, 50), min_size=2, max_size=60),
    st.sampled_from([0.0, 0.1, 0.2, 0.4]),
)
@settings(max_examples=60, deadline=None)
def test_fluctuation_is_scipys_trimmed_mean_of_the_changes(cents, trim):
    prices = np.array(cents, dtype=float)
    sizes = np.abs(np.diff(prices))
    sizes = sizes[sizes > 0]
    expected = trim_mean(sizes, trim) if len(sizes) else 0.0
    assert fluctuation(prices, trim) == pytest.approx(expected)


def test_trimming_ignores_a_spike():
    steps = np.tile([0.1, 0.101], 10)
    spiked = np.append(steps, [3.0, 0.1])
    assert fluctuation(spiked) == pytest.approx(0.001)
    assert fluctuation(spiked, trim=0) > 0.1


def test_fluctuation_rule_uses_the_last_hour_only():
    rule = DeltaRule("fluctuation")
    deltas = draw(rule)
    for i in (0, 5, 200):
        hour = PRICES[MINUTES[i] - 60 : MINUTES[i] + 1]
        assert deltas[i] == max(1e-5, fluctuation(hour))
    later = PRICES.copy()
    later[MINUTES[100] + 1 :] = 9.0
    assert np.array_equal(draw(rule, later)[:101], deltas[:101])
    assert (draw(rule, np.full(3000, 0.1)) == rule.low).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"kind": "log-unifrom"}, "did you mean 'log-uniform'"),
        ({"low": 0.0}, "0 < low <= high"),
        ({"low": 0.3}, "0 < low <= high"),
        ({"trim": 0.5}, "trim < 0.5"),
    ],
)
def test_bad_rules(arguments, message):
    with pytest.raises(ValueError, match=message):
        DeltaRule(**arguments)
