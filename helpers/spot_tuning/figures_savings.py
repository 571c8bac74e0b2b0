"""Figures of where the savings come from: three sources, refunds, and overheads."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from helpers import style
from helpers.figure_parts import error_bar, label_ends, log_axis
from helpers.spot_tuning.figures_common import ratio_interval
from helpers.spot_tuning.machinery import FASTEST_MB_S, SLOWEST_MB_S, Machinery
from helpers.spot_tuning.paired_ratios import relative

SOURCES = {
    "early_shutdown": ("early shutdown", style.PALETTE["blue"]),
    "cheap_markets": ("cheap markets", style.PALETTE["green"]),
    "refunds": ("refunds", style.PALETTE["orange"]),
}


def ablation(frame: pd.DataFrame) -> Figure:
    """Three sources of saving, alone and together, and the effect of each.

    Left: cost of every combination over that of none in the same job, geometric mean
    with 95 % interval; the dots below say which sources are on. Right: what a source
    changes when the other two are on or off alike (main effect). Intervals are over
    repetitions, as in `experiments.main_effect`: the workloads of one share its market.

    Parameters
    ----------
    frame : pd.DataFrame
        Columns early_shutdown, cheap_markets, refunds (bool), workload, repetition,
        cost: all eight combinations of every job.

    Raises
    ------
    ValueError
        If a combination of a job is missing.
    """
    names = list(SOURCES)
    code = frame[names].to_numpy(dtype=int) @ [1, 2, 4]
    job = ["workload", "repetition"]
    cells = frame.assign(code=code).pivot(index=job, columns="code", values="cost")
    cells = cells.reindex(columns=range(8)).apply(np.log)
    if cells.isna().to_numpy().any():
        raise ValueError("every job needs all eight combinations of the three sources")
    cells = cells.groupby("repetition").mean()
    order = sorted(range(8), key=lambda c: (c.bit_count(), c))
    figure = Figure(figsize=(7, 3))
    grid = figure.add_gridspec(2, 2, height_ratios=(2.2, 1), width_ratios=(2.2, 1))
    dots, matrix = figure.add_subplot(grid[0, 0]), figure.add_subplot(grid[1, 0])
    effects = figure.add_subplot(grid[:, 1])
    for x, cell in enumerate(order):
        mean, low, high = ratio_interval(np.exp(cells[cell] - cells[0]))
        dots.plot([x, x], [low, high], color=style.PAPER, lw=1.4)
        dots.plot(x, mean, "o", color=style.PAPER, ms=5)
        dots.annotate(
            f"{mean:.2f}",
            (x, high),
            xytext=(0, 4),
            textcoords="offset points",
            ha="center",
            fontsize=7.5,
        )
    dots.axhline(1, color=style.PALETTE["grey"], lw=1, ls=":")
    dots.set(ylabel="cost / cost with none", xticks=[], ylim=(0, None))
    dots.margins(y=0.2)
    for row, (_, colour) in enumerate(SOURCES.values()):
        for x, cell in enumerate(order):
            face, edge = (colour, colour) if cell >> row & 1 else ("white", "#CCCCCC")
            matrix.plot(x, -row, "o", ms=8, mfc=face, mec=edge)
        factor = 1 << row
        effect = cells[[c for c in range(8) if c & factor]].mean(axis=1)
        effect = effect - cells[[c for c in range(8) if not c & factor]].mean(axis=1)
        mean, low, high = (100 * (r - 1) for r in ratio_interval(np.exp(effect)))
        effects.barh(-row, mean, color=colour, height=0.55)
        effects.plot([low, high], [-row, -row], color=style.PAPER, lw=1.4)
        effects.annotate(
            f"{mean:+.0f} %",
            (0, -row),
            xytext=(4 if mean < 0 else -4, 0),
            textcoords="offset points",
            ha="left" if mean < 0 else "right",
            va="center",
            fontsize=7.5,
            bbox={"fc": "white", "ec": "none", "pad": 0.5},
        )
    matrix.set_yticks([0, -1, -2], [label for label, _ in SOURCES.values()])
    matrix.set(xticks=[], ylim=(-2.5, 0.5), xlim=dots.get_xlim())
    matrix.grid(False)
    matrix.spines[:].set_visible(False)
    matrix.tick_params(length=0)
    effects.axvline(0, color=style.PAPER, lw=0.8)
    effects.set_yticks([0, -1, -2], [label for label, _ in SOURCES.values()])
    effects.set(xlabel="change of cost / %", title="Main effects")
    effects.margins(x=0.2)
    effects.grid(axis="y", visible=False)
    return figure


def refund_anatomy(frame: pd.DataFrame, reference: str = "uniform") -> Figure:
    """How the bid decides what is free: free work, revocations and cost.

    The cost is that of the same job over its cost with the ``reference`` deltas and
    refunds. The column of the smallest delta is refund gaming: bids that are meant to
    be lost.

    Parameters
    ----------
    frame : pd.DataFrame
        Columns delta (text, in the order to show), billing ("no-refund" or a regime
        with refunds), workload, repetition, free_share, revocations, cost.

    Raises
    ------
    ValueError
        If the reference is not among the deltas.
    """
    delta = frame["delta"].astype(str)
    deltas = list(dict.fromkeys(delta))
    free = frame["billing"] != "no-refund"
    data = frame.assign(policy=delta.where(free, "no refund, " + delta))
    ratio = relative(data, "cost", reference, ("workload", "repetition"))
    panels = (
        (100 * frame["free_share"], "free work / % (shaded: refund gaming)"),
        (frame["revocations"], "revocations per job"),
        (ratio, f"cost / {reference} δ, with refunds"),
    )
    fixed = [place for place, name in enumerate(deltas) if _is_number(name)]
    figure, axes = style.subplots(1, 3, (8.4, 2.6))
    for ax, (values, label) in zip(axes, panels, strict=True):
        for chosen, name, shift in (
            (free, "refunds", -0.1),
            (~free, "no refunds", 0.1),
        ):
            colour = style.color("SpotTune") if shift < 0 else style.PALETTE["grey"]
            found = [error_bar(values[chosen & (delta == name)]) for name in deltas]
            means, halves = np.array(found).T
            x = np.arange(len(deltas)) + shift
            ax.errorbar(x, means, yerr=halves, fmt="o", color=colour, capsize=2)
            ax.plot(x[fixed], means[fixed], color=colour, label=name)
        if fixed:
            game = min(fixed, key=lambda place: float(deltas[place]))
            ax.axvspan(game - 0.4, game + 0.4, color="#FBE9DD", zorder=0)
        ax.set_xticks(range(len(deltas)), deltas, fontsize=7, rotation=30)
        ax.set(xlabel="δ / USD per h", ylim=(0, None))
        ax.set_title(label, fontsize=8, fontweight="normal")
    axes[1].legend(loc="upper center")
    return figure


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def checkpoint_overhead(frame: pd.DataFrame) -> Figure:
    """Machine time spent on checkpoints, and lost because one was too large to save.

    Dotted: the largest checkpoints that the slowest and the fastest machine can save
    within the notice.

    Parameters
    ----------
    frame : pd.DataFrame
        Columns checkpoint_mb, transfer_share, lost_share (shares of the machine time):
        one row per job.
    """
    figure, ax = style.subplots(size=(4.4, 2.6))
    sizes = np.array(sorted(frame["checkpoint_mb"].unique()), dtype=float)
    shown = (
        ("transfer_share", "save, restore", style.PALETTE["blue"]),
        ("lost_share", "lost work", style.PALETTE["orange"]),
    )
    labels = []
    for column, label, colour in shown:
        groups = 100 * frame.groupby("checkpoint_mb")[column].apply(np.asarray)
        means, halves = np.array([error_bar(groups[size]) for size in sizes]).T
        ax.errorbar(sizes, means, yerr=halves, fmt="-o", color=colour, capsize=2)
        labels.append((float(means[-1]), label, colour))
    for speed, name in ((SLOWEST_MB_S, "slowest"), (FASTEST_MB_S, "fastest")):
        largest = speed * Machinery().notice
        ax.axvline(largest, color=style.PAPER, lw=1, ls=":")
        ax.annotate(
            name,
            (largest, 1),
            xycoords=("data", "axes fraction"),
            xytext=(-2, -2),
            textcoords="offset points",
            ha="right",
            va="top",
            rotation=90,
            fontsize=7,
        )
    ax.set(
        xlabel="checkpoint / MB",
        ylabel="share of machine time / %",
        ylim=(0, None),
        title="Dotted: what fits into the notice",
    )
    log_axis(ax, "x")
    label_ends(ax, labels)
    return figure
