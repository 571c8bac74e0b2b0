"""What a revocation predictor sees of a market, and what it has to foresee.

Six numbers per minute describe the market (feature list recalled, not verified); all
of them are known at that minute. The label looks one hour ahead and is for training
and evaluation only.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np

from helpers.spot_tuning.prices import MINUTE, PriceTrace

DAY = 1440  # minutes
HORIZON = 60  # minutes that a prediction reaches ahead
HOUR_MINUTES = 60  # minutes that the trailing features reach back
WINDOW = 60  # minute records per sample: 59 past ones and the present one
# Minutes needed before the first sample: its oldest record has a full hour behind it.
HISTORY = WINDOW - 1 + HOUR_MINUTES

FEATURES = (
    "price",
    "mean price of the hour",
    "changes in the hour",
    "minutes since change",
    "weekend",
    "hour of day",
)


def features(prices: np.ndarray, start: datetime) -> np.ndarray:
    """The six features of every minute, from that minute and the past only.

    In the order of :data:`FEATURES`: price (USD/h); its mean over the last 60
    minutes, the present one included; in how many of the last 60 minutes it changed;
    minutes since the present price was set; 1 on Saturday and Sunday (UTC); hour of
    day (0 to 23, UTC). Near the start of the trace the hour is shorter.

    Parameters
    ----------
    prices : np.ndarray
        Shape (minutes,), USD per hour.
    start : datetime
        UTC time of the first price.

    Returns
    -------
    np.ndarray
        Shape (minutes, 6), float64.
    """
    prices = np.asarray(prices, dtype=float)
    minute = np.arange(len(prices))
    changed = np.concatenate([[False], prices[1:] != prices[:-1]])
    back = np.minimum(minute + 1, HOUR_MINUTES)
    set_at = np.maximum.accumulate(np.where(changed, minute, 0))
    of_week = start.weekday() * DAY + start.hour * 60 + start.minute + minute
    return np.column_stack(
        [
            prices,
            _trailing_sum(prices) / back,
            _trailing_sum(changed),
            minute - set_at,
            of_week // DAY % 7 >= 5,
            of_week // 60 % 24,
        ]
    ).astype(float)


def features_at(trace: PriceTrace, minute: int) -> np.ndarray:
    """The six features of one minute, written out; shape (6,).

    Examples
    --------
    >>> trace = PriceTrace("r4.large", [0.1, 0.1, 0.3, 0.3])
    >>> features_at(trace, 3).round(2).tolist()
    [0.3, 0.2, 1.0, 1.0, 0.0, 0.0]
    """
    past = trace.prices[: minute + 1]
    changes = np.flatnonzero(np.diff(past)) + 1
    clock = trace.start + timedelta(seconds=MINUTE * minute)
    return np.array(
        [
            past[-1],
            past[-HOUR_MINUTES:].mean(),
            (changes > minute - HOUR_MINUTES).sum(),
            minute - (changes[-1] if len(changes) else 0),
            clock.weekday() >= 5,
            clock.hour,
        ],
        dtype=float,
    )


def label(trace: PriceTrace, minute: int, max_price: float) -> bool:
    """True if the price exceeds ``max_price`` in one of the next 60 minutes.

    The minute itself does not count. IndexError if the trace ends before the hour.

    Examples
    --------
    >>> trace = PriceTrace("r4.large", [0.1] * 60 + [0.2] * 60)
    >>> label(trace, 0, 0.15), label(trace, 0, 0.2)
    (True, False)
    """
    if not 0 <= minute < trace.minutes - HORIZON:
        raise IndexError(
            f"minute {minute} has no full hour after it; "
            f"allowed: 0 to {trace.minutes - HORIZON - 1}"
        )
    return bool((trace.prices[minute + 1 : minute + 1 + HORIZON] > max_price).any())


def highest_ahead(prices: np.ndarray) -> np.ndarray:
    """Highest price in the 60 minutes after each minute, shape (minutes - 60,).

    ``highest_ahead(prices)[m] = max(prices[m + 1], ..., prices[m + 60])``; the last 60
    minutes have no full hour and no entry. What is returned for prices up to now is
    known now. Empty for 60 prices or fewer.
    """
    highest = np.asarray(prices, dtype=float)[1:]
    if len(highest) < HORIZON:
        return np.empty(0)
    span = 1
    while span < HORIZON:  # the maximum over `span` minutes, doubled until it is 60
        step = min(span, HORIZON - span)
        highest = np.maximum(highest[step:], highest[:-step])
        span += step
    return highest


def _trailing_sum(values: np.ndarray) -> np.ndarray:
    """Sum over the last 60 entries, fewer at the start; shape as given."""
    total = np.concatenate([[0.0], np.cumsum(values, dtype=float)])
    end = np.arange(1, len(values) + 1)
    return total[end] - total[np.maximum(end - HOUR_MINUTES, 0)]
