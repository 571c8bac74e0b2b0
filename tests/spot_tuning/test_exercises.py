"""The checks turn wrong attempts down, each with a hint that says why."""

from __future__ import annotations

import pytest

from helpers.spot_tuning.exercises import (
    check_bill,
    check_cost,
    check_lost,
    check_odds,
)


def bill(prices, launched, ended, interrupted, free=60):
    young = interrupted and ended - launched < free
    return 0.0 if young else prices[launched:ended].sum() / 60


def cost(seconds, price, p, overhead, useful=True):
    paid = (1 - p) * price
    hour = 3600 - overhead if useful else 3600
    return paid / (hour / seconds)


def lost(prices, delta, horizon=60, last=0):
    starts = range(len(prices) - horizon + last)
    hits = [max(prices[m + 1 : m + 1 + horizon], default=0) for m in starts]
    return sum(hit > prices[m] + delta for m, hit in enumerate(hits)) / len(starts)


def odds(q, training, true):
    return q * true / training


WRONG = [
    (check_bill, lambda *given: bill(*given, free=61), "younger than 60"),
    (check_bill, lambda p, a, b, _: bill(p, a, b, True), "ended by you"),
    (check_bill, lambda p, a, b, _: bill(p, a, b, False), "ended by the provider"),
    (check_bill, lambda *given: 60 * bill(*given), "per hour"),
    (check_cost, lambda *given: cost(*given, useful=False), "fit into U"),
    (check_cost, lambda s, price, p, o: cost(s, price, 0.0, o), "expected cost"),
    (check_lost, lambda *given: lost(*given, last=30), "following minutes are known"),
    (check_lost, lambda *given: lost(*given, horizon=59), "60 following"),
    (check_lost, lambda prices, delta: lost(prices, 0.0), r"prices\[m\] \+ delta"),
    (check_odds, odds, "ratio of prior odds"),
    (check_odds, lambda q, training, true: q, "Multiply the odds"),
]


@pytest.mark.parametrize(("check", "attempt", "hint"), WRONG)
def test_wrong_solutions_get_a_hint(check, attempt, hint):
    with pytest.raises(AssertionError, match=hint):
        check(attempt)
