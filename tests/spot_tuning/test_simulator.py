"""Simulated jobs: closed forms, the end of the trace, and impossible actions."""

from __future__ import annotations

import numpy as np
import pytest

from helpers.spot_tuning.billing import billing
from helpers.spot_tuning.early_shutdown import EarlyShutdown
from helpers.spot_tuning.job import Checkpoint, Launch, Release
from helpers.spot_tuning.machinery import Machinery
from helpers.spot_tuning.orchestrator import SingleType, SpotTune
from helpers.spot_tuning.provisioning import Provisioner
from helpers.spot_tuning.simulator import simulate
from tests.spot_tuning.scripted import REFUND, priced, run, script

INSTANT = Machinery(boot=0.0, checkpoint_mb=0.0, jitter=0.0)


@pytest.fixture
def one(make_curves):
    """One trial: 20 steps of 60 s on r4.large."""
    return make_curves(1, 20, seconds=120.0, alpha=1.0)


@pytest.mark.parametrize("start", [0.0, 60.0, 1234.5])
@pytest.mark.parametrize("alpha", [0.6, 1.0])
def test_flat_price_without_delays_in_closed_form(
    make_curves, flat_market, start, alpha
):
    curves = make_curves(5, (30, 40, 50, 60, 70), seed=1, alpha=alpha)
    market = flat_market({"r4.large": 0.04, "m4.4xlarge": 0.3})
    for kind, price in (("r4.large", 0.04), ("m4.4xlarge", 0.3)):
        cores = {"r4.large": 2, "m4.4xlarge": 16}[kind]
        lengths = np.array([30, 40, 50, 60, 70])
        seconds = curves.step_seconds / cores**alpha * lengths
        policy = SingleType(EarlyShutdown(curves.max_steps, 1.0), kind)
        result = simulate(
            policy, curves, market, start=start, rules=REFUND, machinery=INSTANT
        )
        assert result.jct == pytest.approx(seconds.max())
        assert result.cost == pytest.approx(price * seconds.sum() / 3600, abs=1e-5)
        assert result.pcr == pytest.approx(
            1 / (result.cost * result.jct / 3600), rel=1e-9
        )
        assert result.overhead_share == pytest.approx(0, abs=1e-9)
        assert (result.revocations, result.free_share, result.regret) == (0, 0, 0)
        assert result.best_in_top3


def test_boot_and_final_save_in_closed_form(one, flat_market):
    result = run(script(one), one, flat_market({"r4.large": 0.05}))
    assert result.jct == pytest.approx(100 + 20 * 60 + 20)
    assert result.cost == pytest.approx(0.05 * 1320 / 3600, abs=1e-6)
    assert result.overhead_share == pytest.approx(120 / 1320)
    assert result.transfer_share == pytest.approx(20 / 1320)


def test_early_shutdown_in_closed_form(make_curves, flat_market, last_value):
    """Four trials to 70 %, then two of them, restored, from there to the end."""
    curves = make_curves(4, 100, seconds=40.0, alpha=1.0)
    shutdown = EarlyShutdown(
        curves.max_steps, 0.7, 2, dict.fromkeys(curves.trials, last_value)
    )
    policy = SingleType(shutdown, "r4.large")
    result = run(policy, curves, flat_market({"r4.large": 0.05}))
    first, second = 100 + 70 * 20 + 20, 100 + 20 + 30 * 20 + 20
    assert first % 10 == 0  # the policy looks at once
    assert result.jct == pytest.approx(first + second)
    assert result.cost == pytest.approx(
        0.05 * (4 * first + 2 * second) / 3600, abs=1e-5
    )
    steps = sorted(
        sum(x.steps for x in result.leases if x.trial == t) for t in curves.trials
    )
    assert steps == pytest.approx([70, 70, 100, 100])


