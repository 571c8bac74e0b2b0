r"""What five simple answerers would score on a distribution task, and slopes over p.

An answer states p (p_pred) after ten graphs and generates ten more, of which a share
p_gen are targets. Five answerers to draw beside a model in the paper's Fig. 5:

========  ==========================  =====================================
line      p_pred                      p_gen
========  ==========================  =====================================
constant  0.6, GPT-4's usual answer   share of graphs drawn with 0.6
counter   share of targets it is      that same share, as if the given
          given, counted exactly      graphs were repeated
plug-in   as the counter              share of graphs drawn with its p_pred
oracle    the true p                  share of graphs drawn with the true p
chance    none                        parts of every graph picked at random
========  ==========================  =====================================

A cell of the paper is the mean over a few answers; all laws here are exact, by adding
up binomial laws, and hold for such a mean. Inferred: the paper has no such lines.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from helpers.graph_generation.distributions import PAPER_P, target_rate_chance
from helpers.intervals import bootstrap_means, percentiles
from helpers.names import unknown_name

LINES = ("constant", "counter", "plug-in", "oracle", "chance")
CONSTANT = 0.6
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Law:
    """Law of a cell's value: shares in [0, 1] and their probabilities."""

    values: tuple[float, ...]
    chances: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Expected value."""
        return float(np.dot(self.values, self.chances))

    def error(self, p: float) -> float:
        """Expected distance of the value from ``p``."""
        return float(np.dot(np.abs(np.asarray(self.values) - p), self.chances))

    def band(self, level: float = 0.95) -> tuple[float, float]:
        """Smallest and largest value once (1 - level)/2 is cut off at either end."""
        reached = np.cumsum(self.chances)
        tail = (1 - level) / 2
        low = int(np.searchsorted(reached, tail))
        high = int(np.searchsorted(reached, 1 - tail))
        return self.values[low], self.values[min(high, len(self.values) - 1)]


def _mean_of_runs(one_run: Floats, runs: int) -> Law:
    """Law of the mean share over runs, from the law of one run's count 0..trials."""
    law = np.ones(1)
    for _ in range(runs):
        law = np.convolve(law, one_run)
    shares = np.arange(len(law)) / (len(law) - 1)
    return Law(tuple(shares.tolist()), tuple(law.tolist()))


def _counts(trials: int, p: float) -> Floats:
    """Binomial probabilities of 0..trials."""
    return np.asarray(stats.binom.pmf(np.arange(trials + 1), trials, p), dtype=float)


@lru_cache(maxsize=4096)
def laws(
    line: str,
    task: str,
    p: float,
    *,
    inputs: int = 10,
    outputs: int = 10,
    runs: int = 5,
) -> tuple[Law | None, Law]:
    """Exact laws of a cell's p_pred (None for chance) and p_gen.

    Parameters
    ----------
    line : str
        One of `LINES`.
    task : str
        Distribution task; only the chance level depends on it.
    p : float
        True probability of a target, in [0, 1].
    inputs, outputs : int
        Graphs given and (valid) graphs generated per answer.
    runs : int
        Answers that a cell averages: 5 in most cells of the paper (inferred).

    Raises
    ------
    ValueError
        For an unknown line or task, p outside [0, 1], or a count below 1.

    Examples
    --------
    >>> p_pred, p_gen = laws("plug-in", "union", 0.2)
    >>> round(p_pred.error(0.2), 3), round(p_gen.error(0.2), 3)
    (0.045, 0.062)
    """
    if line not in LINES:
        raise unknown_name("reference line", line, LINES)
    if not (math.isfinite(p) and 0 <= p <= 1):
        raise ValueError(f"p is {p!r}; allowed: 0 to 1")
    for name, count in (("inputs", inputs), ("outputs", outputs), ("runs", runs)):
        if count < 1:
            raise ValueError(f"{name} is {count!r}; allowed: an integer of at least 1")
    chance = target_rate_chance(task)
    counted = _counts(inputs, p)
    if line in ("counter", "plug-in"):
        p_pred = _mean_of_runs(counted, runs)
        if line == "counter":
            return p_pred, p_pred
        drawn = [_counts(outputs, given / inputs) for given in range(inputs + 1)]
        return p_pred, _mean_of_runs(counted @ np.asarray(drawn), runs)
    used = {"constant": CONSTANT, "oracle": p, "chance": chance}[line]
    stated = None if line == "chance" else Law((used,), (1.0,))
    return stated, _mean_of_runs(_counts(outputs, used), runs)


