"""Traces and views: against brute force, and nothing of the future shows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.spot_tuning.prices import (
    MINUTE,
    Market,
    MarketView,
    PriceTrace,
    TraceError,
    from_changes,
)

START = datetime(2016, 3, 1, 7, 30, tzinfo=UTC)
PRICES = st.lists(
    st.sampled_from([0.05, 0.1, 0.2, 0.35, 1.0, 4.0]), min_size=2, max_size=400
)


def market(prices, other=None):
    traces = [PriceTrace("r4.large", np.array(prices), START)]
    if other is not None:
        traces.append(PriceTrace("m4.4xlarge", np.array(other), START))
    return Market(traces)


@given(
    changes=st.lists(
        st.tuples(st.integers(0, 20_000), st.floats(0.001, 9)), min_size=1, max_size=60
    ),
    offset=st.integers(0, 59),
    extra=st.integers(0, 30),
)
@settings(max_examples=80)
def test_trace_of_changes_is_the_last_price_of_each_minute(changes, offset, extra):
    changes.sort(key=lambda change: change[0])
    times = [START + timedelta(seconds=offset + s) for s, _ in changes]
    prices = [price for _, price in changes]
    end = times[-1].replace(second=0) + timedelta(minutes=1 + extra)
    trace = from_changes("r4.large", times, prices, end=end)
    assert trace.start == times[0].replace(second=0)
    for minute in range(trace.minutes):
        last = trace.start + timedelta(minutes=minute + 1)
        known = [p for t, p in zip(times, prices, strict=True) if t < last]
        assert trace.prices[minute] == known[-1]
    assert trace.start + timedelta(minutes=trace.minutes) == end


def test_window_of_changes():
    times = [START, START + timedelta(minutes=10)]
    first = START + timedelta(minutes=4)
    trace = from_changes("r4.large", times, [1, 2], start=first, zone="us-east-1d")
    assert (trace.start, trace.minutes, trace.zone) == (first, 7, "us-east-1d")
    assert trace.prices.tolist() == [1] * 6 + [2]
    with pytest.raises(TraceError, match="the first known price is of"):
        from_changes("r4.large", times, [1, 2], start=START - timedelta(minutes=1))
    with pytest.raises(TraceError, match="time goes back at change 2"):
        from_changes("r4.large", times[::-1], [1, 2])
    with pytest.raises(TraceError, match="no price change"):
        from_changes("r4.large", [], [])


@given(
    PRICES,
    st.sampled_from([0.04, 0.05, 0.15, 0.35, 2, 4]),
    st.floats(0, 1, exclude_max=True),
)
@settings(max_examples=200)
def test_first_above_against_a_loop(prices, max_price, share):
    prices = prices * 4  # longer than one block of the search
    seconds = share * len(prices) * MINUTE
    minute = int(seconds // MINUTE)
    later = [m for m in range(minute + 1, len(prices)) if prices[m] > max_price]
    expected = later[0] * MINUTE if later else None
    assert market(prices).first_above("r4.large", max_price, seconds) == expected


@given(PRICES, st.data())
def test_a_view_does_not_change_with_the_future(prices, data):
    minute = data.draw(st.integers(0, len(prices) - 1))
    now = minute * MINUTE + data.draw(st.floats(0, 59.9))
    future = data.draw(
        st.lists(
            st.floats(0.001, 50),
            min_size=len(prices) - minute - 1,
            max_size=len(prices) - minute - 1,
        )
    )
    before = market(prices).view(now)
    after = market(prices[: minute + 1] + future).view(now)
    asked = data.draw(st.integers(1, 500))
    assert before.price("r4.large") == after.price("r4.large") == prices[minute]
    assert (
        before.past("r4.large", asked).tolist()
        == (prices[max(0, minute + 1 - asked) : minute + 1])
    )
    np.testing.assert_array_equal(
        before.past("r4.large", asked), after.past("r4.large", asked)
    )
    assert before.mean_price("r4.large") == after.mean_price("r4.large")
    assert before.minute == after.minute


def test_a_view_knows_the_time():
    view = market([1, 2, 3], [4, 5, 6]).view(125)
    assert isinstance(view, MarketView)
    assert view.types == ("r4.large", "m4.4xlarge")
    assert (view.minute, view.price("m4.4xlarge")) == (2, 6)


def test_prices_cannot_be_changed_through_a_trace():
    prices = np.ones(3)
    trace = PriceTrace("r4.large", prices)
    prices[0] = 9
    assert trace.prices[0] == 1
    with pytest.raises(ValueError, match="read-only"):
        trace.prices[0] = 2


def test_a_slice_keeps_time_and_zone():
    trace = PriceTrace("r4.large", np.arange(1, 11), START, "us-east-1c").slice(3, 7)
    assert trace.prices.tolist() == [4, 5, 6, 7]
    assert (trace.start, trace.zone) == (START + timedelta(minutes=3), "us-east-1c")


@pytest.mark.parametrize(
    ("prices", "message"),
    [
        ([], "at least one"),
        ([[1.0]], "shape"),
        ([1, 0, 2], "price 0 at minute 1"),
        ([1, 2, -0.5], "price -0.5 at minute 2"),
        ([1, float("nan")], "price nan at minute 1"),
        ([float("inf")], "price inf at minute 0"),
    ],
)
def test_prices_that_cannot_be(prices, message):
    with pytest.raises(TraceError, match=message):
        PriceTrace("r4.large", np.array(prices))


def test_markets_need_one_clock_and_one_trace_per_type():
    one = PriceTrace("r4.large", np.ones(5), START)
    with pytest.raises(TraceError, match="at least one trace"):
        Market([])
    with pytest.raises(TraceError, match=r"two traces of r4\.large"):
        Market([one, one])
    for other in (one.slice(0, 4), one.slice(1, 5)):
        moved = PriceTrace("m4.4xlarge", other.prices, other.start)
        with pytest.raises(TraceError, match="cut them to one window"):
            Market([one, moved])
    with pytest.raises(TraceError, match="has no zone"):
        PriceTrace("r4.large", np.ones(5), datetime(2016, 1, 1))


def test_outside_the_trace():
    world = market([1, 2, 3])
    assert world.seconds == 180
    assert world.price("r4.large", 179.9) == 3
    for seconds in (-1, 180):
        with pytest.raises(IndexError, match="outside the trace of 3 minutes"):
            world.view(seconds)
    with pytest.raises(ValueError, match=r"did you mean 'r4\.large'"):
        world.prices("r4.larg")
