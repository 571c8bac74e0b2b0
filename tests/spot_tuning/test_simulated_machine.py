"""Every way in which a machine can end: notices, refusals, releases."""

from __future__ import annotations

import math

import numpy as np
import pytest

from helpers.spot_tuning.early_shutdown import EarlyShutdown
from helpers.spot_tuning.job import Checkpoint, Release
from helpers.spot_tuning.machinery import FASTEST_MB_S, SLOWEST_MB_S
from helpers.spot_tuning.orchestrator import SpotTune
from helpers.spot_tuning.prices import Market, PriceTrace
from helpers.spot_tuning.provisioning import Delta, Provisioner
from tests.spot_tuning.scripted import KEEP, SECOND, priced, run, script


@pytest.fixture
def one(make_curves):
    """One trial: 20 steps of 60 s on r4.large."""
    return make_curves(1, 20, seconds=120.0, alpha=1.0)


def test_a_notice_in_time_saves_everything(one):
    """Notice at 600 s: 500 s trained, saved by 620 s, machine gone at 720 s: free."""
    result = run(script(one), one, priced((10, 0.2), (11, 0.05)))
    lost, next_one = result.leases
    assert (lost.reason, lost.launched, lost.ended) == ("revoked", 0, 720)
    assert lost.stopped == 600
    assert lost.last_step == pytest.approx(500 / 60)
    assert lost.refund == lost.gross > 0
    assert lost.transfer == pytest.approx(20)
    assert next_one.launched == 720  # a whole number of polls
    assert next_one.first_step == lost.last_step
    assert result.jct == pytest.approx(720 + 100 + 20 + 700 + 20)
    assert result.free_share == pytest.approx(500 / 1200)
    assert result.cost == pytest.approx(next_one.gross)


def test_a_policy_that_ignores_the_notice_loses_the_work(one):
    result = run(script(one, heeds=False), one, priced((10, 0.2), (11, 0.05)))
    lost, next_one = result.leases
    assert (lost.stopped, lost.ended) == (720, 720)
    assert (lost.steps, lost.transfer) == (0, 0)
    assert next_one.first_step == 0
    assert result.jct == pytest.approx(720 + 100 + 1200 + 20)


def test_work_before_the_last_checkpoint_is_never_lost(one):
    """Recycled at 600 s with 480 s of work; the second machine is lost unsaved."""
    policy = script(one, {"max_age": 600.0}, {}, heeds=False)
    result = run(policy, one, priced((20, 0.2), (21, 0.05)))
    assert [x.last_step for x in result.leases] == pytest.approx([8, 8, 20])
    assert [x.reason for x in result.leases] == ["recycled", "revoked", "done"]


@pytest.mark.parametrize("heeds", [True, False])
def test_a_notice_in_the_final_save_cannot_undo_it(one, heeds):
    """Trained until 1300 s, saving until 1370 s; notice at 1320 s, gone at 1440 s."""
    result = run(
        script(one, heeds=heeds), one, priced((22, 0.2)), checkpoint_mb=70 * SECOND
    )
    (lease,) = result.leases
    assert (lease.reason, lease.stopped, lease.ended) == ("revoked", 1300, 1440)
    assert lease.last_step == 20
    assert lease.transfer == pytest.approx(70)
    assert result.cost == 0
    assert math.isinf(result.pcr)
    assert result.free_share == 1


@pytest.mark.parametrize("heeds", [True, False])
def test_a_final_save_that_does_not_fit_is_lost(one, heeds):
    """Trained until 1300 s, saving until 1450 s; notice at 1320 s, gone at 1440 s."""
    result = run(
        script(one, heeds=heeds),
        one,
        priced((22, 0.2), (23, 0.05)),
        checkpoint_mb=150 * SECOND,
    )
    lost, again = result.leases
    assert (lost.ended, lost.last_step) == (1440, 0)
    assert lost.transfer == pytest.approx(140)
    assert (again.first_step, again.last_step) == (0, 20)


@pytest.mark.parametrize(
    ("kind", "speed"), [("r4.large", SLOWEST_MB_S), ("m4.4xlarge", FASTEST_MB_S)]
)
def test_the_notice_limits_the_size_of_a_checkpoint(make_curves, kind, speed):
    """62.83 and 134.22 MB/s (recalled) for 120 s: 7.36 and 15.73 GB."""
    assert {"r4.large": 7.36, "m4.4xlarge": 15.73}[kind] == pytest.approx(
        speed * 120 / 1024, abs=0.005
    )
    curves = make_curves(1, 20, seconds=600.0)
    market = priced((20, 2.0), (21, 0.05), kind=kind)
    policy = script(curves, {"instance_type": kind, "max_price": 1.0})
    for megabytes, kept in ((speed * 119.9, True), (speed * 120.1, False)):
        result = run(policy, curves, market, checkpoint_mb=megabytes)
        assert result.leases[0].reason == "revoked"
        assert (result.leases[0].steps > 0) == kept


def test_price_rises_during_boot(one):
    """Nothing was done, nothing is paid, and nothing is known of the speed."""
    policy = script(one)
    result = run(policy, one, priced((1, 0.2), (2, 0.05)), boot=300.0)
    lost, again = result.leases
    assert (lost.ended, lost.ready, lost.stopped, lost.transfer) == (180, 180, 180, 0)
    assert (lost.steps, lost.free) == (0, True)
    assert again.launched == 180
    assert all(not s.step_seconds for s in policy.seen if s.now <= 180 + 300)


