"""Figures of what the paper's own numbers support, from `recomputations`' frames."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from helpers import style
from helpers.figure_parts import checked, name_points
from helpers.graph_generation.figures_common import (
    CHANCE,
    METHODS,
    NOTE,
    key,
    method_name,
    one_each,
    ordered,
    panels,
)
from helpers.graph_generation.tasks import RULES
from helpers.row_chart import row_names


def valid_against_chance(frame: pd.DataFrame) -> Figure:
    """Printed valid rates of planar and k-color beside uniform random graphs.

    Parameters
    ----------
    frame : pd.DataFrame
        Of `recomputations.against_chance`: a dot per cell with two standard errors,
        from the lowest; orange where chance is reached by less than those.

    Raises
    ------
    ValueError
        If a column is missing or there are no rows.
    """
    checked(frame, ("model", "rule", "valid", "valid_se", "chance"))
    pairs = frame[["rule", "model"]].drop_duplicates()
    found = [
        (rule, model)
        for rule in ordered(frame["rule"], RULES)
        for model in pairs["model"][pairs["rule"] == rule]
    ]
    figure, axes = style.subplots(
        1, len(found), (0.8 + 1.9 * len(found), 2.4), squeeze=False, sharey=True
    )
    above, below = style.PALETTE["blue"], style.PALETTE["orange"]
    for ax, (rule, model) in zip(axes[0], found, strict=True):
        rows = frame[(frame["rule"] == rule) & (frame["model"] == model)]
        rows = rows.sort_values("valid", kind="stable")
        for at, row in enumerate(rows.to_dict("records")):
            half = 2 * row["valid_se"]
            colour = above if row["valid"] - half > row["chance"] else below
            ax.vlines(at, row["valid"] - half, row["valid"] + half, colour, lw=1.2)
            ax.plot(at, row["valid"], "o", color=colour, ms=4.2)
            ax.plot([at - 0.5, at + 0.5], 2 * [row["chance"]], color=CHANCE, lw=1.6)
        ax.set_title(f"{rule}, {model}", fontsize=8)
        ax.set_xticks([])
        ax.set_xlabel(f"{len(rows)} cells")
        ax.margins(x=0.06)
    axes[0][0].set(ylabel="valid / %", ylim=(-4, 104), yticks=[0, 50, 100])
    key(
        figure,
        [("above chance by 2 SE", above, "o"), ("not", below, "o"),
         ("uniform random graphs", CHANCE, "-")],
    )  # fmt: skip
    return figure


def size_steps(frame: pd.DataFrame) -> Figure:
    """Changes of the valid rate with size in joint standard errors (observation 4).

    Parameters
    ----------
    frame : pd.DataFrame
        Of `recomputations.size_steps`. Grey: two standard errors, within which two
        sizes are not told apart.

    Raises
    ------
    ValueError
        If a column is missing, there are no rows, or a step comes twice.
    """
    one_each(frame, ("rule", "method", "from", "to"), "z")
    steps = [f"{a} → {b}" for a, b in zip(frame["from"], frame["to"], strict=True)]
    rows = frame.assign(step=steps)
    names = ordered(steps, [])
    rules = ordered(frame["rule"], RULES)
    methods = ordered(frame["method"], list(METHODS))
    figure, axes = panels(rules, (1.8, 0.5 + 0.28 * len(names)))
    for ax, rule in zip(axes, rules, strict=True):
        ax.axvspan(-2, 2, color="#EDEDED", lw=0, zorder=0)
        ax.axvline(0, color=NOTE, lw=1, zorder=1)
        for row in rows[rows["rule"] == rule].to_dict("records"):
            shift = 0.16 * (methods.index(row["method"]) - (len(methods) - 1) / 2)
            ax.plot(row["z"], names.index(row["step"]) + shift, "o", ms=4.4,
                    color=style.color(row["method"]), mec="white", mew=0.5)  # fmt: skip
        ax.set_xlabel("change / joint SE")
    row_names(axes[0], names, [style.PAPER] * len(names))
    axes[0].grid(False)
    reach = max(3.0, 1.1 * float(rows["z"].abs().max()))
    axes[0].set_xlim(-reach, reach)
    key(figure, [(method_name(name), style.color(name), "o") for name in methods])
    return figure


def own_graphs(frame: pd.DataFrame) -> Figure:
    """Valid graphs that are no copies, of every model with examples (Table 16).

    Names are those of few-shot cells with many copies.

    Parameters
    ----------
    frame : pd.DataFrame
        Of `recomputations.copying`: model, method, rule, valid and own.

    Raises
    ------
    ValueError
        If a column is missing, there are no rows, or a cell comes twice.
    """
    one_each(frame, ("model", "rule", "method"), "valid", "own")
    figure, ax = style.subplots(size=(4.0, 2.9))
    colours = ("blue", "green", "orange", "purple")
    models = ordered(frame["model"], [])
    ax.axline((0, 0), slope=1, color=NOTE, lw=1, ls="--", zorder=1)
    ax.set(xlabel="valid / %", ylabel="valid and no copy / %")
    ax.set(xlim=(-3, 103), ylim=(-3, 103))
    shown = []
    for at, model in enumerate(models):
        part = frame[frame["model"] == model]
        colour = style.PALETTE[colours[at % len(colours)]]
        ax.plot(part["valid"], part["own"], "o", color=colour, ms=5, mec="white",
                mew=0.6, zorder=7)  # fmt: skip
        shown += [
            (row["valid"], row["own"], row["rule"], colour)
            for row in part.to_dict("records")
            if row["method"] == "few-shot" and row["valid"] - row["own"] > 5
        ]
    name_points(ax, shown)
    marks = [(name, style.PALETTE[colours[at % len(colours)]], "o")
             for at, name in enumerate(models)]  # fmt: skip
    key(figure, [*marks, ("no copies", NOTE, "--")])
    return figure
