"""A small random market for tests: calm prices with hours of spikes."""

from __future__ import annotations

import numpy as np

from helpers.spot_tuning.prices import PriceTrace


def random_trace(
    days: float = 3.0, seed: int = 0, name: str = "r4.large", base: float = 0.05
) -> PriceTrace:
    """About eight changes an hour; spikes of hours start mostly in the afternoon."""
    rng = np.random.default_rng(seed)
    minutes = round(days * 1440)
    hour = np.arange(minutes) // 60 % 24
    spike = np.zeros(minutes, bool)
    for start in np.flatnonzero(
        rng.random(minutes) < np.where(hour >= 14, 1 / 250, 1 / 4000)
    ):
        spike[start : start + rng.integers(10, 180)] = True
    level = np.cumsum(rng.normal(0, 0.02, minutes)) * 0.3
    wanted = base * np.exp(level - level.mean()) * np.where(spike, 4.0, 1.0)
    changes = (rng.random(minutes) < 8 / 60) | (np.diff(spike, prepend=False))
    changes[0] = True
    held = np.maximum.accumulate(np.where(changes, np.arange(minutes), 0))
    return PriceTrace(name, np.round(wanted[held], 4).clip(0.001))
