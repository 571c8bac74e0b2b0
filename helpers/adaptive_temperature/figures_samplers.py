"""Figures that compare samplers: rules, controls and peers, diversity, the worlds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from helpers import style
from helpers.adaptive_temperature.figures_common import (
    NOTE,
    NUCLEUS,
    UNIFORM,
    best_uniform,
    colours,
    known_ks,
    pass_columns,
    percent,
    short,
    summary_of_one,
    with_methods,
)
from helpers.figure_parts import checked, label_ends, name_points
from helpers.row_chart import dot, row_names

DESIGNED = {
    "start": "start: noise on first words",
    "mid": "mid: noise inside lines",
}
"""Titles of the designed worlds."""

CROSS = "#9A9A9A"


def variants(summary: pd.DataFrame, ks: Sequence[int] = (1, 15)) -> Figure:
    """A row a sampler, a panel a k: pass@k with the summary's intervals.

    The dotted line is the best uniform temperature at that k.

    Parameters
    ----------
    summary : pd.DataFrame
        Of one world and split; rows are drawn in its order.

    Raises
    ------
    ValueError
        If no sampler is a uniform temperature, or there are several worlds or splits.
    """
    rows = summary_of_one(summary, ks)
    names = colours(rows)
    size = (1.6 + 1.9 * len(ks), 0.65 + 0.2 * len(names))
    figure, axes = style.subplots(1, len(ks), size, sharey=True, squeeze=False)
    for ax, k in zip(axes[0], ks, strict=True):
        level = percent(best_uniform(rows, k), k)[0]
        ax.axvline(level, color=style.color(UNIFORM), ls=":", lw=1.2)
        for at, (_, row) in enumerate(rows.iterrows()):
            value, *ends = percent(row, k)
            dot(ax, value, at, ends, names[str(row["sampler"])])
        row_names(ax, names, names.values(), margin=0.08)
        ax.set_xlabel(f"pass@{k} / %")
    return figure


def pass_at_k_curves(
    summary: pd.DataFrame, samplers: Sequence[str] | None = None
) -> Figure:
    """pass@k against k, for every k of the summary; the bands are its intervals.

    Parameters
    ----------
    summary : pd.DataFrame
        Of one world and split.
    samplers : sequence of str, optional
        Names of those drawn, best at most six; all by default.

    Raises
    ------
    ValueError
        If there is no such sampler, or there are several worlds or splits.
    """
    if samplers is not None:
        summary = checked(summary, ["sampler"])
        summary = summary[summary["sampler"].isin(list(samplers))]
    ks = known_ks(summary)
    rows = summary_of_one(summary, ks)
    names, ends = colours(rows), []
    figure, ax = style.subplots(size=(4.0, 2.5))
    for _, row in rows.iterrows():
        name = str(row["sampler"])
        value, low, high = zip(*(percent(row, k) for k in ks), strict=True)
        ax.fill_between(ks, low, high, color=names[name], alpha=0.06, lw=0)
        ax.plot(ks, value, marker="o", ms=3, color=names[name], lw=1.4)
        ends.append((float(value[-1]), name, names[name]))
    ax.set(xlabel="samples k", ylabel="pass@k / %", xticks=ks)
    label_ends(ax, ends, gap=0.09)
    return figure


def diversity(summary: pd.DataFrame, k: int = 15) -> Figure:
    """pass@k against the share of distinct samples, and of those that parse.

    The line joins the uniform temperatures, which are named by T; of another method
    with several samplers the least and the most diverse are, by a/b. Greedy decoding,
    which has one sample, is left out.

    Parameters
    ----------
    summary : pd.DataFrame
        Of one world and split, with shares `distinct` and `valid`.

    Raises
    ------
    ValueError
        If a column is missing, or there are several worlds or splits.
    """
    rows = summary_of_one(summary, [k], "a", "b", "distinct", "valid")
    rows = rows[rows["method"] != "greedy"]
    groups = rows.groupby("method")["distinct"]
    ends = rows.index.isin([*groups.idxmin(), *groups.idxmax()])
    several = rows["method"].map(rows["method"].value_counts()) > 1
    several &= ends | (rows["method"] == UNIFORM)
    figure, axes = style.subplots(1, 2, (6.6, 3.1), sharey=True)
    named = []
    for ax, column, label in (
        (axes[0], "distinct", "distinct samples / %"),
        (axes[1], "valid", "samples that parse / %"),
    ):
        x, y = 100 * rows[column], 100 * rows[f"pass@{k}"]
        _points(ax, x, y, rows)
        ax.set_xlabel(label)
        ax.margins(0.1)
        named.append((ax, _places(x[several], y[several], rows[several])))
    axes[0].set_ylabel(f"pass@{k} / %")
    _legend(figure, rows, 6)
    figure.draw_without_rendering()  # the places of names need the final limits
    for ax, places in named:
        name_points(ax, places, gap=0.08)
    return figure


def differences(frame: pd.DataFrame, than: str = "the best uniform T") -> Figure:
    """Paired differences of pass@k with intervals; filled: without zero in it.

    Greedy decoding is shown at k = 1 alone: it has one sample.

    Parameters
    ----------
    frame : pd.DataFrame
        Columns sampler, rule, k, difference, low, high, the last three as shares; a
        row a sampler and k. Optionally top_p.
    than : str
        What was subtracted.

    Raises
    ------
    ValueError
        If a column is missing, there are no rows, or a sampler and k come twice.
    """
    checked(frame, ("sampler", "rule", "k", "difference", "low", "high"))
    if frame.duplicated(["sampler", "k"]).any():
        raise ValueError("a sampler comes twice at one k; allowed: once, select first")
    rows = with_methods(frame)
    names, ks = colours(rows), list(dict.fromkeys(rows["k"]))
    size = (1.6 + 1.9 * len(ks), 0.8 + 0.2 * len(names))
    figure, axes = style.subplots(1, len(ks), size, sharey=True, squeeze=False)
    for ax, k in zip(axes[0], ks, strict=True):
        ax.axvline(0, color=NOTE, lw=1)
        for at, name in enumerate(names):
            for _, row in rows[(rows["sampler"] == name) & (rows["k"] == k)].iterrows():
                if row["method"] == "greedy" and k > 1:
                    continue
                value, low, high = 100 * row[["difference", "low", "high"]]
                none = low <= 0 <= high
                dot(ax, value, at, (low, high), names[name], hollow=none)
        row_names(ax, names, names.values(), margin=0.08)
        ax.set_xlabel(f"Δ pass@{k} / points")
    figure.supxlabel(f"difference to {than}", fontsize=7.5, color=NOTE)
    return figure


def worlds(summary: pd.DataFrame, ks: tuple[int, int] = (1, 15)) -> Figure:
    """One pass@k against another, a panel a world: uniform temperatures as a curve.

    Above and to the right of the curve is better than any uniform temperature. Numbers
    are temperatures T, or a/b. The grey cross is the width of a typical interval.

    Parameters
    ----------
    summary : pd.DataFrame
        Of one split and one or more worlds.

    Raises
    ------
    ValueError
        If a column is missing, there are no rows, or several splits.
    """
    checked(summary, ["world", *pass_columns(ks[0]), *pass_columns(ks[1])])
    found = list(dict.fromkeys(summary["world"]))
    size = (0.6 + 2.9 * len(found), 3.0)
    figure, axes = style.subplots(1, len(found), size, squeeze=False)
    named, parts = [], []
    for ax, world in zip(axes[0], found, strict=True):
        rows = summary_of_one(summary[summary["world"] == world], ks, "a", "b")
        x, y = (100 * rows[f"pass@{k}"] for k in ks)
        _points(ax, x, y, rows)
        ax.set(xlabel=f"pass@{ks[0]} / %", ylabel=f"pass@{ks[1]} / %")
        ax.set_title(DESIGNED.get(str(world), str(world)), fontsize=8.5)
        ax.margins(0.12)
        _typical(ax, rows, ks)
        known = rows["method"] != "greedy"
        named.append((ax, _places(x[known], y[known], rows[known])))
        parts.append(rows)
    cross = Line2D(
        [], [], color=CROSS, marker="+", ms=9, lw=0, label="typical interval"
    )
    _legend(figure, pd.concat(parts), 3 * len(found), cross)
    figure.draw_without_rendering()  # the places of names need the final limits
    for ax, places in named:
        name_points(ax, places, gap=0.075, away=0.04)
    return figure


def _points(ax: Axes, x: pd.Series, y: pd.Series, rows: pd.DataFrame) -> None:
    """A dot a sampler; a line joins the uniform temperatures from cold to hot."""
    for kind in (UNIFORM, NUCLEUS):
        line = rows[rows["method"] == kind].sort_values("a").index
        ax.plot(x[line], y[line], color=style.color(kind), lw=1.2, alpha=0.7)
    for left, up, kind in zip(x, y, rows["method"], strict=True):
        ax.plot(left, up, "o", color=style.color(kind), ms=5.5, mec="white", mew=0.6)


def _places(
    x: pd.Series, y: pd.Series, rows: pd.DataFrame
) -> list[tuple[float, float, str, str]]:
    """For `name_points`: T of a sampler with one temperature, a/b of one with two."""
    return [
        (
            float(left),
            float(up),
            short(row["a"])
            if row["a"] == row["b"]
            else f"{short(row['a'])}/{short(row['b'])}",
            style.color(str(row["method"])),
        )
        for left, up, (_, row) in zip(x, y, rows.iterrows(), strict=True)
    ]


def _typical(ax: Axes, rows: pd.DataFrame, ks: tuple[int, int]) -> None:
    """The median widths of the intervals, as a cross in the emptiest corner."""
    widths = [rows[pass_columns(k)[2]] - rows[pass_columns(k)[1]] for k in ks]
    ax.autoscale_view()
    limits = np.array([ax.get_xlim(), ax.get_ylim()])
    span = limits[:, 1] - limits[:, 0]
    half = np.array([50 * float(width.median()) for width in widths]) / span
    dots = 100 * rows[[f"pass@{k}" for k in ks]].to_numpy(float)
    dots = (dots - limits[:, 0]) / span
    corners = [
        np.where(corner, 0.97 - half, 0.03 + half) for corner in np.ndindex(2, 2)
    ]
    x, y = max(corners, key=lambda at: float(np.abs(dots - at).sum(axis=1).min()))
    for across, up in ((half[0], 0.0), (0.0, half[1])):
        ax.plot(
            [x - across, x + across], [y - up, y + up], color=CROSS, lw=1,
            transform=ax.transAxes,
        )  # fmt: skip


def _legend(figure: Figure, rows: pd.DataFrame, columns: int, *more: Line2D) -> None:
    """What the colours are, below the panels."""
    entries = [
        Line2D([], [], color=style.color(kind), marker="o", ms=5, lw=0, label=kind)
        for kind in dict.fromkeys(rows["method"])
    ]
    entries += more
    figure.legend(
        handles=entries,
        loc="outside lower center",
        ncols=min(len(entries), columns),
        handletextpad=0.1,
        columnspacing=1.2,
    )