@pytest.mark.parametrize("start", [0.0, 0.1, 777.77])
def test_a_machine_is_recycled_at_exactly_one_hour(
    make_curves, flat_market, constant_revocation, start
):
    """Boot, restore and save leave 3460 s (3480 at first) of every hour."""
    curves = make_curves(1, 400, seconds=60.0, alpha=1.0)  # 12000 s of work
    policy = SpotTune(
        EarlyShutdown(curves.max_steps, 1.0),
        Provisioner(("r4.large",), 60.0, constant_revocation(0.0)),
    )
    market = flat_market({"r4.large": 0.05})
    result = run(policy, curves, market, start=start)
    ages = [x.ended - x.launched for x in result.leases]
    rest = 12000 - 3480 - 2 * 3460
    assert ages == pytest.approx([3600, 3600, 3600, 100 + 20 + rest + 20])
    assert [x.reason for x in result.leases] == ["recycled"] * 3 + ["done"]
    assert result.cost == pytest.approx(0.05 * sum(ages) / 3600, abs=1e-5)
    # An hour is one hour, also if sums of floats say 3600.0000000001.
    whole = run(policy, curves, market, start=start, rules=billing("hourly-2017"))
    assert whole.cost == pytest.approx(4 * 0.05)


def test_a_trace_that_ends_too_early(one, flat_market):
    for minutes in (5, 22):
        with pytest.raises(IndexError, match=rf"outside the trace of {minutes} min"):
            run(script(one), one, flat_market({"r4.large": 0.05}, minutes))
    assert run(script(one), one, flat_market({"r4.large": 0.05}, 23)).jct == 1320
    with pytest.raises(IndexError, match="outside the trace"):
        run(script(one), one, flat_market({"r4.large": 0.05}), start=1e9)
    with pytest.raises(IndexError, match="outside the trace"):  # never cheap enough
        run(script(one), one, flat_market({"r4.large": 0.2}))


@pytest.mark.parametrize("dust", [-1e-7, -1e-8, -1e-9, 0.0, 1e-9, 1e-8, 1e-7])
def test_events_a_rounding_error_beside_a_poll(make_curves, flat_market, dust):
    """Such an event once was due for ever, and never happened."""
    curves = make_curves(1, 10, seconds=2 * (30.0 + dust / 10), alpha=1.0)
    market = flat_market({"r4.large": 0.05})
    policy = script(curves, {"until_step": 5}, {})
    for start in (0.0, 0.1, 86_400.3):
        result = run(policy, curves, market, start=start, checkpoint_mb=0.0)
        assert result.leases[0].last_step == 5
        assert result.leases[1].launched - start == pytest.approx(250, abs=1e-6)


@pytest.mark.parametrize("seconds", [1e-4, 3e-4, 1e-3, 1e4])
def test_step_times_from_milliseconds_to_hours(make_curves, flat_market, seconds):
    curves = make_curves(1, 20, seconds=seconds)
    market = flat_market({"r4.large": 0.05}, 300_000)
    result = run(script(curves), curves, market, start=1e7 / 0.7)
    assert result.leases[-1].last_step == 20
    assert len(result.leases) == 1


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ({"instance_type": "r4.lage"}, r"did you mean 'r4\.large'"),
        ({"instance_type": "m4.4xlarge", "purchase": "on-demand"}, "of this market"),
        ({"until_step": 0}, "at step 0 of 20; it cannot be launched until step 0"),
        ({"until_step": 21}, "cannot be launched until step 21"),
        ({"max_age": 120.0}, "boot, restore and save take 120 s; its lease is 120 s"),
    ],
)
def test_impossible_launches(one, line, message):
    with pytest.raises(ValueError, match=message):
        run(script(one, line), one, priced())


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (Checkpoint("t0"), "t0 holds no machine"),
        (Release("t0"), "t0 holds no machine"),
        (Checkpoint("t7"), "no trial 't7'"),
    ],
)
def test_impossible_actions(one, action, message):
    with pytest.raises(ValueError, match=message):
        run(script(one, extra=lambda state: [action]), one, priced())


def test_one_machine_per_trial(one):
    twice = Launch("t0", "r4.large", 0.1, 20)
    with pytest.raises(ValueError, match="t0 already holds a machine"):
        run(script(one, extra=lambda state: [twice]), one, priced())


def test_a_policy_that_does_nothing(one):
    idle = script(one)
    object.__setattr__(idle, "steps", {"t0": 0})
    object.__setattr__(idle, "finished", lambda state: False)
    with pytest.raises(RuntimeError, match=r"Script does nothing at 0 s"):
        run(idle, one, priced())
