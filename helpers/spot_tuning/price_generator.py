"""Spot markets drawn at random: the price-cleared ones of 2016 and the modern ones.

Two levels. A calm level follows demand,

    log level = log base + slow_sd z + daily cos(hour - 18 h) + weekend,

with z a smooth random drift of unit variance, never below a floor. Spikes lift the
price above min(on-demand, 3 x base) for a heavy-tailed time. Their hazard depends on
the level, the hour and the weekday, and the level rises a little before them and falls
slowly after; without that nothing could be predicted. What is quoted changes only at
random, bursty moments, where an autoregressive jump is added whose size grows with the
level and has slow swings of its own. Prices are whole multiples of $0.0001.

The process is our assumption. Its parameters are fitted to public figures, see
`price_calibration`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal

import numpy as np
from scipy.signal import lfilter

from helpers.names import unknown_name
from helpers.spot_tuning.instances import PAPER_TYPES
from helpers.spot_tuning.price_generator_modern import modern_prices
from helpers.spot_tuning.price_parameters import (
    MarketParameters,
    ModernParameters,
    market_parameters,
    parameters_of_type,
)
from helpers.spot_tuning.price_statistics import DAY
from helpers.spot_tuning.prices import Market, PriceTrace

Regime = Literal["2016", "modern"]
MONDAY = datetime(2016, 5, 2, tzinfo=UTC)  # after the last day of the public traces
TICK = 1e-4  # USD per hour

PEAK_HOUR = 18.0  # UTC; spikes of the public traces peak at 15-20 h
SMOOTH_HOURS = 1.0  # demand moves with momentum over about an hour
LEVEL_PULL = 2.0  # hazard grows as exp(LEVEL_PULL x standardised level)
HOUR_PULL = 0.6  # and as exp(HOUR_PULL x cos(hour - peak))
VOLATILITY_HOURS = 24.0  # memory of the slow swings of the size of jumps
LEVEL_VOLATILITY = 0.5  # jumps grow as exp(LEVEL_VOLATILITY x standardised level)
BURSTS = ((1.0, 10.0), (0.9, 0.1))  # sd and hours of the log rate of changes
RAMP_MINUTES, RAMP_SHARE = 60, 0.5  # rise before a spike: share of the way up to it
TAIL_MINUTES, TAIL_SHARE = 45, 0.6  # and after it
FALSE_ALARMS = 1.0  # ramps without a spike, per spike
LONGER_IS_HIGHER = 0.4  # a spike's height grows with this power of its length
SPIKE_RATE = 0.6  # changes per hour in a spike, relative to calm


def generate_trace(
    market: str | MarketParameters | ModernParameters,
    days: float = 60.0,
    seed: int = 0,
    start: datetime = MONDAY,
) -> PriceTrace:
    """One market's prices, drawn from its own stream of random numbers.

    Parameters
    ----------
    market : str or parameters
        A name such as ``"m4.4xlarge-1b"`` (`price_parameters.market_names`), or
        parameters of your own.
    days : float
        Length; 0.1 to 3660.
    seed : int
        Together with the market's name it fixes the stream, so a trace does not
        depend on which others are drawn.
    start : datetime
        UTC time of the first price; decides hours and weekends.

    Raises
    ------
    ValueError
        If the name is unknown, ``days`` or ``seed`` out of range, or ``start`` has
        no time zone.

    Examples
    --------
    >>> trace = generate_trace("m4.4xlarge-1b", days=2, seed=1)
    >>> trace.minutes, trace.zone
    (2880, 'us-east-1b')
    """
    parameters = market_parameters(market) if isinstance(market, str) else market
    if not 0.1 <= days <= 3660:
        raise ValueError(f"days is {days:g}; allowed: 0.1 to 3660")
    if seed < 0:
        raise ValueError(f"seed is {seed}; allowed: 0 or more")
    if start.tzinfo is None:
        raise ValueError(f"start {start} has no time zone; give one, e.g. datetime.UTC")
    rng = np.random.default_rng([seed, *parameters.name.encode()])
    minutes = round(days * DAY)
    clock = start.hour * 60 + start.minute + np.arange(minutes)
    if isinstance(parameters, ModernParameters):
        usd = modern_prices(parameters, minutes, rng) * parameters.on_demand
        ticks = np.maximum(np.rint(usd / TICK), 1)
    else:
        weekend = (start.weekday() + clock // DAY) % 7 >= 5
        ticks = _cleared_ticks(parameters, clock % DAY / 60.0, weekend, rng)
    # one correctly rounded division keeps 0.1234 the float that "0.1234" is
    prices = ticks / round(1 / TICK)
    return PriceTrace(parameters.instance_type, prices, start, parameters.zone)


def generate_market(
    types: Sequence[str] = PAPER_TYPES,
    days: float = 60.0,
    seed: int = 0,
    regime: Regime = "2016",
    start: datetime = MONDAY,
) -> Market:
    """Independent traces of several types on one clock.

    Parameters
    ----------
    regime : {"2016", "modern"}
        ``"2016"``: prices cleared by bids, with spikes above on-demand (until
        November 2017). ``"modern"``: smoothed prices, a few changes per day, never
        above on-demand.

    Raises
    ------
    ValueError
        If a type or the regime is unknown, or an argument of `generate_trace` is out
        of range.

    Examples
    --------
    >>> generate_market(["r4.large", "m4.4xlarge"], days=1).types
    ('r4.large', 'm4.4xlarge')
    """
    if regime not in ("2016", "modern"):
        raise unknown_name("regime", regime, ["2016", "modern"])
    markets = [parameters_of_type(name, regime) for name in types]
    return Market(generate_trace(market, days, seed, start) for market in markets)


def _cleared_ticks(
    market: MarketParameters,
    hours: np.ndarray,
    weekend: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Price of a market cleared by bids, in ticks per minute, shape (minutes,)."""
    day_wave = np.cos(2 * np.pi * (hours - PEAK_HOUR) / 24)
    swing = (
        market.slow_sd * smooth_drift(rng, len(hours), market.slow_hours)
        + market.daily * day_wave
        + market.weekend * weekend
    )
    height = swing / np.hypot(market.slow_sd, market.daily / np.sqrt(2))
    level = np.maximum(np.log(market.base) + swing, np.log(market.floor))

    hazard = market.spikes_per_day / DAY * np.exp(LEVEL_PULL * height)
    hazard *= np.exp(HOUR_PULL * day_wave - LEVEL_PULL**2 / 2)
    hazard *= np.where(weekend, market.weekend_spikes, 1.0)
    alarms = np.flatnonzero(rng.random(len(hours)) < (1 + FALSE_ALARMS) * hazard)
    starts = alarms[rng.random(len(alarms)) * (1 + FALSE_ALARMS) < 1]
    peaks, ends = _spikes(market, starts, len(hours), rng)
    threshold = np.log(market.threshold)
    lift = _lift(len(hours), alarms, ends)
    level += lift * np.maximum(threshold - level, 0)

    changes = _changes(market, np.isfinite(peaks), rng)
    changes[0] = changes[starts] = changes[ends] = True
    moments = np.flatnonzero(changes)
    jumps = _jumps(market, height, moments, rng)
    quoted = np.maximum(level[moments], threshold + peaks[moments]) + jumps
    quoted = np.clip(quoted, np.log(market.floor) - 0.2, np.log(market.ceiling))
    ticks = _never_idle(np.rint(np.exp(quoted) * market.on_demand / TICK))
    return np.maximum(ticks, 1)[np.cumsum(changes) - 1]


