"""Phase 1, winners, phase 2: what is trained how far, and what decides it."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.spot_tuning.early_shutdown import EarlyShutdown
from helpers.spot_tuning.job import JobState, Lease, TrialState


class Slope:
    """Straight line through the last two metrics; records what it was shown."""

    def __init__(self):
        self.asked = []

    def predict(self, metrics, final_step):
        self.asked.append((len(metrics), final_step))
        if len(metrics) < 2:
            return float(metrics[-1])
        slope = metrics[-1] - metrics[-2]
        return float(metrics[-1] + slope * (final_step - len(metrics)))


def lease(until):
    return Lease("r4.large", "spot", 1.0, 0.0, until)


def state(curves, steps, leases=None):
    leases = leases or {}
    trials = {
        t: TrialState(t, steps[t], curve[: steps[t]], leases.get(t))
        for t, curve in curves.items()
    }
    return JobState(0.0, None, trials, {})


CURVES = {
    "a": np.array([9.0, 8, 7, 6, 5, 4, 3, 2, 1, 0.5]),
    "b": np.array([3.0, 3, 3, 3, 3, 3, 3, 3, 3, 3]),
    "c": np.array([5.0, 5, 5, 5, 5, 4, 4, 4, 4, 0.1]),
    "d": np.array([9.0, 9, 9, 9]),
}
LENGTHS = {t: len(c) for t, c in CURVES.items()}


def shutdown(theta=0.5, winners=2):
    return EarlyShutdown(LENGTHS, theta, winners, dict.fromkeys(CURVES, Slope()))


@pytest.mark.parametrize(
    ("theta", "wanted"),
    [
        (0.5, {"a": 5, "b": 5, "c": 5, "d": 2}),
        (0.7, {"a": 7, "b": 7, "c": 7, "d": 3}),
        (0.3, {"a": 3, "b": 3, "c": 3, "d": 2}),
        (1e-12, {"a": 1, "b": 1, "c": 1, "d": 1}),
        (1.0, LENGTHS),
    ],
)
def test_phase_one_is_theta_of_the_steps_rounded_up(theta, wanted):
    rule = shutdown(theta)
    assert {t: rule.first_target(t) for t in CURVES} == wanted
    assert rule.targets(state(CURVES, dict.fromkeys(CURVES, 0))) == wanted


@given(st.integers(1, 100), st.integers(1, 400))
def test_targets_are_exact_for_theta_in_percent(percent, steps):
    rule = EarlyShutdown({"a": steps}, percent / 100, 1, {"a": Slope()})
    assert rule.first_target("a") == -(-percent * steps // 100)


def test_the_predicted_best_go_on_to_the_end():
    rule = shutdown()
    done = state(CURVES, {"a": 5, "b": 5, "c": 5, "d": 2})
    assert rule.predicted(done) == {"a": 0.0, "b": 3.0, "c": 5.0, "d": 9.0}
    assert rule.best_predicted(done) == ["a", "b"]
    assert rule.targets(done) == {"a": 10, "b": 10, "c": 5, "d": 2}
    assert not rule.finished(done)
    end = state(CURVES, {"a": 10, "b": 10, "c": 5, "d": 2})
    assert rule.finished(end)
    assert rule.ranking(end) == ["a", "b", "c", "d"]


def test_trained_trials_rank_before_predictions_by_their_true_metric():
    rule = shutdown(winners=2)
    end = state({**CURVES, "a": np.full(10, 3.5)}, {"a": 10, "b": 10, "c": 5, "d": 2})
    assert rule.ranking(end) == ["b", "a", "c", "d"]
    # "c" is predicted to end at 5; nobody looks at its true end, 0.1.
    assert rule.predicted(end)["c"] == 5.0


def test_phase_two_needs_every_trial_saved_and_then_lasts():
    """A machine in its final save may be lost; a winner's machine does not matter."""
    rule = shutdown()
    steps = {"a": 5, "b": 5, "c": 5, "d": 2}
    saving = state(CURVES, steps, {"c": lease(5)})
    assert not rule.first_phase_over(saving)
    assert rule.targets(saving) == {"a": 5, "b": 5, "c": 5, "d": 2}
    training_on = state(CURVES, {**steps, "a": 7}, {"a": lease(10)})
    assert rule.first_phase_over(training_on)
    assert rule.targets(training_on)["b"] == 10
    done_but_held = state(CURVES, {**steps, "a": 10, "b": 10}, {"a": lease(10)})
    assert not rule.finished(done_but_held)


