"""Figures of a finished job from leases that are written down by hand."""

from __future__ import annotations

import math

import pytest

from helpers.spot_tuning.billing import Charge, Ledger
from helpers.spot_tuning.job_result import JobResult, LeaseRecord, relative_regret


def lease(gross, refund, first, last, reason, times, transfer=0.0):
    launched, ready, stopped, ended = times
    return LeaseRecord(
        "t0",
        "r4.large",
        "spot",
        0.1,
        launched,
        ready,
        stopped,
        ended,
        first,
        last,
        reason,
        gross / 1e6,
        refund / 1e6,
        transfer,
    )


def job(*leases):
    charges = [
        Charge(
            x.trial,
            x.instance_type,
            "spot",
            x.launched,
            x.ended,
            x.reason == "revoked",
            round(x.gross * 1e6),
            round(x.refund * 1e6),
        )
        for x in leases
    ]
    jct = max(x.ended for x in leases)
    return JobResult(list(leases), Ledger(charges), jct, ["t0"], 0.25, True, [])


FREE = lease(400_000, 400_000, 0.0, 3.0, "revoked", (0, 100, 900, 1000), 50.0)
HALF = lease(200_000, 100_000, 3.0, 5.0, "revoked", (1000, 1100, 4500, 5000))
PAID = lease(500_000, 0, 5.0, 10.0, "done", (5000, 5100, 8900, 9000), 50.0)


def test_a_job_by_hand():
    result = job(FREE, HALF, PAID)
    assert result.cost == pytest.approx(0.6)
    assert result.pcr == pytest.approx(1 / (0.6 * 2.5))
    assert result.free_share == pytest.approx((3 + 2 * 0.5) / 10)
    assert result.refund_share == pytest.approx(0.5 / 1.1)
    assert result.overhead_share == pytest.approx(1 - (800 + 3400 + 3800) / 9000)
    assert result.transfer_share == pytest.approx(100 / 9000)
    assert result.revocations == 2
    assert [x.free for x in result.leases] == [True, False, False]
    assert result.lost_share == 0
    assert result.summary() == {
        "cost": result.cost,
        "gross": pytest.approx(1.1),
        "refund": pytest.approx(0.5),
        "jct_hours": 2.5,
        "pcr": result.pcr,
        "free_share": result.free_share,
        "refund_share": result.refund_share,
        "overhead_share": result.overhead_share,
        "transfer_share": result.transfer_share,
        "lost_share": 0.0,
        "revocations": 2,
        "launches": 3,
        "regret": 0.25,
        "best_in_top3": 1.0,
    }


def test_lost_work():
    taken = lease(100_000, 0, 5.0, 5.0, "revoked", (5000, 5100, 5400, 5500))
    empty = lease(100_000, 0, 5.0, 5.0, "revoked", (5500, 5500, 5500, 5500))
    result = job(FREE, HALF, taken, empty, PAID)
    assert [x.lost for x in result.leases] == [False, False, True, True, False]
    assert result.lost_share == pytest.approx(300 / 9500)
    assert result.free_share == job(FREE, HALF, PAID).free_share


def test_a_job_that_costs_nothing():
    result = job(FREE)
    assert result.cost == 0
    assert math.isinf(result.pcr)
    assert result.free_share == result.refund_share == 1


def test_a_machine_too_short_to_cost_a_millionth_is_not_free():
    result = job(lease(0, 0, 0.0, 1.0, "done", (0, 0, 1, 1)))
    assert result.free_share == result.refund_share == 0
    assert not result.leases[0].free


@pytest.mark.parametrize(
    ("chosen", "best", "wanted"),
    [
        (1.2, 1.0, 0.2),
        (1.0, 1.0, 0.0),
        (-0.5, -1.0, 0.5),  # of a metric such as minus the score
        (0.0, 0.0, 0.0),
        (0.1, 0.0, math.inf),
    ],
)
def test_regret_is_never_negative(chosen, best, wanted):
    assert relative_regret(chosen, best) == pytest.approx(wanted)
