"""Charts with a row a method: values with their intervals, and names in colour."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from helpers.figure_parts import darker, error_bar


def dot(
    ax: Axes,
    x: float,
    y: float,
    ends: Sequence[float] | None,
    colour: str,
    *,
    upright: bool = False,
    hollow: bool = False,
    size: float = 5.5,
) -> None:
    """A value, and its interval if any, along x, or along y if ``upright``.

    A hollow mark, of another kind of value, is a little smaller.
    """
    if ends is not None:
        line = ([x, x], list(ends)) if upright else (list(ends), [y, y])
        ax.plot(*line, color=colour, lw=1.3, solid_capstyle="butt", zorder=3)
    ax.plot(
        x,
        y,
        "o",
        color=colour,
        ms=size - 1 if hollow else size,
        mfc="white" if hollow else colour,
        mec=colour if hollow else "white",
        mew=1.1 if hollow else 0.6,
        zorder=7,
    )


def seed_dots(
    ax: Axes,
    row: float,
    values: Sequence[float] | np.ndarray | pd.Series,
    colour: str,
    *,
    hollow: bool = False,
) -> float:
    """Mean and 95 % interval over seeds, with a pale dot for each; returns the mean.

    ``hollow`` is a smaller mark without pale dots, for a second value in a row.
    """
    kept = np.asarray(values, dtype=float)
    mean, half = error_bar(kept)
    if not hollow:
        ax.plot(kept, np.full(len(kept), row), "o", color=colour, ms=2.5, alpha=0.4)
    dot(ax, mean, row, (mean - half, mean + half), colour, hollow=hollow)
    return mean


def row_names(
    ax: Axes,
    names: Collection[str],
    colours: Iterable[str],
    margin: float | None = None,
) -> None:
    """Names of the rows from the top, in the colours of what they name.

    ``margin`` leaves so much room beside the marks, a share of the axis, and four ticks
    or so; without it the x axis stays as it is.
    """
    ax.set_yticks(range(len(names)), list(names))
    ax.set_ylim(len(names) - 0.4, -0.6)
    labels = ax.get_yticklabels()  # none where the axes on the left show them
    for label, colour in zip(labels, colours, strict=bool(labels)):
        label.set_color(darker(colour))
    ax.tick_params(axis="y", length=0)
    if margin is not None:
        ax.margins(x=margin)
        ax.xaxis.set_major_locator(MaxNLocator(4, min_n_ticks=3))
