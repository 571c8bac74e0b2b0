"""Tables of an evaluation: pass@k with intervals, the choice, paired differences."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from helpers.adaptive_temperature.pass_at_k import (
    PairedDifference,
    bootstrap,
    paired_difference,
    pass_at_k,
)
from helpers.intervals import percentiles
from helpers.names import unknown_name

KS = (1, 5, 10, 15)
"""The paper's."""
LABELS = ["world", "split", "sampler", "rule", "a", "b", "top_p"]


def summary(
    results: pd.DataFrame, ks: Sequence[int] = KS, *, seed: int = 0
) -> pd.DataFrame:
    """A row a sampler: pass@k with its interval over problems, and shares.

    Parameters
    ----------
    results : DataFrame
        Of `helpers.adaptive_temperature.evaluation.Evaluation`.
    ks : sequence of int
    seed : int
        Of the bootstrap, which draws the same problems for all samplers.

    Returns
    -------
    DataFrame
        The labels of the samplers; ``hot``, ``valid`` and ``distinct`` as shares of
        tokens and samples; ``pass@k``, ``pass@k low`` and ``pass@k high``, as shares.
    """
    rows = []
    for labels, group in results.groupby(LABELS, sort=False):
        row = dict(zip(LABELS, labels, strict=True))
        tokens, n = group["tokens"].sum(), group["n"].sum()
        row["hot"] = float((group["hot"] * group["tokens"]).sum() / tokens)
        row["distinct"] = float(group["distinct"].sum() / n)
        row["valid"] = float(group["valid"].sum() / n)
        for k in ks:
            found = bootstrap(group["n"], group["c"], k, seed=seed)
            row[f"pass@{k}"] = found["value"]
            row |= {f"pass@{k} {end}": found[end] for end in ("low", "high")}
        rows.append(row)
    return pd.DataFrame(rows)


def best(rows: pd.DataFrame, k: int, names: Sequence[str]) -> str:
    """The one of some samplers that has the highest pass@k.

    With hindsight: `halves` compares samplers that other problems have chosen.

    Raises
    ------
    ValueError
        If one of them is not in the summary.
    """
    known = list(rows["sampler"])
    for name in names:
        if name not in known:
            raise unknown_name("sampler", name, known)
    mine = rows[rows["sampler"].isin(list(names))]
    return str(mine.iloc[int(mine[f"pass@{k}"].argmax())]["sampler"])


def paired(
    results: pd.DataFrame, one: str, other: str, k: int, *, seed: int = 0
) -> PairedDifference:
    """pass@k of one sampler minus that of another, over the same problems.

    Raises
    ------
    ValueError
        If a sampler is not among the results.
    """
    counts = results.pivot(index="task_id", columns="sampler", values="c")
    for name in (one, other):
        if name not in counts:
            raise unknown_name("sampler", name, list(counts.columns))
    n = results["n"].iloc[0]
    return paired_difference(counts[one], counts[other], n, k, seed=seed)


def points(
    results: pd.DataFrame, one: str, other: str, k: int, *, seed: int = 0
) -> dict[str, float]:
    """The same in percentage points: value, low and high, as `record` takes them."""
    found = paired(results, one, other, k, seed=seed)
    return {name: 100 * getattr(found, name) for name in ("value", "low", "high")}


def halves(
    results: pd.DataFrame,
    ones: Sequence[str],
    others: Sequence[str],
    k: int,
    *,
    seed: int = 0,
    repeats: int = 1000,
) -> dict[str, float]:
    """Best of some samplers against the best of others, in points, chosen elsewhere.

    Half of the problems choose the sampler with the highest pass@k on either side; the
    other half tells their difference; and so for many random halves. The interval over
    the halves is about as wide as that of the mean over all problems, and holds the
    luck of the choice as well, which one split into development and test would hide.

    Parameters
    ----------
    ones, others : sequence of str
        Candidates; a single one is fixed, not chosen.
    k : int
    seed : int
        Of the halves.
    repeats : int

    Returns
    -------
    dict
        ``value``, ``low`` and ``high``: mean and 95 % of the differences.

    Raises
    ------
    ValueError
        If a sampler is not among the results, or there are fewer than 4 problems.
    """
    counts = results.pivot(index="task_id", columns="sampler", values="c")
    for name in (*ones, *others):
        if name not in counts:
            raise unknown_name("sampler", name, list(counts.columns))
    if len(counts) < 4:
        raise ValueError(f"{len(counts)} problems; allowed: at least 4, to halve them")
    n = int(results["n"].iloc[0])
    left, right = (pass_at_k(n, counts[list(names)], k) for names in (ones, others))
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(repeats):
        order = rng.permutation(len(counts))
        choosing, telling = order[: len(order) // 2], order[len(order) // 2 :]
        one, other = (
            part[telling, part[choosing].mean(axis=0).argmax()].mean()
            for part in (left, right)
        )
        found.append(100 * (one - other))
    low, high = percentiles(found)
    return {"value": float(np.mean(found)), "low": low, "high": high}


def share_points(
    results: pd.DataFrame, one: str, other: str, column: str, *, seed: int = 0
) -> dict[str, float]:
    """Difference of a share of samples (``valid``, ``distinct``), in points, paired."""
    counts = results.pivot(index="task_id", columns="sampler", values=column)
    for name in (one, other):
        if name not in counts:
            raise unknown_name("sampler", name, list(counts.columns))
    n = results["n"].iloc[0]
    # pass@1 of "right" samples is their share, whatever right means
    found = paired_difference(counts[one], counts[other], n, 1, seed=seed)
    return {name: 100 * getattr(found, name) for name in ("value", "low", "high")}


def differences(
    results: pd.DataFrame,
    samplers: Sequence[str],
    than: str,
    ks: Sequence[int] = (1, 15),
    *,
    seed: int = 0,
) -> pd.DataFrame:
    """Paired differences of several samplers to one: a row a sampler and k.

    Columns sampler, rule, top_p, k, difference, low, high (shares), better and worse
    (problems), p (sign test).
    """
    kinds = results.drop_duplicates("sampler").set_index("sampler")
    rows = []
    for k in ks:
        for name in samplers:
            found = paired(results, name, than, k, seed=seed)
            rows.append(
                {
                    "sampler": name,
                    "rule": kinds.loc[name, "rule"],
                    "top_p": kinds.loc[name, "top_p"],
                    "k": k,
                    "difference": found.value,
                    "low": found.low,
                    "high": found.high,
                    "better": found.better,
                    "worse": found.worse,
                    "p": found.p,
                }
            )
    return pd.DataFrame(rows)
