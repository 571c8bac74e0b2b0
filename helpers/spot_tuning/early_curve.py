"""EarlyCurve: the final metric from a fit of the newest stage of a learning curve.

A curve is a sum of stages, each ``1 / (a0 k^2 + a1 k + a2) + a3`` with k counted
inside the stage (form recalled; the constants are ours). Only the newest one says
where the curve will end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from helpers.spot_tuning.curve_fitting import (
    LEAST_VALUES,
    NEGLIGIBLE,
    Reciprocal,
    fit_reciprocal,
    history,
)
from helpers.spot_tuning.stage_detection import detected_starts, scheduled_starts


def fit_stage(metrics: Sequence[float] | np.ndarray) -> Reciprocal:
    """Coefficients of one stage; ``metrics[0]`` is the value after its step k = 1.

    Raises
    ------
    ValueError
        If there are fewer than four values, one is negative or not finite, or all are
        zero.
    """
    if len(metrics) < len(Reciprocal._fields):
        raise ValueError(
            f"a stage of {len(metrics)} values has four unknowns; bring at least four"
        )
    return fit_reciprocal(metrics)


@dataclass(frozen=True)
class EarlyCurve:
    """Predicts the final metric from the newest stage alone.

    The prediction is the fitted curve at the final step. It is never negative and never
    above the highest value of the stage, but may lie above the last value: that one
    carries noise, and cutting at it would make every lucky last step a forecast. A
    stage that rises (overfitting) is predicted at its mean. A short, noisy stage that
    happens to fall is taken at its word and continued down, possibly far too low.

    Attributes
    ----------
    decay_steps : sequence of int, optional
        Steps after which the setting lowers its learning rate: part of its
        hyper-parameters, hence known. Decays later than the present step are ignored.
        None: stages are found from the curve alone.
    least_values : int
        A stage with fewer values is not extrapolated; its last value is the prediction
        (the last of the stage before, if the stage has no step yet).
    """

    decay_steps: Sequence[int] | None = None
    least_values: int = LEAST_VALUES

    def predict(self, metrics: Sequence[float] | np.ndarray, final_step: int) -> float:
        """Metric after ``final_step`` steps, given the first ``len(metrics)``."""
        values = history(metrics, final_step)
        stage = values[self.starts(values)[-1] :]
        known = len(values) == final_step
        if known or len(stage) < self.least_values or stage.max() < NEGLIGIBLE:
            return float(values[-1])
        ahead = final_step - len(values)
        fitted = fit_stage(stage).at(len(stage) + ahead)
        return float(min(fitted, stage.max()))

    def starts(self, metrics: Sequence[float] | np.ndarray) -> list[int]:
        """Steps done before each stage that has begun so far, ascending from 0."""
        if self.decay_steps is None:
            return detected_starts(metrics)
        return scheduled_starts(self.decay_steps, len(metrics))
