"""The policies: what they answer to a state, and that nothing else matters."""

from __future__ import annotations

import math
import pickle
from dataclasses import replace

import numpy as np
import pytest

from helpers.spot_tuning.early_shutdown import EarlyShutdown
from helpers.spot_tuning.instances import PAPER_TYPES
from helpers.spot_tuning.job import Checkpoint, JobState, Launch, Lease, TrialState
from helpers.spot_tuning.orchestrator import SingleType, SpotTune
from helpers.spot_tuning.provisioning import Provisioner
from helpers.spot_tuning.successive_halving import SuccessiveHalving

LENGTHS = {"a": 10, "b": 10, "c": 10, "d": 10}


@pytest.fixture
def shutdown(last_value):
    return EarlyShutdown(LENGTHS, 0.5, 2, dict.fromkeys(LENGTHS, last_value))


@pytest.fixture
def spot_tune(shutdown, constant_revocation):
    return SpotTune(shutdown, Provisioner(PAPER_TYPES, 300.0, constant_revocation(0.3)))


@pytest.fixture
def policies(spot_tune, shutdown):
    return [
        spot_tune,
        SingleType(shutdown, "r4.large"),
        SuccessiveHalving(LENGTHS, "r4.large", eta=2),
    ]


@pytest.fixture
def states(random_market):
    """One trial waits, one trains, one is under notice, one has done its part."""
    market = random_market(3, minutes=600)
    lease = Lease("r4.large", "spot", 0.05, 6000.0, 5)
    trials = {
        "a": TrialState("a", 0, ()),
        "b": TrialState("b", 2, (3.0, 2.0), lease, 1),
        "c": TrialState("c", 2, (4.0, 3.0), replace(lease, notice_at=7190.0), 2),
        "d": TrialState("d", 5, (9.0, 8.0, 7.0, 6.0, 5.0), None, 1),
    }
    measured = {("r4.large", "b"): 100.0, ("r4.large", "d"): 120.0}
    first = JobState(7200.0, market.view(7200.0), trials, measured)
    five = {
        t: TrialState(t, 5, np.linspace(9, i, 5), None, 3)
        for i, t in enumerate(LENGTHS)
    }
    return [first, JobState(9000.0, market.view(9000.0), five, measured)]


def test_spot_tune_saves_what_is_under_notice_and_launches_what_waits(
    spot_tune, states
):
    launch, save = spot_tune.decide(states[0])
    best = spot_tune.provisioner.best(states[0].trials["a"], states[0])
    assert launch == Launch("a", best.instance_type, best.max_price, 5, 3600.0, "spot")
    assert save == Checkpoint("c")
    assert not spot_tune.finished(states[0])


def test_the_best_two_are_trained_on(spot_tune, states):
    launches = spot_tune.decide(states[1])
    assert [(x.trial, x.until_step) for x in launches] == [("a", 10), ("b", 10)]
    assert spot_tune.ranking(states[1]) == ["a", "b", "c", "d"]


def test_recycling_can_be_changed_and_switched_off(spot_tune, states):
    for seconds in (1800.0, math.inf):
        launch = replace(spot_tune, recycle=seconds).decide(states[0])[0]
        assert launch.max_age == seconds
    for seconds in (0.0, -1.0, math.nan):
        with pytest.raises(ValueError, match="recycle"):
            replace(spot_tune, recycle=seconds)


@pytest.mark.parametrize("on_demand", [False, True])
def test_single_type_keeps_its_machine_until_the_target(shutdown, states, on_demand):
    policy = SingleType(shutdown, "m4.4xlarge", on_demand=on_demand)
    launch, save = policy.decide(states[0])
    purchase = "on-demand" if on_demand else "spot"
    assert launch == Launch("a", "m4.4xlarge", math.inf, 5, math.inf, purchase)
    assert save == Checkpoint("c")


def test_policies_depend_on_the_state_alone(policies, states):
    """Asked twice, in another order, or as a copy: the same answers."""
    fresh = [pickle.loads(pickle.dumps(p)) for p in policies]
    for policy, copy in zip(policies, fresh, strict=True):
        answers = [
            (policy.decide(s), policy.finished(s), policy.ranking(s))
            for s in states[1:]
        ]
        first = policy.decide(states[0])
        policy.decide(states[1])
        assert policy.decide(states[0]) == first
        assert copy.decide(states[0]) == first
        again = [
            (copy.decide(s), copy.finished(s), copy.ranking(s)) for s in states[1:]
        ]
        assert answers == again


def test_policies_leave_the_state_as_it_is(policies, states):
    for policy in policies:
        for now in states:
            trials, measured = dict(now.trials), dict(now.step_seconds)
            policy.decide(now)
            policy.finished(now)
            assert (trials, measured) == (now.trials, now.step_seconds)


def test_finished_only_without_machines(spot_tune, shutdown):
    ends = {"a": 10, "b": 10, "c": 5, "d": 5}
    trials = {
        t: TrialState(t, n, np.linspace(9, i, 10)[:n])
        for i, (t, n) in enumerate(ends.items())
    }
    # Predictions from the first five steps: "a" and "b" are the best.
    over = JobState(0.0, None, trials, {})
    for policy in (spot_tune, SingleType(shutdown, "r4.large")):
        assert policy.decide(over) == []
        assert policy.finished(over)
        lease = Lease("r4.large", "spot", 1.0, 0.0, 10)
        held = {**trials, "a": replace(trials["a"], lease=lease)}
        assert not policy.finished(JobState(0.0, None, held, {}))


def test_unknown_types_fail_when_the_policy_is_made(shutdown):
    with pytest.raises(ValueError, match=r"did you mean 'r4\.large'"):
        SingleType(shutdown, "r4.larg")
    with pytest.raises(ValueError, match=r"did you mean 'r4\.large'"):
        SuccessiveHalving(LENGTHS, "r4.larg")
