"""Tables of learning curves: names, lengths, speeds, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.spot_tuning.curves import LearningCurves

CURVES = LearningCurves(
    "toy",
    "loss",
    ({"lr": 0.1}, {"lr": 0.2}, {"lr": 0.4}),
    (np.array([3.0, 2.0]), np.array([3.0, 1.0, 0.5]), np.array([9.0])),
    np.array([2.0, 4.0, 8.0]),
    ((1,), (1, 2), ()),
)


def test_names_lengths_and_ends():
    assert CURVES.trials == ("t0", "t1", "t2")
    assert CURVES.max_steps == {"t0": 2, "t1": 3, "t2": 1}
    assert CURVES.final.tolist() == [2.0, 0.5, 9.0]


@pytest.mark.parametrize(("count", "last"), [(1, "t0"), (10, "t9"), (11, "t10")])
def test_names_sort_like_the_settings(make_curves, count, last):
    trials = make_curves(count).trials
    assert trials[-1] == last
    assert list(trials) == sorted(trials)


def test_speed_grows_as_a_power_of_the_cores():
    assert CURVES.seconds("m3.medium") == pytest.approx([2.0, 4.0, 8.0])
    assert CURVES.seconds("m4.4xlarge") == pytest.approx(
        np.array([2.0, 4.0, 8.0]) / 16**0.6
    )


@given(st.floats(0.1, 100), st.sampled_from(["r4.large", "m4.4xlarge"]))
def test_lasting_sets_the_mean_and_keeps_the_ratios(hours, kind):
    scaled = CURVES.lasting(hours, kind)
    totals = scaled.seconds(kind) * [2, 3, 1]
    assert totals.mean() == pytest.approx(hours * 3600)
    assert scaled.step_seconds / scaled.step_seconds[0] == pytest.approx([1, 2, 4])
    assert scaled.decay_steps == CURVES.decay_steps
    assert scaled.metrics is CURVES.metrics


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"settings": ()}, "toy: no settings"),
        ({"settings": ({}, {})}, "3 metrics, 2 settings"),
        ({"step_seconds": np.ones(2)}, "2 step_seconds, 3 settings"),
        ({"decay_steps": ((1,),)}, "1 decay_steps, 3 settings"),
        ({"metrics": (np.ones(2), np.array([1, np.nan]), np.ones(1))}, "curve of t1"),
        ({"metrics": (np.ones(2), np.ones(2), np.ones(0))}, "curve of t2"),
        ({"step_seconds": np.array([1.0, 0.0, 1.0])}, "allowed: above 0"),
        ({"step_seconds": np.array([1.0, np.nan, 1.0])}, "allowed: above 0"),
        ({"checkpoint_mb": -1.0}, "checkpoint_mb is -1.0; allowed: 0 or more"),
    ],
)
def test_bad_tables(change, message):
    with pytest.raises(ValueError, match=message):
        replace(CURVES, **change)


@pytest.mark.parametrize("hours", [0.0, -1.0, float("nan")])
def test_trials_take_time(hours):
    with pytest.raises(ValueError, match="allowed: above 0"):
        CURVES.lasting(hours, "r4.large")
