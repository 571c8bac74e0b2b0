"""Two families of falling curves and their least-squares fits, a millisecond each.

Coefficients are never negative, so a fitted curve falls, stays above zero and can be
continued to any step. The form of both families is recalled, not read in the papers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import minimize_scalar, nnls

# One more than either family has unknowns: fewer values are not extrapolated (ours).
LEAST_VALUES = 5
NEGLIGIBLE = 1e-100  # smaller metrics count as zero
BELOW, BEST = 10, 3  # values of a3 tried below the lowest metric; of these, descended
ABOVE = (0.05, 0.2, 0.4)  # values above it, in shares of the range; all descended
SHORT, LONG = 5, 100  # steps of each descent, and of the one that leads after these
HIGHEST = 1e-9  # q of a curve far above all values, or a column that does nothing
RATES = -np.geomspace(1e-2, 30.0, 24)  # ln(mu) times the number of steps


class Reciprocal(NamedTuple):
    """L(k) = 1 / (a0 k^2 + a1 k + a2) + a3 for k = 1, 2, ...; all four >= 0."""

    a0: float
    a1: float
    a2: float
    a3: float

    def at(self, step: ArrayLike) -> np.ndarray:
        """Value at one or more steps k >= 1."""
        k = np.asarray(step, dtype=float)
        return 1.0 / ((self.a0 * k + self.a1) * k + self.a2) + self.a3


class Geometric(NamedTuple):
    """L(k) = amplitude mu^k + floor for k = 1, 2, ...; 0 < mu < 1, the others >= 0.

    With amplitude = mu^-b it is mu^(k - b) + c.
    """

    mu: float
    amplitude: float
    floor: float

    def at(self, step: ArrayLike) -> np.ndarray:
        """Value at one or more steps k >= 1."""
        return self.amplitude * self.mu ** np.asarray(step, dtype=float) + self.floor


def as_losses(metrics: Sequence[float] | np.ndarray) -> np.ndarray:
    """The metrics as an array, shape (steps,), checked.

    Supported are metrics of which *lower is better* and none is negative: losses,
    errors, squared errors. Give 1 - accuracy for an accuracy; add a constant to a
    metric that may be negative (the fits are not invariant under that shift, since
    zero is their lower limit). A metric that rises is fitted by a constant.

    Raises
    ------
    ValueError
        If there is no metric, or one is negative or not finite.
    """
    values = np.asarray(metrics, dtype=float)
    if values.ndim != 1 or not len(values):
        raise ValueError(
            f"metrics have shape {values.shape}; allowed: one number per step, "
            "at least one"
        )
    bad = np.flatnonzero(~(np.isfinite(values) & (values >= 0)))
    if len(bad):
        raise ValueError(
            f"metric {values[bad[0]]:g} after step {bad[0] + 1}; allowed: finite and "
            "not negative, lower is better (use 1 - accuracy, or add a constant)"
        )
    return values


def history(metrics: Sequence[float] | np.ndarray, final_step: int) -> np.ndarray:
    """The checked metrics of a run of ``final_step`` steps, shape (steps so far,).

    Raises
    ------
    ValueError
        See `as_losses`; also if there are more metrics than ``final_step``.
    """
    values = as_losses(metrics)
    if final_step < len(values):
        raise ValueError(
            f"final step {final_step} is already past: {len(values)} metrics are known"
        )
    return values


def fit_reciprocal(
    metrics: Sequence[float] | np.ndarray, weights: np.ndarray | None = None
) -> Reciprocal:
    """Weighted least squares of ``1 / (a0 k^2 + a1 k + a2) + a3``, coefficients >= 0.

    For a given a3, 1 / (L - a3) is linear in the rest: non-negative least squares
    (Lawson and Hanson), with weights (L - a3)^2, which to first order turn its errors
    into errors of L. A few a3 of a coarse grid start descents on the true residuals:
    Levenberg-Marquardt steps, each one more non-negative problem.

    Parameters
    ----------
    metrics : sequence of float
        Shape (steps,), the value after step 1, 2, ...; see `as_losses`.
    weights : np.ndarray, optional
        Shape (steps,), positive; all one if absent.

    Raises
    ------
    ValueError
        See `as_losses`.
    """
    values = as_losses(metrics)
    scale, length = float(values.max()), len(values)
    if scale < NEGLIGIBLE:
        raise ValueError("all metrics are zero: there is no curve to fit")
    y = values / scale
    x = np.arange(1, length + 1) / length
    design = np.stack([x * x, x, np.ones(length)], axis=1)
    root = np.ones(length) if weights is None else np.sqrt(weights / np.max(weights))

    starts = []
    for a3 in _floors(y):
        above = np.maximum(y - a3, 0.0)
        a, _ = nnls((root * above**2)[:, None] * design, root * above)
        start = np.append(a, a3)
        starts.append((_cost(start, design, y, root), start))
    # gradual falls lie below, a quick one with noise about a level after it above
    below = sorted(starts[:BELOW], key=lambda pair: pair[0])[:BEST]
    fits = [
        _descend(start, design, y, root, SHORT) for _, start in below + starts[BELOW:]
    ]
    best = min(fits, key=lambda pair: pair[0])[1]
    a0, a1, a2, a3 = _descend(best, design, y, root, LONG)[1]
    return Reciprocal(
        float(a0 / (length * length * scale)),
        float(a1 / (length * scale)),
        float(a2 / scale),
        float(a3 * scale),
    )


def _floors(y: np.ndarray) -> np.ndarray:
    """Values of a3 to try: from zero to the lowest value, closer and closer, and a
    few above it, where noise may have put the lowest value below the floor."""
    low, span = float(y.min()), float(np.ptp(y))
    below = low - np.geomspace(max(low, 1e-9), max(0.01 * min(span, low), 1e-9), BELOW)
    return np.concatenate([np.maximum(below, 0.0), low + span * np.array(ABOVE)])


def _cost(
    params: np.ndarray, design: np.ndarray, y: np.ndarray, root: np.ndarray
) -> float:
    q = design @ params[:3]
    if q.min() < HIGHEST:
        return np.inf
    miss = root * (y - 1.0 / q - params[3])
    return float(miss @ miss)


def _descend(
    params: np.ndarray, design: np.ndarray, y: np.ndarray, root: np.ndarray, steps: int
) -> tuple[float, np.ndarray]:
    """Levenberg-Marquardt with non-negative parameters: (sum of squares, parameters).

    Each step minimises |J (p - now) - residual|^2 + damping |p - now|^2 over p >= 0,
    in units in which the columns of J have length one.
    """
    cost = _cost(params, design, y, root)
    if not np.isfinite(cost):
        return cost, params
    length, identity, damping = len(y), np.eye(4), 1e-3
    rows, target = np.zeros((length + 4, 4)), np.zeros(length + 4)
    for _ in range(steps):
        q = design @ params[:3]
        rows[:length, :3] = -design * (root / (q * q))[:, None]
        rows[:length, 3] = root
        sizes = np.maximum(np.sqrt((rows[:length] ** 2).sum(axis=0)), HIGHEST)
        rows[:length] /= sizes
        now = params * sizes
        target[:length] = root * (y - 1.0 / q - params[3]) + rows[:length] @ now
        while damping < 1e4:
            rows[length:] = np.sqrt(damping) * identity
            target[length:] = np.sqrt(damping) * now
            trial = nnls(rows, target)[0] / sizes
            found = _cost(trial, design, y, root)
            if found < cost:
                break
            damping *= 4.0
        else:
            return cost, params
        damping /= 100.0
        gain, cost, params = cost - found, found, trial
        if gain <= 1e-7 * cost:
            break
    return cost, params


def fit_geometric(
    metrics: Sequence[float] | np.ndarray, weights: np.ndarray | None = None
) -> Geometric:
    """Weighted least squares of ``amplitude mu^k + floor``; parameters as above.

    For a given mu it is linear with two unknowns that may not be negative; mu comes
    from a coarse grid of rates, refined by a bounded search.

    Raises
    ------
    ValueError
        See `as_losses`.
    """
    y = as_losses(metrics)
    length = len(y)
    k = np.arange(1, length + 1) / length
    share = np.ones(length) if weights is None else np.asarray(weights, float)
    share = share / share.sum()
    mean = float(share @ y)

    def solve(rate: float) -> tuple[float, float, float]:
        """(weighted sum of squares, amplitude, floor) for mu = exp(rate / length)."""
        shape = np.exp(rate * k)
        middle = float(share @ shape)
        centred = shape - middle
        slope = float(share @ (centred * (y - mean)) / (share @ (centred * centred)))
        amplitude, floor = slope, mean - slope * middle
        if slope < 0:
            amplitude, floor = 0.0, mean
        elif floor < 0:
            amplitude, floor = (
                float(share @ (shape * y) / (share @ (shape * shape))),
                0.0,
            )
        miss = y - amplitude * shape - floor
        return float(share @ (miss * miss)), amplitude, floor

    best = int(np.argmin([solve(rate)[0] for rate in RATES]))
    bounds = (RATES[min(best + 1, len(RATES) - 1)], RATES[max(best - 1, 0)])
    rate = float(
        minimize_scalar(
            lambda r: solve(r)[0],
            bounds=bounds,
            method="bounded",
            options={"xatol": 1e-6},
        ).x
    )
    _, amplitude, floor = solve(rate)
    return Geometric(float(np.exp(rate / length)), amplitude, float(floor))
