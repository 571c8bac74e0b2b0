"""What a claim must satisfy, and the proof that nothing hollow satisfies it.

Each expectation judges an interval: ``holds(low, high)`` only when all of it lies in
the allowed region. `reject_hollow` raises where a value that a do-nothing or
chance-level method would give lies there as well.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


class HollowExpectationError(ValueError):
    """An expectation that zero, a constant or chance level would satisfy."""


@dataclass(frozen=True)
class Between:
    """The value lies in [low, high]."""

    low: float
    high: float

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise ValueError(f"between({self.low}, {self.high}) allows no value")

    def holds(self, low: float, high: float) -> bool:
        return self.low <= low and high <= self.high

    def __str__(self) -> str:
        if math.isinf(self.high):
            return f"≥ {self.low:g}"
        if math.isinf(self.low):
            return f"≤ {self.high:g}"
        return f"{self.low:g} – {self.high:g}"


def between(low: float, high: float) -> Between:
    """The value and its interval lie in [low, high]."""
    return Between(low, high)


def at_least(bound: float) -> Between:
    """The value and its interval are at least ``bound``."""
    return Between(bound, math.inf)


def at_most(bound: float, floor: float) -> Between:
    """At most ``bound``; ``floor`` is what no real result can go below.

    A bare upper bound would be satisfied by zero, so the floor is not optional.
    """
    return Between(floor, bound)


def near(
    target: float, *, absolute: float | None = None, relative: float | None = None
) -> Between:
    """Within an absolute or a relative tolerance (exactly one) of ``target``."""
    if (absolute is None) == (relative is None):
        raise ValueError("near() takes exactly one of absolute= and relative=")
    width = absolute if absolute is not None else abs(target) * float(relative or 0)
    return Between(target - width, target + width)


@dataclass(frozen=True)
class Ordering:
    """A beats B by at least ``margin``, paired over seeds.

    The claim's values are the paired differences A - B; the interval of their mean
    must lie above ``max(margin, 0)``, strictly above zero.
    """

    margin: float = 0.0

    def __post_init__(self) -> None:
        if self.margin < 0:
            raise HollowExpectationError("an ordering needs a margin of 0 or more")

    def holds(self, low: float, high: float) -> bool:
        return low > 0 and low >= self.margin

    def __str__(self) -> str:
        return f"difference > {self.margin:g}"


def beats(margin: float = 0.0) -> Ordering:
    """The paired differences are above ``margin`` (see :class:`Ordering`)."""
    return Ordering(margin)


@dataclass(frozen=True)
class Trend:
    """The per-condition means rise (or fall) in a ``share`` of neighbouring pairs.

    The claim's value is the share of pairs that go the right way, strictly.
    """

    direction: str
    share: float = 1.0

    def __post_init__(self) -> None:
        if self.direction not in ("rising", "falling"):
            raise ValueError("a trend is 'rising' or 'falling'")
        if not 0.5 < self.share <= 1:
            raise HollowExpectationError(
                "a trend needs more than half of the pairs: chance gives one half"
            )

    def holds(self, low: float, high: float) -> bool:
        return low >= self.share

    def __str__(self) -> str:
        return f"{self.direction} in ≥ {self.share:.0%} of pairs"


def trend(direction: str, share: float = 1.0) -> Trend:
    """Monotone trend; pass :func:`trend_share` of the means as the value."""
    return Trend(direction, share)


def trend_share(means: Sequence[float], direction: str) -> float:
    """Share of neighbouring pairs of ``means`` that go in ``direction``."""
    sign = 1 if direction == "rising" else -1
    pairs = list(itertools.pairwise(means))
    return sum(sign * (b - a) > 0 for a, b in pairs) / len(pairs)


Expectation = Between | Ordering | Trend


def reject_hollow(expect: Expectation, null: Sequence[float]) -> None:
    """Raise unless ``expect`` turns down zero and every value in ``null``."""
    for value in (0.0, *null):
        if expect.holds(value, value):
            raise HollowExpectationError(
                f"expectation '{expect}' is satisfied by {value:g}, which a method "
                "that does nothing would give; tighten it"
            )


BUILDERS: dict[str, Any] = {
    "between": between,
    "at_least": at_least,
    "at_most": at_most,
    "near": near,
    "beats": beats,
    "trend": trend,
}
