"""What the chapter's figures share: order and names of rules and methods, dots."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from helpers import style
from helpers.figure_parts import checked, darker
from helpers.names import unknown_name

NOTE = "#6A6A6A"
CHANCE = "#8A8A8A"
METHODS = {
    "zero-shot": "zero-shot",
    "few-shot": "few-shot",
    "zero-shot-cot": "zero-shot + CoT",
    "few-shot-cot": "few-shot + CoT",
    "cot": "CoT",
}
"""Methods in the order of every figure, and their names in it."""

METRICS = {
    "valid": ("valid", style.PALETTE["green"]),
    "unique": ("unique", style.PALETTE["purple"]),
    "novel": ("novel", style.PALETTE["yellow"]),
    "vun": ("V·U·N", style.PALETTE["black"]),
    "iso_unique": ("unique up to isomorphism", "#8F4A73"),
}
"""Metrics of a summary: their names and colours, apart from those of methods."""


def known(*metrics: str) -> None:
    """Refuse what is no metric.

    Raises
    ------
    ValueError
        With the names of all.
    """
    for metric in metrics:
        if metric not in METRICS:
            raise unknown_name("metric", metric, list(METRICS))


def ordered(found: Iterable[object], known: Sequence[str]) -> list[str]:
    """Distinct names, the known ones first and in their order.

    Examples
    --------
    >>> ordered(["b", "new", "a", "b"], ["a", "b", "c"])
    ['a', 'b', 'new']
    """
    names = list(dict.fromkeys(map(str, found)))
    place = {name: at for at, name in enumerate(known)}
    return sorted(names, key=lambda name: place.get(name, len(place)))


def columns(*metrics: str) -> list[str]:
    """Columns of metrics and of their intervals.

    Examples
    --------
    >>> columns("valid")
    ['valid', 'valid_low', 'valid_high']
    """
    return [f"{name}{end}" for name in metrics for end in ("", "_low", "_high")]


def one_each(frame: pd.DataFrame, keys: Sequence[str], *needed: str) -> pd.DataFrame:
    """The frame with these columns, a row for each combination of ``keys``.

    Raises
    ------
    ValueError
        If a column is missing, there are no rows, or a combination comes twice.
    """
    checked(frame, [*keys, *needed])
    if (twice := frame.duplicated(list(keys))).any():
        row = frame.loc[twice, list(keys)].iloc[0]
        where = ", ".join(f"{name} {row[name]}" for name in keys)
        others = [
            name
            for name in ("model", "rule", "size", "method", "temperature", "amount")
            if name not in keys and name in frame and frame[name].nunique() > 1
        ]
        mixed = f"; select one of each: {', '.join(others)}" if others else ""
        raise ValueError(f"{where} comes twice; allowed: once{mixed}")
    return frame


def printed(
    paper: pd.DataFrame, keys: Sequence[str], *metrics: str
) -> list[dict[str, Any]]:
    """The paper's numbers as a row for each combination of ``keys``.

    Parameters
    ----------
    paper : pd.DataFrame
        As the readers of `published` give them: a row per number, with its name in
        ``metric`` and its value in ``mean``.

    Raises
    ------
    ValueError
        If a column is missing, there are no rows, or a number comes twice.
    """
    one_each(paper, (*keys, "metric"), "mean")
    table = paper.pivot(index=list(keys), columns="metric", values="mean")
    rows = table.reindex(columns=list(metrics)).reset_index().to_dict("records")
    return [{str(name): value for name, value in row.items()} for row in rows]


def method_name(method: str) -> str:
    """How figures write a method; other names stay as they are."""
    return METHODS.get(method, method)


def paper_dot(ax: Axes, x: float, y: float, colour: str = style.PAPER) -> None:
    """The paper's value: an open diamond."""
    ax.plot(x, y, "D", ms=4.4, mfc="none", mec=colour, mew=1, zorder=8, ls="none")


def chance_line(ax: Axes, rows: pd.DataFrame, *, upright: bool = True) -> None:
    """Share of uniform random graphs that is valid, where the rows of a panel know it.

    A panel is of one task, so all its rows have one level.
    """
    if "chance" not in rows:
        return
    draw = ax.axvline if upright else ax.axhline
    for level in rows["chance"].dropna().unique():
        draw(float(level), color=CHANCE, ls=":", lw=1.5, zorder=1)


def percent_axis(ax: Axes, which: str = "x") -> None:
    """From 0 to 100, with room for marks at both ends."""
    axis, limits = (ax.xaxis, ax.set_xlim) if which == "x" else (ax.yaxis, ax.set_ylim)
    limits(-4, 104)
    axis.set_ticks([0, 50, 100])


def key(figure: Figure, marks: Sequence[tuple[str, str, str]]) -> None:
    """Legend above small multiples of (text, colour, mark).

    The mark is of matplotlib's markers or line styles; `D` is open, as the paper's.
    """
    handles = [
        Line2D([], [], color=colour, ls=mark)
        if mark in ("-", "--", ":", "-.")
        else Line2D(
            [], [], color=colour, ls="none", marker=mark, ms=5,
            mfc="none" if mark == "D" else colour,
        )
        for _, colour, mark in marks
    ]  # fmt: skip
    legend = figure.legend(
        handles,
        [text for text, _, _ in marks],
        loc="outside upper center",
        ncols=_columns([text for text, _, _ in marks], figure.get_figwidth()),
        handlelength=1.4,
        handletextpad=0.4,
        columnspacing=1.3,
    )
    for label, (_, colour, _) in zip(legend.get_texts(), marks, strict=True):
        label.set_color(darker(colour))


def _columns(texts: Sequence[str], width: float) -> int:
    """The most columns of a legend that fit into so many inches."""
    each = [0.5 + 0.066 * len(text) for text in texts]
    for count in range(len(each), 1, -1):
        columns = np.array_split(each, count)  # as matplotlib fills them
        if sum(max(column) for column in columns) <= width:
            return count
    return 1


def panels(
    names: Sequence[str], size: tuple[float, float], across: int = 4
) -> tuple[Figure, list[Axes]]:
    """Small multiples with these titles, sharing axes; spare places stay empty."""
    wide = min(across, len(names))
    high = -(-len(names) // wide)
    figure, axes = style.subplots(
        high,
        wide,
        (0.7 + size[0] * wide, 0.6 + size[1] * high),
        squeeze=False,
        sharex=True,
        sharey=True,
    )
    found = list(axes.flat)
    for ax, name in zip(found, names, strict=False):
        ax.set_title(name, fontsize=8.5)
    for at, ax in enumerate(found):
        if at >= len(names):
            ax.remove()
        elif at + wide >= len(names):  # nothing below it
            ax.tick_params(labelbottom=True)
    return figure, found[: len(names)]


def bottom_labels(axes: Sequence[Axes], text: str, across: int = 4) -> None:
    """The label of x under the panels that have none below."""
    wide = min(across, len(axes))
    for at, ax in enumerate(axes):
        if at + wide >= len(axes):
            ax.set_xlabel(text)
