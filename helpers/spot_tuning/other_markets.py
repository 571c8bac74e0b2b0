"""The same jobs with other knowledge, and in other markets."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from helpers.paths import user_data
from helpers.spot_tuning.bench import Bench, repetitions, start_times
from helpers.spot_tuning.curves import LearningCurves
from helpers.spot_tuning.experiments import compare_policies
from helpers.spot_tuning.instances import PAPER_TYPES, cheapest
from helpers.spot_tuning.price_layouts import market_of_name
from helpers.spot_tuning.price_readers import price_files, read_market
from helpers.spot_tuning.prices import Market, TraceError
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


def policy_variants() -> dict[str, Callable[[Bench], Bench]]:
    """Named changes of a bench, one piece of the policy at a time.

    ``"oracle"`` sees the future: it bounds what a predictor could be worth.
    """
    relative = Delta("relative", 0.1, 0.1)
    best = Delta("best")
    return {
        "reconstructed": lambda b: b,
        "hazard, 7 days": lambda b: replace(b, revocation=HazardPredictor()),
        "p = 0": lambda b: replace(b, revocation=NeverRevoked()),
        "oracle": lambda b: replace(b, revocation=OraclePredictor(b.market)),
        "shared matrix": lambda b: replace(b, matrix="rank-1"),
        "useful time (2)": lambda b: replace(b, step_cost="useful-time"),
        "never above list price": lambda b: replace(b, price_cap=1.0),
        "bid 10 % of list price": lambda b: replace(b, delta=relative),
        "best bid of five": lambda b: replace(b, delta=best),
    }


def jobs_elsewhere(
    market: Market,
    curves: Mapping[str, Sequence[LearningCurves]],
    *,
    starts: int,
    hours: float,
    theta: float = 0.7,
    winners: int = 3,
) -> pd.DataFrame:
    """`compare_policies` in one market without trained networks: hazard of seven days.

    Repetitions are start times, so they share the market's weather. Trials are scaled
    to ``hours`` on that market's cheapest type.
    """
    scaled = {
        name: [table.lasting(hours, cheapest(market.types)) for table in tables]
        for name, tables in curves.items()
    }
    times = start_times(market, starts, first_day=WARM_UP, hours=5 * hours)
    draws = repetitions(
        [market] * starts,
        [HazardPredictor()] * starts,
        scaled,
        times,
        theta=theta,
        winners=winners,
    )
    return compare_policies(draws, MAIN)


def real_market(
    folder: Path | str | None = None, zone: str | None = None
) -> Market | None:
    """Real traces on their common window.

    Parameters
    ----------
    folder : path, optional
        Files named after their market (``m4.4xlarge-us-east-1b.csv.gz``), one each; or
        files that hold all of the paper's types, as Kaggle's. By default ``spot`` in
        the reader's data folder (`helpers.paths.user_data`).
    zone : str, optional
        Zone of the prices, where a file has several.

    Returns
    -------
    Market or None
        None without a data folder, or if that has no files of prices.

    Raises
    ------
    TraceError
        If the given folder does not exist; if a trace cannot be used, with file and
        line.
    """
    if folder is None:
        data = user_data()
        files = [] if data is None else price_files(data / "spot")
        if not files:
            return None
    elif not Path(folder).is_dir():
        raise TraceError(f"no folder of price traces at {folder}")
    else:
        files = price_files(folder)
    markets = {path: found for path in files if (found := market_of_name(path))}
    named = {p: kind for p, (kind, z) in markets.items() if zone in (None, z)}
    if named:
        return read_market(list(named), sorted(set(named.values())), zone)
    return read_market(files, PAPER_TYPES, zone)
