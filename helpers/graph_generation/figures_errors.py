"""Figures of what is wrong with invalid graphs: format, counting or structure."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from helpers import style
from helpers.figure_parts import checked
from helpers.graph_generation.checks import ErrorKind
from helpers.graph_generation.figures_common import (
    METHODS,
    bottom_labels,
    method_name,
    ordered,
    panels,
    percent_axis,
)
from helpers.graph_generation.tasks import RULES
from helpers.row_chart import row_names

ERRORS = {
    ErrorKind.FORMAT: ("not readable", "#222222"),
    ErrorKind.NODES: ("wrong number of nodes", "#CC79A7"),
    ErrorKind.RANGE: ("unknown node", "#56B4E9"),
    ErrorKind.SELF_LOOP: ("self-loop", "#8F6200"),
    ErrorKind.DUPLICATE: ("edge twice", "#82CDB9"),
    ErrorKind.EDGES: ("wrong number of edges", "#E69F00"),
    ErrorKind.STRUCTURE: ("right counts, wrong structure", "#D55E00"),
}
"""Kinds of errors in the order they are looked for: wording and colour."""

VALID = ("valid", "#D9D9D9")


def why_invalid(
    errors: pd.DataFrame, chance: pd.DataFrame | None = None, by: str = "method"
) -> Figure:
    """Share of each kind of error, as stacked bars; what remains is valid.

    Parameters
    ----------
    errors : pd.DataFrame
        Columns rule, error (a graph's first) and share in percent of the graphs asked
        for, and ``by``; a row per combination.
    chance : pd.DataFrame, optional
        With ``rule`` and ``chance``: how far a bar of uniform random graphs is valid.
    by : str
        Column with a bar each: method, model or decoding.

    Raises
    ------
    ValueError
        If a column is missing, there are no rows, an error is unknown, or shares of a
        bar add up to more than 100 %.
    """
    checked(errors, ("rule", "error", "share", by))
    table = errors[errors["error"].astype(str) != ""].pivot_table(
        index=["rule", by], columns="error", values="share", aggfunc="sum"
    )
    # a bar without errors has no row of its own in the pivot
    bars = pd.MultiIndex.from_frame(errors[["rule", by]].drop_duplicates())
    table = table.reindex(bars).fillna(0.0)
    if unknown := sorted(set(table.columns) - set(ERRORS)):
        raise ValueError(
            f"unknown error {str(unknown[0])!r} (allowed: {', '.join(ERRORS)})"
        )
    if len(table) and (most := float(table.sum(axis=1).max())) > 100.01:
        raise ValueError(
            f"errors add up to {most:.1f} %; allowed: 100, one error a graph and one "
            f"row per rule, {by} and error"
        )
    rules = ordered(errors["rule"], RULES)
    rows = ordered(errors[by], list(METHODS))
    kinds = [name for name in ERRORS if name in table and table[name].max() > 0]
    figure, axes = panels(rules, (1.75, 0.42 + 0.19 * len(rows)))
    for ax, rule in zip(axes, rules, strict=True):
        _bars(ax, table.loc[[rule]].droplevel(0).reindex(rows)[kinds])
    for ax in axes[::4]:
        names = [method_name(name) for name in rows]
        row_names(ax, names, [_colour(name) for name in rows])
    percent_axis(axes[0])
    axes[0].set_xlim(0, 100)
    bottom_labels(axes, "graphs / %")
    handles: list[Patch | Line2D] = [
        Patch(color=colour, label=text)
        for text, colour in (VALID, *(ERRORS[kind] for kind in kinds))
    ]
    if chance is not None:
        checked(chance, ("rule", "chance"))
        for ax, rule in zip(axes, rules, strict=True):
            for level in chance.loc[chance["rule"] == rule, "chance"].unique():
                ax.axvline(level, color=style.PAPER, ls=":", lw=1.4)
        handles.append(
            Line2D([], [], color=style.PAPER, ls=":", label="valid by chance")
        )
    figure.legend(
        handles=handles,
        loc="outside upper center",
        ncols=min(4, len(handles)),
        handlelength=1,
        handleheight=1,
        handletextpad=0.4,
        columnspacing=1.1,
    )
    return figure


def _bars(ax: Axes, shares: pd.DataFrame) -> None:
    """Stacked bars of a panel; grey is what no error took."""
    found = shares.notna().all(axis=1).to_numpy()
    ax.barh(np.flatnonzero(found), 100, height=0.72, color=VALID[1], lw=0)
    left = 100 - shares.fillna(0.0).sum(axis=1).to_numpy(float)
    for kind in shares:
        values = shares[kind].fillna(0.0).to_numpy(float)
        ax.barh(
            range(len(shares)), values, left=left, height=0.72,
            color=ERRORS[ErrorKind(str(kind))][1], ec="white", lw=0.4,
        )  # fmt: skip
        left += values
    ax.grid(False)
    ax.spines["left"].set_visible(False)


def _colour(name: str) -> str:
    return style.color(name) if name in METHODS else style.PAPER


def constrained(errors: pd.DataFrame, chance: pd.DataFrame | None = None) -> Figure:
    """Errors of free decoding against decoding that follows the grammar.

    The grammar can only forbid what cannot be read; counts and structure stay.

    Parameters
    ----------
    errors, chance
        As in :func:`why_invalid`, with a column decoding, such as free and grammar.

    Raises
    ------
    ValueError
        As :func:`why_invalid`.
    """
    return why_invalid(errors, chance, by="decoding")
