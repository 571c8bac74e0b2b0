"""What expectations allow, and that hollow ones are refused."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from helpers.expectations import (
    HollowExpectationError,
    at_least,
    at_most,
    beats,
    between,
    near,
    reject_hollow,
    trend,
    trend_share,
)

numbers = st.floats(-1e6, 1e6)


@given(numbers, numbers, numbers, numbers)
def test_the_whole_interval_must_lie_inside(
    low: float, high: float, a: float, b: float
) -> None:
    assume(low < high)
    a, b = sorted((a, b))
    expect = between(low, high)
    inside = all(low <= x <= high for x in (a, b))
    assert expect.holds(a, b) == inside
    if expect.holds(a, b):  # then so does every part of it
        assert expect.holds(a, a)
        assert expect.holds((a + b) / 2, b)


def test_one_sided_bounds() -> None:
    assert at_least(3).holds(3, 1e9)
    assert not at_least(3).holds(2.9, 5)
    assert at_most(3, floor=1).holds(1, 3)
    assert not at_most(3, floor=1).holds(0, 3)
    assert (str(at_least(3)), str(at_most(3, floor=1))) == ("≥ 3", "1 – 3")


@pytest.mark.parametrize("target", [2.0, -2.0])
def test_near_is_absolute_or_relative(target: float) -> None:
    assert near(target, absolute=0.5).holds(target - 0.5, target + 0.5)
    assert near(target, relative=0.1).holds(target * 0.95, target * 0.95)
    assert not near(target, relative=0.1).holds(target * 1.11, target * 1.11)
    with pytest.raises(ValueError, match="exactly one"):
        near(target)
    with pytest.raises(ValueError, match="exactly one"):
        near(target, absolute=1, relative=1)


@pytest.mark.parametrize(("low", "high"), [(1, 1), (2, 1), (math.nan, 1)])
def test_an_empty_region_is_refused(low: float, high: float) -> None:
    with pytest.raises(ValueError, match="allows no value"):
        between(low, high)


def test_ordering_needs_more_than_zero() -> None:
    assert beats().holds(0.01, 1)
    assert not beats().holds(0, 1)
    assert not beats(0.1).holds(0.05, 1)
    with pytest.raises(HollowExpectationError):
        beats(-0.1)


def test_trend_needs_more_than_chance() -> None:
    assert trend("rising").holds(1, 1)
    assert not trend("rising").holds(0.8, 0.8)
    assert trend("falling", share=0.8).holds(0.8, 0.8)
    with pytest.raises(HollowExpectationError):
        trend("rising", share=0.5)
    with pytest.raises(ValueError, match="rising"):
        trend("up")


def test_trend_share_counts_pairs() -> None:
    assert trend_share([1, 2, 3, 2], "rising") == 2 / 3
    assert trend_share([1, 2, 3, 2], "falling") == 1 / 3
    assert trend_share([1, 1, 1], "rising") == 0  # a constant is no trend


@pytest.mark.parametrize(
    ("expect", "null"),
    [
        (between(-1, 1), [5.0]),
        (at_most(3, floor=-1), [5.0]),
        (near(0.1, absolute=0.1), [5.0]),
        (at_least(-2), []),
        (between(0.4, 1.0), [0.5]),
        (at_least(0.2), [0.1, 0.25]),
        (near(1.0, relative=1.0), []),
    ],
)
def test_zero_or_a_null_value_makes_it_hollow(expect, null) -> None:  # type: ignore
    with pytest.raises(HollowExpectationError, match="is satisfied by"):
        reject_hollow(expect, null)


def test_real_expectations_are_kept() -> None:
    reject_hollow(between(0.6, 1.0), [0.5])
    reject_hollow(beats(), [0.0])
    reject_hollow(trend("rising"), [0.5])
