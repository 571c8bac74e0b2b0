"""Figures of cost and completion time: policies against one another, and theta."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from helpers import style
from helpers.figure_parts import error_bar, log_axis, name_points
from helpers.spot_tuning.figures_common import ratio_interval
from helpers.spot_tuning.paired_ratios import relative

JOB = ("workload", "repetition")
NAMES = {"cost": "cost", "jct_hours": "completion time", "pcr": "performance-cost rate"}


def cost_jct_plane(frame: pd.DataFrame, baseline: str = "Cheapest") -> Figure:
    """Cost and completion time over the baseline's: left is cheaper, low is faster.

    A small dot is one repetition (mean over workloads), a large one the mean over all
    jobs with its 95 % interval over repetitions; means are geometric. Along a grey
    line the performance-cost rate 1 / (cost x JCT) is the same.

    Parameters
    ----------
    frame : pd.DataFrame
        Columns workload, policy, repetition, cost, jct_hours: one row per job.
    """
    data = frame[["policy", *JOB]].copy()
    for column in ("cost", "jct_hours"):
        data[column] = np.log(relative(frame, column, baseline, JOB))
    by = data.groupby(["policy", "repetition"], sort=False)
    draws = by[["cost", "jct_hours"]].mean()
    figure, ax = style.subplots(size=(5.4, 3.6))
    places = []
    for policy in dict.fromkeys(frame["policy"]):
        rows = np.exp(draws.loc[policy])
        colour = style.color(str(policy))
        (x, *xs), (y, *ys) = (ratio_interval(rows[c]) for c in rows)
        ax.plot(rows["cost"], rows["jct_hours"], "o", color=colour, ms=2.5, alpha=0.4)
        ax.plot(xs, [y, y], color=colour, lw=1.2)
        ax.plot([x, x], ys, color=colour, lw=1.2)
        ax.plot(x, y, "o", color=colour, ms=7, mec="white", zorder=5)
        places.append((x, y, str(policy), colour))
    ax.set(
        xscale="log",
        yscale="log",
        xlabel=f"cost / {baseline}",
        ylabel=f"completion time / {baseline}",
    )
    ax.margins(0.12)
    ax.autoscale_view()
    log_axis(ax, "x", "×")
    log_axis(ax, "y", "×")
    _draw_rates(ax)
    name_points(ax, places)
    return figure


def _draw_rates(ax: Axes) -> None:
    """Lines of equal performance-cost rate, named where they leave the figure."""
    (left, right), (low, high) = ax.get_xlim(), ax.get_ylim()
    for rate in (0.125, 0.25, 0.5, 1, 2, 4, 8, 16):
        if not 1 / (right * high) < rate < 1 / (left * low):
            continue
        x = np.array([left, right])
        ax.plot(x, 1 / (rate * x), color="#B8B8B8", lw=0.8, zorder=0)
        above, beside = 1 / (rate * high), 1 / (rate * right)
        if above > left:
            at, ha, va, move = (above, high), "center", "bottom", (0, 2)
        elif beside > low:
            at, ha, va, move = (right, beside), "left", "center", (3, 0)
        else:
            at, ha, va, move = (left, 1 / (rate * left)), "left", "bottom", (3, 0)
        ax.annotate(
            f"PCR {rate:g}×",
            at,
            xytext=move,
            textcoords="offset points",
            fontsize=6.5,
            color="#707070",
            ha=ha,
            va=va,
        )
    ax.set(xlim=(left, right), ylim=(low, high))


def policy_ratios(
    frame: pd.DataFrame,
    column: str,
    baseline: str = "Cheapest",
    by: str = "workload",
    paper: float | None = None,
) -> Figure:
    """Cost, completion time or rate over the baseline's, one dot per policy and group.

    Dots are geometric means over the jobs of a group, with 95 % intervals.

    Parameters
    ----------
    frame : pd.DataFrame
        Columns workload, policy, repetition, ``column`` and ``by``.
    column : str
        For example cost, jct_hours or pcr.
    baseline : str
        Policy that is 1 in every group.
    by : str
        What the rows of the figure are: workload, or for example billing.
    paper : float, optional
        The paper's best ratio, drawn as a diamond on a dotted line.
    """
    keys = list(dict.fromkeys([*JOB, by]))
    ratios = relative(frame, column, baseline, keys)
    groups = list(dict.fromkeys(frame[by]))
    policies = [p for p in dict.fromkeys(frame["policy"]) if p != baseline]
    figure, ax = style.subplots(size=(5.4, 1.0 + 0.5 * len(groups)))
    step = 0.72 / max(len(policies) - 1, 1)
    for place, policy in enumerate(policies):
        means, rows = [], []
        for row, group in enumerate(groups):
            chosen = ratios[(frame["policy"] == policy) & (frame[by] == group)]
            if not len(chosen):
                continue
            y = len(groups) - 1 - row + 0.36 - place * step
            mean, low, high = ratio_interval(chosen)
            ax.plot([low, high], [y, y], color=style.color(policy), lw=1.4)
            means.append(mean)
            rows.append(y)
        ax.plot(means, rows, "o", color=style.color(policy), ms=4.5, label=policy)
    ax.axvline(1, color=style.color(baseline), lw=1.6)
    for edge in range(1, len(groups)):
        ax.axhline(edge - 0.5, color="#DDDDDD", lw=0.6)
    ax.set_yticks(range(len(groups)), [str(g) for g in groups[::-1]])
    ax.set(
        xlabel=f"{NAMES.get(column, column)} / {baseline} (line)",
        ylim=(-0.6, len(groups) - 0.4),
    )
    if paper is not None:
        ax.axvline(paper, color=style.PAPER, lw=1, ls=":")
        ax.set_ylim(top=len(groups) - 0.05)
        style.paper_marker(ax, paper, len(groups) - 0.3, "paper, at best")
    ax.grid(axis="y", visible=False)
    ax.margins(x=0.08)
    log_axis(ax, "x", "×")
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def billing_regimes(frame: pd.DataFrame, baseline: str = "Cheapest") -> Figure:
    """Cost over the baseline's *under the same billing*, one row per regime.

    Parameters
    ----------
    frame : pd.DataFrame
        Columns billing, workload, policy, repetition, cost.
    """
    return policy_ratios(frame, "cost", baseline, by="billing")


def theta_sweep(frame: pd.DataFrame, policy: str = "SpotTune") -> Figure:
    """Cost, completion time and choice of the best setting against theta.

    Cost and time are relative to the same job at the largest theta; dots are means
    with 95 % intervals over jobs.

    Parameters
    ----------
    frame : pd.DataFrame
        Columns theta, workload, repetition, cost, jct_hours, regret, best_in_top3.
    """
    thetas = sorted(frame["theta"].unique())
    data = frame.assign(policy=frame["theta"].astype(str))
    figure, axes = style.subplots(1, 4, (8.6, 2.3))
    panels = (
        ("cost", f"cost / θ = {thetas[-1]:g}"),
        ("jct_hours", f"completion time / θ = {thetas[-1]:g}"),
        ("regret", "regret of the choice / %"),
        ("best_in_top3", "best in the top 3 / %"),
    )
    for ax, (column, label) in zip(axes, panels, strict=True):
        if column in ("cost", "jct_hours"):
            values = relative(data, column, str(thetas[-1]), JOB)
        else:
            values = 100 * frame[column]
        found = [error_bar(values[frame["theta"] == theta]) for theta in thetas]
        means, halves = np.array(found).T
        ax.errorbar(
            thetas, means, yerr=halves, fmt="-o", color=style.color(policy), capsize=2
        )
        ax.set(xlabel="θ", ylim=(0, None))
        ax.set_title(label, fontsize=8, fontweight="normal")
    axes[3].set_ylim(0, 105)
    return figure
