"""Figures of the distribution tasks: stated and realised p, slopes, errors (Fig. 5).

p, p_pred and p_gen are shares between 0 and 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from helpers import style
from helpers.figure_parts import checked, darker
from helpers.graph_generation.distributions import DISTRIBUTIONS, target_rate_chance
from helpers.graph_generation.figures_common import (
    CHANCE,
    METHODS,
    NOTE,
    columns,
    dot,
    key,
    method_name,
    one_each,
    ordered,
    paper_dot,
    row_names,
)

CONSTANT = 0.6
"""What GPT-4 answers by default (Tables 11-13); scores without looking at the input."""

QUANTITIES = {"p_pred": "stated p", "p_gen": "p of the graphs"}
_GRAPHS = 10


def distributions(summary: pd.DataFrame, paper: pd.DataFrame | None = None) -> Figure:
    """p as stated and as realised against the true p, with every reference line.

    The diagonal is what an exact counter states and a plug-in sampler realises on
    average; its band is their standard deviation over answers of ten graphs,
    sqrt(p (1 - p) / 10) and sqrt(1.9 p (1 - p) / 10).

    Parameters
    ----------
    summary : pd.DataFrame
        A row per distribution, method and p, with p_pred and p_gen and their
        intervals. ``attempted``, if there, is the share of targets among all graphs
        whose kind can be told, valid or not: a dashed line.
    paper : pd.DataFrame, optional
        Columns distribution, method, p, p_pred and p_gen: open diamonds.

    Raises
    ------
    ValueError
        If a column is missing, there are no rows, a combination comes twice, or a
        value lies outside 0 to 1.
    """
    keys = ("distribution", "method", "p")
    one_each(summary, keys, *columns(*QUANTITIES))
    for frame in (summary, paper):
        if frame is not None:
            _shares(checked(frame, (*keys, *QUANTITIES)))
    names = ordered(summary["distribution"], DISTRIBUTIONS)
    methods = ordered(summary["method"], list(METHODS))
    figure, axes = style.subplots(
        2, len(names), (1.0 + 2.3 * len(names), 3.9), squeeze=False, sharex=True,
        sharey=True,
    )  # fmt: skip
    for row, quantity in enumerate(QUANTITIES):
        axes[row][0].set_ylabel(QUANTITIES[quantity])
        for ax, name in zip(axes[row], names, strict=True):
            _references(ax, quantity, name)
            part = summary[summary["distribution"] == name]
            for at, method in enumerate(methods):
                shift = 0.012 * (at - (len(methods) - 1) / 2)
                _line(ax, part[part["method"] == method], quantity, method, shift)
                if paper is not None:
                    found = paper[
                        (paper["distribution"] == name) & (paper["method"] == method)
                    ]
                    for p, value in found[["p", quantity]].dropna().to_numpy(float):
                        paper_dot(ax, p + shift, value, darker(style.color(method)))
    for ax, name in zip(axes[0], names, strict=True):
        ax.set_title(name, fontsize=8.5)
    for ax in axes[1]:
        ax.set_xlabel("p")
    axes[0][0].set(xlim=(0, 1), ylim=(-0.04, 1.04))
    axes[0][0].set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
    axes[0][0].set_yticks([0, 0.5, 1], ["0", "0.5", "1"])
    marks = [(method_name(name), style.color(name), "o") for name in methods]
    if paper is not None:
        marks.append(("paper, GPT-4", style.PAPER, "D"))
    marks.append(("counter, plug-in (± SD)", NOTE, "-"))
    marks.append((f"always {CONSTANT}", NOTE, "--"))
    key(figure, [*marks, ("chance", CHANCE, ":")])
    return figure


def _shares(frame: pd.DataFrame) -> None:
    for name in ("p", *QUANTITIES):
        values = frame[name].to_numpy(float)
        if np.nanmin(values, initial=0.0) < 0 or np.nanmax(values, initial=0.0) > 1:
            raise ValueError(
                f"{name} reaches {np.nanmax(values):g}; allowed: shares from 0 to 1"
            )


def _references(ax: Axes, quantity: str, name: str) -> None:
    """The diagonal with its band, and the constant or chance level."""
    p = np.linspace(0, 1, 101)
    factor = 1.0 if quantity == "p_pred" else 2 - 1 / _GRAPHS
    half = np.sqrt(factor * p * (1 - p) / _GRAPHS)
    ax.fill_between(p, p - half, p + half, color=CHANCE, alpha=0.15, lw=0, zorder=0)
    ax.plot(p, p, color=NOTE, lw=1, zorder=1)
    if quantity == "p_pred":
        ax.axhline(CONSTANT, color=NOTE, lw=1, ls="--", zorder=1)
    elif name in DISTRIBUTIONS:
        ax.axhline(target_rate_chance(name), color=CHANCE, lw=1.5, ls=":", zorder=1)


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
        Columns distribution, method, quantity (p_pred or p_gen), slope, low and high.
    paper : pd.DataFrame, optional
        The same without low and high.

    Raises
    ------
    ValueError
        If a column is missing, there are no rows, a combination comes twice, or a
        quantity is unknown.
    """
    keys = ("distribution", "method", "quantity")
    one_each(frame, keys, "slope", "low", "high")
    if unknown := set(frame["quantity"]) - set(QUANTITIES):
        raise ValueError(
            f"unknown quantity {min(unknown)!r} (allowed: {', '.join(QUANTITIES)})"
        )
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
                checked(paper, (*keys, "slope"))
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
    references: Mapping[str, float],
    paper: pd.DataFrame | None = None,
) -> Figure:
    """Mean distance of the stated p from p, beside what simple strategies score.

    Parameters
    ----------
    frame : pd.DataFrame
        Columns distribution, method, error, low and high; shares.
    references : mapping
        Mean distance of each reference, such as always 0.6 or an exact counter.
    paper : pd.DataFrame, optional
        Columns distribution, method and error.

    Raises
    ------
    ValueError
        If a column is missing, there are no rows, or a combination comes twice.
    """
    one_each(frame, ("distribution", "method"), "error", "low", "high")
    names = ordered(frame["distribution"], DISTRIBUTIONS)
    methods = ordered(frame["method"], list(METHODS))
    figure, axes = _rows(names, methods, 1)
    styles = dict(zip(references, ("--", "-", ":", "-."), strict=False))
    for ax, name in zip(axes[0], names, strict=True):
        for reference, level in references.items():
            ax.axvline(level, color=NOTE, lw=1.1, ls=styles[reference], zorder=1)
        for row in frame[frame["distribution"] == name].to_dict("records"):
            method = str(row["method"])
            ends = (float(row["low"]), float(row["high"]))
            colour = style.color(method)
            dot(ax, float(row["error"]), methods.index(method), ends, colour)
        if paper is not None:
            checked(paper, ("distribution", "method", "error"))
            for row in paper[paper["distribution"] == name].to_dict("records"):
                if row["method"] in methods:
                    paper_dot(ax, float(row["error"]), methods.index(row["method"]))
        ax.set_title(name, fontsize=8.5)
        ax.set_xlabel("mean |stated p − p|")
    axes[0][0].set_xlim(0, None)
    marks = [("ours, 95 %", style.color(methods[0]), "o")]
    if paper is not None:
        marks.append(("paper, GPT-4", style.PAPER, "D"))
    key(figure, [*marks, *((name, NOTE, styles[name]) for name in references)])
    return figure
