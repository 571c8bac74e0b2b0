"""What the chapter's figures share: intervals, labels, axes, rows of dots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from helpers.figure_parts import darker, error_bar


def line_over_epochs(
    ax: Axes, rows: pd.DataFrame, column: str, colour: str, scale: float = 1.0
) -> float | None:
    """Mean over seeds at every epoch with its 95 % band; the last mean.

    Parameters
    ----------
    rows : pd.DataFrame
        Columns epoch, seed and ``column``; epochs without a value are left out.
    scale : float
        Factor of the values, 100 for shares in percent.

    Returns
    -------
    float or None
        None, and nothing is drawn, if there is no value at all.
    """
    known = rows[rows[column].notna()]
    if known.empty:
        return None
    values = scale * known[column].to_numpy(dtype=float)
    at = known["epoch"].to_numpy(dtype=float)
    epochs = np.unique(at)
    means, halves = np.array([error_bar(values[at == epoch]) for epoch in epochs]).T
    ax.fill_between(epochs, means - halves, means + halves, color=colour, alpha=0.15)
    ax.plot(epochs, means, "-o", color=colour, ms=3)
    return float(means[-1])


def dot_rows(
    ax: Axes,
    groups: Mapping[str, Sequence[float] | np.ndarray | pd.Series],
    colours: Mapping[str, str],
) -> dict[str, float]:
    """One row a method from the top: a pale dot a seed, mean and 95 % interval.

    A method without a value reads "not possible". Returns the means.
    """
    means = {}
    for row, (name, values) in enumerate(groups.items()):
        kept = np.asarray(values, dtype=float)
        kept = kept[np.isfinite(kept)]
        if not len(kept):
            ax.annotate(
                "not possible",
                (0.5, row),
                xycoords=("axes fraction", "data"),
                ha="center",
                va="center",
                fontsize=7,
                color="#707070",
            )
            continue
        colour, (mean, half) = colours[name], error_bar(kept)
        ax.plot(kept, np.full(len(kept), row), "o", color=colour, ms=2.5, alpha=0.4)
        ax.plot([mean - half, mean + half], [row, row], color=colour, lw=1.4)
        ax.plot(mean, row, "o", color=colour, ms=5.5, mec="white", mew=0.6, zorder=5)
        means[name] = mean
    ax.set_yticks(range(len(groups)), list(groups))
    ax.set_ylim(len(groups) - 0.5, -0.5)
    ax.margins(x=0.12)
    ax.xaxis.set_major_locator(MaxNLocator(4, min_n_ticks=3))
    return means


def colour_names(ax: Axes, colours: Mapping[str, str]) -> None:
    """Names of the rows in the colours of their methods."""
    for label in ax.get_yticklabels():
        label.set_color(darker(colours[label.get_text()]))
