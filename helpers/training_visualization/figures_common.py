"""What the chapter's figures share: lines over epochs, rows of dots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from helpers.figure_parts import mean_line
from helpers.row_chart import row_names, seed_dots


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
    return mean_line(ax, known, "epoch", column, colour, scale=scale)


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
        means[name] = seed_dots(ax, row, kept, colours[name])
    row_names(ax, groups, [colours[name] for name in groups], margin=0.12)
    return means