def reference_lines(
    task: str,
    ps: Sequence[float] = PAPER_P,
    *,
    inputs: int = 10,
    outputs: int = 10,
    runs: int = 5,
    level: float = 0.95,
) -> pd.DataFrame:
    """Every line at every p: expectation, band and expected distance from p.

    Returns
    -------
    pd.DataFrame
        Columns ``distribution``, ``line``, ``p`` in [0, 1]; in % ``p_pred`` and
        ``p_gen``, each with ``_low``, ``_high`` (where a cell's value falls with
        probability ``level``) and ``_error`` (expected distance from p, in points).
        p_pred is NaN for chance. Other parameters as in `laws`.
    """
    rows = []
    for line in LINES:
        for p in ps:
            pair = laws(line, task, p, inputs=inputs, outputs=outputs, runs=runs)
            row: dict[str, object] = {"distribution": task, "line": line, "p": p}
            for name, law in zip(("p_pred", "p_gen"), pair, strict=True):
                low, high = law.band(level) if law else (math.nan, math.nan)
                row[name] = 100 * law.mean if law else math.nan
                row[f"{name}_low"], row[f"{name}_high"] = 100 * low, 100 * high
                row[f"{name}_error"] = 100 * law.error(p) if law else math.nan
            rows.append(row)
    return pd.DataFrame(rows)


def reference_scores(lines: pd.DataFrame) -> pd.DataFrame:
    """One row per distribution and line: mean error over p, and slope on p.

    Parameters
    ----------
    lines : pd.DataFrame
        From `reference_lines`.

    Returns
    -------
    pd.DataFrame
        Columns ``distribution``, ``line``, ``p_pred_error``, ``p_gen_error`` in
        points, ``p_pred_slope``, ``p_gen_slope`` without unit.
    """
    rows = []
    for (task, line), group in lines.groupby(["distribution", "line"], sort=False):
        row: dict[str, object] = {"distribution": task, "line": line}
        for name in ("p_pred", "p_gen"):
            row[f"{name}_error"] = group[f"{name}_error"].mean()
            row[f"{name}_slope"] = slope(group["p"], group[name] / 100)
        rows.append(row)
    return pd.DataFrame(rows)


def slope(p: ArrayLike, values: ArrayLike) -> float:
    r"""Least-squares slope of values on p: 0 ignores the input, 1 is ideal.

    .. math:: \sum_i (p_i - \bar p)\, y_i \Big/ \sum_i (p_i - \bar p)^2

    Parameters
    ----------
    p, values : array_like of float
        Shape (answers,) or (cells,), in the same unit. Pairs with a value that is NaN
        (an answer that states no p, or has no valid graph) are left out.

    Returns
    -------
    float
        NaN if no value is left, or all that are left have one p.

    Examples
    --------
    >>> round(slope([0.2, 0.4, 0.6, 0.8], [0.62, 0.60, 0.58, 0.60]), 2)
    -0.04
    """
    x, y = _pairs(p, values)
    centred = x - x.mean() if len(x) else x
    spread = float(centred @ centred)
    return float(centred @ y) / spread if spread > 1e-12 else math.nan


def slope_interval(
    p: ArrayLike,
    values: ArrayLike,
    *,
    seed: int,
    draws: int = 2000,
    level: float = 0.95,
) -> dict[str, float]:
    """`slope` over answers and its percentile interval, by bootstrap over answers.

    Answers are resampled within each p, as the experiment fixes how many each p has. A
    p with one answer adds no width: give answers, not cell means.

    Parameters
    ----------
    p, values
        As in `slope`.
    seed : int
        Of the resampling.

    Returns
    -------
    dict
        ``value``, ``low``, ``high``: what `record` takes.

    Raises
    ------
    ValueError
        If fewer than two different p have a value.
    """
    x, y = _pairs(p, values)
    if len(np.unique(x)) < 2:
        raise ValueError("a slope needs answers at two or more different p")
    rng = np.random.default_rng(seed)
    centred = x - x.mean()
    products = np.zeros(draws)
    for place in np.unique(x):
        cell = y[x == place]
        sums = len(cell) * bootstrap_means(cell, rng, draws)
        products += (place - x.mean()) * sums
    slopes = products / (centred @ centred)
    low, high = percentiles(slopes, level)
    return {"value": slope(x, y), "low": low, "high": high}


def _pairs(p: ArrayLike, values: ArrayLike) -> tuple[Floats, Floats]:
    x, y = np.asarray(p, dtype=float), np.asarray(values, dtype=float)
    if x.ndim != 1 or x.shape != y.shape:
        raise ValueError(f"p {x.shape} and values {y.shape}; allowed: one value per p")
    if not np.isfinite(x).all():
        raise ValueError("p holds a value that is not finite; allowed: 0 to 1")
    kept = ~np.isnan(y)
    return x[kept], y[kept]
