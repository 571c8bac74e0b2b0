"""Nothing that a policy decides may depend on what has not happened yet."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.spot_tuning.bench import POLICIES, Bench, policy
from helpers.spot_tuning.curves import LearningCurves
from helpers.spot_tuning.early_shutdown import EarlyShutdown
from helpers.spot_tuning.instances import PAPER_TYPES
from helpers.spot_tuning.job import Launch
from helpers.spot_tuning.machinery import Machinery, transfer_seconds
from helpers.spot_tuning.orchestrator import SingleType, SpotTune
from helpers.spot_tuning.prices import MINUTE, Market, PriceTrace
from helpers.spot_tuning.provisioning import Delta, Provisioner
from helpers.spot_tuning.revocation_deltas import DeltaRule
from helpers.spot_tuning.revocation_lstm_predictor import LSTMPredictor
from helpers.spot_tuning.revocation_predictors import (
    HazardPredictor,
    NeverRevoked,
    OraclePredictor,
)
from helpers.spot_tuning.revocation_samples import SplitPlan, split_samples
from helpers.spot_tuning.revocation_training import LSTMClassifier, TrainingSettings
from helpers.spot_tuning.simulator import simulate
from helpers.spot_tuning.successive_halving import SuccessiveHalving
from tests.spot_tuning.scripted import KEEP, REFUND

START = 7260.0  # seconds; leaves two hours of past
DELTAS = (Delta(), Delta("fixed", 1e-5), Delta("relative", 0.02), Delta("best"))
RULE = DeltaRule("log-uniform", high=0.5)


@pytest.fixture(scope="module")
def world(make_curves, random_market):
    """Six trials of one to four hours on a market that moves often."""
    return make_curves(6, 40, seconds=np.linspace(200, 600, 6)), random_market(21, 1500)


@pytest.fixture(scope="module")
def network(random_market):
    trace = random_market(5, 10_000, ("r4.large",), moves=0.4).traces["r4.large"]
    samples, _ = split_samples(trace, RULE, 0, SplitPlan(every=30))
    settings = TrainingSettings(hidden=4, epochs=1)
    return LSTMClassifier("split", settings=settings).fit(samples)


def spot_tune(curves, predictor, last, *, delta=DELTAS[0], theta=0.7, matrix="rank-1"):
    finals = dict.fromkeys(curves.trials, last)
    return SpotTune(
        EarlyShutdown(curves.max_steps, theta, 2, finals),
        Provisioner(PAPER_TYPES, 300.0, predictor, delta, matrix),
    )


def run(chosen, curves, market, rules=REFUND):
    return simulate(chosen, curves, market, start=START, rules=rules)


def perturbed(market, seconds, seed):
    """Other prices from the first minute after ``seconds`` on."""
    rng = np.random.default_rng(seed)
    first = market.minute(seconds) + 1
    traces = []
    for name in market.types:
        prices = market.prices(name).copy()
        rest = len(prices) - first
        # Repeats of 5 minutes, so that jobs still end within the trace.
        factors = np.repeat(rng.uniform(0.3, 2.0, rest // 5 + 1), 5)[:rest]
        prices[first:] *= factors
        traces.append(PriceTrace(name, prices))
    return Market(traces)


def until(result, seconds):
    """Everything that was done or billed up to a moment."""
    actions = [(time, action) for time, action in result.log if time <= seconds]
    return actions, [lease for lease in result.leases if lease.ended <= seconds]


moments = st.floats(0, 6 * 3600).map(lambda age: START + age)
seeds = st.integers(0, 999)


@given(moments, seeds, st.sampled_from(DELTAS), st.sampled_from(["per-pair", "rank-1"]))
@settings(max_examples=30)
def test_later_prices_change_no_earlier_action_of_spot_tune(
    world, last_value, constant_revocation, moment, seed, delta, matrix
):
    curves, market = world
    other = perturbed(market, moment, seed)
    for predictor in (constant_revocation(0.3), NeverRevoked(), HazardPredictor(0.2)):
        chosen = spot_tune(curves, predictor, last_value, delta=delta, matrix=matrix)
        first, second = run(chosen, curves, market), run(chosen, curves, other)
        assert until(first, moment) == until(second, moment)


@given(moments, seeds)
@settings(max_examples=8)
def test_nor_with_a_trained_network(world, network, last_value, moment, seed):
    curves, market = world
    results = []
    for prices in (market, perturbed(market, moment, seed)):
        predictor = LSTMPredictor(prices, dict.fromkeys(PAPER_TYPES, network))
        chosen = spot_tune(curves, predictor, last_value, delta=DELTAS[3])
        results.append(until(run(chosen, curves, prices), moment))
    assert results[0] == results[1]


@given(moments, seeds, st.booleans())
@settings(max_examples=20)
def test_nor_of_the_baselines(world, last_value, moment, seed, hold):
    curves, market = world
    other = perturbed(market, moment, seed)
    finals = dict.fromkeys(curves.trials, last_value)
    shutdown = EarlyShutdown(curves.max_steps, 0.7, 2, finals)
    bid = np.inf if hold else 0.06
    for chosen in (
        SingleType(shutdown, "r4.large", bid),
        SingleType(shutdown, "m4.4xlarge", on_demand=True),
        SuccessiveHalving(curves.max_steps, "r4.large", 2, max_price=bid),
    ):
        first, second = run(chosen, curves, market), run(chosen, curves, other)
        assert until(first, moment) == until(second, moment)


def test_the_oracle_is_caught(world, last_value):
    """The same check finds a predictor that does look ahead."""
    curves, market = world
    caught = 0
    for seed in range(10):
        results = []
        moment = START + 600.0
        for prices in (market, perturbed(market, moment, seed)):
            chosen = spot_tune(curves, OraclePredictor(prices), last_value)
            results.append(until(run(chosen, curves, prices), moment))
        caught += results[0] != results[1]
    assert caught > 0


def test_prices_that_are_still_to_come_cannot_be_asked_for(world):
    _, market = world
    view = market.view(START)
    prices = market.prices("r4.large")
    now = int(START // MINUTE)
    assert view.price("r4.large") == prices[now]
    assert np.array_equal(view.past("r4.large", 9999), prices[: now + 1])
    assert view.mean_price("r4.large") == prices[now - 59 : now + 1].mean()


@given(st.integers(0, 5), st.floats(0.1, 10))
@settings(max_examples=20)
def test_metrics_that_no_trial_has_reached_do_not_matter(
    world, last_value, constant_revocation, index, factor
):
    """Beyond theta only the winners' metrics are ever seen, and only at the end."""
    curves, market = world
    changed = list(curves.metrics)
    changed[index] = np.r_[changed[index][:28], changed[index][28:] * factor]
    chosen = spot_tune(curves, constant_revocation(0.3), last_value)
    first = run(chosen, curves, market)
    second = run(chosen, replace(curves, metrics=tuple(changed)), market)
    assert first.log == second.log
    assert first.cost == second.cost


