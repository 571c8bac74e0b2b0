"""What the chapter's figures share: scores and their units, colours, axes, keys."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, NullLocator

from helpers import style
from helpers.lora_dropout.scores import ENSEMBLE, MEAN
from helpers.names import unknown_name

# column: what it is, factor to its unit, what is better
SCORES = {
    "accuracy": ("accuracy / %", 100.0, "more"),
    "clean": ("accuracy, true labels / %", 100.0, "more"),
    "nll": ("NLL / nats", 1.0, "less"),
    "ece": ("ECE / %", 100.0, "less"),
    "brier": ("Brier score", 1.0, "less"),
    "gap": ("test − train loss / nats", 1.0, "less"),
    "train": ("training loss / nats", 1.0, "less"),
}
NOTE = "#707070"


def score(column: str) -> tuple[str, float, str]:
    """Label, factor to its unit and better direction of a column of `scores.table`."""
    if column not in SCORES:
        raise unknown_name("score", column, list(SCORES))
    return SCORES[column]


def predicted(table: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """Per trial the row of what one would use: the ensemble, else the mean network.

    A trial that comes twice, in two experiments that share it, counts once.

    Parameters
    ----------
    table : pd.DataFrame
        Of `scores.table`.
    keys : sequence of str
        Columns that tell the trials apart.

    Raises
    ------
    ValueError
        If they do not, as where trials of several p are given to a figure without p.
    """
    keys, table = list(keys), table.drop_duplicates()
    twice = table.duplicated([*keys, "predict"])
    if twice.any():
        trial = ", ".join(f"{key} {table.loc[twice, key].iloc[0]}" for key in keys)
        raise ValueError(f"several trials of {trial}; allowed: one, select them first")
    order = table["predict"].map({ENSEMBLE: 0, MEAN: 1})
    best = table[order.notna()].assign(order=order).sort_values("order", kind="stable")
    return best.drop_duplicates(keys).sort_index()


def doubling_axis(ax: Axes, values: Sequence[float], label: str) -> None:
    """Logarithmic x axis to base 2 with a tick at each value."""
    ax.set_xscale("log", base=2)
    ax.xaxis.set_major_locator(FixedLocator(sorted({float(v) for v in values})))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(lambda x, _: f"{x:g}")
    ax.set_xlabel(label)


def key(*entries: tuple[str, str], colour: str = NOTE) -> list[Line2D]:
    """Entries of a legend about the kind of line or marker: (text, kind).

    Kinds are "solid", "dashed", "hollow" and "filled".
    """
    made = []
    for text, kind in entries:
        point = kind in ("hollow", "filled")
        made.append(
            Line2D(
                [],
                [],
                color=colour,
                lw=0 if point else 1.4,
                ls="--" if kind == "dashed" else "-",
                marker="o" if point else "",
                ms=4.5,
                mfc="white" if kind == "hollow" else colour,
                label=text,
            )
        )
    return made


def method_colours(names: Sequence[str]) -> dict[str, str]:
    """Distinct names in their order with their fixed colours."""
    return {str(name): style.color(str(name)) for name in dict.fromkeys(names)}
