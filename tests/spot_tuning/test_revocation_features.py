"""Features come from the past, the label from the next hour; both by brute force."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.spot_tuning.prices import PriceTrace
from helpers.spot_tuning.revocation_features import (
    FEATURES,
    HORIZON,
    features,
    features_at,
    highest_ahead,
    label,
)
from tests.spot_tuning.synthetic_prices import random_trace

TRACE = PriceTrace(
    "r4.large", random_trace(3).prices, datetime(2016, 3, 4, 22, 37, tzinfo=UTC)
)


def test_the_fast_table_is_the_written_out_record():
    table = features(TRACE.prices, TRACE.start)
    assert table.shape == (TRACE.minutes, len(FEATURES))
    for minute in [0, 1, 58, 59, 60, 61, *range(62, TRACE.minutes, 97)]:
        np.testing.assert_allclose(
            table[minute], features_at(TRACE, minute), rtol=1e-9, err_msg=str(minute)
        )


def test_weekend_and_hour_follow_the_calendar():
    table = features(TRACE.prices, TRACE.start)
    # Friday 22:37; Saturday begins 83 minutes later
    assert table[[0, 82, 83], 4].tolist() == [0, 0, 1]
    assert table[[0, 22, 23, 83], 5].tolist() == [22, 22, 23, 0]
    assert table[83 + 2 * 1440 :, 4].max() == 0


@given(minute=st.integers(0, 500), seed=st.integers(0, 99))
@settings(max_examples=25, deadline=None)
def test_the_future_changes_no_feature(minute, seed):
    prices = TRACE.prices[:600].copy()
    before = features(prices, TRACE.start)[: minute + 1]
    prices[minute + 1 :] = np.random.default_rng(seed).uniform(0.01, 9, 599 - minute)
    assert np.array_equal(before, features(prices, TRACE.start)[: minute + 1])


def test_highest_ahead_and_label_by_brute_force():
    prices = TRACE.prices
    ahead = highest_ahead(prices)
    assert len(ahead) == len(prices) - HORIZON
    for minute in range(0, len(ahead), 61):
        highest = max(prices[minute + 1 : minute + 61])
        assert ahead[minute] == highest
        assert label(TRACE, minute, highest) is False
        assert label(TRACE, minute, highest - 1e-6) is True


@pytest.mark.parametrize("length", [1, 59, 60])
def test_no_hour_is_over_at_first(length):
    assert len(highest_ahead(np.ones(length))) == 0
    assert len(highest_ahead(np.ones(61))) == 1


def test_the_present_minute_is_no_revocation():
    trace = PriceTrace("r4.large", [5.0] + [1.0] * 60 + [5.0])
    assert not label(trace, 0, 2.0)
    assert label(trace, 1, 2.0)


def test_a_label_needs_its_hour():
    with pytest.raises(IndexError, match=f"0 to {TRACE.minutes - 61}"):
        label(TRACE, TRACE.minutes - 60, 1.0)
