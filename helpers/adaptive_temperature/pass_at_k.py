r"""pass@k: the chance that one of k samples solves a problem, and how sure that is.

Problems are the units of every interval: a resampled problem brings its own n samples
with it, so that the luck of the draw and the choice of problems both count.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from helpers.intervals import bootstrap_means, percentiles


def pass_at_k(n: ArrayLike, c: ArrayLike, k: int) -> NDArray[np.float64]:
    r"""Unbiased pass@k of every problem, of ``n`` samples with ``c`` right ones.

    .. math:: 1 - \binom{n-c}{k} \Big/ \binom{n}{k}
              = 1 - \prod_{j=0}^{k-1} \frac{n-c-j}{n-j}

    the probability that k of the n samples, drawn without replacement, hold a right
    one (the estimator of the HumanEval paper). With k = n it is 0 or 1 and averages
    over nothing: draw more samples than the largest k.

    Parameters
    ----------
    n, c : array_like of int
        Samples and right samples per problem; shapes broadcast.
    k : int
        At least 1.

    Returns
    -------
    np.ndarray
        In [0, 1], of the broadcast shape.

    Raises
    ------
    ValueError
        If k exceeds n for any problem (harnesses that skip such a problem report
        another set of problems), or c is not in [0, n].

    Examples
    --------
    >>> pass_at_k(3, [0, 1, 2, 3], 2).round(3).tolist()
    [0.0, 0.667, 1.0, 1.0]
    """
    samples, right = np.broadcast_arrays(_counts("n", n), _counts("c", c))
    if isinstance(k, bool) or not isinstance(k, int | np.integer) or k < 1:
        raise ValueError(f"k is {k!r}; allowed: an integer of at least 1")
    if samples.size and k > samples.min():
        raise ValueError(
            f"k is {k}, but {int((samples < k).sum())} of {samples.size} problems have "
            f"fewer samples (down to {samples.min()}); allowed: k up to that"
        )
    if (right > samples).any():
        raise ValueError("c exceeds n for a problem; allowed: 0 to n")
    wrong = np.ones(samples.shape)
    for j in range(k):  # a factor of 0 comes before any that is negative
        wrong = wrong * ((samples - right - j) / (samples - j))
    return np.asarray(1 - wrong)


def bootstrap(
    n: ArrayLike,
    c: ArrayLike,
    k: int,
    *,
    seed: int,
    draws: int = 2000,
    level: float = 0.95,
) -> dict[str, float]:
    """Mean pass@k over problems and its percentile interval by bootstrap.

    Parameters
    ----------
    n, c : array_like of int
        Per problem, shape (problems,) after broadcasting.
    seed : int
        Of the resampling.
    draws : int
        Resampled sets of problems.
    level : float
        Of the interval, in (0, 1).

    Returns
    -------
    dict
        ``value``, ``low`` and ``high``, as `record` takes them.

    Raises
    ------
    ValueError
        As `pass_at_k`, and if there is no problem.
    """
    values = pass_at_k(n, c, k).ravel()
    low, high = _resampled(values, seed, draws, level)
    return {"value": float(values.mean()), "low": low, "high": high}


@dataclass(frozen=True)
class PairedDifference:
    """Mean over problems of pass@k under A minus pass@k under B.

    Attributes
    ----------
    value, low, high : float
        Mean difference and its bootstrap interval over problems.
    better, worse : int
        Problems where A is above B, and below.
    p : float
        Two-sided sign test of ``better`` against ``worse``; ties are left out.
    """

    value: float
    low: float
    high: float
    better: int
    worse: int
    p: float


def paired_difference(
    c_a: ArrayLike,
    c_b: ArrayLike,
    n: ArrayLike,
    k: int,
    *,
    seed: int,
    draws: int = 2000,
    level: float = 0.95,
) -> PairedDifference:
    """Compare two samplers on the same problems, problem by problem.

    Resampling the differences keeps what makes a problem hard for both of them out of
    the interval. The sign test asks how many problems moved, not how far.

    Parameters
    ----------
    c_a, c_b : array_like of int
        Right samples per problem, same order of problems, shape (problems,).
    n : array_like of int
        Samples per problem, the same under both.
    seed, draws, level
        As in `bootstrap`.

    Raises
    ------
    ValueError
        As `pass_at_k`, and if the shapes differ or there is no problem.

    Examples
    --------
    >>> found = paired_difference([5, 9, 4, 2], [3, 6, 4, 3], 10, 1, seed=0)
    >>> round(found.value, 2), found.better, found.worse, found.p
    (0.1, 2, 1, 1.0)
    """
    from scipy import stats

    if np.shape(c_a) != np.shape(c_b) or np.ndim(c_a) != 1:
        raise ValueError(
            f"c_a has shape {np.shape(c_a)}, c_b {np.shape(c_b)}; "
            "allowed: one count per problem in both"
        )
    difference = pass_at_k(n, c_a, k) - pass_at_k(n, c_b, k)
    low, high = _resampled(difference, seed, draws, level)
    better, worse = int((difference > 0).sum()), int((difference < 0).sum())
    moved = better + worse
    p = float(stats.binomtest(better, moved).pvalue) if moved else 1.0
    return PairedDifference(float(difference.mean()), low, high, better, worse, p)


def _counts(name: str, values: ArrayLike) -> NDArray[np.int64]:
    counts = np.asarray(values)
    if not np.issubdtype(counts.dtype, np.integer) or (counts < 0).any():
        raise ValueError(f"{name} holds {values!r}; allowed: integers from 0")
    return counts.astype(np.int64)


def _resampled(
    values: NDArray[np.float64], seed: int, draws: int, level: float
) -> tuple[float, float]:
    """Percentile interval of the mean of ``values`` (problems,)."""
    if not len(values) or draws < 1 or not 0 < level < 1:
        raise ValueError(
            f"{len(values)} problems, draws={draws}, level={level}; allowed: at least "
            "one problem and one draw, a level in (0, 1)"
        )
    rng = np.random.default_rng(seed)
    return percentiles(bootstrap_means(values, rng, draws), level)
