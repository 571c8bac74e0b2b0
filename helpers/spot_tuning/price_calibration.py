"""Public figures of real spot markets, and the fit of the generator to them.

``python -m helpers.spot_tuning.price_calibration`` fits every market and writes
``data/spot_tuning/market_parameters.json`` (about a minute). It uses the seeds
`CALIBRATION_SEEDS` only; experiments draw their traces with other seeds.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from helpers.names import unknown_name
from helpers.paths import DATA, write_atomic
from helpers.progress import progress_bar
from helpers.spot_tuning.instances import PAPER_TYPES, instance
from helpers.spot_tuning.price_generator import generate_trace
from helpers.spot_tuning.price_parameters import (
    PARAMETERS_FILE,
    MarketParameters,
    ModernParameters,
    build,
    read_json,
)
from helpers.spot_tuning.price_statistics import Anatomy, anatomy

CALIBRATION_FILE = DATA / "spot_tuning" / "market_calibration.json"
CALIBRATION_SEEDS = range(1000, 1008)
CALIBRATION_START = datetime(2016, 2, 25, 12, tzinfo=UTC)  # as the public traces
DAYS = 60
ROUNDS = 14
FIGURES = (*(f.name for f in fields(Anatomy)), "lowest")

# Parameter, figure that it answers to, power of the correction in one round.
RULES = (
    ("base", "median", 0.8),
    ("slow_sd", "calm_sd", 0.6),
    ("slow_hours", "autocorrelation_day", 0.6),
    ("changes_per_hour", "changes_per_hour", 0.6),
    ("jump_sd", "change_p90", 0.6),
    ("turbulence", "tail of changes", 0.5),
    ("spikes_per_day", "spikes_per_day", 0.6),
    ("spike_minutes", "spike_median", 0.5),
    ("spike_spread", "tail of spikes", 0.25),
    ("spike_height", "mean over median", 0.5),
    ("weekend_spikes", "weekend", 0.5),
)
LIMITS = {
    "slow_sd": (0.01, 1.0),
    "slow_hours": (3.0, 72.0),
    "turbulence": (0.1, 1.0),
    "spike_spread": (0.3, 2.0),
    "spike_height": (0.05, 2.5),
    "weekend_spikes": (0.02, 2.0),
}


@dataclass(frozen=True)
class Target:
    """What is known of one real market.

    Attributes
    ----------
    name : str
        Instance type and last part of the zone, ``"m4.4xlarge-1b"``.
    source : str
        Key of `Calibration.sources`.
    on_demand : float
        List price in USD per hour that generated prices are scaled by. For the
        paper's types it is the catalogue's (2017), though their figures are over
        the list price of late 2016: ratios are kept, dollars are not.
    figures : dict of str to float
        Some fields of `price_statistics.Anatomy`, and ``lowest``.
    like : str
        Market that supplies what is missing, or an empty text.
    """

    name: str
    source: str
    on_demand: float
    figures: Mapping[str, float]
    like: str = ""


@dataclass(frozen=True)
class Calibration:
    """Targets, the bands that generated markets must keep to, and their sources.

    Attributes
    ----------
    sources : dict of str to dict
        What, where and under which licence, by key.
    bands : dict of str to (low, high)
        Allowed ratio of a generated figure to the target; allowed difference for
        autocorrelations.
    ranges : dict of str to dict
        By regime: (low, high) that every generated market keeps to.
    peak_hours : (int, int)
        UTC hours between which spikes peak.
    markets : dict of str to Target
    """

    sources: Mapping[str, Mapping[str, str]]
    bands: Mapping[str, tuple[float, float]]
    ranges: Mapping[str, Mapping[str, tuple[float, float]]]
    peak_hours: tuple[int, int]
    markets: Mapping[str, Target]


def load_calibration(path: Path = CALIBRATION_FILE) -> Calibration:
    """The public figures.

    Raises
    ------
    ValueError
        If the file is missing, no JSON, or has a field, figure, source or market
        that is missing or unknown; the message names it.
    """
    content = read_json(path)
    content.pop("about", None)
    calibration: Calibration = build(Calibration, content, path.name)
    rows: Mapping[str, Mapping[str, Any]] = content["markets"]
    markets = {}
    for name, row in rows.items():
        where = f"{path.name}, {name}"
        target: Target = build(Target, {"name": name, "like": "", **row}, where)
        instance(name.rpartition("-")[0])
        checks: tuple[tuple[str, Iterable[str], Iterable[str]], ...] = (
            ("source", [target.source], calibration.sources),
            ("market", [target.like] if target.like else [], rows),
            ("figure", target.figures, FIGURES),
        )
        for kind, used, known in checks:
            for item in used:
                if item not in known:
                    raise ValueError(
                        f"{where}: {unknown_name(kind, item, list(known))}"
                    )
        markets[name] = target
    return replace(calibration, markets=markets)


def generated_figures(
    market: MarketParameters, seeds: Iterable[int] = CALIBRATION_SEEDS
) -> dict[str, float]:
    """Figures of generated traces of 60 days, median over seeds; NaN if none has one.

    The median, since one long spike can outweigh all other minutes of a mean.
    """
    rows = [
        asdict(
            anatomy(
                generate_trace(market, DAYS, seed, CALIBRATION_START),
                market.on_demand,
            )
        )
        for seed in seeds
    ]
    found = {}
    for name in rows[0]:
        values = np.array([row[name] for row in rows])
        values = values[np.isfinite(values)]
        found[name] = float(np.median(values)) if len(values) else float("nan")
    return found


def fit_market(target: Target) -> MarketParameters:
    """Parameters whose traces show the target's figures.

    Each round generates traces and multiplies every parameter of `RULES` by
    (target / generated) ** power, until the figures agree.
    """
    figures = target.figures
    spread = figures["calm_sd"]
    start = MarketParameters(
        name=target.name,
        on_demand=target.on_demand,
        base=figures["median"],
        floor=figures["lowest"],
        ceiling=figures["highest"],
        slow_sd=spread,
        slow_hours=40.0,
        daily=0.25 * spread,
        weekend=-0.2 * spread,
        jump_sd=figures["change_p90"] / 2,
        jump_memory=0.8,
        turbulence=0.6,
        changes_per_hour=figures["changes_per_hour"],
        spikes_per_day=2 * figures["spikes_per_day"],
        spike_minutes=figures.get("spike_median", 15.0),
        spike_spread=1.3,
        spike_height=0.35,
        weekend_spikes=0.5,
    )
    tick = 1e-4 / (figures["median"] * target.on_demand)
    rules = [
        rule
        for rule in RULES
        # changes of one tick say nothing about the tail of larger ones
        if not (rule[0] == "turbulence" and figures["change_median"] < 2.5 * tick)
    ]
    return _iterate(start, figures, rules)


def fit_levels(
    target: Target, like: Target, model: MarketParameters
) -> MarketParameters:
    """A market of which only levels are known, with the dynamics of ``model``.

    The mean is met by the height of spikes; where the price never came to
    on-demand, by the swings of demand. That the dynamics of another market apply is
    our assumption.
    """
    figures = {"changes_per_hour": like.figures["changes_per_hour"], **target.figures}
    start = replace(
        model,
        name=target.name,
        on_demand=target.on_demand,
        base=figures["median"],
        floor=figures["lowest"],
        ceiling=figures["highest"],
    )
    answer = "spike_height" if figures["highest"] > 1 else "slow_sd"
    rules = [
        ("base", "median", 0.8),
        ("changes_per_hour", "changes_per_hour", 0.6),
        (answer, "mean over median", 0.5),
    ]
    return _iterate(start, figures, rules)


def _iterate(
    market: MarketParameters,
    figures: Mapping[str, float],
    rules: Iterable[tuple[str, str, float]],
) -> MarketParameters:
    wanted = _with_ratios(figures)
    for _ in range(ROUNDS):
        found = _with_ratios(generated_figures(market))
        better: dict[str, Any] = {}
        for name, figure, power in rules:
            ratio = wanted[figure] / found[figure] if found[figure] else np.nan
            if not np.isfinite(ratio):  # a market without spikes
                continue
            value = getattr(market, name) * np.clip(ratio, 0.6, 1.6) ** power
            better[name] = float(np.clip(value, *LIMITS.get(name, (0.0, np.inf))))
        market = replace(market, **better)
    rounded: dict[str, Any] = {
        f.name: float(f"{getattr(market, f.name):.3g}")
        for f in fields(market)
        if f.name not in ("name", "on_demand")
    }
    return replace(market, **rounded)


def _with_ratios(figures: Mapping[str, float]) -> dict[str, float]:
    """Figures, and combinations of them that single parameters answer to."""
    nan = float("nan")
    values = {name: figures.get(name, nan) for name in FIGURES}
    weekday = values["spike_weekday"] or nan
    return {
        **values,
        "autocorrelation_day": max(values["autocorrelation_day"], 0.02),
        "mean over median": max(values["mean"] / values["median"] - 1, 1e-3),
        "tail of changes": values["change_p90"] / values["change_median"],
        "tail of spikes": values["spike_mean"] / values["spike_median"],
        "weekend": values["spike_weekend"] / weekday + 0.1,
    }


def modern_parameters(instance_type: str) -> ModernParameters:
    """A market as since 2018; one behaviour for all types, which is our assumption."""
    return ModernParameters(
        name=f"{instance_type}-1a",
        on_demand=instance(instance_type).on_demand,
        base=0.33,
        floor=0.2,
        changes_per_day=3.4,
        step=0.004,
        momentum=0.7,
        pull=0.02,
    )


def fit_all(calibration: Calibration) -> dict[str, MarketParameters]:
    """Parameters of the first zone of the paper's types, then of early 2016.

    Markets of early 2016 with incomplete figures are left out.
    """
    targets = calibration.markets
    models = {
        name: target
        for name, target in targets.items()
        if target.source == "early" and not target.like
    }
    paper = [f"{name}-1a" for name in PAPER_TYPES]
    with progress_bar(total=len(models) + len(paper), desc="markets") as bar:
        fitted = {}
        for name, target in models.items():
            fitted[name] = fit_market(target)
            bar.update()
        levels = {}
        for name in paper:
            like = targets[name].like
            levels[name] = fit_levels(targets[name], targets[like], fitted[like])
            bar.update()
    return levels | fitted


def main() -> None:
    """Fit all markets and write their parameters."""
    fitted = fit_all(load_calibration())
    types = dict.fromkeys(market.instance_type for market in fitted.values())
    content: dict[str, Any] = {
        "about": "written by python -m helpers.spot_tuning.price_calibration",
        "seeds": list(CALIBRATION_SEEDS),
        "2016": [asdict(market) for market in fitted.values()],
        "modern": [asdict(modern_parameters(name)) for name in types],
    }
    write_atomic(PARAMETERS_FILE, json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main()
