r"""From the share a classifier flags to the share that has the property.

With true and false positive rates TPR and FPR, a share C of active molecules is flagged
at the rate C_M = C TPR + (1 - C) FPR, so (section 3.3, law of total probability)

.. math:: C = \frac{C_M - FPR}{TPR - FPR}.

Nothing clips C: it leaves [0, 1] by chance, and where the two rates, measured on other
molecules than those judged, do not hold for them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from helpers.graph_generation.classifier import Confusion
from helpers.intervals import percentiles


def rectified(c_m: float, tpr: float, fpr: float) -> float:
    """The share C behind a flagged share C_M; all four are shares, not per cent.

    Raises
    ------
    ValueError
        If an input is outside [0, 1] or TPR is not above FPR.

    Examples
    --------
    Table 6 of the paper from its C_M and Table 10:

    >>> [round(100 * rectified(c, 810 / 1443, 4145 / 39684), 2)
    ...  for c in (29 / 110, 36 / 110)]
    [34.84, 48.77]
    """
    for name, value in {"c_m": c_m, "tpr": tpr, "fpr": fpr}.items():
        if not 0 <= value <= 1:
            raise ValueError(f"{name} is {value}; allowed: 0 to 1")
    if tpr <= fpr:
        raise ValueError(
            f"tpr {tpr:.4g} is not above fpr {fpr:.4g}: such a classifier tells nothing"
        )
    return (c_m - fpr) / (tpr - fpr)


def share_draws(
    hits: Sequence[int] | np.ndarray,
    totals: Sequence[int] | np.ndarray,
    rng: np.random.Generator,
    draws: int = 4000,
) -> np.ndarray:
    """Draws from the posterior of a share that was counted in several answers.

    Jeffreys' prior; molecules of one answer resemble each other, so their number is
    divided by the design effect: the variance of the share over answers in units of
    what independent molecules would give, not below 1.

    Parameters
    ----------
    hits, totals : int array (answers,)
        Molecules counted and molecules in all, per answer.
    rng : numpy.random.Generator
    draws : int

    Returns
    -------
    float array (draws,)

    Raises
    ------
    ValueError
        If there is no molecule or there are more hits than molecules.
    """
    k, n = np.asarray(hits, dtype=float), np.asarray(totals, dtype=float)
    total = n.sum()
    if not total or (k > n).any() or (k < 0).any():
        raise ValueError(
            f"{k.sum():g} hits among {total:g} molecules; allowed: 0 to the number of "
            "molecules in each answer, with at least one in all"
        )
    share = k.sum() / total
    effect, alone = 1.0, share * (1 - share) / total
    if (answers := int((n > 0).sum())) > 1 and alone > 0:
        between = float(((k - share * n) ** 2).sum()) / total**2
        effect = max(1.0, between * answers / (answers - 1) / alone)
    size = total / effect
    return rng.beta(share * size + 0.5, (1 - share) * size + 0.5, draws)


def rectified_interval(
    hits: Sequence[int] | np.ndarray,
    totals: Sequence[int] | np.ndarray,
    matrix: Confusion,
    *,
    level: float = 0.95,
    seed: int = 0,
) -> tuple[float, float]:
    """Interval of C that counts the uncertainty of C_M, TPR and FPR alike.

    All three are drawn (`share_draws`); draws in which TPR does not exceed FPR are left
    out. The paper's standard error is that of C_M over TPR - FPR alone.

    Parameters
    ----------
    hits, totals : int array (answers,)
        Molecules flagged and judged, per answer.
    matrix : Confusion
        What TPR and FPR come from.

    Raises
    ------
    ValueError
        As `share_draws`.
    """
    values = rectified_draws(hits, totals, matrix, np.random.default_rng(seed))
    return percentiles(values, level)


def rectified_draws(
    hits: Sequence[int] | np.ndarray,
    totals: Sequence[int] | np.ndarray,
    matrix: Confusion,
    rng: np.random.Generator,
) -> np.ndarray:
    """Draws of C for `rectified_interval`; fewer where TPR hardly exceeds FPR."""
    c_m = share_draws(hits, totals, rng)
    tpr = share_draws([matrix.tp], [matrix.positives], rng)
    fpr = share_draws([matrix.fp], [matrix.negatives], rng)
    useful = tpr > fpr
    return (c_m - fpr)[useful] / (tpr - fpr)[useful]


def rectification_check(
    flagged: np.ndarray,
    truth: np.ndarray,
    matrices: dict[str, Confusion],
    *,
    shares: Sequence[float] = (0.0, 0.25, 0.5, 0.75, 1.0),
    size: int = 110,
    draws: int = 200,
    seed: int = 0,
) -> pd.DataFrame:
    """C of samples whose true share is known: is the correction right on average?

    Parameters
    ----------
    flagged, truth : bool array (n,)
        Verdict on and truth of the molecules to draw from, with replacement.
    matrices : dict of Confusion
        By where their rates come from, such as "train" and "held out".
    shares : sequence of float
        True shares of active molecules.
    size : int
        Molecules of a sample; 110 per prompt in the paper (inferred).
    draws, seed : int

    Returns
    -------
    DataFrame
        Columns rates, share (realised, mean), c (mean), sd, low, high (2.5 and 97.5 %
        of the samples).
    """
    rng = np.random.default_rng(seed)
    active, inactive = np.flatnonzero(truth), np.flatnonzero(~np.asarray(truth))
    if not len(active) or not len(inactive):
        raise ValueError("one class is absent; allowed: at least one molecule of each")
    rows = []
    for share in shares:
        count = round(share * size)
        picked = np.concatenate(
            [
                rng.choice(active, (draws, count)),
                rng.choice(inactive, (draws, size - count)),
            ],
            axis=1,
        )
        c_m = np.asarray(flagged, dtype=float)[picked].mean(axis=1)
        for name, matrix in matrices.items():
            c = (c_m - matrix.fpr) / (matrix.tpr - matrix.fpr)
            rows.append((name, count / size, c.mean(), c.std(), *percentiles(c)))
    return pd.DataFrame(rows, columns=["rates", "share", "c", "sd", "low", "high"])
