"""Money saved by a prediction: what the choice of a machine costs when p decides it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from helpers.spot_tuning.instances import relative_speed
from helpers.spot_tuning.job import RevocationPredictor
from helpers.spot_tuning.prices import MINUTE, Market
from helpers.spot_tuning.provisioning import StepCost, expected_step_cost
from helpers.spot_tuning.revocation_deltas import DeltaRule
from helpers.spot_tuning.revocation_features import HISTORY, HORIZON
from helpers.spot_tuning.revocation_lstm_predictor import LSTMPredictor
from helpers.spot_tuning.revocation_predictors import NeverRevoked, OraclePredictor

NEVER, ORACLE = "p = 0", "oracle"


def decision_costs(
    market: Market,
    predictors: Mapping[str, RevocationPredictor],
    starts: Sequence[int] | np.ndarray,
    rule: DeltaRule,
    seed: int = 0,
    *,
    deltas_per_type: int = 1,
    alpha: float = 0.6,
    overhead: float = 5.0,
    step_cost: StepCost = "paper",
) -> pd.DataFrame:
    """Cost of a useful hour when a machine is chosen, for one hour, by predicted p.

    At every start minute the candidates are all types of the market, each with
    ``deltas_per_type`` deltas drawn by ``rule``; they are the same for all
    predictors. A predictor gets the candidate with the lowest expected step cost,

        paper:  M (1 - p) * mean price of the last hour,      M = 1 / vCPU ** alpha

    and of equals the one with the lowest M * mean price. Then it is seen what the
    chosen machine does in the hour: if the price exceeds the max price after t
    minutes, the machine costs nothing (refund) and was useful for max(0, t -
    overhead) minutes; otherwise it costs the mean of the hour's prices and was
    useful for 60 - overhead minutes. Over all starts,

        cost of a useful hour = sum of costs / sum of (useful hours * vCPU ** alpha).

    The row "p = 0" ignores revocations and "oracle" puts p = 0 or 1 as it will be, in
    the same rule. The oracle is thus what perfect knowledge of the *event* is worth
    to this rule, not a lower bound: it takes a free machine even if that is lost
    after a minute.

    Parameters
    ----------
    starts : sequence of int
        Minutes of the market, apart from the training part.
    alpha : float
        Assumed speed-up with cores.
    overhead : float
        Minutes lost per machine to boot, restore and checkpoint (our assumption).
    step_cost : {"paper", "useful-time"}
        The formula that chooses; see `provisioning.expected_step_cost`.

    Returns
    -------
    DataFrame
        Index method; columns cost (USD per useful hour of one core), saved (share of
        the cost of "p = 0"), free (share of useful work on refunded machines),
        revoked (share of starts). NaN where there was no useful work, or no cost to
        save from.

    Raises
    ------
    ValueError
        If there is no start, or one has too little past or future in the market; if a
        predictor has a reserved name.
    """
    minutes = np.asarray(starts, dtype=int)
    last = market.minutes - HORIZON - 1
    if not len(minutes) or minutes.min() < HISTORY or minutes.max() > last:
        raise ValueError(
            f"starts must be minutes from {HISTORY} to {last}, got {starts}"
        )
    if taken := {NEVER, ORACLE} & set(predictors):
        raise ValueError(f"predictors named {sorted(taken)}; these rows are added here")
    if not 0 <= overhead < HORIZON:
        raise ValueError(f"overhead is {overhead} minutes; allowed: 0 to below 60")
    all_predictors = {
        NEVER: NeverRevoked(),
        **predictors,
        ORACLE: OraclePredictor(market),
    }
    for predictor in predictors.values():
        if isinstance(predictor, LSTMPredictor):
            predictor.prepare(minutes)
    rng = np.random.default_rng(seed)
    bids = {
        name: np.stack(
            [
                market.prices(name)[minutes]
                + rule.draw(market.prices(name), minutes, rng)
                for _ in range(deltas_per_type)
            ]
        )
        for name in market.types
    }
    totals = {name: np.zeros(4) for name in all_predictors}
    for i, minute in enumerate(minutes):
        view = market.view(minute * MINUTE)
        offers = [(name, bid) for name in market.types for bid in bids[name][:, i]]
        means = np.array([view.mean_price(name) for name, _ in offers])
        speeds = np.array([relative_speed(name, alpha) for name, _ in offers])
        results = [_outcome(market, *offer, minute, overhead) for offer in offers]
        for method, predictor in all_predictors.items():
            costs = [
                expected_step_cost(
                    1 / speed,
                    mean,
                    predictor.probability(view, *offer),
                    step_cost,
                    overhead * MINUTE,
                )
                for offer, speed, mean in zip(offers, speeds, means, strict=True)
            ]
            chosen = np.lexsort([means / speeds, costs])[0]
            paid, useful, revoked = results[chosen]
            work = useful * speeds[chosen]
            totals[method] += (paid, work, work * revoked, revoked)
    paid, work, free, revoked = np.array(list(totals.values())).T
    with np.errstate(invalid="ignore", divide="ignore"):
        cost = paid / work
        table = {
            "cost": cost,
            "saved": 1 - cost / cost[0],  # the first row is p = 0
            "free": free / work,
            "revoked": revoked / len(minutes),
        }
    return pd.DataFrame(table, index=pd.Index(list(totals), name="method"))


def _outcome(
    market: Market, name: str, max_price: float, minute: int, overhead: float
) -> tuple[float, float, bool]:
    """What one machine costs (USD), its useful hours, and whether it is revoked."""
    prices = market.prices(name)
    above = prices[minute + 1 : minute + 1 + HORIZON] > max_price
    if above.any():
        lived = int(above.argmax()) + 1
        return 0.0, max(0.0, lived - overhead) / HORIZON, True
    paid = float(prices[minute : minute + HORIZON].mean())
    return paid, (HORIZON - overhead) / HORIZON, False
