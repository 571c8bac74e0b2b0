"""The clock of a job on real machines."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Seconds on the market's clock; ``rate`` of them pass in a real second."""

    @property
    def rate(self) -> float: ...

    def now(self) -> float:
        """The present moment."""
        ...


@dataclass
class ScaledClock:
    """Replay: starts at ``start`` and runs ``rate`` times as fast as real time.

    Attributes
    ----------
    start : float
        Seconds of the market's clock at the first call of :meth:`now`.
    rate : float
        Market seconds per real second; 3600 lets an hour of prices pass in a second.

    Raises
    ------
    ValueError
        If the rate is not positive.
    """

    start: float = 0.0
    rate: float = 1.0
    _zero: float | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if not self.rate > 0:
            raise ValueError(f"rate is {self.rate}; allowed: above 0")

    def now(self) -> float:
        """Seconds of the market's clock."""
        if self._zero is None:
            self._zero = time.monotonic()
        return self.start + self.rate * (time.monotonic() - self._zero)


@dataclass(frozen=True)
class LiveClock:
    """Real time, as seconds since the first price.

    Attributes
    ----------
    start : datetime
        UTC time of the market's first price.
    """

    start: datetime

    @property
    def rate(self) -> float:
        return 1.0

    def now(self) -> float:
        """Seconds since `start`."""
        return (datetime.now(UTC) - self.start).total_seconds()
