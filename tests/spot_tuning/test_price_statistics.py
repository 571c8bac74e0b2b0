"""The anatomy of traces: against loops, and on traces with known answers."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.spot_tuning.price_statistics import (
    anatomy,
    anatomy_table,
    autocorrelation,
    hour_ahead_excess,
    hours_and_weekends,
    levels_before_spikes,
    revocation_rate,
    spike_hours,
    spike_runs,
    spike_threshold,
)
from helpers.spot_tuning.prices import Market, PriceTrace

MONDAY = datetime(2016, 1, 4, tzinfo=UTC)
RNG = np.random.default_rng(5)


def walk(minutes, sd=0.05):
    changes = RNG.random(minutes) < 0.15
    steps = np.cumsum(np.where(changes, RNG.normal(0, sd, minutes), 0))
    return PriceTrace("r4.large", 0.05 * np.exp(steps), MONDAY)


@given(st.lists(st.integers(1, 6), min_size=61, max_size=200))
@settings(max_examples=50)
def test_excess_against_a_loop(prices):
    expected = [
        max(prices[t + 1 : t + 61]) - prices[t] for t in range(len(prices) - 60)
    ]
    assert hour_ahead_excess(np.array(prices)).tolist() == expected


def test_an_outlook_needs_an_hour():
    with pytest.raises(ValueError, match="60 prices; an outlook of an hour needs more"):
        hour_ahead_excess(np.ones(60))


def test_one_delta_is_what_a_machine_would_meet():
    trace = walk(400)
    market = Market([trace])
    delta = 0.004
    revoked = []
    for minute in range(trace.minutes - 60):
        price = market.price("r4.large", minute * 60)
        at = market.first_above("r4.large", price + delta, minute * 60)
        revoked.append(at is not None and at <= (minute + 60) * 60)
    assert revocation_rate(trace, delta) == np.mean(revoked)
    assert 0.1 < np.mean(revoked) < 0.9


def test_uniform_deltas_are_the_mean_over_single_ones():
    trace = walk(3000)
    low, high = 1e-5, 0.2
    deltas = low + (high - low) * (np.arange(4000) + 0.5) / 4000
    mean = np.mean([revocation_rate(trace, delta) for delta in deltas])
    assert revocation_rate(trace, low, high) == pytest.approx(mean, rel=1e-3)
    assert mean < revocation_rate(trace, low)
    with pytest.raises(ValueError, match="low < high"):
        revocation_rate(trace, 0.2, 0.2)


def test_spikes_of_a_trace_made_by_hand():
    prices = np.full(7 * 1440, 0.03)
    for first, length in ((0, 5), (600, 30), (8000, 100), (10070, 10)):
        prices[first : first + length] = 0.2
    trace = PriceTrace("r4.large", prices, MONDAY)
    starts, lengths = spike_runs(trace)
    assert starts.tolist() == [0, 600, 8000, 10070]
    assert lengths.tolist() == [5, 30, 100, 10]
    found = anatomy(trace)
    assert found.spikes_per_day == pytest.approx(4 / 7)
    assert (found.spike_median, found.spike_mean) == (20, 36.25)
    # minute 8000 is on Saturday at 13:20
    assert found.spike_weekday == 35 / (5 * 1440)
    assert found.spike_weekend == 110 / (2 * 1440)
    assert (found.median, found.highest) == pytest.approx((0.03 / 0.133, 0.2 / 0.133))
    assert found.calm_sd == pytest.approx(0, abs=1e-12)
    assert found.change_median == pytest.approx(np.log(0.2 / 0.03))
    assert found.changes_per_hour == pytest.approx(60 * 6 / trace.minutes)
    shares = spike_hours(trace)
    assert shares[10] == 30 / (7 * 60)
    assert shares.sum() * 7 * 60 == pytest.approx(145)


def test_threshold_is_on_demand_or_three_medians():
    trace = PriceTrace("r4.large", np.full(100, 0.03))
    assert spike_threshold(trace) == pytest.approx(0.09)
    assert spike_threshold(trace, on_demand=0.05) == 0.05
    assert spike_threshold(PriceTrace("r4.large", np.full(100, 0.1))) == 0.133


def test_hours_and_weekends_against_the_calendar():
    start = datetime(2016, 2, 26, 21, 59, tzinfo=UTC)  # a Friday
    hours, weekend = hours_and_weekends(PriceTrace("r4.large", np.ones(5000), start))
    stamps = start.timestamp() + 60 * np.arange(5000)
    clock = [datetime.fromtimestamp(s, UTC) for s in stamps]
    assert hours.tolist() == [time.hour for time in clock]
    assert weekend.tolist() == [time.weekday() >= 5 for time in clock]


def test_an_hour_that_is_not_there_has_no_share():
    shares = spike_hours(PriceTrace("r4.large", np.ones(120), MONDAY))
    assert np.isfinite(shares[:2]).all()
    assert np.isnan(shares[2:]).all()


def test_autocorrelation_of_a_wave():
    wave = np.sin(2 * np.pi * np.arange(5 * 1440) / 1440)
    assert autocorrelation(wave, 1440) == pytest.approx(1)
    assert autocorrelation(wave, 720) == pytest.approx(-1)
    assert np.isnan(autocorrelation(np.ones(100), 10))
    assert np.isnan(autocorrelation(wave[:10], 10))


def test_a_constant_price_has_no_spikes_changes_or_revocations():
    found = anatomy(PriceTrace("m4.4xlarge", np.full(3000, 0.2)))
    assert (found.changes_per_hour, found.spikes_per_day) == (0, 0)
    assert (found.revoked_small, found.revoked_uniform) == (0, 0)
    assert np.isnan([found.spike_mean, found.autocorrelation_hour]).all()


def test_table_takes_list_prices_of_the_time():
    traces = [PriceTrace("m4.4xlarge", np.full(3000, 0.479)), walk(3000)]
    table = anatomy_table(traces, {"m4.4xlarge": 0.958})
    assert table.index.tolist() == ["m4.4xlarge us-east-1a", "r4.large us-east-1a"]
    assert table.loc["m4.4xlarge us-east-1a", "median"] == pytest.approx(0.5)
    assert table.loc["r4.large us-east-1a", "mean"] == anatomy(traces[1]).mean


def test_only_fresh_spikes_have_a_level_before_them():
    prices = np.full(1000, 0.03)
    prices[290:300] = 0.045  # the announcement
    prices[300:310] = prices[330:340] = prices[600:601] = prices[20:25] = 0.2
    levels = levels_before_spikes(PriceTrace("r4.large", prices), minutes=20, quiet=60)
    assert levels.shape == (2, 20)  # not the one at 330, and 20 lacks a quiet hour
    assert levels[0, -1] - levels[1, -1] == pytest.approx(np.log(1.5))
    nothing = levels_before_spikes(PriceTrace("r4.large", np.ones(50)))
    assert nothing.shape == (0, 120)
