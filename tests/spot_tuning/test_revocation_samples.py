"""Samples: labels by brute force, and no minute shared by training and test."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.spot_tuning.prices import PriceTrace, TraceError
from helpers.spot_tuning.revocation_deltas import DeltaRule
from helpers.spot_tuning.revocation_features import HISTORY, features_at, label
from helpers.spot_tuning.revocation_samples import (
    SplitPlan,
    make_samples,
    split_samples,
)
from tests.spot_tuning.synthetic_prices import random_trace

TRACE = random_trace(4)
RULE = DeltaRule("log-uniform")


def test_labels_and_windows_against_brute_force():
    samples = make_samples(TRACE, np.arange(HISTORY, 3000, 41), RULE, 1, repeats=2)
    assert 0.05 < samples.prior < 0.95
    for i in range(len(samples)):
        minute = int(samples.minutes[i])
        assert samples.labels[i] == label(TRACE, minute, samples.max_price[i])
    windows = samples.windows(np.array([7, 20]))
    assert windows.shape == (2, 60, 6)
    for window, minute in zip(windows, samples.minutes[[7, 20]], strict=True):
        for age in (59, 30, 0):
            record = features_at(TRACE, int(minute) - age)
            np.testing.assert_allclose(window[59 - age], record, rtol=1e-9)
    parts = [samples.windows(rows) for rows in samples.batches(50)]
    assert np.array_equal(np.concatenate(parts), samples.windows(slice(None)))
    assert np.all(samples.deltas > 0)


@given(
    days=st.floats(1.2, 6),
    share=st.floats(0.3, 0.8),
    every=st.integers(1, 90),
)
@settings(max_examples=30, deadline=None)
def test_no_price_is_used_on_both_sides(days, share, every):
    trace = PriceTrace("r4.large", np.full(round(days * 1440), 0.1))
    plan = SplitPlan(share, every, 1)
    train, test = plan.minutes(trace)
    border = plan.border(trace)
    used_by_training = train.max() + 60  # last minute of the last label
    used_by_test = test.min() - 59 - 60  # first minute of the first window's hour
    assert used_by_training < border - 60
    assert used_by_test >= border + 60
    assert train.min() - 59 - 60 >= 0
    assert test.max() + 60 < trace.minutes


def test_training_does_not_see_the_test_part():
    train, _ = split_samples(TRACE, RULE, 0)
    prices = TRACE.prices.copy()
    prices[SplitPlan().border(TRACE) :] = 7.0
    again, _ = split_samples(PriceTrace("r4.large", prices), RULE, 0)
    assert np.array_equal(train.labels, again.labels)
    rows = slice(None)
    assert np.array_equal(train.windows(rows), again.windows(rows))


def test_seeds_and_a_training_rule_of_its_own():
    train, test = split_samples(TRACE, RULE, 5)
    other, same = split_samples(
        TRACE, RULE, 5, training_rule=DeltaRule("fixed", low=0.003)
    )
    assert np.array_equal(test.max_price, same.max_price)
    assert other.deltas == pytest.approx(0.003)
    again, _ = split_samples(TRACE, RULE, 5)
    assert np.array_equal(train.max_price, again.max_price)
    assert not np.array_equal(
        train.max_price, split_samples(TRACE, RULE, 6)[0].max_price
    )


def test_too_short_or_out_of_range():
    with pytest.raises(TraceError, match=r"r4\.large: 800 minutes leave .* test"):
        split_samples(TRACE.slice(0, 800), RULE)
    last = TRACE.minutes - 61
    assert len(make_samples(TRACE, [HISTORY, last], RULE, 0)) == 2
    for minutes in ([HISTORY - 1], [last + 1], []):
        with pytest.raises(TraceError, match=f"allowed: {HISTORY} to {last}"):
            make_samples(TRACE, minutes, RULE, 0)
    for bad in ({"share": 1.0}, {"every": 0}, {"repeats": 0}):
        with pytest.raises(ValueError, match="allowed"):
            SplitPlan(**bad)


def test_one_class_is_refused():
    flat = PriceTrace("r4.large", np.full(1000, 0.1))
    samples = make_samples(flat, [300, 400], RULE, 0)
    with pytest.raises(TraceError, match="no training request was revoked"):
        samples.require_both()
