"""Figures of the preliminary study: which tokens of code a model finds hard."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from helpers import style
from helpers.adaptive_temperature.figures_common import NOTE
from helpers.adaptive_temperature.token_classes import (
    BLANK,
    BLOCK,
    CLASSES,
    CODE,
    LINE,
    PROSE,
)
from helpers.figure_parts import checked, darker, label_ends
from helpers.row_chart import dot, row_names

COLOURS = {
    PROSE: style.PALETTE["purple"],
    BLANK: style.PALETTE["grey"],
    LINE: style.PALETTE["yellow"],
    BLOCK: style.PALETTE["orange"],
    CODE: style.PALETTE["blue"],
}
"""Colours of the classes of tokens; positions, depths and nodes have that of code."""

ENOUGH = 30
"""Tokens below which a position or a depth is not drawn."""


def loss_by_class(summary: pd.DataFrame) -> Figure:
    """A row a class of tokens: mean and median loss, top-1 accuracy, shares.

    The bar is the interval of the mean. The last panel compares the class's share of
    all tokens with its share of the loss.

    Parameters
    ----------
    summary : pd.DataFrame
        Of `token_losses.summary` by class.

    Raises
    ------
    ValueError
        If a column is missing, or there are no rows.
    """
    names = [str(name) for name in _names(summary, "class")]
    return _rows(summary, "class", {name: COLOURS[name] for name in names})


def loss_by_node(summary: pd.DataFrame, most: int = 16) -> Figure:
    """As `loss_by_class` for syntax nodes, hardest first; at most ``most`` of them.

    Parameters
    ----------
    summary : pd.DataFrame
        Of `token_losses.summary` by node.
    most : int
        Nodes drawn: those with most tokens.

    Raises
    ------
    ValueError
        If a column is missing, or there are no rows.
    """
    _names(summary, "node")
    kept = summary.nlargest(most, "n").sort_values("mean", ascending=False)
    return _rows(kept, "node", {str(name): COLOURS[CODE] for name in kept["node"]})


def loss_by_position(summary: pd.DataFrame, last: int = 24) -> Figure:
    """Mean and median loss against the position in the line, 0 being the first token.

    Parameters
    ----------
    summary : pd.DataFrame
        Of `token_losses.summary` by position; blanks, at -1, are left out.
    last : int
        Highest position drawn: few lines are longer.

    Raises
    ------
    ValueError
        If a column is missing, or there are no rows.
    """
    _names(summary, "position")
    rows = summary[summary["position"].between(0, last)]
    return _steps(rows, "position", "token of the line")


def loss_by_depth(summary: pd.DataFrame) -> Figure:
    """Mean and median loss against the depth of indentation.

    Parameters
    ----------
    summary : pd.DataFrame
        Of `token_losses.summary` by depth.

    Raises
    ------
    ValueError
        If a column is missing, or there are no rows.
    """
    return _steps(summary, "depth", "depth of indentation")


def loss_distributions(
    frame: pd.DataFrame, classes: Sequence[str] | None = None, top: float = 12.0
) -> Figure:
    """Density of the loss, a panel a class, with mean, skewness and excess kurtosis.

    Parameters
    ----------
    frame : pd.DataFrame
        Of `token_losses.token_losses`: columns class and loss.
    classes : sequence of str, optional
        In this order; by default all that there are.
    top : float
        Losses above it are drawn at it.

    Raises
    ------
    ValueError
        If a column is missing, or there are no rows.
    """
    from scipy.stats import kurtosis, skew

    checked(frame, ("class", "loss"))
    present = set(frame["class"])
    names = classes or [name for name in CLASSES if name in present]
    figure, axes = style.subplots(
        len(names), 1, (4.4, 0.5 + 0.55 * len(names)), sharex=True, squeeze=False
    )
    bins = np.linspace(0, top, 49)
    for ax, name in zip(axes[:, 0], names, strict=True):
        loss = frame.loc[frame["class"] == name, "loss"].to_numpy(float)
        checked(frame.loc[frame["class"] == name], ("loss",))
        colour = COLOURS[name]
        ax.hist(
            np.minimum(loss, top), bins, density=True, histtype="stepfilled",
            color=colour, alpha=0.45,
        )  # fmt: skip
        ax.axvline(loss.mean(), color=darker(colour), lw=1.2)
        ax.text(
            1.03,
            0.5,
            f"{name}\nmean {loss.mean():.2f}\nskew {skew(loss):.2f}, "
            f"kurt {kurtosis(loss):.2f}",
            transform=ax.transAxes,
            va="center",
            fontsize=7.5,
            color=darker(colour),
        )
        ax.set(yticks=[], xlim=(0, top))
        ax.spines["left"].set_visible(False)
        ax.grid(False)
    axes[-1, 0].set_xlabel("loss / nats")
    return figure


def _names(summary: pd.DataFrame, by: str) -> pd.Series:
    """The groups of a summary, which must have the columns that are drawn."""
    needed = ("n", "mean", "low", "high", "median", "top1", "token_share", "loss_share")
    return checked(summary, (by, *needed))[by]


def _rows(summary: pd.DataFrame, by: str, names: dict[str, str]) -> Figure:
    """Mean and median loss, top-1 accuracy, shares of tokens and of the loss."""
    size = (7.0, 0.75 + 0.21 * len(names))
    figure, axes = style.subplots(1, 3, size, sharey=True, width_ratios=(3, 2, 2))
    for at, (_, row) in enumerate(summary.iterrows()):
        colour = names[str(row[by])]
        for ax, solid, ends, hollow in (
            (axes[0], row["mean"], (row["low"], row["high"]), row["median"]),
            (axes[1], 100 * row["top1"], None, None),
            (axes[2], 100 * row["loss_share"], None, 100 * row["token_share"]),
        ):
            if hollow is not None:
                dot(ax, hollow, at, None, colour, hollow=True)
            dot(ax, solid, at, ends, colour)
    labels = (
        "loss / nats: ● mean, ○ median",
        "top-1 accuracy / %",
        "share / %: ● loss, ○ tokens",
    )
    for ax, label in zip(axes, labels, strict=True):
        row_names(ax, names, names.values(), margin=0.08)
        ax.set_xlabel(label)
        right = ax.get_xlim()[1]
        ax.set_xlim(-0.03 * right, 1.05 * right)  # dots at the ends stay whole
    return figure


def _steps(summary: pd.DataFrame, by: str, label: str) -> Figure:
    """Mean with its band, and the median, against a number."""
    _names(summary, by)
    rows = summary[summary["n"] >= ENOUGH].sort_values(by)
    checked(rows, (by, "mean"))
    figure, ax = style.subplots(size=(4.0, 2.5))
    ax.fill_between(
        rows[by], rows["low"], rows["high"], color=COLOURS[CODE], alpha=0.15, lw=0
    )
    ax.plot(rows[by], rows["mean"], "o-", color=COLOURS[CODE], ms=3.5)
    ax.plot(rows[by], rows["median"], "--", color=NOTE, lw=1.2)
    top = 1.05 * max(ax.get_ylim()[1], float(rows[["mean", "median"]].max().max()))
    ax.set(xlabel=label, ylabel="loss / nats", ylim=(0, top))
    ax.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    last = rows.iloc[-1]
    label_ends(
        ax, [(last["mean"], "mean", COLOURS[CODE]), (last["median"], "median", NOTE)]
    )
    return figure
