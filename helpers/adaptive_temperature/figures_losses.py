"""Figures of the preliminary study: which tokens of code a model finds hard."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from helpers import style
from helpers.adaptive_temperature.figures_common import NOTE, checked, dot, row_names
from helpers.figure_parts import darker

CODE = style.PALETTE["blue"]
ENOUGH = 30
"""Tokens below which a position or a depth is not drawn."""


def class_colour(name: str) -> str:
    """Colour of a class of tokens, by a word of its name."""
    for word, colour in (
        ("prose", style.PALETTE["purple"]),
        ("space", style.PALETTE["grey"]),
        ("block", style.PALETTE["orange"]),
        ("line", style.PALETTE["yellow"]),
    ):
        if word in name:
            return colour
    return CODE


def loss_by_class(summary: pd.DataFrame) -> Figure:
    """A row a class of tokens: mean loss with its interval, median, top-1 accuracy.

    Parameters
    ----------
    summary : pd.DataFrame
        Columns class, n, mean, low, high, median and top1; a row a class.

    Raises
    ------
    ValueError
        If a column is missing, or there are no rows.
    """
    names = [str(name) for name in _names(summary, "class")]
    return _rows(summary, "class", {name: class_colour(name) for name in names})


def loss_by_node(summary: pd.DataFrame, most: int = 16) -> Figure:
    """As `loss_by_class` for syntax nodes, hardest first; at most ``most`` of them.

    Parameters
    ----------
    summary : pd.DataFrame
        Columns node, n, mean, low, high, median and top1; a row a node.
    most : int
        Nodes drawn: those with most tokens.

    Raises
    ------
    ValueError
        If a column is missing, or there are no rows.
    """
    _names(summary, "node")
    kept = summary.nlargest(most, "n").sort_values("mean", ascending=False)
    return _rows(kept, "node", {str(name): CODE for name in kept["node"]})


def loss_by_position(summary: pd.DataFrame) -> Figure:
    """Mean and median loss against the position in the line, 0 being the first token.

    Parameters
    ----------
    summary : pd.DataFrame
        Columns position, n, mean, low, high and median; a row a position.

    Raises
    ------
    ValueError
        If a column is missing, or there are no rows.
    """
    return _steps(summary, "position", "token of the line")


def loss_by_depth(summary: pd.DataFrame) -> Figure:
    """Mean and median loss against the depth of indentation.

    Parameters
    ----------
    summary : pd.DataFrame
        Columns depth, n, mean, low, high and median; a row a depth.

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
        A row a token: columns class and loss, in nats.
    classes : sequence of str, optional
        In this order; by default all, in that of their first rows.
    top : float
        Losses above it are drawn at it.

    Raises
    ------
    ValueError
        If a column is missing, or there are no rows.
    """
    from scipy.stats import kurtosis, skew

    checked(frame, ("class", "loss"))
    names = list(dict.fromkeys(frame["class"])) if classes is None else list(classes)
    figure, axes = style.subplots(
        len(names), 1, (4.4, 0.5 + 0.55 * len(names)), sharex=True, squeeze=False
    )
    bins = np.linspace(0, top, 49)
    for ax, name in zip(axes[:, 0], names, strict=True):
        loss = frame.loc[frame["class"] == name, "loss"].to_numpy(float)
        checked(frame.loc[frame["class"] == name], ("loss",))
        colour = class_colour(str(name))
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
    return checked(summary, (by, "n", "mean", "low", "high", "median", "top1"))[by]


def _rows(summary: pd.DataFrame, by: str, names: dict[str, str]) -> Figure:
    """Mean and median loss in one panel, top-1 accuracy in the other."""
    figure, axes = style.subplots(
        1, 2, (5.4, 0.75 + 0.21 * len(names)), sharey=True, width_ratios=(3, 2)
    )
    for at, (_, row) in enumerate(summary.iterrows()):
        colour = names[str(row[by])]
        dot(axes[0], at, (row["median"],) * 3, colour, hollow=True)
        dot(axes[0], at, (row["mean"], row["low"], row["high"]), colour)
        dot(axes[1], at, (100 * row["top1"],) * 3, colour)
    for ax, label in zip(
        axes, ("loss / nats: ● mean, ○ median", "top-1 accuracy / %"), strict=True
    ):
        row_names(ax, names)
        ax.set_xlabel(label)
        ax.set_xlim(0, None)
    return figure


def _steps(summary: pd.DataFrame, by: str, label: str) -> Figure:
    """Mean with its band, and the median, against a number."""
    checked(summary, (by, "n", "mean", "low", "high", "median"))
    rows = summary[summary["n"] >= ENOUGH].sort_values(by)
    checked(rows, (by, "mean"))
    figure, ax = style.subplots(size=(4.0, 2.5))
    ax.fill_between(rows[by], rows["low"], rows["high"], color=CODE, alpha=0.15, lw=0)
    ax.plot(rows[by], rows["mean"], "o-", color=CODE, ms=3.5)
    ax.plot(rows[by], rows["median"], "--", color=NOTE, lw=1.2)
    for column, colour in (("mean", CODE), ("median", NOTE)):
        ax.annotate(
            column, (rows[by].iloc[-1], rows[column].iloc[-1]), xytext=(5, 0),
            textcoords="offset points", fontsize=7.5, va="center",
            color=darker(colour), annotation_clip=False,
        )  # fmt: skip
    ax.set(xlabel=label, ylabel="loss / nats", ylim=(0, None))
    ax.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    return figure
