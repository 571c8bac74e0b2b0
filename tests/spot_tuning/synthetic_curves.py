"""Learning curves whose stages are known, for tests of detectors and predictors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def staged_curve(
    rng: np.random.Generator,
    decays: Sequence[int] = (),
    steps: int = 60,
    noise: float = 0.0,
    correlation: float = 0.0,
) -> np.ndarray:
    """Falls to a floor, and by another 15 to 40 % after each decay; relative noise.

    Within a stage the curve is floor + height / (1 + rate k), which nears its floor
    before the next decay but has not reached it.
    """
    pieces, level, floor = [], 2.0, rng.uniform(0.4, 0.8)
    for first, last in zip([0, *decays], [*decays, steps], strict=True):
        k = np.arange(1, last - first + 1)
        rate = rng.uniform(0.3, 2.0)
        pieces.append(floor + (level - floor) / (1 + rate * k))
        level = pieces[-1][-1]
        floor = level * rng.uniform(0.6, 0.85)
    wobble = rng.standard_normal(steps)
    for i in range(1, steps):
        fresh = np.sqrt(1 - correlation**2) * wobble[i]
        wobble[i] = correlation * wobble[i - 1] + fresh
    return np.concatenate(pieces) * (1 + noise * wobble)
