"""SLAQ's predictor: one curve for the whole run, recent steps weigh more.

SLAQ (SoCC 2017, arXiv 1802.04819) schedules jobs by predicted loss. Both curve families
and the exponential weights are recalled; the weights' rate is our assumption.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from helpers.spot_tuning.curve_fitting import (
    LEAST_VALUES,
    NEGLIGIBLE,
    Geometric,
    Reciprocal,
    fit_geometric,
    fit_reciprocal,
    history,
)


@dataclass(frozen=True)
class SLAQ:
    """Predicts the final metric from one curve through the whole history.

    Two families are fitted, ``1 / (a k^2 + b k + c) + d`` for sub-linear convergence
    and ``mu^(k - b) + c`` for linear and faster; the one with the lower weighted sum of
    squares predicts. The weight of the value i steps back is ``2^(-i / (half_life n))``
    among n. The prediction is never negative and never above the highest value.

    Attributes
    ----------
    half_life : float
        Share of the history after which a weight has halved, at least 0.02.
    least_values : int
        A shorter history is not extrapolated; its last value is the prediction.
    """

    half_life: float = 0.25
    least_values: int = LEAST_VALUES

    def __post_init__(self) -> None:
        if not self.half_life >= 0.02:
            raise ValueError(f"half_life is {self.half_life}; allowed: at least 0.02")

    def predict(self, metrics: Sequence[float] | np.ndarray, final_step: int) -> float:
        """Metric after ``final_step`` steps, given the first ``len(metrics)``."""
        values = history(metrics, final_step)
        length = len(values)
        known = length == final_step
        if known or length < self.least_values or values.max() < NEGLIGIBLE:
            return float(values[-1])
        weights = 0.5 ** (np.arange(length)[::-1] / (self.half_life * length))
        steps = np.arange(1, length + 1)
        fits: list[Reciprocal | Geometric] = [
            fit_reciprocal(values, weights),
            fit_geometric(values, weights),
        ]
        misses = [float(weights @ (values - fit.at(steps)) ** 2) for fit in fits]
        best = fits[int(np.argmin(misses))]
        return float(min(best.at(final_step), values.max()))
