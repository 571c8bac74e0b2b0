"""ASHA against a rung table written down independently, and a case by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.spot_tuning.billing import billing
from helpers.spot_tuning.curves import LearningCurves
from helpers.spot_tuning.job import JobState, Lease, TrialState
from helpers.spot_tuning.machinery import Machinery
from helpers.spot_tuning.simulator import simulate
from helpers.spot_tuning.successive_halving import SuccessiveHalving

INSTANT = Machinery(boot=0.0, poll=1.0, checkpoint_mb=0.0, jitter=0.0)


def tabulated(metrics, seconds):
    """Curves on a machine of one core: seconds per step as given."""
    return LearningCurves(
        "table",
        "loss",
        tuple({"index": i} for i in range(len(metrics))),
        tuple(np.asarray(m, dtype=float) for m in metrics),
        np.asarray(seconds, dtype=float),
        alpha=1.0,
        checkpoint_mb=0.0,
    )


def run(curves, market, eta, rungs):
    policy = SuccessiveHalving(curves.max_steps, "m3.medium", eta, rungs)
    return simulate(
        policy,
        curves,
        market,
        start=0.0,
        rules=billing("no-refund"),
        machinery=INSTANT,
    )


def rung_table(curves, eta, rungs):
    """Steps that every trial gets: one table of metrics per rung, promote at once."""
    goals = {
        t: [-(-n // eta**k) for k in range(rungs, -1, -1)]
        for t, n in curves.max_steps.items()
    }
    table = [{} for _ in range(rungs + 1)]
    promoted = [set() for _ in range(rungs + 1)]
    pace = dict(zip(curves.trials, curves.step_seconds, strict=True))
    curve = dict(zip(curves.trials, curves.metrics, strict=True))
    arrivals = [(goals[t][0] * pace[t], t, 0) for t in curves.trials]
    while arrivals:
        now = min(arrivals)[0]
        for _, trial, rung in [a for a in arrivals if a[0] == now]:
            table[rung][trial] = curve[trial][goals[trial][rung] - 1]
        arrivals = [a for a in arrivals if a[0] != now]
        for rung in range(rungs):
            order = [t for t in curves.trials if t in table[rung]]
            order.sort(key=lambda t: table[rung][t])
            for trial in order[: len(order) // eta]:
                if trial not in promoted[rung]:
                    promoted[rung].add(trial)
                    more = goals[trial][rung + 1] - goals[trial][rung]
                    arrivals.append((now + more * pace[trial], trial, rung + 1))
    return {
        t: max(goals[t][r] for r in range(rungs + 1) if t in table[r])
        for t in curves.trials
    }


def reached(result):
    steps = {}
    for lease in result.leases:
        steps[lease.trial] = max(steps.get(lease.trial, 0), lease.last_step)
    return steps


@given(
    trials=st.integers(2, 12),
    eta=st.integers(2, 4),
    rungs=st.integers(1, 3),
    equal=st.booleans(),
    seed=st.integers(0, 9999),
)
@settings(max_examples=80)
def test_against_a_rung_table(flat_market, trials, eta, rungs, equal, seed):
    rng = np.random.default_rng(seed)
    steps = eta**rungs * int(rng.integers(1, 3))
    metrics = rng.random((trials, steps))
    # Whole seconds, so that arrivals fall on polls; with ties in time and in metric.
    seconds = np.full(trials, 7) if equal else rng.integers(1, 30, trials)
    if seed % 3 == 0:
        metrics = metrics.round(1)
    curves = tabulated(metrics, seconds)
    result = run(curves, flat_market({"m3.medium": 0.02}), eta, rungs)
    assert reached(result) == rung_table(curves, eta, rungs)


def test_a_case_by_hand(flat_market):
    """Six trials, eta 2, rungs at 2 and 4 of 8 steps; t1 is promoted too early.

    t0 and t1 (fast) meet at rung 0: t1 is better and goes on. Then come t2 and t3,
    better still; both go on, as the best two of four. At rung 1 t1 waits alone until
    they come; t2 is the best of three and goes on. t4 and t5 are bad and slow: the
    best three of six, t2, t3 and t1, have all gone on already.
    """
    flat = [[9] * 8, [8] * 8, [1] * 8, [2] * 8, [20] * 8, [21] * 8]
    curves = tabulated(flat, [1, 1, 10, 10, 100, 100])
    result = run(curves, flat_market({"m3.medium": 0.02}), 2, 2)
    assert reached(result) == {"t0": 2, "t1": 4, "t2": 8, "t3": 4, "t4": 2, "t5": 2}
    assert result.ranking == ["t2", "t3", "t1", "t0", "t4", "t5"]
    assert result.regret == 0


def test_equal_steps_make_it_synchronous_halving(flat_market):
    final = [5.0, 3.0, 8.0, 1.0, 9.0, 2.0, 7.0, 4.0, 6.0]
    curves = tabulated([[f] * 9 for f in final], [1] * 9)
    result = run(curves, flat_market({"m3.medium": 0.02}), 3, 2)
    steps = reached(result)
    assert sorted(steps.values()) == [1] * 6 + [3] * 2 + [9]
    assert steps["t3"] == 9
    assert result.ranking[0] == "t3"


def test_a_lost_machine_does_not_undo_a_promotion():
    """t1 went beyond rung 0; better ones that come later do not send it back."""
    steps = {"t0": 8, "t1": 8, "t2": 8, "t3": 8}
    policy = SuccessiveHalving(steps, "m3.medium", 2, 1)
    trials = {
        "t0": TrialState("t0", 4, (1.0,) * 4),
        "t1": TrialState("t1", 5, (8.0,) * 5),
        "t2": TrialState("t2", 4, (2.0,) * 4),
        "t3": TrialState("t3", 4, (9.0,) * 4),
    }
    launches = policy.decide(JobState(0.0, None, trials, {}))
    assert [(x.trial, x.until_step) for x in launches] == [
        ("t0", 8),
        ("t1", 8),
        ("t2", 8),
    ]


def test_only_saved_results_count():
    """A machine in its final save may still be lost."""
    policy = SuccessiveHalving({"t0": 8, "t1": 8}, "m3.medium", 2, 1)
    lease = Lease("m3.medium", "spot", 1.0, 0.0, 4)
    trials = {
        "t0": TrialState("t0", 4, (1.0,) * 4),
        "t1": TrialState("t1", 4, (2.0,) * 4, lease),
    }
    assert policy.decide(JobState(0.0, None, trials, {})) == []
    assert not policy.finished(JobState(0.0, None, trials, {}))


@pytest.mark.parametrize(("eta", "rungs"), [(1, 2), (3, 0)])
def test_bad_input(eta, rungs):
    with pytest.raises(ValueError, match="allowed: eta >= 2, rungs >= 1"):
        SuccessiveHalving({"t0": 9}, "r4.large", eta, rungs)
