"""Counts behind Table 6 and what they support, with Table 10 (all inferred)."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from helpers.graph_generation.published import confusion, molecules

PRINTED = 0.05 + 1e-9  # half a unit of the last printed digit
PROMPTS = ("few-shot", "few-shot-cot")


def classifier_rates() -> tuple[float, float]:
    """True and false positive rate of Table 10's classifier, in [0, 1].

    Examples
    --------
    >>> [round(rate, 4) for rate in classifier_rates()]
    [0.5613, 0.1045]
    """
    n = confusion()
    return n["TP"] / (n["TP"] + n["FN"]), n["FP"] / (n["FP"] + n["TN"])


def molecule_totals(most: int = 300) -> list[int]:
    """Numbers of molecules per prompt that can lead to every cell of Table 6.

    Whole molecules must be behind C_M, novel and unique of both prompts to the printed
    digit, and C must follow from that C_M. So C_M is a share of yes-or-no verdicts, not
    a mean probability; 110 are 11 answers of 10.

    Examples
    --------
    >>> molecule_totals()
    [110, 220]
    """
    printed = _printed()
    return [total for total in range(1, most + 1) if _counts(total, printed)]


def molecule_counts() -> pd.DataFrame:
    """The counts at the smallest of `molecule_totals`, beside the printed percentages.

    One row per prompt and metric: ``method``, ``metric``, ``count`` (none for C),
    ``total``, ``recomputed``, ``printed``.
    """
    total, found = _smallest()
    rows = []
    for method, metric, printed in molecules()[["method", "metric", "mean"]].to_numpy():
        count = found[method].get(metric)
        flagged = 100 * found[method]["c_m"] / total
        value = _rectified(flagged) if count is None else 100 * count / total
        rows.append((method, metric, count, total, value, printed))
    columns = ["method", "metric", "count", "total", "recomputed", "printed"]
    return pd.DataFrame(rows, columns=columns).astype({"count": "Int64"})


def cot_gain() -> dict[str, float]:
    """Is C_M with CoT higher? The z test of two shares, pooled, and its p-value.

    Examples
    --------
    >>> {name: round(value, 2) for name, value in cot_gain().items()}
    {'gain': 6.36, 'z': 1.03, 'p_value': 0.3}
    """
    total, counts = _smallest()
    few, cot = (counts[method]["c_m"] for method in PROMPTS)
    pooled = (few + cot) / (2 * total)
    z = (cot - few) / total / math.sqrt(pooled * (1 - pooled) * 2 / total)
    gain = 100 * (cot - few) / total
    return {"gain": gain, "z": z, "p_value": math.erfc(z / math.sqrt(2))}


def copies_explain() -> pd.DataFrame:
    """C_M and C if copied molecules are flagged as often as the known active ones.

    Copies of given molecules, which are active, are flagged at the true positive rate.
    Then ``c_m_novel`` is left for the new molecules: as high without CoT as with it,
    nearly. The last two rows are molecules drawn at random from the data, and active
    ones alone.
    """
    tpr, fpr = classifier_rates()
    total, counts = _smallest()
    rows = []
    for method in PROMPTS:
        count = counts[method]
        copied = 1 - count["novel"] / total
        flagged = (count["c_m"] / total - copied * tpr) / (1 - copied)
        row = (100 * copied, 100 * count["c_m"] / total, 100 * flagged)
        rows.append((method, *row, _rectified(100 * flagged)))
    n = confusion()
    share = (n["TP"] + n["FN"]) / sum(n.values())
    for name, active in {"random molecules": share, "active molecules": 1.0}.items():
        flagged = 100 * (active * tpr + (1 - active) * fpr)
        rows.append((name, 0.0, flagged, flagged, 100 * active))
    columns = ["molecules", "copies", "c_m", "c_m_novel", "c_novel"]
    return pd.DataFrame(rows, columns=columns)


def _printed() -> dict[str, dict[str, float]]:
    table = molecules().pivot(index="method", columns="metric", values="mean")
    return {str(method): dict(cell) for method, cell in table.iterrows()}


def _smallest() -> tuple[int, dict[str, dict[str, int]]]:
    total = molecule_totals()[0]
    return total, _counts(total, _printed())


def _counts(
    total: int, printed: dict[str, dict[str, float]]
) -> dict[str, dict[str, int]]:
    """Counts of ``total`` molecules for each prompt; empty if some cell has none."""
    shares = 100 * np.arange(total + 1) / total
    rectified = _rectified(shares)
    found: dict[str, dict[str, int]] = {}
    for method, cell in printed.items():
        for metric in ("c_m", "novel", "unique"):
            near = np.abs(shares - cell[metric]) <= PRINTED
            if metric == "c_m":
                near &= np.abs(rectified - cell["c"]) <= PRINTED
            fits = np.flatnonzero(near)
            if not len(fits):
                return {}
            found.setdefault(method, {})[metric] = int(fits[0])
    return found


def _rectified(flagged: np.ndarray | float) -> np.ndarray | float:
    """C = (C_M - FPR)/(TPR - FPR), not clipped; all in percent (Section 3.3)."""
    tpr, fpr = classifier_rates()
    return (flagged - 100 * fpr) / (tpr - fpr)