def drift(rng: np.random.Generator, minutes: int, hours: float) -> np.ndarray:
    """AR(1) per minute with unit variance and ``hours`` of memory, (minutes,).

    x[t] = f x[t - 1] + sqrt(1 - f^2) e[t] with f = exp(-1 / (60 hours)), started
    from its stationary law.
    """
    keep = np.exp(-1.0 / (60.0 * hours))
    noise = rng.normal(size=minutes)
    noise[1:] *= np.sqrt(1 - keep**2)
    return lfilter([1.0], [1.0, -keep], noise)


def smooth_drift(rng: np.random.Generator, minutes: int, hours: float) -> np.ndarray:
    """A `drift`, averaged exponentially over `SMOOTH_HOURS`: it moves with momentum."""
    raw = drift(rng, minutes, hours)
    keep = np.exp(-1.0 / (60.0 * SMOOTH_HOURS))
    smooth, _ = lfilter([1 - keep], [1.0, -keep], raw, zi=[keep * raw[0]])
    # variance left after averaging, from the two rates of decay
    return smooth * np.sqrt(1 + SMOOTH_HOURS / hours)


def _spikes(
    market: MarketParameters,
    starts: np.ndarray,
    minutes: int,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Log height above the threshold per minute (-inf: calm), and minutes of ends.

    Lengths are log-normal, heights exponential around a mean that grows with the
    length; where spikes overlap the higher counts.
    """
    lengths = market.spike_minutes * np.exp(
        market.spike_spread * rng.normal(size=len(starts))
    )
    heights = rng.exponential(market.spike_height, size=len(starts))
    heights *= (lengths / market.spike_minutes) ** LONGER_IS_HIGHER
    ends = np.minimum(starts + np.maximum(lengths.round(), 1), minutes).astype(int)
    peaks = np.full(minutes, -np.inf)
    for first, last, height in zip(starts, ends, heights, strict=True):
        np.maximum(peaks[first:last], height, out=peaks[first:last])
    return peaks, ends[ends < minutes]


def _lift(minutes: int, alarms: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Share of the way to the threshold that the level rises around spikes."""
    lift = np.zeros(minutes)
    before = RAMP_SHARE * np.arange(1, RAMP_MINUTES + 1) / RAMP_MINUTES
    after = TAIL_SHARE * np.arange(TAIL_MINUTES, 0, -1) / TAIL_MINUTES
    for moments, offsets, shares in (
        (alarms, np.arange(-RAMP_MINUTES, 0), before),
        (ends, np.arange(TAIL_MINUTES), after),
    ):
        where = moments[:, None] + offsets
        inside = (where >= 0) & (where < minutes)
        values = np.broadcast_to(shares, where.shape)
        np.maximum.at(lift, where[inside], values[inside])
    return lift


def _changes(
    market: MarketParameters, spiking: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Minutes at which the quote is made anew; their rate comes in bursts."""
    rate = market.changes_per_hour / 60 * np.where(spiking, SPIKE_RATE, 1.0)
    for sd, memory in BURSTS:
        rate *= np.exp(sd * drift(rng, len(spiking), memory) - sd**2 / 2)
    return rng.random(len(spiking)) < -np.expm1(-rate)


def _jumps(
    market: MarketParameters,
    height: np.ndarray,
    moments: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Log distance of each quote from the level, shape of ``moments``.

    j[k] = m j[k - 1] + s[k] e[k], where s grows with the level and swings over days.
    """
    volatility = market.turbulence * drift(rng, len(height), VOLATILITY_HOURS)[moments]
    volatility += LEVEL_VOLATILITY * np.minimum(height[moments], 3.0)
    noise = market.jump_sd * np.exp(volatility) * rng.normal(size=len(moments))
    return lfilter([1.0], [1.0, -market.jump_memory], noise)


def _never_idle(ticks: np.ndarray) -> np.ndarray:
    """Quotes that would only repeat the last one go down a tick and back."""
    runs = np.flatnonzero(np.diff(ticks, prepend=-1.0))
    first = np.repeat(runs, np.diff(runs, append=len(ticks)))
    return ticks - (np.arange(len(ticks)) - first) % 2
