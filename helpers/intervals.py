"""95 % intervals of means and of shares, for claims and figures."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np


def interval(values: Sequence[float], level: float = 0.95) -> tuple[float, float]:
    """Student-t interval of the mean of ``values`` (shape (n,), n >= 2)."""
    from scipy import stats

    sample = np.asarray(values, dtype=float)
    error = sample.std(ddof=1) / math.sqrt(len(sample))
    half = float(stats.t.ppf(0.5 + level / 2, len(sample) - 1)) * error
    return float(sample.mean() - half), float(sample.mean() + half)


def proportion(outcomes: Sequence[float], level: float = 0.95) -> dict[str, float]:
    """Share of successes and its Wilson interval: value, low and high for `record`.

    Student's t would reach beyond 1, and has no width where all outcomes agree.

    Parameters
    ----------
    outcomes : sequence of float
        1 for a success, 0 for a failure, or in between; shape (n,), n >= 1.
    """
    from scipy import stats

    n, share = len(outcomes), float(np.mean(outcomes))
    z = float(stats.norm.ppf(0.5 + level / 2))
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return {"value": share, "low": middle - z * half, "high": middle + z * half}


def percentiles(
    drawn: Sequence[float] | np.ndarray, level: float = 0.95
) -> tuple[float, float]:
    """Ends between which ``level`` of the draws lie, as many below as above."""
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def bootstrap_means(
    values: np.ndarray, rng: np.random.Generator, draws: int
) -> np.ndarray:
    """Means of bootstrap samples of ``values`` (shape (n,)); shape (draws,)."""
    even = np.full(len(values), 1 / len(values))
    means: np.ndarray = rng.multinomial(len(values), even, draws) @ values / len(values)
    return means
