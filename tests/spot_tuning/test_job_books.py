"""Books of a real job: curves, leases, bill, clocks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.spot_tuning.billing import REGIMES
from helpers.spot_tuning.job import Launch
from helpers.spot_tuning.job_books import JobBooks
from helpers.spot_tuning.job_clock import LiveClock, ScaledClock
from helpers.spot_tuning.prices import Market, PriceTrace

MARKET = Market([PriceTrace("m3.large", np.linspace(0.02, 0.05, 200))])


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 9)), max_size=12))
@settings(deadline=None)
def test_curves_survive_any_losses(losses):
    """Whatever is lost and repeated, the curve is that of the steps done last."""
    books = JobBooks(["t0"])
    for steps, back in losses:
        for _ in range(steps):
            step = books["t0"].step + 1
            books.stepped("t0", step, float(step), 2.0)
        books.rewind("t0", max(0, books["t0"].step - back))
        assert books["t0"].metrics == [float(k + 1) for k in range(books["t0"].step)]


def test_a_repeated_step_overwrites_and_a_skipped_one_is_an_error():
    books = JobBooks(["t0"])
    for step, metric in ((1, 0.9), (2, 0.8), (2, 0.7)):
        books.stepped("t0", step, metric, 1.0)
    assert books["t0"].metrics == [0.9, 0.7]
    with pytest.raises(ValueError, match="step 4 after step 2"):
        books.stepped("t0", 4, 0.1, 1.0)


def test_leases_are_measured_recorded_and_billed():
    books = JobBooks(["t0", "t1"], REGIMES["first-hour-refund"])
    books.launch(Launch("t0", "m3.large", 0.1, 5), 60.0)
    state = books.state(90.0, MARKET)
    assert state.trials["t0"].lease.until_step == 5
    assert state.trials["t1"].lease is None
    books["t0"].ready = 100.0
    books.stepped("t0", 1, 0.5, 10.0)
    books.stepped("t0", 2, 0.4, 20.0)
    assert books.step_seconds == {("m3.large", "t0"): 15.0}
    books["t0"].stopped, books["t0"].saved = 130.0, 135.0
    books.notice("t0", 130.0)
    books.end("t0", 250.0, "revoked", MARKET)
    (record,) = books.records
    assert (record.ready, record.stopped, record.ended) == (100.0, 130.0, 250.0)
    assert (record.steps, record.transfer, record.free) == (2, 5.0, True)
    books.launch(Launch("t0", "m3.large", 0.1, 5), 300.0)
    books.end("t0", 400.0, "released", MARKET)
    # Prices of the whole minutes 5 and 40 s of minute 6, by hand.
    price = MARKET.prices("m3.large")
    assert books.ledger.net == pytest.approx(
        (price[5] * 60 + price[6] * 40) / 3600, abs=1e-6
    )
    assert books.ledger.gross == pytest.approx(books.ledger.net + books.ledger.refund)
    assert [r.reason for r in books.records] == ["revoked", "released"]
    assert books.records[1].transfer == 0.0


def test_a_failed_trial_is_no_longer_part_of_the_job():
    books = JobBooks(["t0", "t1"])
    books["t1"].failed = True
    assert list(books.state(0.0, MARKET).trials) == ["t0"]


@pytest.mark.parametrize("trials", [[], ["t0", "t0"]])
def test_ids_must_be_distinct(trials):
    with pytest.raises(ValueError, match="allowed: distinct ids"):
        JobBooks(trials)


def test_clocks():
    clock = ScaledClock(start=50.0, rate=1e6)
    first = clock.now()
    assert first == pytest.approx(50.0, abs=1e4)
    while clock.now() < first + 1000:
        pass
    live = LiveClock(datetime.now(UTC) - timedelta(hours=2))
    assert 7200 <= live.now() < 7260
    assert live.rate == 1.0
    with pytest.raises(ValueError, match="rate is 0"):
        ScaledClock(rate=0)
