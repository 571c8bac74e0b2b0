"""Figures of the market: prices, machine speeds and predictors of a revocation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from helpers import style
from helpers.figure_parts import darker, error_bar, log_axis
from helpers.spot_tuning.curves import LearningCurves
from helpers.spot_tuning.figures_common import TYPE_COLOURS
from helpers.spot_tuning.instances import instance
from helpers.spot_tuning.prices import Market


def price_anatomy(
    market: Market,
    spike_hours: Mapping[str, np.ndarray],
    first_day: float = 0.0,
    days: float = 3.0,
) -> Figure:
    """Prices as shares of the list price over some days; spikes by hour of the day.

    Parameters
    ----------
    market : Market
    spike_hours : mapping of str to np.ndarray
        Shape (24,) per type: share of each UTC hour's minutes that lie in a spike.
    first_day, days : float
        Window of the left panel, days since the market's start.

    Raises
    ------
    ValueError
        If the window is empty or leaves the market.
    """
    first, last = round(first_day * 1440), round((first_day + days) * 1440)
    if not 0 <= first < last <= market.minutes:
        raise ValueError(
            f"days {first_day:g} to {first_day + days:g}; the market has "
            f"{market.minutes / 1440:g} days"
        )
    columns = -(-len(market.types) // 2)
    figure = Figure(figsize=(8.4, 3.0))
    grid = figure.add_gridspec(
        2, columns + 1, width_ratios=[1.0] * columns + [1.15 * columns / 2]
    )
    clock = np.arange(first, last) / 1440
    top = None
    for place, kind in enumerate(market.types):
        row, column = divmod(place, columns)
        ax = figure.add_subplot(grid[row, column], sharex=top, sharey=top)
        top = top or ax
        share = market.prices(kind)[first:last] / instance(kind).on_demand
        ax.plot(clock, share, color=TYPE_COLOURS[kind], lw=1, drawstyle="steps-post")
        ax.axhline(1, color=style.PAPER, lw=1, ls=":")
        ax.set_title(kind, fontsize=8, color=darker(TYPE_COLOURS[kind]))
        ax.tick_params(labelbottom=row == 1, labelleft=column == 0, labelsize=7)
        log_axis(ax, "y")
    figure.supxlabel("days (dotted: list price)", fontsize=8, x=0.33)
    figure.supylabel("spot price / list price", fontsize=8)
    spikes = figure.add_subplot(grid[:, columns])
    for kind, share in spike_hours.items():
        spikes.plot(100 * np.asarray(share), color=TYPE_COLOURS[kind], lw=1.3)
    spikes.set(
        xlabel="hour of the day / UTC",
        title="time in a spike / %",
        xticks=range(0, 25, 6),
        ylim=(0, None),
    )
    return figure


def step_times(curves: LearningCurves, types: Sequence[str]) -> Figure:
    """Hours a whole trial takes on each type: a dot per setting, a line the median."""
    figure, ax = style.subplots(size=(4.4, 2.5))
    steps = np.array([len(curve) for curve in curves.metrics])
    names = sorted(types, key=lambda k: (instance(k).vcpu, instance(k).on_demand))
    for row, kind in enumerate(names):
        hours = curves.seconds(kind) * steps / 3600
        ax.plot(hours, [row] * len(hours), "o", color=TYPE_COLOURS[kind], alpha=0.5)
        ax.plot(np.median(hours), row, "|", color=style.PAPER, ms=13, mew=2)
        ax.annotate(
            f"{np.median(hours):.1f} h",
            (hours.max(), row),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            fontsize=7.5,
        )
    ax.set_yticks(range(len(names)), [f"{k}, {instance(k).vcpu} cores" for k in names])
    ax.set(
        xlabel="hours for a whole trial",
        title=f"{curves.workload}: speed ∝ cores$^{{{curves.alpha:g}}}$",
        ylim=(-0.6, len(names) - 0.4),
    )
    ax.margins(x=0.2)
    ax.grid(axis="y", visible=False)
    log_axis(ax, "x")
    return figure


def predictor_scores(frame: pd.DataFrame) -> Figure:
    """How well revocations are foreseen: AUC (more is better), Brier score (less is).

    Thin lines are machine types (means over seeds), so methods can be compared type by
    type; dots are their means with the 95 % interval over types.

    Parameters
    ----------
    frame : pd.DataFrame
        Columns instance_type, seed, method, auc, brier; NaN where a score is undefined.
    """
    methods = list(dict.fromkeys(frame["method"]))
    y = np.arange(len(methods))[::-1]
    figure, axes = style.subplots(1, 2, (6, 2.5), sharey=True)
    panels = {"auc": "AUC (more is better)", "brier": "Brier score (less is better)"}
    for ax, (column, label) in zip(axes, panels.items(), strict=True):
        types = frame.pivot_table(
            index="method", columns="instance_type", values=column
        )
        types = types.reindex(methods)
        for kind in types:
            ax.plot(types[kind], y, "-", color="#C8C8C8", lw=0.8)
            ax.plot(types[kind], y, "o", color="#A8A8A8", ms=2.5)
        for row, method in zip(y, methods, strict=True):
            mean, half = error_bar(types.loc[method])
            ax.errorbar(
                mean,
                row,
                xerr=half,
                fmt="o",
                ms=6,
                color=style.color(method),
                capsize=3,
            )
        ax.set(xlabel=label, ylim=(-0.5, len(methods) - 0.5))
        ax.grid(axis="y", visible=False)
    axes[0].axvline(0.5, color=style.PAPER, ls=":", lw=1)
    axes[0].set_title("dotted: chance", fontweight="normal", fontsize=7.5)
    axes[1].set_title("grey: machine types", fontweight="normal", fontsize=7.5)
    axes[0].set_yticks(y, methods)
    return figure


def reliability(
    curves: Mapping[str, tuple[np.ndarray, np.ndarray, np.ndarray]],
) -> Figure:
    """Predicted against observed revocation rates; on the diagonal a method is right.

    Parameters
    ----------
    curves : mapping of str to (predicted, observed, count)
        Per method, one entry per bin; a dot's area grows with the bin's count.
    """
    figure, ax = style.subplots(size=(3.6, 3.0))
    ax.plot([0, 1], [0, 1], color=style.PAPER, lw=1, ls=":")
    most = max(float(np.max(count)) for _, _, count in curves.values())
    for method, (predicted, observed, count) in curves.items():
        colour = style.color(method)
        filled = np.asarray(count) > 0
        x, y = np.asarray(predicted)[filled], np.asarray(observed)[filled]
        area = 4 + 60 * np.asarray(count)[filled] / most
        ax.plot(x, y, color=colour, lw=1.2, label=method)
        ax.scatter(x, y, s=area, color=colour, zorder=3)
    ax.set(
        xlabel="predicted probability",
        ylabel="share revoked within the hour",
        xlim=(-0.03, 1.03),
        ylim=(-0.03, 1.03),
        aspect="equal",
    )
    ax.legend(loc="upper left", borderaxespad=0.2)
    return figure
