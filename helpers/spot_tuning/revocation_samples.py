"""Requests at known minutes of a trace, and whether they were revoked within the hour.

Training and test samples are split in time, and so far apart that no training label
and no test record share a minute.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from helpers.spot_tuning.prices import PriceTrace, TraceError
from helpers.spot_tuning.revocation_deltas import DeltaRule
from helpers.spot_tuning.revocation_features import (
    HISTORY,
    HORIZON,
    WINDOW,
    features,
    highest_ahead,
)

# Kept free on both sides of the border between training and test.
PURGE = HORIZON + HISTORY  # minutes


@dataclass(frozen=True)
class Samples:
    """n requests for one machine type, each at a minute of one trace.

    Attributes
    ----------
    trace : PriceTrace
    features : np.ndarray
        Shape (minutes of the trace, 6); see `revocation_features.features`.
    minutes : np.ndarray
        Shape (n,), int: when the requests were made.
    max_price : np.ndarray
        Shape (n,), USD per hour.
    labels : np.ndarray
        Shape (n,), bool: price above max price within the next 60 minutes.
    """

    trace: PriceTrace
    features: np.ndarray
    minutes: np.ndarray
    max_price: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.minutes)

    @property
    def deltas(self) -> np.ndarray:
        """Max price minus present price, shape (n,), USD."""
        return self.max_price - self.trace.prices[self.minutes]

    @property
    def prior(self) -> float:
        """Share of revoked requests."""
        return float(self.labels.mean())

    def require_both(self) -> None:
        """TraceError unless some requests were revoked and some were kept."""
        if self.labels.all() or not self.labels.any():
            which = "every" if self.labels.all() else "no"
            raise TraceError(
                f"{self.trace.instance_type}: {which} training request was revoked; "
                "choose other deltas or a longer training part"
            )

    def windows(
        self, rows: np.ndarray | slice, values: np.ndarray | None = None
    ) -> np.ndarray:
        """Records of the chosen rows, shape (rows, 60, 6): 59 past, the present last.

        ``values`` replaces `features` by other numbers per minute, scaled ones say.
        All rows at once take up to 3 kB each; `batches` keeps them small.
        """
        minutes = self.minutes[rows, None] + np.arange(1 - WINDOW, 1)
        return (self.features if values is None else values)[minutes]

    def batches(self, size: int = 256) -> Iterator[slice]:
        """Consecutive rows, ``size`` at a time."""
        return (slice(i, i + size) for i in range(0, len(self), size))


@dataclass(frozen=True)
class SplitPlan:
    """Which minutes of a trace are for training, which for the test.

    Attributes
    ----------
    share : float
        Part of the trace before the border, in (0, 1).
    every : int
        Minutes between one request and the next, >= 1.
    repeats : int
        Requests per minute, each with a delta of its own, >= 1.

    Raises
    ------
    ValueError
        If a number is out of range.
    """

    share: float = 0.75
    every: int = 10
    repeats: int = 4

    def __post_init__(self) -> None:
        if not 0 < self.share < 1:
            raise ValueError(f"share is {self.share}; allowed: 0 < share < 1")
        if self.every < 1 or self.repeats < 1:
            raise ValueError(
                f"every is {self.every}, repeats {self.repeats}; allowed: 1 or more"
            )

    def border(self, trace: PriceTrace) -> int:
        """First minute after training: prices from here on were never trained on."""
        return int(self.share * trace.minutes)

    def minutes(self, trace: PriceTrace) -> tuple[np.ndarray, np.ndarray]:
        """Minutes of training and of test requests, ascending.

        With the border at minute B, training requests are made up to
        ``B - PURGE - 1`` and test requests from ``B + PURGE`` on.

        Raises
        ------
        TraceError
            If one part would be empty.
        """
        border = self.border(trace)
        train = np.arange(HISTORY, border - PURGE, self.every)
        test = np.arange(border + PURGE, trace.minutes - HORIZON, self.every)
        if not len(train) or not len(test):
            raise TraceError(
                f"{trace.instance_type}: {trace.minutes} minutes leave "
                f"{len(train)} training and {len(test)} test minutes; "
                f"each part needs more than {HISTORY + PURGE} minutes"
            )
        return train, test


def make_samples(
    trace: PriceTrace,
    minutes: np.ndarray,
    rule: DeltaRule,
    seed: int,
    repeats: int = 1,
) -> Samples:
    """Requests at the given minutes with deltas drawn by ``rule``.

    Raises
    ------
    TraceError
        If a minute has less than :data:`HISTORY` minutes before it or less than an
        hour after it.
    """
    minutes = np.repeat(np.asarray(minutes, dtype=int), repeats)
    last = trace.minutes - HORIZON - 1
    if not len(minutes) or minutes.min() < HISTORY or minutes.max() > last:
        span = f"{minutes.min()} to {minutes.max()}" if len(minutes) else "none"
        raise TraceError(
            f"{trace.instance_type}: samples at minutes {span}; "
            f"allowed: {HISTORY} to {last}"
        )
    deltas = rule.draw(trace.prices, minutes, np.random.default_rng(seed))
    max_price = trace.prices[minutes] + deltas
    return Samples(
        trace,
        features(trace.prices, trace.start),
        minutes,
        max_price,
        highest_ahead(trace.prices)[minutes] > max_price,
    )


def split_samples(
    trace: PriceTrace,
    rule: DeltaRule,
    seed: int = 0,
    plan: SplitPlan | None = None,
    training_rule: DeltaRule | None = None,
) -> tuple[Samples, Samples]:
    """Training and test samples of one trace, split in time with a purge between.

    The deltas of both follow ``rule``, those of the training ``training_rule`` if one
    is given.

    Raises
    ------
    TraceError
        If the trace is too short.
    """
    plan = plan or SplitPlan()
    train, test = plan.minutes(trace)
    seeds = np.random.SeedSequence(seed).generate_state(2)
    return (
        make_samples(trace, train, training_rule or rule, int(seeds[0]), plan.repeats),
        make_samples(trace, test, rule, int(seeds[1]), plan.repeats),
    )
