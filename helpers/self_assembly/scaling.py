"""How completion time grows with the number of agents: log, square root or power.

The models have the same number of parameters and are fitted to, and compared on,
the same response (steps, not their logarithm), so AIC differences are differences
in fit alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from scipy.optimize import minimize_scalar

from helpers.intervals import percentiles

EXPONENTS = (-1.0, 3.0)
# two coefficients and the residual variance
PARAMETERS = 3


def _linear(x: np.ndarray, y: np.ndarray) -> tuple[float, float, float]:
    """Least squares a x + b: (a, b, residual sum of squares)."""
    dx = x - x.mean()
    a = float(dx @ (y - y.mean()) / (dx @ dx))
    b = float(y.mean() - a * x.mean())
    return a, b, float(((y - a * x - b) ** 2).sum())


def _power(n: np.ndarray, y: np.ndarray) -> tuple[float, float, float]:
    """Least squares a n^p on y itself: (a, p, residual sum of squares).

    For a given p the best a is closed (x.y / x.x), which leaves a search over p.
    """
    # scaled by the geometric mean so that no power overflows
    middle = np.exp(np.log(n).mean())
    scaled = np.log(n / middle)

    def best(p: float) -> tuple[float, float]:
        x = np.exp(p * scaled)
        a = float(x @ y / (x @ x))
        return a, float(((y - a * x) ** 2).sum())

    # the sum of squares can have two valleys: start at the best of a coarse grid
    grid = np.linspace(*EXPONENTS, 41)
    start = grid[int(np.argmin([best(p)[1] for p in grid]))]
    step = grid[1] - grid[0]
    found = minimize_scalar(
        lambda p: best(p)[1],
        bounds=(max(start - step, EXPONENTS[0]), min(start + step, EXPONENTS[1])),
        method="bounded",
        options={"xatol": 1e-8},
    )
    p = float(found.x)
    a, residual = best(p)
    return a * middle**-p, p, residual


def _resampled_interval(
    n: np.ndarray,
    y: np.ndarray,
    statistic: Callable[[np.ndarray, np.ndarray], float],
    sizes: int,
    seed: int,
    resamples: int,
    level: float,
) -> tuple[float, float]:
    """Percentile interval of ``statistic(n, y)`` over resampled pairs.

    Draws with fewer than ``sizes`` different n cannot be fitted and are drawn anew.
    """
    rng = np.random.default_rng(seed)
    found: list[float] = []
    while len(found) < resamples:
        drawn = rng.integers(len(n), size=len(n))
        if len(np.unique(n[drawn])) >= sizes:
            found.append(statistic(n[drawn], y[drawn]))
    return percentiles(found, level)


def fit_scaling(
    n: Sequence[float] | np.ndarray,
    steps: Sequence[float] | np.ndarray,
    seed: int = 0,
    resamples: int = 500,
    level: float = 0.95,
) -> pd.DataFrame:
    """Fit three laws of growth by least squares and compare them.

    ``log``: a ln n + b; ``sqrt``: a sqrt(n) + b; ``power``: a n^p, without an offset.

    R2 = 1 - RSS / TSS and AIC = m ln(RSS / m) + 2 k, for m pairs and k = 3 (two
    coefficients and the variance) in all three models. That is the AIC of normal
    errors with one variance, up to a constant; since k is the same the ranking by
    AIC is the ranking by RSS. ``winner`` marks the lowest AIC; models within about 2
    of it are not told apart by the data.

    Parameters
    ----------
    n : sequence of float
        Agents, positive; one entry per run.
    steps : sequence of float
        Steps of that run; NaN (not completed) is refused, since leaving it out
        silently would favour the fast runs.
    resamples, level, seed
        Bootstrap interval of the exponent: percentiles over resampled pairs; NaN
        without resamples.

    Returns
    -------
    DataFrame
        Index log, sqrt, power; columns formula, a, b, exponent, exponent_low,
        exponent_high, r2, aic, delta_aic, winner. ``b`` is NaN for the power law and
        the exponents are NaN for the others.

    Raises
    ------
    ValueError
        Lengths differ, fewer than four pairs or three sizes, values not finite,
        sizes not positive, or steps that are all the same.
    """
    sizes, y = np.asarray(n, dtype=float), np.asarray(steps, dtype=float)
    if sizes.ndim != 1 or sizes.shape != y.shape:
        raise ValueError(
            f"n and steps must be two lists of one length, got {sizes.shape}, {y.shape}"
        )
    if not (np.isfinite(sizes).all() and np.isfinite(y).all() and (sizes > 0).all()):
        raise ValueError("n must be positive and finite, steps finite (no NaN)")
    if len(sizes) < 4 or len(np.unique(sizes)) < 3:
        raise ValueError("a fit needs at least four runs over at least three sizes")
    total = float(((y - y.mean()) ** 2).sum())
    if total == 0:
        raise ValueError("steps are all the same: no growth to fit")
    log_a, log_b, log_rss = _linear(np.log(sizes), y)
    sqrt_a, sqrt_b, sqrt_rss = _linear(np.sqrt(sizes), y)
    power_a, p, power_rss = _power(sizes, y)
    nan = float("nan")
    low = high = nan
    if resamples:
        low, high = _resampled_interval(
            sizes, y, lambda n, y: _power(n, y)[1], 2, seed, resamples, level
        )
    table = pd.DataFrame(
        {
            "formula": ["a ln n + b", "a sqrt(n) + b", "a n^p"],
            "a": [log_a, sqrt_a, power_a],
            "b": [log_b, sqrt_b, nan],
            "exponent": [nan, nan, p],
            "exponent_low": [nan, nan, low],
            "exponent_high": [nan, nan, high],
        },
        index=pd.Index(["log", "sqrt", "power"], name="model"),
    )
    rss = np.array([log_rss, sqrt_rss, power_rss])
    table["r2"] = 1 - rss / total
    # rounding is all that is left of a perfect fit; keep its logarithm finite
    floor = total * np.finfo(float).eps
    table["aic"] = len(y) * np.log(np.maximum(rss, floor) / len(y)) + 2 * PARAMETERS
    table["delta_aic"] = table["aic"] - table["aic"].min()
    table["winner"] = table["aic"] == table["aic"].min()
    return table


def aic_advantage(
    n: Sequence[float] | np.ndarray,
    steps: Sequence[float] | np.ndarray,
    model: str,
    rival: str,
    seed: int = 0,
    resamples: int = 200,
    level: float = 0.95,
) -> tuple[float, float, float]:
    """AIC(rival) - AIC(model), positive where ``model`` explains the steps better.

    Returns
    -------
    (value, low, high)
        With the percentile interval over resampled pairs (n, steps).
    """
    sizes, y = np.asarray(n, dtype=float), np.asarray(steps, dtype=float)

    def advantage(n: np.ndarray, y: np.ndarray) -> float:
        aic = fit_scaling(n, y, resamples=0)["aic"].to_dict()
        return float(aic[rival] - aic[model])

    low, high = _resampled_interval(sizes, y, advantage, 3, seed, resamples, level)
    return advantage(sizes, y), low, high