@dataclass(frozen=True)
class Spy:
    """Passes everything on, and remembers what it was shown."""

    policy: SpotTune
    states: list

    def decide(self, state):
        self.states.append(state)
        return self.policy.decide(state)

    def finished(self, state):
        return self.policy.finished(state)

    def ranking(self, state):
        return self.policy.ranking(state)


@pytest.mark.parametrize("delta", DELTAS[:2])
def test_step_times_are_known_once_measured_and_not_before(
    world, last_value, constant_revocation, delta
):
    """No trial profits from what another one learns at a later simulated time."""
    curves, market = world
    spy = Spy(spot_tune(curves, constant_revocation(0.3), last_value, delta=delta), [])
    result = run(spy, curves, market)
    trained = [x for x in result.leases if x.stopped > x.ready]
    for state in spy.states:
        learned = {(x.instance_type, x.trial) for x in trained if x.ready < state.now}
        assert set(state.step_seconds) == learned
    assert len(spy.states[-1].step_seconds) > len(curves.trials)


def test_true_step_times_do_not_leak_before_the_first_step(
    world, last_value, constant_revocation
):
    """Three times slower than anyone expects: the first machines are the same."""
    curves, market = world
    slow = replace(curves, step_seconds=3 * curves.step_seconds)
    first, second = (
        run(spot_tune(c, constant_revocation(0.3), last_value), c, market)
        for c in (curves, slow)
    )
    ready = START + Machinery().boot
    assert until(first, ready) == until(second, ready)
    assert first.log != second.log


def bench(curves, market, last, predictor, **more):
    finals = dict.fromkeys(curves.trials, last)
    return Bench(curves, market, predictor, finals, **more)


def test_cheapest_and_fastest_are_chosen_by_list_price(
    world, last_value, constant_revocation
):
    """Not by looking at the window: whatever its prices, the same types."""
    curves, market = world
    upside_down = Market(
        PriceTrace(name, 1 / market.prices(name)) for name in market.types
    )
    for prices in (market, upside_down):
        setting = bench(curves, prices, last_value, constant_revocation(0.3))
        chosen = {n: policy(n, setting) for n in ("Cheapest", "Fastest", "ASHA")}
        assert [p.instance_type for p in chosen.values()] == [
            "r4.large",
            "m4.4xlarge",
            "r4.large",
        ]


@pytest.mark.parametrize("name", list(POLICIES))
def test_boot_checkpoint_and_refund_are_the_same_for_all(
    world, last_value, constant_revocation, name
):
    curves, market = world
    for rules in (REFUND, KEEP):
        setting = bench(
            curves, market, last_value, constant_revocation(0.3), rules=rules
        )
        for lease in setting.run(policy(name, setting), START).leases:
            if lease.reason != "revoked":
                transfer = transfer_seconds(500.0, lease.instance_type)
                restore = transfer if lease.first_step else 0.0
                assert lease.ready - lease.launched == pytest.approx(120 + restore)
                assert lease.ended - lease.stopped == pytest.approx(transfer)
            free = lease.reason == "revoked" and lease.ended - lease.launched < 3600
            back = free and rules is REFUND and lease.purchase == "spot"
            assert lease.refund == (lease.gross if back else 0)


def test_short_jobs_never_leave_the_first_hour(
    random_market, last_value, constant_revocation
):
    """Half an hour each: nothing is recycled. A minute each: mostly boot."""
    steps = np.linspace(1, 0.5, 30)
    curves = LearningCurves("short", "loss", ({}, {}), (steps, steps), np.ones(2))
    market = random_market(2)
    chosen = spot_tune(curves, constant_revocation(0.3), last_value, theta=1.0)
    half = run(chosen, curves.lasting(0.5, "r4.large"), market)
    assert all(x.ended - x.launched < 3600 for x in half.leases)
    assert {x.reason for x in half.leases} <= {"done", "revoked"}
    minute = run(chosen, curves.lasting(1 / 60, "r4.large"), market)
    assert minute.overhead_share > 0.5 > half.overhead_share
    assert all(isinstance(action, Launch) for _, action in minute.log)
