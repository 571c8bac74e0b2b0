"""The same jobs with other knowledge, and in other markets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from helpers.spot_tuning.curves import LearningCurves
from helpers.spot_tuning.experiments import Bench, compare_policies, start_times
from helpers.spot_tuning.final_metric import predictors_for
from helpers.spot_tuning.instances import cheapest
from helpers.spot_tuning.price_readers import read_market
from helpers.spot_tuning.prices import Market
from helpers.spot_tuning.provisioning import Delta
from helpers.spot_tuning.revocation_predictors import (
    HazardPredictor,
    NeverRevoked,
    OraclePredictor,
)

if TYPE_CHECKING:
    import pandas as pd

MAIN = ("SpotTune", "SpotTune, no shutdown", "Cheapest", "Fastest")
WARM_UP = 8.0  # days before the first start: the hazard looks back seven


def policy_variants(market: Market) -> dict[str, Callable[[Bench], Bench]]:
    """Named changes of a bench, one piece of the policy at a time.

    ``"oracle"`` sees the future: it bounds what a predictor could be worth.
    """
    relative = Delta("relative", 0.1, 0.1)
    best = Delta("best")
    return {
        "reconstructed": lambda b: b,
        "hazard, 7 days": lambda b: replace(b, revocation=HazardPredictor()),
        "p = 0": lambda b: replace(b, revocation=NeverRevoked()),
        "oracle": lambda b: replace(b, revocation=OraclePredictor(market)),
        "shared matrix": lambda b: replace(b, matrix="rank-1"),
        "useful time (2)": lambda b: replace(b, step_cost="useful-time"),
        "never above list price": lambda b: replace(b, price_cap=1.0),
        "bid 10 % of list price": lambda b: replace(b, delta=relative),
        "best bid of five": lambda b: replace(b, delta=best),
    }


def jobs_elsewhere(
    market: Market,
    curves: Mapping[str, LearningCurves],
    *,
    starts: int,
    hours: float,
    theta: float = 0.7,
    winners: int = 3,
) -> pd.DataFrame:
    """`compare_policies` in a market without trained networks: hazard of seven days.

    Trials are scaled to ``hours`` on that market's cheapest type.
    """
    scaled = {
        name: table.lasting(hours, cheapest(market.types))
        for name, table in curves.items()
    }
    benches = {
        name: Bench(
            table,
            market,
            HazardPredictor(),
            predictors_for(table),
            theta=theta,
            winners=winners,
        )
        for name, table in scaled.items()
    }
    times = start_times(market, starts, first_day=WARM_UP, hours=5 * hours)
    return compare_policies(benches, times, MAIN)


def real_market(folder: Path | str | None) -> Market | None:
    """Real traces on their common window; None without such a folder.

    The folder holds one file per market, named like ``m4.4xlarge-us-east-1b.csv.gz``.

    Raises
    ------
    TraceError
        If a trace in the folder cannot be used, with file and line.
    """
    if folder is None or not Path(folder).is_dir():
        return None
    files = sorted(Path(folder).glob("*-us-east-1?.csv.gz"))
    return read_market(files, [path.name.split("-us-")[0] for path in files])
