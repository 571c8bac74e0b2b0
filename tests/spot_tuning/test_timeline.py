"""A job over time: bars, counts and the bill agree with the leases and the ledger."""

from __future__ import annotations

import numpy as np
import pytest

from helpers.spot_tuning import timeline
from helpers.spot_tuning.billing import REGIMES
from helpers.spot_tuning.instances import instance
from helpers.spot_tuning.prices import HOUR
from tests.spot_tuning.small_jobs import MARKET, POLICIES, START, job, spot


@pytest.mark.parametrize("regime", REGIMES)
@pytest.mark.parametrize("name", POLICIES)
def test_the_bill_ends_at_the_ledger_exactly(name, regime):
    result = job(POLICIES[name], regime)
    bill = timeline.running_bill(result, MARKET, every=600)
    last = bill.iloc[-1]
    for column in ("gross", "refund", "net"):
        assert last[column] == getattr(result.ledger, column)
    assert bill["hours"].iloc[0] == pytest.approx(0)
    assert bill["hours"].iloc[-1] == pytest.approx(result.jct / HOUR)
    for column in ("hours", "gross", "refund"):
        assert (np.diff(bill[column]) >= 0).all()
    assert (bill["net"] >= -1e-9).all()


@pytest.mark.parametrize("name", POLICIES)
def test_the_bill_follows_the_price(name):
    """Brute force: integrate the price of every machine up to each row."""
    result = job(POLICIES[name])
    bill = timeline.running_bill(result, MARKET, every=900)
    start = timeline.job_start(result)
    for row in bill.drop_duplicates("hours", keep="last").itertuples():
        now = start + row.hours * HOUR + 1e-7
        gross = refund = 0.0
        for charge in result.ledger:
            until = min(now, charge.ended)
            if until > charge.launched:
                gross += (
                    instance(charge.instance_type).on_demand
                    * (until - charge.launched)
                    / HOUR
                    if charge.purchase == "on-demand"
                    else MARKET.integral(charge.instance_type, charge.launched, until)
                )
            refund += charge.refund / 1e6 if charge.ended <= now else 0.0
        slack = 1e-6 * len(result.ledger)  # each charge is rounded
        assert row.gross == pytest.approx(gross, abs=slack)
        assert row.refund == pytest.approx(refund, abs=slack)


def test_a_refund_appears_when_it_is_granted():
    result = job(POLICIES["spot"])
    bill = timeline.running_bill(result, MARKET)
    ends = sorted({c.ended for c in result.ledger if c.refund})
    assert len(ends) > 3  # otherwise this shows nothing
    falls = bill["hours"][1:][np.diff(bill["refund"]) > 0]
    hours = [(end - START) / HOUR for end in ends]
    assert falls.tolist() == pytest.approx(hours)
    # The step is upright: the row before it has the same hour.
    assert bill["hours"][falls.index - 1].tolist() == pytest.approx(hours)


def test_interval_of_the_rows_must_be_positive():
    with pytest.raises(ValueError, match="every is 0; allowed: above 0"):
        timeline.running_bill(job(POLICIES["asha"]), MARKET, every=0)


@pytest.mark.parametrize("name", POLICIES)
def test_bars_cover_every_machine_once(name):
    result = job(POLICIES[name])
    rows = timeline.gantt_rows(result)
    for machine, parts in rows.groupby("machine"):
        lease = result.leases[machine]
        edges = [parts["first"].iloc[0], *parts["last"]]
        assert edges[1:-1] == parts["first"].tolist()[1:]
        ends = [(x - START) / HOUR for x in (lease.launched, lease.ended)]
        assert [edges[0], edges[-1]] == pytest.approx(ends)
        assert set(parts["trial"]) == {lease.trial}
    assert rows["machine"].nunique() == len(result.leases)
    for _, bars in rows.sort_values("first").groupby("trial"):
        assert (
            bars["first"].to_numpy()[1:] >= bars["last"].to_numpy()[:-1] - 1e-9
        ).all()
    order = rows.drop_duplicates("row").sort_values("row")["trial"].tolist()
    assert order == result.ranking
    assert rows["revoked"].any() == (result.revocations > 0)


@pytest.mark.parametrize("name", POLICIES)
def test_machine_counts_against_the_leases(name):
    result = job(POLICIES[name])
    counts = timeline.machine_counts(result)
    assert (counts.iloc[-1] == 0).all()
    for hour in np.random.default_rng(0).uniform(0, result.jct / HOUR, 50):
        now = START + hour * HOUR
        held = [x.instance_type for x in result.leases if x.launched <= now < x.ended]
        row = counts[counts.index <= hour].iloc[-1]
        assert {k: n for k, n in row.items() if n} == {k: held.count(k) for k in held}


def test_phase_one_ends_for_all_at_once_or_not_at_all():
    result = job(POLICIES["spot"])
    end = timeline.phase_end(result)
    later = {x.trial for x in result.leases if x.launched >= START + end * HOUR - 1e-6}
    assert later == set(timeline.promoted(result)) == set(result.ranking[:2])
    assert timeline.promoted(job(POLICIES["spot to the end"])) == {}
    assert timeline.phase_end(job(POLICIES["spot to the end"])) is None
    halving = job(POLICIES["asha"])
    assert len(timeline.promoted(halving)) > 1
    assert timeline.phase_end(halving) is None


def test_work_is_lost_when_the_checkpoint_does_not_fit_into_the_notice():
    assert job(POLICIES["spot"]).lost_share == 0
    huge = job(spot(0.5, 1e-3), checkpoint_mb=20_000)  # 149 s on the fastest type
    lost = timeline.gantt_rows(huge).query("part == 'lost'")
    assert lost["revoked"].all()
    held = sum(x.ended - x.launched for x in huge.leases) / HOUR
    share = (lost["last"] - lost["first"]).sum() / held
    assert 0 < share == pytest.approx(huge.summary()["lost_share"])
