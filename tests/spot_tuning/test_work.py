"""A job that trains while it runs does what it does on curves known beforehand."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import pytest

from helpers.spot_tuning.billing import REGIMES
from helpers.spot_tuning.curves import LearningCurves
from helpers.spot_tuning.early_shutdown import EarlyShutdown
from helpers.spot_tuning.final_metric import predictors_for
from helpers.spot_tuning.machinery import Machinery
from helpers.spot_tuning.orchestrator import SpotTune
from helpers.spot_tuning.price_generator import generate_market
from helpers.spot_tuning.provisioning import Delta, Provisioner
from helpers.spot_tuning.revocation_predictors import NeverRevoked
from helpers.spot_tuning.simulator import simulate
from helpers.spot_tuning.work import LiveWork
from helpers.spot_tuning.workloads import workload

STEPS, TRIALS = 9, 4
WHOLE = Machinery(whole_steps=True)


class Chain:
    """Each metric depends on all steps before it."""

    made = 0

    def __init__(self, number):
        Chain.made += 1
        self.number, self.step, self.value = number, 0, 1.0 + number

    def train_step(self):
        self.step += 1
        self.value = 0.9 * self.value + 0.1 * math.sin(self.number + self.step)
        return 2.0 + self.value

    def state(self):
        return f"{self.step} {self.value!r}".encode()

    def restore(self, state):
        step, value = state.decode().split()
        self.step, self.value = int(step), float(value)


def whole_curves():
    curves = []
    for number in range(TRIALS):
        chain = Chain(number)
        curves.append(np.array([chain.train_step() for _ in range(STEPS)]))
    return curves


def plan(metrics):
    return LearningCurves(
        "chain",
        "loss",
        tuple({"number": n} for n in range(TRIALS)),
        tuple(metrics),
        np.full(TRIALS, 2400.0),
    )


def job(curves, work=None, delta=1e-4, machinery=WHOLE):
    market = generate_market(days=12, seed=3)
    policy = SpotTune(
        EarlyShutdown(curves.max_steps, 0.5, 2, predictors_for(curves)),
        Provisioner(market.types, 2400.0, NeverRevoked(), Delta("fixed", delta)),
    )
    return simulate(
        policy,
        curves,
        market,
        start=86400.0,
        rules=REGIMES["first-hour-refund"],
        machinery=machinery,
        work=work,
    )


@pytest.fixture
def work():
    return LiveWork({f"t{n}": partial(Chain, n) for n in range(TRIALS)})


def test_a_live_job_equals_the_recorded_one(work):
    known = plan(whole_curves())
    recorded = job(known)
    live = job(plan([np.zeros(STEPS)] * TRIALS), work)
    assert live.leases == recorded.leases and live.log == recorded.log
    assert live.ledger == recorded.ledger
    assert (live.ranking, live.regret) == (recorded.ranking, recorded.regret)
    for trial, curve in zip(known.trials, known.metrics, strict=True):
        assert work.metrics(trial, STEPS) == tuple(curve)


def test_every_machine_begins_with_a_fresh_trainer(work):
    Chain.made = 0
    result = job(plan([np.zeros(STEPS)] * TRIALS), work)
    losers = TRIALS - sum(len(work.metrics(t, STEPS)) > 0 for t in result.ranking[:2])
    assert Chain.made == len(result.leases) + losers  # trained on to judge the choice
    assert result.revocations > 0 and sum(work.restored.values()) > 0
    lost = sum(lease.lost and lease.stopped > lease.ready for lease in result.leases)
    assert lost or sum(work.repeated.values()) == 0


def test_the_last_checkpoint_is_that_of_an_uninterrupted_trial(work):
    result = job(plan([np.zeros(STEPS)] * TRIALS), work)
    best = result.ranking[0]
    whole = Chain(int(best[1:]))
    for _ in range(STEPS):
        whole.train_step()
    assert work.checkpoints[best] == whole.state()


def test_whole_steps_are_kept_and_no_other_is_begun():
    result = job(plan(whole_curves()))
    assert all(lease.last_step == int(lease.last_step) for lease in result.leases)
    recycled = [lease for lease in result.leases if lease.reason == "recycled"]
    assert recycled
    for lease in recycled:
        assert lease.ended - lease.launched <= 3600 + 1e-6
        seconds = (lease.stopped - lease.ready) / lease.steps
        room = 3600 - (lease.ended - lease.launched)
        assert room < seconds  # one more step would not have fitted


def test_a_step_longer_than_the_lease_is_refused():
    curves = plan(whole_curves())
    slow = LearningCurves(
        curves.workload,
        curves.metric,
        curves.settings,
        curves.metrics,
        np.full(TRIALS, 1e5),
    )
    with pytest.raises(ValueError, match=r"a step \d+ s; its lease is 3600 s"):
        job(slow)


def test_parts_of_steps_do_not_go_with_live_work(work):
    with pytest.raises(ValueError, match="whole_steps"):
        work.launched("t0")
        work.metrics("t0", 3)
        work.kept("t0", 2)
    with pytest.raises(ValueError, match="did you mean"):
        work.launched("t00")


def test_a_workload_has_curves_before_it_is_trained():
    chosen = workload("LiR")
    blank = chosen.curves()
    assert blank.trials[-1] == "t15" and blank.checkpoint_mb == chosen.checkpoint_mb
    assert set(blank.max_steps.values()) == {60} and not blank.final.any()
    known = chosen.curves([np.arange(1.0, 61)] * 16)
    assert known.final.tolist() == [60.0] * 16
    assert known.decay_steps == blank.decay_steps != ()
