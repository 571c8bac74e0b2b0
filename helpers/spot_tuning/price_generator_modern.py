"""Prices since the end of 2017: set by the provider, smooth, capped at on-demand.

A change comes every few hours, at fairly regular intervals, and moves the price by a
fraction of a per cent in the direction of the change before, so a level drifts for
days. A max price above the present one is then rarely crossed within an hour.
The process is our assumption; its size follows public price histories of 2020.
"""

from __future__ import annotations

import numpy as np
from scipy.signal import lfilter

from helpers.spot_tuning.price_parameters import ModernParameters

REGULARITY = 8.0  # shape of the gamma law of intervals between changes


def modern_prices(
    market: ModernParameters, minutes: int, rng: np.random.Generator
) -> np.ndarray:
    """Price over on-demand per minute, shape (minutes,).

    At change k the log price follows a damped walk with momentum,

        v[k] = m v[k - 1] + sqrt(1 - m^2) step e[k],
        x[k] = (1 - pull) x[k - 1] + v[k],

    around log base.
    """
    mean_gap = 24 * 60 / market.changes_per_day
    # a generous count, and a random phase at the start
    count = int(minutes / mean_gap * 1.5) + 50
    gaps = rng.gamma(REGULARITY, mean_gap / REGULARITY, size=count)
    moments = np.cumsum(gaps).astype(int) - int(rng.uniform(0, mean_gap))
    # a burn-in lets the level forget that it starts at the base
    warm = round(5 / market.pull)
    noise = rng.normal(size=warm + count + 1) * market.step
    keep = market.momentum
    speed = lfilter([np.sqrt(1 - keep**2)], [1.0, -keep], noise)
    level = lfilter([1.0], [1.0, market.pull - 1.0], speed)[warm:]
    index = np.searchsorted(moments, np.arange(minutes), side="right")
    ratios = market.base * np.exp(level[index])
    return np.clip(ratios, market.floor, 1.0)
