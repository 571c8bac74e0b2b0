"""What holds for every simulated job, whatever policy, prices and delays."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.spot_tuning.billing import REGIMES
from helpers.spot_tuning.early_shutdown import EarlyShutdown
from helpers.spot_tuning.instances import PAPER_TYPES
from helpers.spot_tuning.job import Checkpoint, Launch
from helpers.spot_tuning.machinery import Machinery
from helpers.spot_tuning.orchestrator import SingleType, SpotTune
from helpers.spot_tuning.provisioning import Delta, Provisioner
from helpers.spot_tuning.simulator import simulate
from helpers.spot_tuning.successive_halving import SuccessiveHalving

THETAS = (0.3, 0.7, 1.0)
jobs = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["uniform", "tiny", "single", "ASHA", "on-demand"]),
        "seed": st.integers(0, 10_000),
        "theta": st.sampled_from(THETAS),
        "regime": st.sampled_from(list(REGIMES)),
        "start": st.floats(60.0, 7200.0),
        "machinery": st.builds(
            Machinery,
            boot=st.floats(0, 300),
            notice=st.floats(0, 200),
            poll=st.floats(1, 60),
            checkpoint_mb=st.floats(0, 12_000),
            jitter=st.floats(0, 0.3),
        ),
    }
)


@pytest.fixture(scope="module")
def world(make_curves, random_market, constant_revocation, last_value):
    """world(job): curves, market and policy of a drawn job."""
    curves = make_curves(5, (30, 20, 40, 10, 25), seed=4)
    markets = {}

    def build(job):
        market = markets.setdefault(job["seed"] % 20, random_market(job["seed"] % 20))
        finals = dict.fromkeys(curves.trials, last_value)
        shutdown = EarlyShutdown(curves.max_steps, job["theta"], 2, finals)
        chooser = Provisioner(
            PAPER_TYPES,
            300.0,
            constant_revocation(0.3),
            Delta("fixed", 1e-5) if job["kind"] == "tiny" else Delta(),
            seed=job["seed"],
        )
        return {
            "single": SingleType(shutdown, "r4.large", 0.06),
            "on-demand": SingleType(shutdown, "m4.2xlarge", on_demand=True),
            "ASHA": SuccessiveHalving(curves.max_steps, "r4.large", 2, 2, 0.06),
        }.get(job["kind"], SpotTune(shutdown, chooser)), market

    def run(job):
        policy, market = build(job)
        result = simulate(
            policy,
            curves,
            market,
            start=job["start"],
            rules=REGIMES[job["regime"]],
            machinery=job["machinery"],
            seed=job["seed"],
        )
        return result, policy, market, curves

    return run


@given(jobs)
@settings(max_examples=120)
def test_invariants(world, job):
    result, policy, market, curves = world(job)
    machinery, start = job["machinery"], job["start"]
    steps_fit_together(result, policy, curves, job)
    for lease in result.leases:
        assert start <= lease.launched <= lease.ready <= lease.stopped <= lease.ended
        on_a_poll = (lease.launched - start) / machinery.poll
        assert on_a_poll == pytest.approx(round(on_a_poll), abs=1e-6)
        age = lease.ended - lease.launched
        if isinstance(policy, SpotTune):
            assert age <= 3600 + 1e-6
        crossing = None
        if lease.purchase == "spot" and np.isfinite(lease.max_price):
            assert market.price(lease.instance_type, lease.launched) <= lease.max_price
            crossing = market.first_above(
                lease.instance_type, lease.max_price, lease.launched
            )
        if crossing is not None:
            assert lease.ended <= crossing + machinery.notice + 1e-6
        if lease.reason == "revoked":
            assert lease.ended == pytest.approx(crossing + machinery.notice)
        if lease.purchase == "on-demand" or job["regime"] == "no-refund":
            assert lease.refund == 0
    the_money_adds_up(result, job)


def steps_fit_together(result, policy, curves, job):
    """One machine at a time; every lease goes on where the last one was saved."""
    reached = {}
    for trial, full in curves.max_steps.items():
        leases = [x for x in result.leases if x.trial == trial]
        for before, after in pairwise(leases):
            assert before.ended <= after.launched + 1e-6
            assert before.last_step == after.first_step
        assert leases[0].first_step == 0
        assert all(0 <= x.first_step <= x.last_step for x in leases)
        reached[trial] = leases[-1].last_step
        assert sum(x.steps for x in leases) == pytest.approx(reached[trial])
        if job["kind"] == "ASHA":
            assert reached[trial] in {policy.rung_step(trial, r) for r in range(3)}
        else:
            assert reached[trial] in {policy.shutdown.first_target(trial), full}
    complete = [t for t, steps in reached.items() if steps == curves.max_steps[t]]
    if job["kind"] == "ASHA":
        assert result.ranking[0] in complete or not complete
    elif job["theta"] < 1:
        assert sorted(result.ranking[:2]) == sorted(complete)
    else:
        assert len(complete) == 5
        best = curves.trials[int(curves.final.argmin())]
        assert result.ranking[0] == best
        assert result.regret == 0


def the_money_adds_up(result, job):
    ledger = result.ledger
    assert [c.trial for c in ledger] == [x.trial for x in result.leases]
    for line, lease in zip(ledger, result.leases, strict=True):
        assert (line.gross, line.refund) == (
            round(lease.gross * 1e6),
            round(lease.refund * 1e6),
        )
        assert line.gross == line.net + line.refund
    assert result.cost == sum(c.gross - c.refund for c in ledger) / 1e6
    row = result.summary()
    for share in ("free_share", "refund_share", "overhead_share", "transfer_share"):
        assert 0 <= row[share] <= 1 + 1e-9
    assert row["transfer_share"] <= row["overhead_share"] + 1e-9
    assert row["gross"] == pytest.approx(row["cost"] + row["refund"], abs=1e-9)
    assert row["launches"] == len(result.leases) >= 5
    if job["regime"] == "no-refund":
        assert row["free_share"] == row["refund_share"] == row["refund"] == 0


@given(jobs)
@settings(max_examples=15)
def test_a_job_repeats_exactly(world, job):
    first, second = world(job)[0], world(job)[0]
    assert first.log == second.log
    assert first.leases == second.leases
    assert first.summary() == second.summary()


@given(jobs)
@settings(max_examples=30)
def test_the_log_tells_of_every_machine(world, job):
    result = world(job)[0]
    launches = {(time, a.trial) for time, a in result.log if isinstance(a, Launch)}
    assert {(x.launched, x.trial) for x in result.leases} <= launches
    saves = sum(isinstance(a, Checkpoint) for _, a in result.log)
    if job["machinery"].notice > job["machinery"].poll + 1e-6:
        assert saves >= result.revocations  # all were told in time
    assert [time for time, _ in result.log] == sorted(time for time, _ in result.log)


@given(jobs, st.sampled_from(["hourly-2017", "no-refund"]))
@settings(max_examples=20)
def test_billing_changes_the_bill_and_nothing_else(world, job, regime):
    first = world({**job, "regime": "first-hour-refund"})[0]
    second = world({**job, "regime": regime})[0]
    assert first.log == second.log
    assert [x.last_step for x in first.leases] == [x.last_step for x in second.leases]
    if regime == "no-refund":
        assert second.cost == pytest.approx(first.ledger.gross)
