"""Cost of decisions: a market worked out by hand, and bookkeeping that adds up."""

from __future__ import annotations

import numpy as np
import pytest

from helpers.spot_tuning.prices import Market, PriceTrace
from helpers.spot_tuning.revocation_decisions import decision_costs
from helpers.spot_tuning.revocation_deltas import DeltaRule
from helpers.spot_tuning.revocation_predictors import HazardPredictor
from tests.spot_tuning.synthetic_prices import random_trace

FIXED = DeltaRule("fixed", low=0.01)


def spiking(minute, flat=0.05):
    """r4.large at 0.10 that goes to 0.50 at ``minute``, beside a flat r4.xlarge."""
    prices = np.full(400, 0.10)
    prices[minute:] = 0.50
    return Market(
        [PriceTrace("r4.large", np.full(400, flat)), PriceTrace("r4.xlarge", prices)]
    )


def test_one_start_by_hand():
    # r4.xlarge is lost after 30 minutes, so free; r4.large is cheaper for its speed
    table = decision_costs(spiking(230), {}, [200], FIXED, alpha=0.5, overhead=5)
    cost = 0.05 / (55 / 60 * 2**0.5)
    assert table.loc["p = 0"].tolist() == pytest.approx([cost, 0, 0, 0])
    assert table.loc["oracle"].tolist() == pytest.approx([0, 1, 1, 1])
    # if even p = 0 pays nothing there is nothing to save
    dear = decision_costs(spiking(230, 0.09), {}, [200], FIXED, alpha=0.5)
    assert dear.loc["p = 0", ["cost", "free"]].tolist() == [0, 1]
    assert dear["saved"].isna().all()


def test_paid_hours_by_hand():
    # nothing is lost: one hour at 0.10 with 55 useful minutes on four cores
    table = decision_costs(spiking(300, 0.09), {}, [200], FIXED, alpha=0.5, overhead=5)
    cost = 0.10 / (55 / 60 * 2)
    assert table.loc["p = 0"].tolist() == pytest.approx([cost, 0, 0, 0])
    assert table.loc["oracle"].tolist() == pytest.approx([cost, 0, 0, 0])


def test_a_machine_lost_at_once_is_free_and_useless():
    table = decision_costs(
        spiking(202, 0.09), {}, [140, 200], FIXED, alpha=0.5, overhead=5
    )
    # the second hour adds neither cost nor work; the first is lost after 62 minutes
    assert table.loc["p = 0", "cost"] == pytest.approx(0.10 / (55 / 60 * 2))
    assert table.loc["p = 0", "revoked"] == 0.5
    assert table.loc["p = 0", "free"] == 0


def test_rows_and_the_same_candidates_for_all():
    market = Market(
        [random_trace(4, 1, "r4.large", 0.04), random_trace(4, 2, "m4.2xlarge", 0.12)]
    )
    starts = np.arange(1500, market.minutes - 61, 60)

    class Blind(HazardPredictor):
        def probability(self, market, instance_type, max_price):
            return 0.4

    table = decision_costs(
        market, {"hazard": HazardPredictor(), "blind": Blind()}, starts, DeltaRule()
    )
    assert table.index.tolist() == ["p = 0", "hazard", "blind", "oracle"]
    # the same p everywhere changes no choice
    assert table.loc["blind"].tolist() == pytest.approx(table.loc["p = 0"].tolist())
    assert table.loc["oracle", "saved"] > 0
    assert table["saved"].to_numpy() == pytest.approx(
        1 - table["cost"] / table.loc["p = 0", "cost"]
    )
    again = decision_costs(market, {"blind": Blind()}, starts, DeltaRule())
    assert again.loc["p = 0"].equals(table.loc["p = 0"])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"starts": [100]}, "from 119 to 339"),
        ({"starts": [340]}, "from 119 to 339"),
        ({"starts": []}, "from 119 to 339"),
        ({"predictors": {"oracle": HazardPredictor()}}, "added here"),
        ({"overhead": 60.0}, "below 60"),
    ],
)
def test_bad_input(changes, message):
    arguments = {"predictors": {}, "starts": [200], "rule": FIXED} | changes
    with pytest.raises(ValueError, match=message):
        decision_costs(spiking(300), **arguments)
