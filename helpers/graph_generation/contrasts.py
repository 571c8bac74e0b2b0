"""Differences between cells, with 95 % bootstrap intervals over answers.

An answer, not a graph, is the unit: the ten graphs of a reply depend on each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from helpers.graph_generation.reference_lines import slope
from helpers.intervals import bootstrap_means, percentiles

Where = Mapping[str, Any]
"""Column and value, or several allowed values, of the answers that are meant."""


def chosen(frame: pd.DataFrame, where: Where) -> pd.DataFrame:
    """Rows that match.

    Raises
    ------
    ValueError
        If there are none.
    """
    keep = np.ones(len(frame), dtype=bool)
    for column, wanted in where.items():
        values = wanted if isinstance(wanted, list | tuple | set) else [wanted]
        keep &= frame[column].isin(list(values)).to_numpy()
    if not keep.any():
        raise ValueError(f"no answers with {dict(where)}")
    return frame[keep]


def level(
    answers: pd.DataFrame,
    metric: str,
    where: Where,
    *,
    seed: int = 0,
    draws: int = 4000,
) -> dict[str, float]:
    """Mean of a metric over answers: value, low and high for `record`.

    Parameters
    ----------
    answers : DataFrame
        A row an answer, such as `helpers.graph_generation.metrics.per_answer` gives.
    """
    means = _resampled(answers, metric, where, np.random.default_rng(seed), draws)
    return _interval(_mean(answers, metric, where), means)


def contrast(
    answers: pd.DataFrame,
    metric: str,
    one: Where,
    other: Where,
    *,
    seed: int = 0,
    draws: int = 4000,
) -> dict[str, float]:
    """Mean of ``one`` minus mean of ``other``; their rules weigh alike if several.

    Examples
    --------
    >>> rows = [("a", 60.0), ("a", 60.0), ("b", 50.0), ("b", 50.0)]
    >>> frame = pd.DataFrame(rows, columns=["rule", "valid"])
    >>> contrast(frame, "valid", {"rule": "a"}, {"rule": "b"})
    {'value': 10.0, 'low': 10.0, 'high': 10.0}
    """
    rng = np.random.default_rng(seed)
    drawn = [_resampled(answers, metric, w, rng, draws) for w in (one, other)]
    value = _mean(answers, metric, one) - _mean(answers, metric, other)
    return _interval(value, drawn[0] - drawn[1])


def share_of(
    answers: pd.DataFrame,
    part: str,
    whole: str,
    where: Where,
    *,
    seed: int = 0,
    draws: int = 4000,
) -> dict[str, float]:
    """Sum of a metric over the sum of another one, in percent."""
    rows = chosen(answers, where)
    pairs = rows[[part, whole]].to_numpy(float)
    picks = np.random.default_rng(seed).integers(0, len(pairs), (draws, len(pairs)))
    sums = pairs[picks].sum(axis=1)
    known = sums[:, 1] > 0
    value = 100 * pairs[:, 0].sum() / pairs[:, 1].sum()
    return _interval(value, 100 * sums[known, 0] / sums[known, 1])


def slope_contrast(
    answers: pd.DataFrame,
    quantity: str,
    one: Where,
    other: Where,
    *,
    seed: int = 0,
    draws: int = 2000,
) -> dict[str, float]:
    """Slope of a quantity on p under ``one`` minus that under ``other``.

    Parameters
    ----------
    answers : DataFrame
        Of `helpers.graph_generation.distribution_answers`.
    quantity : str
        ``"p_pred"`` or ``"p_gen"``, in percent.
    """
    rng = np.random.default_rng(seed)
    values, drawn = [], []
    for where in (one, other):
        rows = chosen(answers, where).dropna(subset=[quantity])
        ps = sorted(rows["p"].unique())
        cells = [rows.loc[rows["p"] == p, quantity].to_numpy(float) / 100 for p in ps]
        values.append(slope(ps, [cell.mean() for cell in cells]))
        means = np.stack([bootstrap_means(cell, rng, draws) for cell in cells])
        centred = np.asarray(ps) - np.mean(ps)
        drawn.append(centred @ means / (centred**2).sum())
    return _interval(values[0] - values[1], drawn[0] - drawn[1])


def _groups(answers: pd.DataFrame, metric: str, where: Where) -> Sequence[np.ndarray]:
    rows = chosen(answers, where).dropna(subset=[metric])
    if "rule" not in rows:
        return [rows[metric].to_numpy(float)]
    cells = rows.groupby("rule", sort=False)[metric]
    return [cell.to_numpy(float) for _, cell in cells]


def _mean(answers: pd.DataFrame, metric: str, where: Where) -> float:
    groups = _groups(answers, metric, where)
    return float(np.mean([group.mean() for group in groups]))


def _resampled(
    answers: pd.DataFrame,
    metric: str,
    where: Where,
    rng: np.random.Generator,
    draws: int,
) -> np.ndarray:
    groups = _groups(answers, metric, where)
    means: np.ndarray = np.mean(
        [bootstrap_means(g, rng, draws) for g in groups], axis=0
    )
    return means


def _interval(value: float, drawn: np.ndarray) -> dict[str, float]:
    low, high = percentiles(drawn)
    return {"value": float(value), "low": low, "high": high}
