"""Bills against brute force, second by second and hour by hour; sums to the cent."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.spot_tuning.billing import REGIMES, Ledger, billing, charge
from helpers.spot_tuning.instances import instance
from helpers.spot_tuning.prices import Market, PriceTrace

MINUTES = 400
PRICES = np.random.default_rng(0).uniform(0.01, 2.0, MINUTES)
MARKET = Market([PriceTrace("r4.large", PRICES)])
LAST = MINUTES * 60
regimes = st.sampled_from(list(REGIMES))


def bill(regime, launched, ended, interrupted, **more):
    return charge(
        billing(regime),
        MARKET,
        trial="t0",
        instance_type="r4.large",
        launched=launched,
        ended=ended,
        interrupted=interrupted,
        **more,
    )


def second_by_second(launched, ended):
    return sum(PRICES[second // 60] for second in range(launched, ended)) / 3600


spans = st.tuples(st.integers(0, LAST - 1), st.integers(0, 3 * 3600)).map(
    lambda pair: (pair[0], min(pair[0] + pair[1], LAST))
)


@given(spans, st.booleans())
def test_seconds_at_the_price_in_force_and_a_free_first_hour(span, interrupted):
    launched, ended = span
    found = bill("first-hour-refund", launched, ended, interrupted)
    gross = second_by_second(launched, ended)
    assert found.gross / 1e6 == pytest.approx(gross, abs=1e-6)
    free = interrupted and ended - launched < 3600
    assert found.refund == (found.gross if free else 0)


@given(st.floats(0, LAST - 1), st.floats(0, 10_000))
def test_parts_of_seconds_against_a_fine_sum(launched, age):
    ended = min(launched + age, LAST)
    edges = np.unique([launched, ended, *np.arange(MINUTES) * 60.0])
    edges = edges[(edges >= launched) & (edges <= ended)]
    middle = (edges[1:] + edges[:-1]) / 2
    gross = (np.diff(edges) * PRICES[(middle // 60).astype(int)]).sum() / 3600
    found = bill("no-refund", launched, ended, True)
    assert found.gross / 1e6 == pytest.approx(gross, abs=1e-6)
    assert found.refund == 0


@given(
    st.integers(0, LAST - 5 * 3600),
    st.one_of(st.integers(0, 4 * 3600), st.sampled_from([0, 3600, 7200, 10_800])),
    st.booleans(),
    st.data(),
)
def test_whole_hours_against_brute_force(launched, age, interrupted, data):
    """User ends: started hours in full. Provider ends: the unfinished hour is free."""
    dust = data.draw(st.sampled_from([0.0, 1e-9, -1e-9])) if age else 0.0
    hours = [PRICES[(launched + 3600 * h) // 60] for h in range(5)]
    begun = max(1, -(-age // 3600))
    gross = sum(hours[:begun])
    if interrupted:
        completed = age // 3600
        net = sum(hours[:completed])
    else:
        net = gross
    found = bill("hourly-2017", launched, launched + age + dust, interrupted)
    assert found.gross / 1e6 == pytest.approx(gross, abs=1e-6)
    assert found.net / 1e6 == pytest.approx(net, abs=2e-6)


@pytest.mark.parametrize(
    ("age", "free"), [(0, True), (3599, True), (3600, False), (3601, False)]
)
def test_first_hour_ends_at_3600_seconds(age, free):
    found = bill("first-hour-refund", 777, 777 + age, True)
    assert (found.net == 0) == free
    if age:
        assert bill("first-hour-refund", 777, 777 + age, False).refund == 0


def test_minimum_charge():
    short = bill("minimum-charge", 0, 5, False)
    assert short.gross == bill("minimum-charge", 0, 60, False).gross
    assert short.gross == round(PRICES[0] / 60 * 1e6)
    long = bill("minimum-charge", 0, 61, False)
    assert long.gross == bill("no-refund", 0, 61, False).gross
    taken = bill("minimum-charge", 0, 5, True)
    assert taken.refund == taken.gross == short.gross


@given(spans, st.booleans(), regimes)
def test_on_demand_pays_the_list_price_and_gets_nothing_back(span, interrupted, regime):
    launched, ended = span
    found = bill(regime, launched, ended, interrupted, purchase="on-demand")
    age = ended - launched
    unit = {
        "hourly-2017": max(1, -(-age // 3600)) * 3600,
        "minimum-charge": max(60, age),
    }
    cost = instance("r4.large").on_demand * unit.get(regime, age) / 3600
    assert found.gross / 1e6 == pytest.approx(cost, abs=1e-6)
    assert found.refund == 0


@given(
    st.lists(st.tuples(st.floats(0, 9000), st.floats(0, 9000), st.booleans(), regimes))
)
def test_money_always_adds_up(leases):
    ledger = Ledger(
        [
            bill(regime, first, first + age, taken)
            for first, age, taken, regime in leases
        ]
    )
    for line in ledger:
        assert line.gross == line.net + line.refund
        assert 0 <= line.refund <= line.gross
    cents = ledger.cents()
    assert cents["gross"] == cents["net"] + cents["refund"]
    assert ledger.gross == pytest.approx(ledger.net + ledger.refund, abs=1e-9)
    assert round(ledger.gross * 1e6) == sum(line.gross for line in ledger)
    for name, exact in (("net", ledger.net), ("refund", ledger.refund)):
        assert abs(cents[name] - 100 * exact) <= 0.5 + 1e-6
    assert abs(cents["gross"] - 100 * ledger.gross) <= 1 + 1e-6
    assert len(ledger) == len(leases)


def test_a_machine_may_live_to_the_very_end_of_the_trace():
    found = bill("first-hour-refund", LAST - 7200, LAST, False)
    assert found.gross / 1e6 == pytest.approx(
        second_by_second(LAST - 7200, LAST), abs=1e-6
    )
    assert bill("hourly-2017", LAST - 7200, LAST, False).gross == round(
        (PRICES[-120] + PRICES[-60]) * 1e6
    )


@pytest.mark.parametrize("regime", list(REGIMES))
def test_nothing_is_billed_beyond_the_trace(regime):
    with pytest.raises(IndexError, match="outside the trace of 400 minutes"):
        bill(regime, LAST - 60, LAST + 3700, False)


@pytest.mark.parametrize("ended", [9.0, float("nan")])
def test_a_machine_cannot_end_before_it_starts(ended):
    with pytest.raises(ValueError, match=r"t0: machine ends at .*, starts at 10"):
        bill("no-refund", 10.0, ended, False)


def test_unknown_names():
    with pytest.raises(ValueError, match=r"'no-refnd'; did you mean 'no-refund'"):
        billing("no-refnd")
    with pytest.raises(ValueError, match=r"did you mean 'r4\.large'"):
        charge(
            billing("no-refund"),
            MARKET,
            trial="t0",
            instance_type="r4.larg",
            launched=0,
            ended=1,
            interrupted=False,
        )
