"""From a printed mean and standard error back to the number of answers behind them.

An answer of ``amount`` graphs scores a multiple of 1/amount, so a mean over few answers
can take few values, and with its standard error fewer still. Inferred from the paper's
tables, which do not say how often a prompt was asked.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from helpers.graph_generation.published import SETTINGS, distributions, rules

MOST = 30  # answers
PRINTED = 0.05 + 1e-9  # half a unit of the last printed digit


def standard_error(counts: list[int], amount: int = 10, *, ddof: int = 0) -> float:
    """Standard deviation over the root of the number of answers, in percent.

    Examples
    --------
    >>> five = [6, 6, 6, 6, 7]  # printed as 62.0 ± 1.8
    >>> round(standard_error(five), 1), round(standard_error(five, ddof=1), 1)
    (1.8, 2.0)
    """
    shares = 100 * np.asarray(counts) / amount
    return float(shares.std(ddof=ddof) / math.sqrt(len(counts)))


def fitting(mean: float, se: float, amount: int = 10, *, ddof: int = 0) -> set[int]:
    """Numbers of answers, up to `MOST`, that can lead to a printed cell.

    There must be as many counts in 0..amount whose mean and standard error, in
    percent, round to the given ones. ``ddof`` as in numpy's ``std``.

    Examples
    --------
    >>> sorted(fitting(90.0, 0.0))[:3]
    [1, 2, 3]
    >>> fitting(70.0, 21.2) & set(range(9))  # answers of 40 and 100
    {2}
    """
    found = set()
    for answers in range(1 + ddof, MOST + 1):
        reached = _reachable(amount)[answers]
        lowest, highest = (
            (mean + sign * PRINTED) / 100 * amount * answers for sign in (-1, 1)
        )
        low_se, high_se = (
            max(se + sign * PRINTED, 0) / 100 * amount for sign in (-1, 1)
        )
        total_range = range(
            max(math.ceil(lowest), 0), min(math.floor(highest), amount * answers) + 1
        )
        for total in total_range:
            # standard error² = (squares - total²/answers) / ((answers - ddof) answers)
            unit = answers * (answers - ddof)
            around = total**2 / answers
            first = math.ceil(around + low_se**2 * unit - 1e-9)
            last = math.floor(around + high_se**2 * unit + 1e-9)
            window = (1 << (last - first + 1)) - 1 if last >= first else 0
            if reached.get(total, 0) >> first & window:
                found.add(answers)
                break
    return found


def answers_of_rules() -> pd.DataFrame:
    """Answers behind each cell of Tables 14-18, and how many were left out at least.

    Valid, unique and novel of a cell must fit at once. Every cell of the ablations and
    of GPT-3.5 fits 15 or fewer, many of Table 14 and of LLama2-13B only 16 to 30: so 15
    and 30 were asked for, and answers without enough readable graphs left out, as
    Table 18 does openly where too few remain.

    Returns
    -------
    DataFrame
        One row per cell: the settings; ``fits``, all numbers up to 30; ``asked``, 15 or
        30; ``answers``, the largest fit up to it; ``left_out``, their difference.
    """
    rows = []
    for setting, cell in rules().groupby(list(SETTINGS), sort=False):
        assert isinstance(setting, tuple)
        row: dict[str, Any] = dict(zip(SETTINGS, setting, strict=True))
        fits = set(range(1, MOST + 1))
        for mean, se in zip(cell["mean"], cell["se"], strict=True):
            fits &= fitting(mean, se, row["amount"])
        asked = 30 if row["model"] == "LLama2-13B" or _in_main_table(row) else 15
        answers = max((n for n in fits if n <= asked), default=0)
        row |= {"fits": tuple(sorted(fits)), "asked": asked, "answers": answers}
        rows.append({**row, "left_out": asked - answers})
    return pd.DataFrame(rows)


def answers_of_distributions() -> pd.DataFrame:
    """Answers behind the valid rates of Tables 11-13, with either standard deviation.

    One row per cell: ``distribution``, ``method``, ``p``, ``mean``, ``se``, ``fits``
    with ddof 0, ``fits_ddof_1``; up to 6 answers, which nearly all cells need.
    """
    cells = distributions().query("metric == 'valid'").drop(columns="metric")
    pairs = list(zip(cells["mean"], cells["se"], strict=True))
    return cells.assign(
        fits=pd.Series([_few(fitting(*pair)) for pair in pairs], cells.index),
        fits_ddof_1=pd.Series(
            [_few(fitting(*pair, ddof=1)) for pair in pairs], cells.index
        ),
    ).reset_index(drop=True)


def _in_main_table(row: dict[str, Any]) -> bool:
    setting = (row["size"], row["temperature"], row["amount"])
    return row["model"] == "GPT-4" and setting == ("medium", 0.8, 10)


def _few(fits: set[int]) -> tuple[int, ...]:
    return tuple(sorted(n for n in fits if n <= 6))


@cache
def _reachable(amount: int) -> list[dict[int, int]]:
    """For 0..`MOST` answers: sum of counts -> bit mask of possible sums of squares."""
    reached: list[dict[int, int]] = [{0: 1}]
    for _ in range(MOST):
        following: dict[int, int] = {}
        for total, squares in reached[-1].items():
            for count in range(amount + 1):
                key = total + count
                following[key] = following.get(key, 0) | squares << count * count
        reached.append(following)
    return reached
