"""Figures of the distribution tasks: stated and realised p, slopes, errors (Fig. 5).

p lies between 0 and 1; p_pred and p_gen are in percent, as in the paper's tables.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from helpers import style
from helpers.figure_parts import darker
from helpers.graph_generation.distributions import DISTRIBUTIONS
from helpers.graph_generation.figures_common import (
    CHANCE,
    METHODS,
    NOTE,
    columns,
    key,
    method_name,
    one_each,
    ordered,
    paper_dot,
    percent_axis,
    printed,
)
from helpers.graph_generation.reference_lines import CONSTANT
from helpers.names import unknown_name
from helpers.row_chart import dot, row_names

QUANTITIES = {"p_pred": "stated p", "p_gen": "p of the graphs"}
_LINES = {
    "constant": (f"always {CONSTANT:g}", NOTE, "--"),
    "counter": ("exact counter", NOTE, "-"),
    "plug-in": ("plug-in sampler", NOTE, "-"),
    "chance": ("chance", CHANCE, ":"),
}
"""Reference lines that are drawn; the oracle's would be the plug-in sampler's."""


def distributions(
    summary: pd.DataFrame,
    references: pd.DataFrame,
    paper: pd.DataFrame | None = None,
) -> Figure:
    """p as stated and as realised against the true p, with reference lines (Fig. 5).

    Parameters
    ----------
    summary : pd.DataFrame
        Of `distribution_answers.summary`, of one model. ``attempted``, if there, is
        the share of targets among all graphs whose kind can be told, valid or not: a
        dashed line.
    references : pd.DataFrame
        Of `reference_lines.reference_lines`. Bands are where a cell of as many
        answers falls in 95 of 100 cases.
    paper : pd.DataFrame, optional
        Of `published.distributions`: open diamonds.

    Raises
    ------
    ValueError
        If a column is missing, there are no rows, or a combination comes twice.
    """
    keys = ("distribution", "method", "p")
    one_each(summary, keys, *columns(*QUANTITIES))
    one_each(references, ("distribution", "line", "p"), *columns(*QUANTITIES))
    theirs = [] if paper is None else printed(paper, keys, *QUANTITIES)
    names = ordered(summary["distribution"], DISTRIBUTIONS)
    methods = ordered(summary["method"], list(METHODS))
    figure, axes = style.subplots(
        2, len(names), (1.0 + 2.3 * len(names), 3.9), squeeze=False, sharex=True,
        sharey=True,
    )  # fmt: skip
    drawn: set[str] = set()
    for row, quantity in enumerate(QUANTITIES):
        axes[row][0].set_ylabel(f"{QUANTITIES[quantity]} / %")
        for ax, name in zip(axes[row], names, strict=True):
            part = references[references["distribution"] == name]
            drawn |= _references(ax, quantity, part)
            rows = summary[summary["distribution"] == name]
            for at, method in enumerate(methods):
                shift = 0.012 * (at - (len(methods) - 1) / 2)
                _line(ax, rows[rows["method"] == method], quantity, method, shift)
                for one in theirs:
                    if (one["distribution"], one["method"]) == (name, method):
                        colour = darker(style.color(method))
                        paper_dot(ax, one["p"] + shift, one[quantity], colour)
    for ax, name in zip(axes[0], names, strict=True):
        ax.set_title(name, fontsize=8.5)
    for ax in axes[1]:
        ax.set_xlabel("p")
    axes[0][0].set(xlim=(0, 1))
    axes[0][0].set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
    percent_axis(axes[0][0], "y")
    marks = [(method_name(name), style.color(name), "o") for name in methods]
    if paper is not None:
        marks.append(("paper, GPT-4", style.PAPER, "D"))
    if {"counter", "plug-in"} <= drawn:  # the same line, each in its row
        drawn -= {"counter", "plug-in"}
        marks.append(("counter, plug-in", NOTE, "-"))
    key(figure, [*marks, *(_LINES[name] for name in _LINES if name in drawn)])
    return figure


def _references(ax: Axes, quantity: str, rows: pd.DataFrame) -> set[str]:
    """The lines that say something about the quantity, and their names."""
    wanted = {"p_pred": ("constant", "counter"), "p_gen": ("chance", "plug-in")}
    found = set()
    for name in wanted[quantity]:
        part = rows[rows["line"] == name].sort_values("p")
        if part.empty:
            continue
        _, colour, ls = _LINES[name]
        ax.plot(part["p"], part[quantity], ls, color=colour, lw=1.2, zorder=1)
        if name in ("counter", "plug-in"):
            low, high = part[f"{quantity}_low"], part[f"{quantity}_high"]
            ax.fill_between(part["p"], low, high, color=CHANCE, alpha=0.16, lw=0)
        found.add(name)
    return found


def _line(
    ax: Axes, rows: pd.DataFrame, quantity: str, method: str, shift: float
) -> None:
    """Values with intervals of a method, joined where they are known."""
    part = rows.dropna(subset=[quantity]).sort_values("p")
    colour = style.color(method)
    at = part["p"].to_numpy(float) + shift
    low, high = part[f"{quantity}_low"], part[f"{quantity}_high"]
    ax.vlines(at, low, high, color=colour, lw=1.1, zorder=3)
    ax.plot(at, part[quantity], "o-", color=colour, ms=4, lw=1.3, zorder=7)
    if quantity == "p_gen" and "attempted" in part:
        ax.plot(at, part["attempted"], "--", color=colour, lw=1, zorder=2)


def slopes(
    frame: pd.DataFrame, paper: pd.DataFrame | None = None, note: str = "paper, GPT-4"
) -> Figure:
    """Slopes of stated and realised p on p: 0 ignores the input, 1 follows it.

    Parameters
    ----------
    frame : pd.DataFrame
        Of `distribution_answers.slopes`, of one model.
    paper : pd.DataFrame, optional
        Of `recomputations.slopes`: open diamonds.

    Raises
    ------
    ValueError
        If a column is missing, there are no rows, a combination comes twice, or a
        quantity is neither p_pred nor p_gen.
    """
    keys = ("distribution", "method")
    one_each(frame, (*keys, "quantity"), "slope", "low", "high")
    if unknown := sorted(set(frame["quantity"]) - set(QUANTITIES)):
        raise unknown_name("quantity", unknown[0], list(QUANTITIES))
    if paper is not None:
        one_each(paper, (*keys, "metric"), "slope")
    quantities = [name for name in QUANTITIES if name in set(frame["quantity"])]
    names = ordered(frame["distribution"], DISTRIBUTIONS)
    methods = ordered(frame["method"], list(METHODS))
    figure, axes = _rows(names, methods, len(quantities))
    for row, quantity in enumerate(quantities):
        for ax, name in zip(axes[row], names, strict=True):
            ax.axvline(0, color=CHANCE, ls=":", lw=1.5, zorder=1)
            ax.axvline(1, color=NOTE, lw=1, zorder=1)
            where = {"distribution": name, "quantity": quantity}
            for found in _where(frame, where).to_dict("records"):
                method = str(found["method"])
                ends = (float(found["low"]), float(found["high"]))
                colour = style.color(method)
                dot(ax, float(found["slope"]), methods.index(method), ends, colour)
            if paper is not None:
                where = {"distribution": name, "metric": quantity}
                for found in _where(paper, where).to_dict("records"):
                    if found["method"] in methods:
                        at = methods.index(str(found["method"]))
                        paper_dot(ax, float(found["slope"]), at)
            ax.set_title(name, fontsize=8.5)
            ax.set_xlabel(f"slope of {QUANTITIES[quantity]}")
    marks = [("ours, 95 %", style.color(methods[0]), "o")]
    if paper is not None:
        marks.append((note, style.PAPER, "D"))
    key(figure, [*marks, ("ignores the input", CHANCE, ":"), ("ideal", NOTE, "-")])
    return figure


def _where(frame: pd.DataFrame, values: Mapping[str, str]) -> pd.DataFrame:
    for name, value in values.items():
        frame = frame[frame[name] == value]
    return frame


def _rows(
    names: Sequence[str], methods: Sequence[str], high: int
) -> tuple[Figure, np.ndarray]:
    """A panel per distribution, rows of methods, several such lines of panels."""
    figure, axes = style.subplots(
        high,
        len(names),
        (1.0 + 1.9 * len(names), 0.5 + high * (0.75 + 0.19 * len(methods))),
        squeeze=False,
        sharex=True,
        sharey=True,
    )
    for line in axes:
        texts = [method_name(name) for name in methods]
        row_names(line[0], texts, [style.color(name) for name in methods])
    return figure, axes


def estimation_errors(
    frame: pd.DataFrame,
    scores: pd.DataFrame,
    paper: pd.DataFrame | None = None,
) -> Figure:
    """Mean distance of the stated p from p, beside what simple strategies score.

    Parameters
    ----------
    frame : pd.DataFrame
        Of `distribution_answers.errors`, of one model.
    scores : pd.DataFrame
        Of `reference_lines.reference_scores`.
    paper : pd.DataFrame, optional
        Of `recomputations.slopes`: open diamonds.

    Raises
    ------
    ValueError
        If a column is missing, there are no rows, or a combination comes twice.
    """
    keys = ("distribution", "method")
    one_each(frame, keys, "error", "low", "high")
    one_each(scores, ("distribution", "line"), "p_pred_error")
    names = ordered(frame["distribution"], DISTRIBUTIONS)
    methods = ordered(frame["method"], list(METHODS))
    figure, axes = _rows(names, methods, 1)
    lines = ("constant", "counter")
    for ax, name in zip(axes[0], names, strict=True):
        levels = scores[scores["distribution"] == name].set_index("line")
        for line in lines:
            level = float(levels["p_pred_error"].get(line, np.nan))
            ax.axvline(level, color=NOTE, lw=1.2, ls=_LINES[line][2], zorder=1)
        for row in frame[frame["distribution"] == name].to_dict("records"):
            method = str(row["method"])
            ends = (float(row["low"]), float(row["high"]))
            colour = style.color(method)
            dot(ax, float(row["error"]), methods.index(method), ends, colour)
        if paper is not None:
            one_each(paper, (*keys, "metric"), "error")
            where = {"distribution": name, "metric": "p_pred"}
            for row in _where(paper, where).to_dict("records"):
                if row["method"] in methods:
                    at = methods.index(str(row["method"]))
                    paper_dot(ax, float(row["error"]), at)
        ax.set_title(name, fontsize=8.5)
        ax.set_xlabel("mean |stated p − p| / points")
    axes[0][0].set_xlim(0, None)
    marks = [("ours, 95 %", style.color(methods[0]), "o")]
    if paper is not None:
        marks.append(("paper, GPT-4", style.PAPER, "D"))
    key(figure, [*marks, *(_LINES[line] for line in lines)])
    return figure
