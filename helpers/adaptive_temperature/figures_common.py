"""What the chapter's figures share: columns of a summary, colours, rows of dots."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

from helpers import style
from helpers.figure_parts import checked

NOTE = "#707070"
UNIFORM = "uniform"
NUCLEUS = "uniform, top-p"
ADAPT = ("line-word", "line", "block", "release")
"""Rules of AdapT, the chapter's main one first."""

BY_NAME = ("greedy", "min-p", "top-n-sigma")
"""Methods told apart by how a sampler's name begins: all have the rule `uniform`."""


def summary_of_one(
    summary: pd.DataFrame, ks: Sequence[int], *more: str
) -> pd.DataFrame:
    """The summary of one world and split, with pass@k and its interval for each k.

    Returns
    -------
    pd.DataFrame
        With a further column `method`, of :func:`method`.

    Raises
    ------
    ValueError
        If a column is missing, there are no rows, several worlds or splits, or one
        sampler twice.
    """
    needed = ["sampler", "rule", "top_p", *more]
    for k in ks:
        needed += pass_columns(k)
    checked(summary, needed)
    for name in ("world", "split"):
        if name in summary and summary[name].nunique() > 1:
            found = ", ".join(map(str, summary[name].unique()))
            raise ValueError(f"{name}s {found} are mixed; allowed: one, select it")
    if (twice := summary["sampler"].duplicated()).any():
        name = summary["sampler"][twice].iloc[0]
        raise ValueError(f"sampler {name!r} comes twice; allowed: once")
    return with_methods(summary)


def pass_columns(k: int) -> tuple[str, str, str]:
    """Columns of pass@k and of its interval, as shares.

    Examples
    --------
    >>> pass_columns(5)
    ('pass@5', 'pass@5 low', 'pass@5 high')
    """
    return f"pass@{k}", f"pass@{k} low", f"pass@{k} high"


def known_ks(summary: pd.DataFrame) -> list[int]:
    """Every k for which the summary has a column pass@k, ascending."""
    found = [re.fullmatch(r"pass@(\d+)", str(name)) for name in summary.columns]
    return sorted(int(match[1]) for match in found if match)


def method(sampler: str, rule: str, top_p: float = 1.0) -> str:
    """Name under which a sampler's colour is registered.

    Its rule, except for the peers that differ from uniform temperature in the name
    alone, and for uniform temperature with a nucleus.

    Examples
    --------
    >>> method("T = 0.6", "uniform"), method("T = 0.6, top-p 0.95", "uniform", 0.95)
    ('uniform', 'uniform, top-p')
    >>> method("min-p 0.1", "uniform")
    'min-p'
    """
    for name in BY_NAME:
        if sampler.lower().startswith(name):
            return name
    if rule == UNIFORM and top_p < 1:
        return NUCLEUS
    return rule


def with_methods(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with a column `method`."""
    top_p = frame["top_p"] if "top_p" in frame else np.ones(len(frame))
    return frame.assign(
        method=[
            method(str(name), str(rule), float(p))
            for name, rule, p in zip(
                frame["sampler"], frame["rule"], top_p, strict=True
            )
        ]
    )


def colours(frame: pd.DataFrame) -> dict[str, str]:
    """Colour of each sampler of a frame with a column `method`, in order."""
    pairs = frame.drop_duplicates("sampler")
    return {
        str(name): style.color(kind)
        for name, kind in zip(pairs["sampler"], pairs["method"], strict=True)
    }


def best_uniform(summary: pd.DataFrame, k: int) -> pd.Series:
    """Row of the uniform temperature, without a nucleus, with the highest pass@k.

    Raises
    ------
    ValueError
        If there is none.
    """
    rows = summary[summary["method"] == UNIFORM]
    if rows.empty:
        raise ValueError("the summary has no sampler of rule 'uniform' to compare with")
    return rows.iloc[int(rows[f"pass@{k}"].argmax())]


def percent(row: pd.Series, k: int) -> tuple[float, float, float]:
    """pass@k of a row, and its interval's ends, in percent."""
    value, low, high = (100 * float(row[name]) for name in pass_columns(k))
    return value, low, high


def short(number: float) -> str:
    """A temperature with one decimal at least.

    Examples
    --------
    >>> short(1), short(0.25)
    ('1.0', '0.25')
    """
    return f"{number:.1f}" if round(number, 1) == number else f"{number:g}"