def test_a_price_rise_in_the_minute_of_the_launch_comes_too_late(one):
    """Launched at 30 s at the price of minute 0; minute 1 is the first that counts."""
    first = run(script(one), one, priced((1, 0.2), (2, 0.05)), start=30.0)
    assert first.leases[0].ended == 60 + 120
    equal = run(script(one, {"max_price": 0.05}), one, priced((1, 0.04), (2, 0.05)))
    assert len(equal.leases) == 1  # at the maximum price it is granted, and stays
    assert equal.leases[0].launched == 0


def test_polls_that_come_too_late(one):
    """Asked every 300 s: told at 600 + 300 s, gone at 780 s; nothing is saved."""
    result = run(script(one), one, priced((11, 0.2), (12, 0.05)), poll=300.0)
    assert result.leases[0].ended == 780
    assert result.leases[0].steps == 0
    assert result.leases[1].launched == 900


def test_a_machine_under_notice_is_given_back_when_its_hour_is_over(make_curves):
    """Notice at 3540 s, it would be taken at 3660 s: no refund to wait for."""
    curves = make_curves(1, 100, seconds=120.0, alpha=1.0)
    policy = script(curves, {"max_age": 3600.0})
    result = run(policy, curves, priced((59, 0.2), (60, 0.05)))
    assert result.leases[0].ended == 3600
    assert result.leases[0].reason == "recycled"
    assert result.leases[0].last_step == pytest.approx((3540 - 100) / 60)
    assert result.revocations == 0


def test_two_trials_at_one_tick(make_curves):
    """Same machine, price and notice: both are told, saved and replaced together."""
    curves = make_curves(2, 20, seconds=120.0, alpha=1.0)
    policy = script(curves)
    result = run(policy, curves, priced((10, 0.2), (11, 0.05)))
    assert [x.ended for x in result.leases] == [720, 720, 1560, 1560]
    tick = next(s for s in policy.seen if s.now == 600)
    assert all(t.lease.notice_at == 600 for t in tick.trials.values())
    both = [a for time, a in result.log if time == 600]
    assert both == [Checkpoint("t0"), Checkpoint("t1")]
    assert len(result.ledger) == 4


def test_no_machine_while_the_price_is_above_the_bid(one):
    """Asked at 5 s; the price falls at 180 s, the next poll is at 185 s."""
    policy = script(one)
    market = Market([PriceTrace("r4.large", [0.2] * 3 + [0.05] * 600)])
    result = run(policy, one, market, start=5.0)
    (lease,) = result.leases
    assert lease.launched == 185
    assert result.jct == pytest.approx(180 + 1320)
    assert policy.seen[-1].trials["t0"].launches == 1


def test_release_saves_and_gives_back_before_the_lease_is_over(one):
    """On the notice of 420 s: saved by 440 s, not kept until it is taken at 540 s."""

    def on_notice(state):
        t = state.trials["t0"]
        return [Release("t0")] if t.lease and t.lease.notice_at is not None else []

    result = run(script(one, extra=on_notice), one, priced((7, 0.2), (8, 0.05)))
    assert [x.reason for x in result.leases] == ["released", "done"]
    assert result.leases[0].ended == 440
    assert result.leases[0].last_step == pytest.approx(320 / 60)
    assert result.leases[0].refund == 0  # the user gave it back
    assert [a for _, a in result.log].count(Release("t0")) == 1


def test_release_during_boot_is_immediate(one):
    def on_notice(state):
        t = state.trials["t0"]
        return [Release("t0")] if t.lease and t.lease.notice_at is not None else []

    policy = script(one, heeds=False, extra=on_notice)
    result = run(policy, one, priced((1, 0.2), (2, 0.05)), boot=500.0)
    first = result.leases[0]
    assert (first.reason, first.ended, first.steps) == ("released", 60, 0)
    assert (first.transfer, first.refund) == (0, 0)


def test_a_checkpoint_without_a_notice_stops_the_training(make_curves):
    """The machine stays until the end that was planned, as the policy asked for."""
    curves = make_curves(2, 20, seconds=(120.0, 40.0), alpha=1.0)

    def when_the_other_is_done(state):
        a, b = state.trials.values()
        stop = a.lease is not None and b.step == 20 and b.lease is None
        return [Checkpoint("t0")] if stop and a.launches == 1 else []

    result = run(script(curves, extra=when_the_other_is_done), curves, priced())
    first = next(x for x in result.leases if x.trial == "t0")
    assert (first.stopped, first.ended) == (520, 1320)
    assert first.last_step == pytest.approx(420 / 60)


def test_a_bid_just_above_the_price_runs_on_refunds(
    random_market, make_curves, constant_revocation
):
    """A higher bid gets fewer refunds; without the rule nothing is free."""
    curves = make_curves(8, 60, seed=3, seconds=np.full(8, 600.0))
    market = random_market(11)
    shares = []
    for delta in (1e-5, 0.2):
        policy = SpotTune(
            EarlyShutdown(curves.max_steps, 1.0),
            Provisioner(
                market.types, 600.0, constant_revocation(0.3), Delta("fixed", delta)
            ),
        )
        result = run(policy, curves, market, start=3600.0)
        shares.append(result.free_share)
        paid = run(policy, curves, market, start=3600.0, rules=KEEP)
        assert paid.free_share == paid.ledger.refund == 0
        assert paid.cost >= result.cost
        assert paid.log == result.log  # money does not change what happens
    assert shares[0] > shares[1] + 0.1
