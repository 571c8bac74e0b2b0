"""The figures of notebook 01; each function draws one and returns it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from helpers import style
from helpers.figure_parts import label_ends
from helpers.self_assembly.film import CELL_COLOURS, cell_states
from helpers.self_assembly.metrics import decay_curve
from helpers.self_assembly.trace import Trace


def draw_state(ax: Axes, target: np.ndarray, positions: np.ndarray) -> None:
    """Target and agents on ``ax``, framed, without ticks."""
    ax.imshow(
        cell_states(target, positions),
        cmap=CELL_COLOURS,
        vmin=0,
        vmax=3,
        interpolation="nearest",
    )
    ax.set(xticks=[], yticks=[])
    ax.grid(False)
    ax.set_axis_on()
    for spine in ax.spines.values():
        spine.set(visible=True, color="#BBBBBB", linewidth=0.6)


def shape_gallery(masks: Mapping[str, np.ndarray], columns: int = 8) -> Figure:
    """Small multiples of target shapes with their cell counts."""
    rows = -(-len(masks) // columns)
    figure, axes = style.grid(rows, columns, size=1.15)
    for ax, (name, mask) in zip(axes.flat, masks.items(), strict=False):
        draw_state(ax, mask, np.argwhere(mask))
        ax.set_title(
            name.replace(", ", "\n"), fontsize=6.5, fontweight="normal", loc="center"
        )
        ax.set_xlabel(f"{mask.sum():,} cells", fontsize=6, labelpad=2)
    return figure


def decay(traces: Mapping[str, Trace]) -> Figure:
    """Open target cells against steps, one line per shape, on a log scale."""
    figure, ax = style.subplots()
    colours = list(style.PALETTE.values())
    for colour, (name, trace) in zip(colours, traces.items(), strict=False):
        # Half a cell stands for none, which a logarithm cannot show.
        share = 100 * decay_curve(trace).clip(min=0.5 / trace.target.sum())
        ax.semilogy(share, color=colour, label=name)
    ax.set(
        xlabel="step", ylabel="open target cells / %", title="Open cells against time"
    )
    ax.legend(title="shape", title_fontsize=7.5)
    return figure


def readings(table: pd.DataFrame, paper: float) -> Figure:
    """Steps of the headline instance, one row per reading, beside the paper's."""
    figure, ax = style.subplots(size=(4.6, 2.5))
    names = list(dict.fromkeys(table["reading"]))[::-1]
    for y, name in enumerate(names):
        steps = table.loc[table["reading"] == name, "steps"]
        ax.plot(steps, [y] * len(steps), "o", color=style.color("ALF"), alpha=0.35)
        ax.plot(steps.mean(), y, "|", color=style.PAPER, ms=12, mew=2)
        ax.annotate(
            f"{steps.mean():.0f}",
            (steps.max(), y),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            fontsize=7.5,
        )
    ax.axvline(paper, color=style.PAPER, ls=":", lw=1)
    ax.annotate(
        f"paper {paper:.0f} (recalled)",
        (paper, len(names) - 0.5),
        xytext=(3, 0),
        textcoords="offset points",
        fontsize=7.5,
    )
    ax.set(
        xlabel="steps to completion",
        xscale="log",
        yticks=range(len(names)),
        yticklabels=names,
        ylim=(-0.6, len(names) - 0.2),
    )
    ax.margins(x=0.12)
    ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.xaxis.set_major_formatter("{x:.0f}")
    ax.xaxis.set_minor_formatter(NullFormatter())
    return figure


