"""Predictors of the final metric by name, one per trial, each answer computed once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from helpers.names import unknown_name
from helpers.spot_tuning.curve_fitting import history
from helpers.spot_tuning.curves import LearningCurves
from helpers.spot_tuning.early_curve import EarlyCurve
from helpers.spot_tuning.job import FinalMetricPredictor
from helpers.spot_tuning.slaq import SLAQ

METHODS = ("EarlyCurve", "EarlyCurve, curve only", "SLAQ", "Last value")


class LastValue:
    """Predicts that nothing more will change: the baseline for every other method."""

    def predict(self, metrics: Sequence[float] | np.ndarray, final_step: int) -> float:
        """The last of ``metrics``."""
        return float(history(metrics, final_step)[-1])


class Memoized:
    """The same predictor, but each question is answered only once.

    Policies ask for the same prediction thousands of times. An answer is kept by the
    final step and the bytes of the metrics, so equal prefixes of different trials may
    share one instance; it is never dropped.

    Parameters
    ----------
    predictor : FinalMetricPredictor
        Must depend on its arguments only.
    """

    def __init__(self, predictor: FinalMetricPredictor) -> None:
        self.predictor = predictor
        self._known: dict[tuple[int, bytes], float] = {}

    def predict(self, metrics: Sequence[float] | np.ndarray, final_step: int) -> float:
        """Metric after ``final_step`` steps, given the first ``len(metrics)``."""
        key = (final_step, np.asarray(metrics, dtype=float).tobytes())
        if key not in self._known:
            self._known[key] = self.predictor.predict(metrics, final_step)
        return self._known[key]


def predictors_for(
    curves: LearningCurves, method: str = "EarlyCurve"
) -> dict[str, FinalMetricPredictor]:
    """One memoised predictor per trial.

    Parameters
    ----------
    curves : LearningCurves
        Only the names and schedules of its settings are used, never the metrics.
    method : str
        One of `METHODS`. ``"EarlyCurve"`` knows the decay steps, which are
        hyper-parameters; ``"EarlyCurve, curve only"`` sees the curve only.

    Raises
    ------
    ValueError
        If there is no such method.
    """
    if method not in METHODS:
        raise unknown_name("prediction method", method, METHODS)
    if method == "EarlyCurve":
        schedules = curves.decay_steps or ((),) * len(curves.settings)
        return {
            trial: Memoized(EarlyCurve(decays))
            for trial, decays in zip(curves.trials, schedules, strict=True)
        }
    others: dict[str, FinalMetricPredictor] = {
        "EarlyCurve, curve only": EarlyCurve(),
        "SLAQ": SLAQ(),
        "Last value": LastValue(),
    }
    shared = Memoized(others[method])
    return dict.fromkeys(curves.trials, shared)
