"""How well predictors foretell final metrics, and how well they choose a setting."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from helpers.progress import progress_bar
from helpers.spot_tuning.curves import LearningCurves
from helpers.spot_tuning.final_metric import METHODS, predictors_for
from helpers.spot_tuning.job_result import relative_regret

THETAS = (0.3, 0.5, 0.6, 0.7, 0.8, 0.9)


def steps_seen(theta: float, max_steps: int) -> int:
    """Steps of a run stopped at the share ``theta``: theta max_steps, rounded up.

    Raises
    ------
    ValueError
        If ``theta`` is not above 0 and at most 1.
    """
    if not 0 < theta <= 1:
        raise ValueError(f"theta is {theta:g}; allowed: 0 < theta <= 1")
    # the tiny amount undoes products such as 0.28 * 25 = 7.000000000000001
    return max(1, math.ceil(theta * max_steps - 1e-9))


def prediction_errors(
    runs: Mapping[int, LearningCurves],
    methods: Sequence[str] = METHODS,
    thetas: Sequence[float] = THETAS,
) -> pd.DataFrame:
    """Predicted and true final metric of every trial, from a share theta of its steps.

    ``error = |predicted - final| / final``; 0 if both are zero, infinite if only the
    final metric is: prefer medians.

    Parameters
    ----------
    runs : mapping of int to LearningCurves
        One workload's curves per seed.
    methods : sequence of str
        Of `final_metric.METHODS`.
    thetas : sequence of float
        Shares of the steps, 0 < theta <= 1.

    Returns
    -------
    DataFrame
        One row per seed, theta, method and trial, with these four columns and
        ``steps`` (seen), ``predicted``, ``final`` and ``error``.

    Raises
    ------
    ValueError
        If a method or a theta is not allowed.
    """
    for theta in thetas:
        steps_seen(theta, 1)
    predictors = {
        (seed, method): predictors_for(curves, method)
        for seed, curves in runs.items()
        for method in methods
    }
    rows = []
    for (seed, method), of_trial in progress_bar(predictors.items()):
        curves = runs[seed]
        for trial, metrics in zip(curves.trials, curves.metrics, strict=True):
            final = float(metrics[-1])
            for theta in thetas:
                steps = steps_seen(theta, len(metrics))
                predicted = of_trial[trial].predict(metrics[:steps], len(metrics))
                error = abs(relative_regret(predicted, final))
                rows.append(
                    (seed, theta, method, trial, steps, predicted, final, error)
                )
    columns = ["seed", "theta", "method", "trial", "steps", "predicted"]
    return pd.DataFrame(rows, columns=[*columns, "final", "error"])


def selection(
    errors: pd.DataFrame, picks: int = 3, tolerance: float = 0.0
) -> pd.DataFrame:
    """What is lost by trusting the predictions, per seed, theta and method.

    Trials are ranked by predicted final metric. Equal predictions are ranked at random,
    and the figures are exact means over these rankings: a method that gives every trial
    the same prediction scores like chance, not like the order of the trials. Trials
    within ``tolerance`` of the best final metric all count as best.

    Parameters
    ----------
    errors : DataFrame
        From `prediction_errors`.
    picks : int
        How many predicted winners are trained to the end, of which the truly best one
        is kept; at least 1. With fewer trials than that all of them are.
    tolerance : float
        Share of the best final metric, for example 0.01; at least 0.

    Returns
    -------
    DataFrame
        ``seed``, ``theta``, ``method`` and

        - ``regret``: final metric of the first-ranked trial, relative to the best, - 1;
        - ``top_1``: 1 if the first-ranked trial is a best one;
        - ``regret_picks``: the same for the best of the ``picks`` first;
        - ``top_picks``: 1 if a best one is among them.

    Raises
    ------
    ValueError
        If ``picks`` is below 1 or ``tolerance`` negative.
    """
    if picks < 1 or tolerance < 0:
        raise ValueError(
            f"picks {picks}, tolerance {tolerance:g}; allowed: picks >= 1, "
            "tolerance >= 0"
        )
    rows = []
    for keys, group in errors.groupby(["seed", "theta", "method"], sort=False):
        predicted, final = group["predicted"].to_numpy(), group["final"].to_numpy()
        best = float(final.min())
        regret = np.array([relative_regret(value, best) for value in final])
        miss = (final > best * (1 + tolerance)).astype(float)
        rows.append(
            (
                *keys,
                expected_lowest(predicted, regret, 1),
                1 - expected_lowest(predicted, miss, 1),
                expected_lowest(predicted, regret, picks),
                1 - expected_lowest(predicted, miss, picks),
            )
        )
    columns = ["seed", "theta", "method", "regret", "top_1"]
    return pd.DataFrame(rows, columns=[*columns, "regret_picks", "top_picks"])


def expected_lowest(score: np.ndarray, value: np.ndarray, picks: int) -> float:
    """Mean lowest ``value`` among the ``picks`` lowest scores, ties ranked at random.

    Trials below the last picked score are in for sure; the r places left are drawn from
    the t trials that share it. Sorted by value, the j-th of those (from 0) is the
    lowest drawn in C(t - 1 - j, r - 1) of C(t, r) cases.
    """
    picks = min(picks, len(score))
    last = np.sort(score)[picks - 1]
    sure = value[score < last]
    tied = np.sort(value[score == last])
    places = picks - len(sure)
    cases = [math.comb(len(tied) - 1 - j, places - 1) for j in range(len(tied))]
    lowest = np.minimum(tied, sure.min(initial=np.inf))
    # a sum over possible cases only: infinity times zero cases is not a number
    possible = np.flatnonzero(cases)
    share = np.array(cases, dtype=float)[possible] / math.comb(len(tied), places)
    return float(share @ lowest[possible])


def error_difference(
    errors: pd.DataFrame,
    theta: float,
    workloads: Sequence[str],
    worse: str = "SLAQ",
    better: str = "EarlyCurve",
) -> np.ndarray:
    """Error of one method minus another's, one number per workload and setting.

    ``errors`` is from `prediction_errors` with a column ``workload``; errors are
    averaged over seeds first.
    """
    rows = errors[(errors["theta"] == theta) & errors["workload"].isin(workloads)]
    keys = ["workload", "trial"]
    table = rows.pivot_table(index=keys, columns="method", values="error")
    return (table[worse] - table[better]).to_numpy()