def category_bars(table: pd.DataFrame) -> Figure:
    """Per category: share of completed runs, quality and steps, dots are shapes."""
    figure, axes = style.subplots(1, 3, (8, 3.4), sharey=True)
    groups = table.groupby("label", sort=False)
    labels = list(groups.groups)
    y = np.arange(len(labels))[::-1]
    panels = (
        ("completed", "runs completed / %", 100.0),
        ("quality", "quality / %", 100.0),
        ("steps_per_sqrt_n", "steps / √n, completed runs", 1.0),
    )
    for ax, (column, label, factor) in zip(axes, panels, strict=True):
        means = groups[column].mean() * factor
        ax.barh(y, means, color=style.color("ALF"), height=0.62, alpha=0.85)
        per_shape = table.groupby(["label", "shape"], sort=False)[column].mean()
        for position, name in zip(y, labels, strict=True):
            values = per_shape.xs(name) * factor
            ax.plot(values, [position] * len(values), "o", color=style.PAPER, ms=2.5)
        ax.set(xlabel=label, yticks=y, yticklabels=labels)
        ax.grid(axis="y", visible=False)
    axes[1].set_xlim(left=min(98.0, 100 * table["quality"].min() - 0.5), right=100.1)
    return figure


def scaling(table: pd.DataFrame, fits: pd.DataFrame) -> Figure:
    """Steps against n with the fitted laws; the best by AIC is drawn solid."""
    figure, ax = style.subplots(size=(4.6, 2.8))
    ax.plot(
        table["n_agents"],
        table["steps"],
        "o",
        ms=3,
        alpha=0.4,
        color=style.PALETTE["grey"],
    )
    mean = table.groupby("n_agents")["steps"].mean()
    ax.plot(mean.index, mean, "o", color=style.PAPER, label="mean over seeds")
    n = np.geomspace(table["n_agents"].min(), table["n_agents"].max(), 100)
    colours = [style.PALETTE[c] for c in ("orange", "blue", "green")]
    for colour, (_, fit) in zip(colours, fits.iterrows(), strict=True):
        curves = {
            "log": fit["a"] * np.log(n) + fit["b"],
            "sqrt": fit["a"] * np.sqrt(n) + fit["b"],
            "power": fit["a"] * n ** fit["exponent"],
        }
        ax.plot(
            n,
            curves[str(fit.name)],
            "-" if fit["winner"] else "--",
            color=colour,
            label=f"{fit['formula']}: AIC {fit['aic']:.0f}",
        )
    ax.set(xscale="log", xlabel="agents n", ylabel="steps to completion")
    ax.legend()
    return figure


def method_bars(table: pd.DataFrame) -> Figure:
    """Steps, quality and seconds of every method, one dot a run, bar the mean.

    Dotted: mean lower bound on the steps from the starts of that method.
    """
    figure, axes = style.subplots(1, 3, (8, 2.6), sharey=True)
    methods = list(dict.fromkeys(table["method"]))
    y = np.arange(len(methods))[::-1]
    panels = (
        ("steps", "steps"),
        ("quality", "quality / %"),
        ("seconds", "run time / s"),
    )
    for ax, (column, label) in zip(axes, panels, strict=True):
        for position, method in zip(y, methods, strict=True):
            values = table.loc[table["method"] == method, column]
            values = values * (100 if column == "quality" else 1)
            colour = style.color(method.split(",")[0])
            ax.barh(position, values.mean(), color=colour, height=0.6, alpha=0.8)
            ax.plot(values, [position] * len(values), "o", color=style.PAPER, ms=2)
        ax.set(xlabel=label, yticks=y, yticklabels=methods)
        ax.grid(axis="y", visible=False)
    for ax in (axes[0], axes[2]):
        ax.set_xscale("log")
    bounds = table.groupby("method")["bottleneck"].mean()[methods]
    axes[0].vlines(bounds, y - 0.5, y + 0.5, color=style.PAPER, ls=":")
    axes[0].set_title("dotted: lower bound", fontweight="normal", fontsize=7.5)
    return figure


