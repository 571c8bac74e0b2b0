"""Ratios between policies that ran the same job, and their geometric means."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from helpers.intervals import interval
from helpers.names import unknown_name


def relative(
    frame: pd.DataFrame,
    column: str,
    baseline: str,
    keys: Sequence[str] = ("workload", "repetition"),
    by: str = "policy",
) -> pd.Series:
    """``column`` over the value of the row ``baseline`` of the same job.

    Parameters
    ----------
    frame : pd.DataFrame
        Columns ``by``, ``column`` and ``keys``.
    baseline : str
        Value of the column ``by`` that is 1 in every job.
    keys : sequence of str
        Columns that name a job.

    Raises
    ------
    ValueError
        If there is no such baseline, or a job has none or several rows of it.
    """
    names = list(dict.fromkeys(frame[by]))
    if baseline not in names:
        raise unknown_name(by, baseline, [str(name) for name in names])
    keys = list(keys)
    base = frame.loc[frame[by] == baseline, [*keys, column]]
    joined = frame[keys].merge(base, on=keys, how="left")
    if len(joined) != len(frame) or joined[column].isna().any():
        raise ValueError(f"every job needs one row of {baseline!r} ({', '.join(keys)})")
    return frame[column] / joined[column].to_numpy()


def ratio_per_repetition(
    frame: pd.DataFrame,
    column: str,
    name: str,
    baseline: str,
    by: str = "policy",
) -> np.ndarray:
    """Geometric mean over workloads of a ratio, one number per repetition.

    A repetition draws everything anew, market and training included; the workloads
    of one repetition share its market.
    """
    ratio = relative(frame, column, baseline, by=by)[frame[by] == name]
    repetition = frame.loc[ratio.index, "repetition"]
    return np.exp(np.log(ratio).groupby(repetition).mean()).to_numpy()


def best_ratios(
    frame: pd.DataFrame, column: str, name: str, baselines: Sequence[str], most: bool
) -> np.ndarray:
    """Largest (``most``) or smallest ratio over workloads and baselines, each time.

    What a paper's "up to" says: the best cell of a table.
    """
    mine = frame["policy"] == name
    ratios = pd.concat([relative(frame, column, b)[mine] for b in baselines])
    groups = ratios.groupby(frame["repetition"].reindex(ratios.index))
    return (groups.max() if most else groups.min()).to_numpy()


def geometric(ratios: np.ndarray) -> dict[str, float]:
    """Geometric mean of ratios and its 95 % interval: value, low and high.

    Student's t on the logarithms, shape (n,) with n >= 2: for ratios a factor of two
    up and a factor of two down are equally far from 1.
    """
    logs = np.log(np.asarray(ratios, dtype=float))
    low, high = interval(logs)
    return {
        "value": float(np.exp(logs.mean())),
        "low": float(np.exp(low)),
        "high": float(np.exp(high)),
    }
