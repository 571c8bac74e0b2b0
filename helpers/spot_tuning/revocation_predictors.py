"""Revocation predictors for the policy: each answers from the view it is given.

All follow `job.RevocationPredictor`, as does `revocation_lstm_predictor`. The oracle
alone looks ahead; its name says so.
"""

from __future__ import annotations

import numpy as np

from helpers.spot_tuning.prices import MINUTE, Market, MarketView, TraceError
from helpers.spot_tuning.revocation_features import DAY, HORIZON, highest_ahead


class NeverRevoked:
    """p = 0: the policy that takes no account of revocations."""

    def probability(
        self, market: MarketView, instance_type: str, max_price: float
    ) -> float:
        return 0.0


class HazardPredictor:
    """How often the price rose by more than delta within an hour, in the last days.

    `revocation_baselines.EmpiricalHazard` for one request, with delta = max price -
    present price. Counts only start minutes whose hour is over.

    Parameters
    ----------
    days : float
        Days of start minutes to count, above 0.

    Raises
    ------
    ValueError
        If ``days`` is not positive.
    """

    def __init__(self, days: float = 7.0) -> None:
        if not days > 0:
            raise ValueError(f"days is {days}; allowed: above 0")
        self.days = days

    def probability(
        self, market: MarketView, instance_type: str, max_price: float
    ) -> float:
        """P(price exceeds ``max_price`` within the hour).

        Raises
        ------
        TraceError
            If the view has no 61 prices, so no hour that is over.
        """
        past = market.past(instance_type, round(self.days * DAY) + HORIZON)
        rises = highest_ahead(past) - past[:-HORIZON]
        if not len(rises):
            raise TraceError(
                f"{instance_type}: {len(past)} past minutes; the hazard needs at "
                f"least {HORIZON + 1}, start later"
            )
        delta = max_price - past[-1]
        return float(np.count_nonzero(rises > delta) / len(rises))


class OraclePredictor:
    """Knows the future: 1 if the machine will be revoked within the hour, else 0.

    Only for a column that is labelled as an oracle. A price still in force at the
    end of the trace counts as lasting.

    Parameters
    ----------
    market : Market
        The world that the views show.
    """

    def __init__(self, market: Market) -> None:
        self.market = market

    def probability(
        self, market: MarketView, instance_type: str, max_price: float
    ) -> float:
        now = market.minute * MINUTE
        above = self.market.first_above(instance_type, max_price, now)
        return float(above is not None and above <= now + HORIZON * MINUTE)