def ablation(tables: Mapping[str, pd.DataFrame], cap: int) -> Figure:
    """One panel per knob: mean steps (capped) with the spread over runs."""
    widths = [1.6 + table["setting"].nunique() for table in tables.values()]
    figure, axes = style.subplots(
        1, len(tables), (9, 3.2), sharey=True, width_ratios=widths
    )
    for ax, (knob, table) in zip(np.atleast_1d(axes), tables.items(), strict=True):
        settings = list(dict.fromkeys(table["setting"]))
        for x, setting in enumerate(settings):
            values = table.loc[table["setting"] == setting, "steps"]
            ax.plot(
                [x] * len(values),
                values,
                "o",
                color=style.color("ALF"),
                ms=2.5,
                alpha=0.35,
            )
            ax.plot(x, values.mean(), "_", color=style.PAPER, ms=14, mew=2)
        names = [str(setting) for setting in settings]
        turn = 90 if max(map(len, names)) > 5 else 0
        ax.set_xticks(range(len(settings)), names, fontsize=6.5, rotation=turn)
        ax.set(yscale="log", title=knob)
        ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        ax.yaxis.set_major_formatter("{x:.0f}")
        ax.yaxis.set_minor_formatter(NullFormatter())
        ax.axhline(cap, color=style.PALETTE["grey"], ls=":", lw=1)
    np.atleast_1d(axes)[0].set_ylabel("steps (dotted: cap)")
    return figure


def crowd_size(table: pd.DataFrame) -> Figure:
    """Steps against the number of agents per target cell."""
    figure, ax = style.subplots()
    ax.plot(table["ratio"], table["steps"], "o", color=style.color("ALF"), alpha=0.35)
    mean = table.groupby("ratio")["steps"].mean()
    ax.plot(mean.index, mean, "-o", color=style.color("ALF"))
    ax.set(
        xlabel="agents per target cell", ylabel="steps to completion", ylim=(0, None)
    )
    return figure


def disturbances(
    found: Mapping[str, Sequence[tuple[int, Sequence[int]]]],
) -> Figure:
    """Open target cells around a disturbance, one panel per event."""
    figure, axes = style.subplots(1, len(found), (2.7 * len(found), 2.3))
    for ax, (event, curves) in zip(axes, found.items(), strict=True):
        for at, curve in curves:
            ax.plot(curve, color=style.color("ALF"), alpha=0.5, lw=1)
            ax.axvline(at, color=style.PALETTE["orange"], lw=1, ls=":")
        ax.set(title=event, xlabel="step", yscale="symlog", ylim=(0, None))
    axes[0].set_ylabel("open target cells")
    return figure


def failures(last: Mapping[str, Trace]) -> Figure:
    """Final states: the paper's rule above, the geodesic repair below."""
    names = list(dict.fromkeys(key.split(", ")[0] for key in last))
    figure, axes = style.grid(2, len(names), size=1.5)
    for column, name in enumerate(names):
        for row, repair in enumerate(("none", "geodesic")):
            trace = last[f"{name}, {repair}"]
            ax = axes[row, column]
            draw_state(ax, trace.target, trace.positions[-1])
            filled = 1 - trace.unoccupied[-1] / trace.target.sum()
            ax.set_xlabel(f"{filled:.1%} after {trace.steps}", fontsize=6.5)
            if row == 0:
                ax.set_title(name, fontsize=7.5, loc="center")
    axes[0, 0].set_ylabel("the paper's rule", fontsize=7)
    axes[1, 0].set_ylabel("geodesic repair (ours)", fontsize=7)
    return figure


def step_costs(table: pd.DataFrame) -> Figure:
    """Milliseconds of one step against n, one line per way to compute the light."""
    figure, ax = style.subplots(size=(4.4, 2.6))
    colours = [style.PALETTE[c] for c in ("grey", "blue", "green", "orange")]
    most, ends = table["agents"].max(), []
    for colour, (name, rows) in zip(
        colours, table.groupby("part", sort=False), strict=False
    ):
        ax.loglog(rows["agents"], rows["milliseconds"], "-o", color=colour)
        agents, height = rows[["agents", "milliseconds"]].to_numpy(float)[-1]
        if agents == most:
            ends.append((height, str(name), colour))
        else:
            style.label_line(ax, agents, height, str(name), colour)
    ax.set(xlabel="agents n", ylabel="one step / ms", title="What a step costs")
    label_ends(ax, ends)
    return figure
