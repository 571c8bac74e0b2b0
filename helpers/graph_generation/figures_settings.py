"""Figures of what else changes: sizes, temperature, and the model that is asked."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MultipleLocator

from helpers import style
from helpers.graph_generation import figures_common as common
from helpers.graph_generation.tasks import RULES, SIZES
from helpers.row_chart import dot, row_names


def sizes(
    summary: pd.DataFrame, metric: str = "valid", held_out: Sequence[str] = ()
) -> Figure:
    """A metric against the asked size, a panel per rule and a line per method.

    Parameters
    ----------
    summary : pd.DataFrame
        A row per rule, size and method. Sizes are the presets' names, or any others
        with a column ``n``, by which they are then put in order. ``chance``, if
        there, is drawn for valid graphs.
    held_out : sequence of str
        Sizes that the model was not trained on, marked with a star.

    Raises
    ------
    ValueError
        If the metric is unknown, a column is missing, there are no rows, or a
        combination comes twice.
    """
    common.known(metric)
    common.one_each(summary, ("rule", "size", "method"), *common.columns(metric))
    rules = common.ordered(summary["rule"], RULES)
    methods = common.ordered(summary["method"], list(common.METHODS))
    steps = _sizes(summary)
    place = {name: at for at, name in enumerate(steps)}
    rows = summary.assign(at=[place[str(name)] for name in summary["size"]])
    figure, axes = common.panels(rules, (1.7, 1.25 if len(rules) > 4 else 1.5))
    for ax, rule in zip(axes, rules, strict=True):
        part = rows[rows["rule"] == rule].sort_values("at")
        if metric == "valid" and "chance" in part:
            level = part.drop_duplicates("at").dropna(subset=["chance"])
            ax.plot(
                level["at"], level["chance"], ":", color=common.CHANCE, lw=1.5, zorder=1
            )
        for method, line in part.groupby("method"):
            shift = 0.09 * (methods.index(str(method)) - (len(methods) - 1) / 2)
            _curve(ax, line.assign(at=line["at"] + shift), "at", metric, str(method))
    stars = [f"{name}*" if name in set(map(str, held_out)) else name for name in steps]
    axes[0].set_xticks(range(len(steps)), stars)
    axes[0].set_xlim(-0.4, len(steps) - 0.6)
    common.percent_axis(axes[0], "y")
    for ax in axes[::4]:
        ax.set_ylabel(f"{common.METRICS[metric][0]} / %")
    common.bottom_labels(axes, "nodes, * never read" if held_out else "size")
    _method_key(figure, methods, metric == "valid" and "chance" in summary)
    return figure


def _sizes(summary: pd.DataFrame) -> list[str]:
    """Sizes in ascending order."""
    if "n" in summary:
        means = summary.groupby(summary["size"].astype(str))["n"].mean()
        return [str(name) for name in means.sort_values(kind="stable").index]
    return common.ordered(summary["size"], SIZES)


def _curve(ax: Axes, rows: pd.DataFrame, x: str, metric: str, method: str) -> None:
    """A line through values with upright intervals."""
    colour = style.color(method)
    low, high = (rows[f"{metric}_{end}"].to_numpy(float) for end in ("low", "high"))
    at = rows[x].to_numpy(float)
    ax.vlines(at, low, high, color=colour, lw=1.1, zorder=3)
    ax.plot(at, rows[metric], "o-", color=colour, ms=3.6, lw=1.2, zorder=4)


def _method_key(figure: Figure, methods: Sequence[str], chance: bool) -> None:
    marks = [(common.method_name(name), style.color(name), "o") for name in methods]
    if chance:
        marks.append(("chance", common.CHANCE, ":"))
    common.key(figure, marks)


def temperature(
    summary: pd.DataFrame,
    metrics: Sequence[str] = ("valid", "unique", "vun"),
    paper: pd.DataFrame | None = None,
) -> Figure:
    """Metrics against the temperature, a panel per rule and a line per metric.

    Heat trades valid graphs for distinct ones; V·U·N shows where the trade pays.

    Parameters
    ----------
    summary : pd.DataFrame
        A row per rule and temperature, of one method and size.
    paper : pd.DataFrame, optional
        Of one method, from `published.rules("temperature")`: open diamonds.

    Raises
    ------
    ValueError
        If a metric is unknown, a column is missing, there are no rows, or a rule and
        temperature come twice.
    """
    common.known(*metrics)
    common.one_each(summary, ("rule", "temperature"), *common.columns(*metrics))
    keys = ("rule", "temperature")
    theirs = [] if paper is None else common.printed(paper, keys, *metrics)
    rules = common.ordered(summary["rule"], RULES)
    figure, axes = common.panels(rules, (1.95, 1.25 if len(rules) > 4 else 1.6))
    for ax, rule in zip(axes, rules, strict=True):
        part = summary[summary["rule"] == rule].sort_values("temperature")
        if "valid" in metrics:
            common.chance_line(ax, part, upright=False)
        for metric in metrics:
            colour = common.METRICS[metric][1]
            at = part["temperature"]
            ax.fill_between(
                at, part[f"{metric}_low"], part[f"{metric}_high"], color=colour,
                alpha=0.13, lw=0,
            )  # fmt: skip
            ax.plot(at, part[metric], "o-", color=colour, ms=3, lw=1.3)
        for row in theirs:
            for metric in metrics if row["rule"] == rule else ():
                common.paper_dot(
                    ax, row["temperature"], row[metric], common.METRICS[metric][1]
                )
    common.percent_axis(axes[0], "y")
    for ax in axes[::4]:
        ax.set_ylabel("share of graphs / %")
    axes[0].xaxis.set_major_locator(MultipleLocator(0.5))
    common.bottom_labels(axes, "temperature")
    marks = [
        (common.METRICS[name][0], common.METRICS[name][1], "-") for name in metrics
    ]
    if paper is not None:
        marks.append(("paper, GPT-4", style.PAPER, "D"))
    if "chance" in summary and "valid" in metrics:
        marks.append(("valid by chance", common.CHANCE, ":"))
    common.key(figure, marks)
    return figure


def models(
    summary: pd.DataFrame, paper: pd.DataFrame | None = None, metric: str = "valid"
) -> Figure:
    """A metric of every model, a panel per rule and a dot per method.

    Parameters
    ----------
    summary : pd.DataFrame
        A row per model, rule and method.
    paper : pd.DataFrame, optional
        From `published.rules("models")` (Table 3): rows of their own, with diamonds.

    Raises
    ------
    ValueError
        If the metric is unknown, a column is missing, there are no rows, or a
        combination comes twice.
    """
    common.known(metric)
    keys = ("model", "rule", "method")
    common.one_each(summary, keys, *common.columns(metric))
    theirs = [] if paper is None else common.printed(paper, keys, metric)
    ours = common.ordered(summary["model"], [])
    rules = common.ordered(summary["rule"], RULES)
    methods = common.ordered(summary["method"], list(common.METHODS))
    others = [] if paper is None else common.ordered(paper["model"], [])
    rows = [*ours, *(f"paper: {name}" for name in others)]
    high = 0.35 + 0.3 * len(rows)
    figure, axes = common.panels(
        rules, (1.75, high if len(rules) <= 4 else min(high, 1.5))
    )
    for ax, rule in zip(axes, rules, strict=True):
        part = summary[summary["rule"] == rule]
        if metric == "valid":
            common.chance_line(ax, part)
        for row in part.to_dict("records"):
            value, low, top = (float(row[name]) for name in common.columns(metric))
            at = ours.index(str(row["model"])) + _shift(methods, str(row["method"]))
            dot(ax, value, at, (low, top), style.color(str(row["method"])), size=4.5)
        for cell in theirs:
            method = str(cell["method"])
            if cell["rule"] == rule and method in methods:
                at = rows.index(f"paper: {cell['model']}") + _shift(methods, method)
                common.paper_dot(ax, cell[metric], at, style.color(method))
    for ax in axes[::4]:
        row_names(ax, rows, [style.PAPER] * len(rows))
    common.percent_axis(axes[0])
    common.bottom_labels(axes, f"{common.METRICS[metric][0]} / %")
    _method_key(figure, methods, metric == "valid" and "chance" in summary)
    return figure


def _shift(methods: Sequence[str], method: str) -> float:
    """Place of a method within its row."""
    return 0.17 * (methods.index(method) - (len(methods) - 1) / 2)
