"""Figures of how good the maps are: properties by epoch and method, time, ablation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from helpers import style
from helpers.figure_parts import error_bar, label_ends, name_points
from helpers.names import unknown_name
from helpers.training_visualization.figures_common import (
    dot_rows,
    line_over_epochs,
)

# column: what it is, factor to its unit, what is better
PROPERTIES = {
    "neighbors": ("neighbours kept of {k}", 1.0, "more"),
    "boundary": ("boundary points kept of {k}", 1.0, "more"),
    "ppr": ("predictions kept / %", 100.0, "more"),
    "confidence_difference": ("confidence change / %", 100.0, "less"),
    "temporal": ("correlation r", 1.0, "more negative"),
    "movement": ("movement / map sd", 1.0, "less"),
}
IN_TIME = ("temporal", "movement")


def property_by_epoch(
    frame: pd.DataFrame,
    column: str,
    split: str = "train",
    k: int = 15,
    chance: float | None = None,
) -> Figure:
    """One property of every method's maps over the epochs.

    Lines are means over seeds, bands their 95 % intervals; a method that cannot do it
    is left out.

    Parameters
    ----------
    frame : pd.DataFrame
        Rows of `projection.evaluate` with a column seed.
    column : str
        neighbors, boundary, ppr or confidence_difference.
    split : str
        train or test.
    chance : float, optional
        What a random map would reach, in the unit of the column; dotted.

    Raises
    ------
    ValueError
        If the column is unknown, or no row is of the split and k.
    """
    label, scale, better = _property(column, k)
    rows = _chosen(frame, split, k)
    figure, ax = style.subplots(size=(4.8, 2.6))
    labels = []
    for method in dict.fromkeys(rows["method"]):
        colour = style.color(str(method))
        end = line_over_epochs(
            ax, rows[rows["method"] == method], column, colour, scale
        )
        if end is not None:
            labels.append((end, str(method), colour))
    if chance is not None:
        ax.axhline(scale * chance, color=style.PALETTE["grey"], lw=1, ls=":")
        labels.append((scale * chance, "chance", style.PALETTE["grey"]))
    ax.set(xlabel="epoch", ylabel=f"{label}, {split}")
    ax.set_title(f"{better} is better", fontweight="normal", fontsize=8)
    if column == "ppr":
        ax.set_ylim(top=min(ax.get_ylim()[1], 101))
    else:
        ax.set_ylim(0, None)
    label_ends(ax, labels, gap=0.085)
    return figure


def property_summary(
    frame: pd.DataFrame,
    columns: Sequence[str] = ("neighbors", "boundary", "ppr", "confidence_difference"),
    split: str = "train",
    k: int = 15,
) -> Figure:
    """A panel a property, a row a method: mean over the checkpoints of each seed.

    Pale dots are seeds, lines 95 % intervals over them.

    Parameters
    ----------
    frame : pd.DataFrame
        Rows of `projection.evaluate` with a column seed.
    columns : sequence of str
        Properties, as in `property_by_epoch`.

    Raises
    ------
    ValueError
        If a column is unknown, or no row is of the split and k.
    """
    parts = [_property(column, k) for column in columns]
    rows = _chosen(frame, split, k)
    methods = [str(method) for method in dict.fromkeys(rows["method"])]
    colours = {method: style.color(method) for method in methods}
    per_seed = rows.groupby(["method", "seed"])[list(columns)].mean()
    size = (1.3 + 1.75 * len(columns), 1.0 + 0.23 * len(methods))
    figure, axes = style.subplots(1, len(columns), size, sharey=True, squeeze=False)
    for ax, column, (label, scale, better) in zip(axes[0], columns, parts, strict=True):
        dot_rows(ax, _by_method(per_seed, methods, column, scale), colours)
        ax.set_xlabel(f"{label}\n({better} is better)", fontsize=7.5)
    return figure


def time_plane(times: pd.DataFrame, split: str = "train") -> Figure:
    """Do points move when their neighbours change, and how far do they move?

    Across the temporal correlation r, more negative is better; up the movement of a
    point from one checkpoint to the next, less is better. Dots are means over seeds
    with 95 % intervals. Grey: r as chance gives it in 95 % of the cases if the order
    of the transitions means nothing; the tick of a method marks where that begins for
    itself.

    Parameters
    ----------
    times : pd.DataFrame
        Rows of `projection.evaluate_time` with a column seed.

    Raises
    ------
    ValueError
        If no row of the split has a correlation.
    """
    rows = times[(times["split"] == split) & times["temporal"].notna()]
    if rows.empty:
        raise ValueError(f"no correlation for split {split!r}; see its column")
    figure, ax = style.subplots(size=(5.2, 3.2))
    places = []
    nulls = rows.groupby("method")["null"].mean()
    for method in dict.fromkeys(rows["method"]):
        part = rows[rows["method"] == method]
        colour = style.color(str(method))
        (x, across), (y, up) = error_bar(part["temporal"]), error_bar(part["movement"])
        ax.errorbar(x, y, xerr=across, yerr=up, color=colour, lw=1.2)
        ax.plot(x, y, "o", color=colour, ms=7, mec="white", zorder=5)
        ax.plot(nulls[method], y, "|", color=colour, ms=9, mew=1.4)
        seconds = part["seconds"].mean()
        text = str(method)
        if np.isfinite(seconds):
            text += f", {seconds:.2g} s" if seconds < 100 else f", {seconds:.0f} s"
        places.append((x, y, text, colour))
    ax.margins(0.14)
    ax.autoscale_view()
    right = max(ax.get_xlim()[1], 0.05)
    ax.axvspan(float(nulls.min()), right, color="#F0F0F0", lw=0, zorder=0)
    ax.annotate(
        "no more than chance",
        (1, 1),
        xycoords="axes fraction",
        xytext=(-3, 4),
        textcoords="offset points",
        ha="right",
        fontsize=7,
        color="#707070",
    )
    ax.axvline(0, color="#B8B8B8", lw=0.8, zorder=0)
    ax.set(
        xlabel="temporal correlation r (more negative is better)",
        ylabel="movement / map sd (less is better)",
        xlim=(ax.get_xlim()[0], right),
        ylim=(0, None),
    )
    name_points(ax, places, gap=0.075, away=0.045)
    return figure


def ablation(
    frame: pd.DataFrame,
    times: pd.DataFrame,
    full: str | None = None,
    split: str = "train",
    k: int = 15,
) -> Figure:
    """What each part of the method is worth: a row a variant, a panel a property.

    Dots are means over checkpoints and seeds with 95 % intervals over seeds; the line
    is the full method's mean.

    Parameters
    ----------
    frame, times : pd.DataFrame
        Rows of `projection.evaluate` and of `projection.evaluate_time` with a column
        seed; the column method names the variant.
    full : str, optional
        The full method, the first variant if not given.

    Raises
    ------
    ValueError
        If ``full`` is no variant, or no row is of the split and k.
    """
    rows = _chosen(frame, split, k)
    variants = [str(method) for method in dict.fromkeys(rows["method"])]
    full = variants[0] if full is None else full
    if full not in variants:
        raise unknown_name("variant", full, variants)
    spatial = rows.groupby(["method", "seed"]).mean(numeric_only=True)
    temporal = times[times["split"] == split]
    colours = dict.fromkeys(variants, style.PAPER) | {full: style.color("DVI")}
    columns = ("neighbors", "boundary", "ppr", *IN_TIME)
    size = (9.0, 1.0 + 0.23 * len(variants))
    figure, axes = style.subplots(1, len(columns), size, sharey=True)
    for ax, column in zip(axes, columns, strict=True):
        label, scale, better = _property(column, k)
        source = temporal if column in IN_TIME else spatial
        means = dot_rows(ax, _by_method(source, variants, column, scale), colours)
        if full in means:
            ax.axvline(means[full], color=colours[full], lw=1, alpha=0.6, zorder=1)
        ax.set_xlabel(f"{label}\n({better} is better)", fontsize=7.5)
    return figure


def _by_method(
    rows: pd.DataFrame, methods: Sequence[str], column: str, scale: float
) -> dict[str, np.ndarray]:
    """Values per method, in the order of ``methods``; none for one without rows."""
    found = {
        str(method): scale * part[column].to_numpy(dtype=float)
        for method, part in rows.groupby("method")
    }
    return {method: found.get(method, np.zeros(0)) for method in methods}


def _property(column: str, k: int) -> tuple[str, float, str]:
    if column not in PROPERTIES:
        raise unknown_name("property", column, list(PROPERTIES))
    label, scale, better = PROPERTIES[column]
    return label.format(k=k), scale, better


def _chosen(frame: pd.DataFrame, split: str, k: int) -> pd.DataFrame:
    rows = frame[(frame["split"] == split) & (frame["k"] == k)]
    if rows.empty:
        ks = sorted({int(value) for value in frame["k"]})
        raise ValueError(
            f"no row of split {split!r} with k {k}; there are splits "
            f"{sorted(set(frame['split']))} and k {ks}"
        )
    return rows
