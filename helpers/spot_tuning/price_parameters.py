"""Parameters of generated markets, kept in ``data/spot_tuning/market_parameters.json``.

The file is written by `price_calibration`, never by hand.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

from helpers.names import unknown_name
from helpers.paths import DATA
from helpers.spot_tuning.instances import CATALOGUE, instance

PARAMETERS_FILE = DATA / "spot_tuning" / "market_parameters.json"


@dataclass(frozen=True)
class MarketParameters:
    """A market whose price is cleared by bids, as until November 2017.

    Attributes
    ----------
    name : str
        For example ``"m4.4xlarge-1b"``; type and last part of the zone.
    on_demand : float
        List price, USD per hour; the unit of the ratios below.
    base, floor, ceiling : float
        Usual, lowest calm and highest price, over on-demand. A base below the floor
        makes a market that mostly stays at its floor.
    slow_sd, slow_hours : float
        Spread (of the log) and memory of the slow swings of demand.
    daily, weekend : float
        Amplitude of the daily wave of the log price, its shift on weekends.
    jump_sd, jump_memory : float
        Spread of the jumps at price changes, and the share kept by the next one.
    turbulence : float
        Spread of the log size of jumps over days.
    changes_per_hour : float
        Moments at which the price may change; a change below one tick is none.
    spikes_per_day : float
        Hazard of spikes on a weekday at the usual level, per day.
    spike_minutes, spike_spread : float
        Median length of a spike, and spread of its log.
    spike_height : float
        Mean log height above the threshold.
    weekend_spikes : float
        Hazard on weekends relative to weekdays.
    """

    name: str
    on_demand: float
    base: float
    floor: float
    ceiling: float
    slow_sd: float
    slow_hours: float
    daily: float
    weekend: float
    jump_sd: float
    jump_memory: float
    turbulence: float
    changes_per_hour: float
    spikes_per_day: float
    spike_minutes: float
    spike_spread: float
    spike_height: float
    weekend_spikes: float

    def __post_init__(self) -> None:
        _check(self, zero=("weekend", "daily", "turbulence", "spikes_per_day"))
        if not max(self.floor, self.base) < self.ceiling:
            raise ValueError(
                f"{self.name}: floor {self.floor:g}, base {self.base:g}, ceiling "
                f"{self.ceiling:g}; allowed: floor and base below the ceiling"
            )
        if not self.jump_memory < 1:
            raise ValueError(
                f"{self.name}: jump_memory is {self.jump_memory:g}; allowed: below 1"
            )

    @property
    def instance_type(self) -> str:
        return self.name.rpartition("-")[0]

    @property
    def zone(self) -> str:
        return f"us-east-{self.name.rpartition('-')[2]}"

    @property
    def threshold(self) -> float:
        """Where spikes begin, over on-demand: min(1, 3 base), or close to the ceiling
        in a market that never gets there."""
        return min(1.0, 3 * self.base, 0.9 * self.ceiling)


@dataclass(frozen=True)
class ModernParameters:
    """A market whose price the provider sets, since the end of 2017.

    Attributes
    ----------
    name, on_demand
        As in `MarketParameters`.
    base, floor : float
        Usual and lowest price over on-demand.
    changes_per_day : float
    step : float
        Spread of the log change at one price change.
    momentum : float
        Correlation of one change with the next.
    pull : float
        Share of the distance to the base that each change undoes.
    """

    name: str
    on_demand: float
    base: float
    floor: float
    changes_per_day: float
    step: float
    momentum: float
    pull: float

    def __post_init__(self) -> None:
        _check(self, zero=("momentum",))
        if not (self.momentum < 1 and self.pull < 1 and self.base < 1):
            raise ValueError(
                f"{self.name}: momentum {self.momentum:g}, pull {self.pull:g}, base "
                f"{self.base:g}; allowed: below 1"
            )

    @property
    def instance_type(self) -> str:
        return self.name.rpartition("-")[0]

    @property
    def zone(self) -> str:
        return f"us-east-{self.name.rpartition('-')[2]}"


def _check(market: MarketParameters | ModernParameters, zero: tuple[str, ...]) -> None:
    """ValueError for a type that is unknown or a number out of range."""
    instance(market.instance_type)
    for field in fields(market):
        value = getattr(market, field.name)
        if field.name in ("name", "weekend"):
            continue
        if not (value > 0 or (value == 0 and field.name in zero)):
            allowed = "0 or more" if field.name in zero else "above 0"
            raise ValueError(
                f"{market.name}: {field.name} is {value:g}; allowed: {allowed}"
            )


def read_parameters(
    path: Path,
) -> dict[str, dict[str, MarketParameters | ModernParameters]]:
    """All markets by regime and name.

    Raises
    ------
    ValueError
        If the file is missing or lacks a regime, or a market has an unknown or
        missing field or a value out of range.
    """
    content = read_json(path)
    kinds: dict[str, type[MarketParameters] | type[ModernParameters]] = {
        "2016": MarketParameters,
        "modern": ModernParameters,
    }
    found: dict[str, dict[str, MarketParameters | ModernParameters]] = {}
    for regime, kind in kinds.items():
        if regime not in content:
            raise ValueError(f"{path.name}: no regime {regime!r}")
        found[regime] = {}
        for row in content[regime]:
            name = str(row.get("name"))
            found[regime][name] = build(kind, row, f"{path.name}, {name}")
    return found


def build(kind: type, values: Mapping[str, Any], where: str) -> Any:
    """A dataclass from a mapping; errors name the field and the place."""
    names = [field.name for field in fields(kind)]
    for name in values:
        if name not in names:
            raise ValueError(f"{where}: {unknown_name('field', name, names)}")
    missing = [name for name in names if name not in values]
    if missing:
        raise ValueError(f"{where}: missing {', '.join(missing)}")
    return kind(**values)


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object; ValueError naming the file if it is missing or no JSON."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ValueError(f"{path} is missing; restore it from the repository") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"{path.name} is not JSON: {error}") from None
    if not isinstance(content, dict):
        raise ValueError(f"{path.name} holds a {type(content).__name__}, not an object")
    return content


@cache
def _stored() -> dict[str, dict[str, MarketParameters | ModernParameters]]:
    return read_parameters(PARAMETERS_FILE)


def market_names(regime: str = "2016") -> tuple[str, ...]:
    """Names of the markets of one regime."""
    stored = _stored()
    if regime not in stored:
        raise unknown_name("regime", regime, list(stored))
    return tuple(stored[regime])


def market_parameters(
    name: str, regime: str = "2016"
) -> MarketParameters | ModernParameters:
    """The market of that name; ValueError with the nearest name if there is none."""
    names = market_names(regime)
    if name not in names:
        raise unknown_name("market", name, names)
    return _stored()[regime][name]


def parameters_of_type(
    instance_type: str, regime: str = "2016"
) -> MarketParameters | ModernParameters:
    """The first market of that instance type; ValueError if there is none."""
    names = market_names(regime)
    for name in names:
        if name.rpartition("-")[0] == instance_type:
            return _stored()[regime][name]
    types = list(dict.fromkeys(name.rpartition("-")[0] for name in names))
    if instance_type in CATALOGUE:
        raise ValueError(
            f"no figures of {instance_type} in the {regime} regime; allowed: "
            f"{', '.join(types)}"
        )
    raise unknown_name("instance type", instance_type, types)
