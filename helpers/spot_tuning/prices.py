"""Spot prices on a grid of minutes, and the view that ends at the present.

A `Market` is the world: drivers may look anywhere in it. A policy only ever gets a
`MarketView`, which holds no price after ``now``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from helpers.names import unknown_name

MINUTE = 60.0  # seconds
HOUR = 3600.0


class TraceError(ValueError):
    """A price trace that cannot be used; the message names the line or field."""


@dataclass(frozen=True)
class PriceTrace:
    """Price of one spot market at every whole minute.

    Attributes
    ----------
    instance_type : str
        Key of `instances.CATALOGUE`.
    prices : np.ndarray
        Shape (minutes,), USD per hour; ``prices[m]`` holds from minute m to m + 1.
    start : datetime
        UTC time of ``prices[0]``.
    zone : str
        Availability zone, for example ``"us-east-1a"``.

    Raises
    ------
    TraceError
        If there is no price, or one is not finite or not positive.
    """

    instance_type: str
    prices: np.ndarray
    start: datetime = datetime(2016, 1, 4, tzinfo=UTC)  # a Monday
    zone: str = "us-east-1a"

    def __post_init__(self) -> None:
        prices = np.array(self.prices, dtype=float)
        if prices.ndim != 1 or not len(prices):
            raise TraceError(
                f"{self.instance_type}: prices have shape {prices.shape}; "
                "allowed: one price per minute, at least one"
            )
        bad = np.flatnonzero(~(np.isfinite(prices) & (prices > 0)))
        if len(bad):
            raise TraceError(
                f"{self.instance_type}: price {prices[bad[0]]:g} at minute {bad[0]}; "
                "allowed: positive, finite"
            )
        if self.start.tzinfo is None:
            raise TraceError(f"{self.instance_type}: start {self.start} has no zone")
        prices.setflags(write=False)
        object.__setattr__(self, "prices", prices)

    @property
    def minutes(self) -> int:
        return len(self.prices)

    def slice(self, first: int, last: int) -> PriceTrace:
        """Minutes ``first`` to ``last`` (exclusive) as a trace of their own."""
        return PriceTrace(
            self.instance_type,
            self.prices[first:last],
            self.start + timedelta(minutes=first),
            self.zone,
        )


class Market:
    """Several traces on one clock; time is in seconds since `start`.

    Raises
    ------
    TraceError
        If two traces have one type, or start or length differ.
    """

    def __init__(self, traces: Iterable[PriceTrace]) -> None:
        listed = list(traces)
        if not listed:
            raise TraceError("a market needs at least one trace")
        self.traces: dict[str, PriceTrace] = {}
        for trace in listed:
            if trace.instance_type in self.traces:
                raise TraceError(f"two traces of {trace.instance_type}")
            self.traces[trace.instance_type] = trace
        first = listed[0]
        for trace in listed:
            if (trace.start, trace.minutes) != (first.start, first.minutes):
                raise TraceError(
                    f"{trace.instance_type} covers {trace.minutes} minutes from "
                    f"{trace.start:%Y-%m-%d %H:%M}, {first.instance_type} "
                    f"{first.minutes} from {first.start:%Y-%m-%d %H:%M}; "
                    "cut them to one window"
                )
        self.start = first.start
        self.minutes = first.minutes
        self._prices = {name: trace.prices for name, trace in self.traces.items()}
        self._totals: dict[str, np.ndarray] = {}

    @property
    def types(self) -> tuple[str, ...]:
        return tuple(self.traces)

    @property
    def seconds(self) -> float:
        """Length of the traces in seconds."""
        return self.minutes * MINUTE

    def prices(self, instance_type: str) -> np.ndarray:
        """All prices of one type, shape (minutes,)."""
        try:
            return self._prices[instance_type]
        except KeyError:
            raise unknown_name(
                "instance type of this market", instance_type, self.types
            ) from None

    def price(self, instance_type: str, seconds: float) -> float:
        """Price in force at ``seconds``."""
        return float(self.prices(instance_type)[self.minute(seconds)])

    def minute(self, seconds: float) -> int:
        """Index of the minute that holds ``seconds``; IndexError outside the trace."""
        index = int(seconds // MINUTE)
        if not 0 <= index < self.minutes:
            raise self._outside(seconds)
        return index

    def _outside(self, seconds: float) -> IndexError:
        return IndexError(
            f"second {seconds:.0f} is outside the trace of {self.minutes} minutes; "
            "start earlier or bring a longer trace"
        )

    def integral(self, instance_type: str, first: float, last: float) -> float:
        """Price integrated from second ``first`` to ``last``: USD for one machine.

        IndexError if the trace does not cover both.
        """
        prices = self.prices(instance_type)
        for seconds in (first, last):
            if not 0 <= seconds <= self.seconds:
                raise self._outside(seconds)
        if instance_type not in self._totals:
            self._totals[instance_type] = np.concatenate([[0.0], np.cumsum(prices)])
        totals = self._totals[instance_type]

        def until(seconds: float) -> float:
            minute = int(seconds // MINUTE)
            rest = seconds / MINUTE - minute
            return totals[minute] + (rest * prices[minute] if rest > 0 else 0.0)

        return float(until(last) - until(first)) * MINUTE / HOUR

    def first_above(
        self, instance_type: str, max_price: float, seconds: float
    ) -> float | None:
        """First minute after ``seconds`` whose price exceeds ``max_price``.

        In seconds; None if there is none before the trace ends. Looks into the
        future: for drivers and evaluation, never for a policy.
        """
        first = self.minute(seconds) + 1
        prices = self.prices(instance_type)
        width = 512
        while first < self.minutes:
            above = prices[first : first + width] > max_price
            hit = int(above.argmax())
            if above[hit]:
                return (first + hit) * MINUTE
            first += width
            width *= 4
        return None

    def view(self, seconds: float) -> MarketView:
        """What can be known at ``seconds``."""
        self.minute(seconds)
        return MarketView(self._prices, seconds, self.start)


class MarketView:
    """Prices up to and including the minute of ``now``; nothing later.

    Parameters
    ----------
    prices : mapping of str to np.ndarray
        Shape (minutes,) per type, from `start` on.
    now : float
        Seconds since `start`.
    start : datetime
        UTC time of the first price.
    """

    __slots__ = ("_minute", "_prices", "now", "start")

    def __init__(
        self, prices: Mapping[str, np.ndarray], now: float, start: datetime
    ) -> None:
        self._prices = prices
        self._minute = int(now // MINUTE)
        self.now = now
        self.start = start

    @property
    def types(self) -> tuple[str, ...]:
        return tuple(self._prices)

    @property
    def minute(self) -> int:
        """Index of the present minute since `start`."""
        return self._minute

    def price(self, instance_type: str) -> float:
        """Price now."""
        return float(self._prices[instance_type][self._minute])

    def past(self, instance_type: str, minutes: int) -> np.ndarray:
        """The last ``minutes`` prices, the present one last; fewer near the start."""
        end = self._minute + 1
        return self._prices[instance_type][max(0, end - minutes) : end]

    def mean_price(self, instance_type: str, minutes: int = 60) -> float:
        """Mean price over the last ``minutes`` minutes."""
        past = self.past(instance_type, minutes)
        return float(np.add.reduce(past)) / len(past)  # as mean(), without its checks


def from_changes(
    instance_type: str,
    times: Any,
    prices: Any,
    *,
    zone: str = "us-east-1a",
    start: datetime | None = None,
    end: datetime | None = None,
) -> PriceTrace:
    """Trace from price changes: each price holds until the next change.

    Parameters
    ----------
    times : sequence of datetime
        UTC, ascending; the last of several changes within a minute counts.
    prices : sequence of float
        USD per hour.
    start, end : datetime, optional
        Window, whole minutes; from the first to the last change otherwise.

    Raises
    ------
    TraceError
        If times do not ascend, or the window starts before the first change.
    """
    stamps = np.array([t.timestamp() for t in times])
    if not len(stamps):
        raise TraceError(f"{instance_type}: no price change")
    back = np.flatnonzero(np.diff(stamps) < 0)
    if len(back):
        raise TraceError(f"{instance_type}: time goes back at change {back[0] + 2}")
    first = _floor(times[0]) if start is None else start
    last = _floor(times[-1]) + timedelta(minutes=1) if end is None else end
    if first + timedelta(minutes=1) <= times[0]:
        raise TraceError(
            f"{instance_type}: the window starts {first:%Y-%m-%d %H:%M}, the first "
            f"known price is of {times[0]:%Y-%m-%d %H:%M}"
        )
    minutes = round((last - first).total_seconds() / MINUTE)
    ends = first.timestamp() + MINUTE * (1 + np.arange(minutes))
    index = np.searchsorted(stamps, ends, side="left") - 1
    values = np.asarray(prices, dtype=float)[np.maximum(index, 0)]
    return PriceTrace(instance_type, values, first, zone)


def _floor(time: datetime) -> datetime:
    return time.replace(second=0, microsecond=0)