@given(
    st.integers(0, 999),
    st.sampled_from([0.2, 0.5, 0.7, 0.99]),
    st.integers(1, 6),
    st.data(),
)
def test_winners_never_change_in_phase_two(seed, theta, winners, data):
    """Whatever winners learn later, and whoever else has a machine."""
    rng = np.random.default_rng(seed)
    lengths = {f"t{i}": int(rng.integers(1, 30)) for i in range(5)}
    curves = {t: rng.normal(size=n) for t, n in lengths.items()}
    rule = EarlyShutdown(lengths, theta, winners, dict.fromkeys(lengths, Slope()))
    first = {t: rule.first_target(t) for t in lengths}
    before = rule.targets(state(curves, first))
    chosen = rule.best_predicted(state(curves, first))
    assert len(chosen) == min(winners, 5)
    steps = {
        t: data.draw(st.integers(first[t], lengths[t])) if t in chosen else first[t]
        for t in lengths
    }
    leases = {
        t: lease(lengths[t])
        for t in chosen
        if first[t] < lengths[t] and data.draw(st.booleans())
    }
    later = state(curves, steps, leases)
    assert rule.best_predicted(later) == chosen
    assert rule.targets(later) == before
    assert pickle.loads(pickle.dumps(rule)).targets(later) == before


def test_predictors_see_phase_one_only():
    seen = Slope()
    rule = EarlyShutdown(LENGTHS, 0.5, 2, dict.fromkeys(CURVES, seen))
    rule.ranking(state(CURVES, {"a": 10, "b": 10, "c": 5, "d": 2}))
    assert set(seen.asked) == {(5, 10), (2, 4)}


def test_no_shutdown_needs_no_predictors():
    rule = EarlyShutdown(LENGTHS, 1.0)
    end = state(CURVES, LENGTHS)
    assert rule.targets(end) == LENGTHS
    assert rule.finished(end)
    assert rule.ranking(end) == ["c", "a", "b", "d"]


def test_a_prediction_that_is_no_number_is_the_worst():
    class Nothing:
        def predict(self, metrics, final_step):
            return math.nan

    rule = EarlyShutdown(
        LENGTHS, 0.5, 2, {**dict.fromkeys(CURVES, Slope()), "a": Nothing()}
    )
    done = state(CURVES, {"a": 5, "b": 5, "c": 5, "d": 2})
    assert rule.best_predicted(done) == ["b", "c"]
    assert rule.ranking(done) == ["b", "c", "d", "a"]


def test_ties_keep_the_order_of_the_trials():
    curves = {t: np.ones(4) for t in ("z", "a", "m")}
    rule = EarlyShutdown(
        dict.fromkeys(curves, 4), 0.5, 2, dict.fromkeys(curves, Slope())
    )
    assert rule.best_predicted(state(curves, dict.fromkeys(curves, 2))) == ["z", "a"]


@pytest.mark.parametrize("theta", [0, -1, 1.2, math.nan])
def test_theta_out_of_range(theta):
    with pytest.raises(ValueError, match=r"theta is .*; allowed: 0 < theta <= 1"):
        shutdown(theta)


def test_bad_input():
    with pytest.raises(ValueError, match="winners is 0; allowed: 1 or more"):
        shutdown(winners=0)
    with pytest.raises(ValueError, match="at least one step"):
        EarlyShutdown({}, 1.0)
    with pytest.raises(ValueError, match="at least one step"):
        EarlyShutdown({"a": 0}, 1.0)
    with pytest.raises(ValueError, match="no predictor for b, c"):
        EarlyShutdown(dict.fromkeys("abc", 5), 0.5, 1, {"a": Slope()})
