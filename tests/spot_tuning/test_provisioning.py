"""The choice of a machine: cost formulas, bids, ties, and what it may depend on."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from helpers.spot_tuning.instances import PAPER_TYPES, instance
from helpers.spot_tuning.job import JobState, TrialState
from helpers.spot_tuning.prices import HOUR, Market, PriceTrace
from helpers.spot_tuning.provisioning import (
    DELTA_HIGH,
    DELTA_LOW,
    Delta,
    Provisioner,
    expected_step_cost,
)

shares = st.floats(0, 1)
TRIAL = TrialState("t0", 0, ())


def state(market, now=7200.0, measured=None):
    return JobState(now, market.view(now), {"t0": TRIAL}, measured or {})


class ByBid:
    """Losing a machine gets less likely the higher the bid."""

    def probability(self, market, instance_type, max_price):
        return float(np.exp(-20 * (max_price - market.price(instance_type))))


@given(st.floats(0.1, 1e4), st.floats(1e-4, 10), shares)
def test_paper_formula(seconds, price, p):
    found = expected_step_cost(seconds, price, p)
    assert found == pytest.approx(seconds * (1 - p) * price / 3600)


@given(shares, st.floats(0, 3500))
def test_useful_time_against_numeric_integration(p, overhead):
    """Revoked at a second that is uniform over the hour; overhead comes first."""
    lost, _ = quad(lambda t: max(t - overhead, 0) / HOUR, 0, HOUR, points=[overhead])
    useful = (1 - p) * (HOUR - overhead) + p * lost
    found = expected_step_cost(7.0, 0.3, p, "useful-time", overhead)
    assert found == pytest.approx(7.0 * (1 - p) * 0.3 / useful, rel=1e-6)


@pytest.mark.parametrize(("p", "overhead"), [(0.2, 180.0), (0.9, 600.0)])
def test_useful_time_against_monte_carlo(p, overhead):
    rng = np.random.default_rng(0)
    lives = np.where(rng.random(400_000) < p, rng.uniform(0, HOUR, 400_000), HOUR)
    useful = np.maximum(lives - overhead, 0).mean()
    paid = 0.3 * (lives == HOUR).mean()
    found = expected_step_cost(7.0, 0.3, p, "useful-time", overhead)
    assert found == pytest.approx(7.0 * paid / useful, rel=0.01)


@given(shares)
def test_without_overhead_or_risk_both_formulas_agree(p):
    safe = expected_step_cost(7.0, 0.3, 0.0, "useful-time", 0.0)
    assert safe == pytest.approx(expected_step_cost(7.0, 0.3, 0.0))
    # Time lost to revocations makes a step dearer than the paper's formula says.
    assert expected_step_cost(7.0, 0.3, p, "useful-time", 60.0) >= (
        expected_step_cost(7.0, 0.3, p) * (1 - 1e-12)
    )


def test_offers_are_the_formula_on_past_prices(random_market):
    market = random_market(1, minutes=400)
    measured = {("r4.large", "t0"): 111.0, ("r4.large", "t1"): 5.0}
    chooser = Provisioner(PAPER_TYPES, 300.0, ByBid(), Delta("fixed", 0.01))
    offers = chooser.offers(TRIAL, state(market, 7215.0, measured))
    assert [o.instance_type for o in offers] == list(PAPER_TYPES)
    for offer in offers:
        prices = market.prices(offer.instance_type)
        mean = prices[61:121].mean()  # minute 120 is the present one
        seconds = 300.0 / instance(offer.instance_type).vcpu
        if offer.instance_type == "r4.large":
            seconds = 111.0
        assert offer.max_price == pytest.approx(prices[120] + 0.01)
        assert offer.revocation == pytest.approx(np.exp(-0.2))
        assert offer.mean_price == pytest.approx(mean)
        assert offer.step_seconds == pytest.approx(seconds)
        assert offer.step_cost == pytest.approx(
            seconds * (1 - np.exp(-0.2)) * mean / HOUR
        )
    cheapest = min(offers, key=lambda o: o.step_cost)
    assert chooser.best(TRIAL, state(market, 7215.0, measured)) == cheapest


@pytest.mark.parametrize("step_cost", ["paper", "useful-time"])
@pytest.mark.parametrize("order", [1, -1])
def test_ties_go_to_the_faster_machine(
    random_market, constant_revocation, step_cost, order
):
    """If every machine is surely lost, every one is free: take the fastest."""
    chooser = Provisioner(
        PAPER_TYPES[::order], 300.0, constant_revocation(1.0), step_cost=step_cost
    )
    best = chooser.best(TRIAL, state(random_market(0, minutes=400)))
    assert (best.instance_type, best.step_cost) == ("m4.4xlarge", 0.0)


DELTAS = st.one_of(
    st.just(Delta()),
    st.builds(Delta, st.just("fixed"), st.floats(1e-5, 0.2)),
    st.builds(Delta, st.just("relative"), st.floats(0.01, 0.2)),
    st.just(Delta("best")),
)


@given(DELTAS, st.integers(0, 99), st.integers(0, 5), st.sampled_from(["t0", "t7"]))
def test_bids_lie_above_the_price_by_the_rule(random_market, delta, seed, launches, id):
    market = random_market(2, minutes=400)
    trial = TrialState(id, 0, (), launches=launches)
    chooser = Provisioner(PAPER_TYPES, 300.0, ByBid(), delta, seed=seed)
    for offer in chooser.offers(trial, state(market)):
        price = market.price(offer.instance_type, 7200.0)
        above = offer.max_price - price
        assert offer.max_price > price
        if delta.kind == "uniform":
            assert DELTA_LOW - 1e-12 <= above <= DELTA_HIGH + 1e-12
        elif delta.kind == "relative":
            list_price = instance(offer.instance_type).on_demand
            assert above == pytest.approx(delta.low * list_price)
        elif delta.kind == "fixed":
            assert above == pytest.approx(delta.low)
        else:
            assert min(abs(above - d) for d in delta.grid) < 1e-12


def test_random_bids_are_uniform_and_drawn_for_every_launch_type_and_trial(
    flat_market, constant_revocation
):
    now = state(flat_market(dict.fromkeys(PAPER_TYPES, 0.05), 400))
    chooser = Provisioner(PAPER_TYPES, 300.0, constant_revocation(0.1), seed=3)
    bids = np.array(
        [
            [o.max_price - 0.05 for o in chooser.offers(trial, now)]
            for launches in range(200)
            for trial in (
                TrialState("t0", 0, (), launches=launches),
                TrialState("t1", 0, (), launches=launches),
            )
        ]
    )
    assert len(np.unique(bids)) == bids.size
    assert bids.mean() == pytest.approx(DELTA_HIGH / 2, rel=0.05)
    assert bids.std() == pytest.approx(DELTA_HIGH / 12**0.5, rel=0.05)
    other = replace(chooser, seed=4).offers(TRIAL, now)
    assert other != chooser.offers(TRIAL, now)


def test_best_delta_is_the_cheapest_of_its_grid(random_market):
    now = state(random_market(4, minutes=400))
    grid = (1e-4, 0.01, 0.1)
    chooser = Provisioner(
        PAPER_TYPES, 300.0, ByBid(), Delta("best", grid=grid), overhead=600.0
    )
    assert len(chooser.offers(TRIAL, now)) == len(grid) * len(PAPER_TYPES)
    fixed = [replace(chooser, delta=Delta("fixed", d)).best(TRIAL, now) for d in grid]
    assert chooser.best(TRIAL, now) == min(fixed, key=lambda o: o.step_cost)


@pytest.mark.parametrize("matrix", ["per-pair", "rank-1"])
def test_the_same_state_gives_the_same_offers(random_market, matrix):
    measured = {("r4.large", "t0"): 111.0, ("m4.2xlarge", "t3"): 40.0}
    now = state(random_market(5, minutes=400), measured=measured)
    chooser = Provisioner(PAPER_TYPES, 300.0, ByBid(), matrix=matrix)
    first = chooser.offers(TRIAL, now)
    chooser.offers(TrialState("t5", 0, (), launches=2), now)
    chooser.offers(TRIAL, state(random_market(6, minutes=400)))
    assert chooser.offers(TRIAL, now) == first
    assert pickle.loads(pickle.dumps(chooser)).offers(TRIAL, now) == first


@given(st.integers(121, 399), st.floats(0.1, 10))
def test_offers_do_not_depend_on_later_prices(random_market, minute, factor):
    market = random_market(7, minutes=400)
    changed = []
    for name in market.types:
        prices = market.prices(name).copy()
        prices[minute:] *= factor
        changed.append(PriceTrace(name, prices))
    chooser = Provisioner(PAPER_TYPES, 300.0, ByBid())
    now = 60.0 * minute - 0.5
    assert chooser.offers(TRIAL, state(market, now)) == chooser.offers(
        TRIAL, state(Market(changed), now)
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"types": ()}, "no instance type"),
        ({"types": ("r4.large", "m4.4xlrge")}, "did you mean 'm4.4xlarge'"),
        ({"one_core_seconds": 0.0}, "one_core_seconds is 0.0; allowed: above 0"),
        ({"one_core_seconds": -1.0}, "allowed: above 0"),
        ({"one_core_seconds": float("nan")}, "allowed: above 0"),
        ({"matrix": "rank1"}, "did you mean 'rank-1'"),
        ({"step_cost": "useful"}, "did you mean 'useful-time'"),
        ({"overhead": 3600.0}, "overhead is 3600.0; allowed"),
        ({"overhead": -1.0}, "overhead is -1.0; allowed"),
    ],
)
def test_bad_provisioners_fail_when_they_are_made(change, message):
    good = {"types": PAPER_TYPES, "one_core_seconds": 300.0, "predictor": ByBid()}
    with pytest.raises(ValueError, match=message):
        Provisioner(**{**good, **change})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "unifrom"}, "did you mean 'uniform'"),
        ({"low": 0.0}, "allowed: low above 0, high not below"),
        ({"low": 0.3}, "allowed: low above 0, high not below"),
        ({"low": float("nan")}, "allowed: low above 0, high not below"),
        ({"grid": ()}, "a positive grid"),
        ({"grid": (0.1, 0.0)}, "a positive grid"),
        ({"grid": (0.1, float("nan"))}, "a positive grid"),
    ],
)
def test_bad_deltas(change, message):
    with pytest.raises(ValueError, match=message):
        Delta(**change)


def test_a_fixed_delta_may_be_so_high_that_nothing_is_ever_lost():
    assert Delta("fixed", 1e6).options("r4.large", np.random.default_rng()) == [1e6]


@pytest.mark.parametrize("p", [-0.1, 1.1, float("nan")])
def test_a_predictor_must_give_a_probability(p):
    with pytest.raises(ValueError, match="revocation probability"):
        expected_step_cost(1.0, 1.0, p)


def test_a_cap_leaves_out_spikes_unless_all_spike():
    """Mean prices lag: a machine at ten times its price looks cheap for an hour."""
    calm = np.full(180, 0.1)
    spike = np.r_[np.full(178, 0.01), np.full(2, 8.0)]
    now = 179 * 60.0
    types = ("r4.large", "m4.4xlarge")

    def best(cap, *prices):
        traces = [PriceTrace(t, p) for t, p in zip(types, prices, strict=True)]
        chooser = Provisioner(types, 60.0, ByBid(), price_cap=cap)
        return chooser.best(TRIAL, state(Market(traces), now)).instance_type

    assert best(np.inf, calm, spike) == "m4.4xlarge"
    assert best(1.0, calm, spike) == "r4.large"
    assert best(1.0, np.r_[calm[:178], np.full(2, 0.2)], spike) == "m4.4xlarge"
    with pytest.raises(ValueError, match="price_cap is 0"):
        Provisioner(types, 60.0, ByBid(), price_cap=0)
