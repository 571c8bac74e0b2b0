"""Figures of the rule tasks: valid graphs by method, all metrics, copies."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from helpers import style
from helpers.figure_parts import checked, darker, name_points
from helpers.graph_generation.figures_common import (
    CHANCE,
    METHODS,
    METRICS,
    NOTE,
    bottom_labels,
    columns,
    dot,
    key,
    method_name,
    one_each,
    ordered,
    panels,
    paper_dot,
    percent_axis,
    printed,
    row_names,
)
from helpers.graph_generation.tasks import RULES
from helpers.names import unknown_name

PALE_TO_BLUE = LinearSegmentedColormap.from_list("pale to blue", ["#FFFFFF", "#7DB5DA"])
"""Pale enough at its end for black numbers."""


def rules_by_method(
    summary: pd.DataFrame, paper: pd.DataFrame | None = None, metric: str = "valid"
) -> Figure:
    """A metric of each method, a panel per rule: dots, intervals, chance, the paper.

    Parameters
    ----------
    summary : pd.DataFrame
        A row per rule and method: the metric in percent with its interval, and
        optionally ``chance``, the share of uniform random graphs that is valid.
    paper : pd.DataFrame, optional
        Of one model and setting, from `published.rules` (Tables 1, 2): diamonds.

    Raises
    ------
    ValueError
        If the metric is unknown, a column is missing, there are no rows, or a rule
        and method come twice.
    """
    _known(metric)
    one_each(summary, ("rule", "method"), *columns(metric))
    rules = ordered(summary["rule"], RULES)
    methods = ordered(summary["method"], list(METHODS))
    place = {name: at for at, name in enumerate(methods)}
    theirs = [] if paper is None else printed(paper, ("rule", "method"), metric)
    figure, axes = panels(rules, (1.75, 0.42 + 0.17 * len(methods)))
    for ax, rule in zip(axes, rules, strict=True):
        part = summary[summary["rule"] == rule]
        if metric == "valid":
            _chance(ax, part)
        for row in part.to_dict("records"):
            value, low, high = (float(row[name]) for name in columns(metric))
            at = place[str(row["method"])]
            dot(ax, value, at, (low, high), style.color(str(row["method"])))
        for cell in theirs:
            if cell["rule"] == rule and cell["method"] in place:
                paper_dot(ax, cell[metric], place[cell["method"]])
    for ax in axes[::4]:
        row_names(
            ax,
            [method_name(name) for name in methods],
            [style.color(name) for name in methods],
        )
    percent_axis(axes[0])
    bottom_labels(axes, f"{METRICS[metric][0]} / %")
    marks = [("ours, 95 %", style.PALETTE["blue"], "o")]
    if paper is not None:
        marks.append(("paper, GPT-4", style.PAPER, "D"))
    if metric == "valid" and "chance" in summary:
        marks.append(("chance: uniform random graphs", CHANCE, ":"))
    if len(marks) > 1:
        key(figure, marks)
    return figure


def _known(metric: str) -> None:
    if metric not in METRICS:
        raise unknown_name("metric", metric, list(METRICS))


def _chance(ax: Axes, rows: pd.DataFrame) -> None:
    """The chance level of a panel, of which there must be one."""
    if "chance" not in rows:
        return
    for level in rows["chance"].dropna().unique():
        ax.axvline(float(level), color=CHANCE, ls=":", lw=1.5, zorder=1)


def vun(
    summary: pd.DataFrame,
    metrics: Sequence[str] = ("valid", "unique", "novel", "vun"),
) -> Figure:
    """Every metric of every rule and method in percent, a panel per metric.

    V·U·N, the share of graphs that are all three, is what a generator is worth.

    Raises
    ------
    ValueError
        If a metric is unknown, a column is missing, there are no rows, or a rule and
        method come twice.
    """
    for metric in metrics:
        _known(metric)
    one_each(summary, ("rule", "method"), *metrics)
    rules = ordered(summary["rule"], RULES)
    methods = ordered(summary["method"], list(METHODS))
    size = (1.0 + len(metrics) * 0.44 * max(len(methods), 3), 1.2 + 0.24 * len(rules))
    figure, axes = style.subplots(1, len(metrics), size, squeeze=False, sharey=True)
    for ax, metric in zip(axes[0], metrics, strict=True):
        table = summary.pivot(index="rule", columns="method", values=metric)
        found = table.reindex(index=rules, columns=methods).to_numpy(float)
        ax.imshow(found, cmap=PALE_TO_BLUE, vmin=0, vmax=100, aspect="auto")
        for y, x in np.argwhere(np.isfinite(found)):
            ax.text(x, y, f"{found[y, x]:.0f}", ha="center", va="center", fontsize=7.5)
        ax.set_title(textwrap.fill(METRICS[metric][0], 14), fontsize=8.5)
        ax.set_xticks(
            range(len(methods)),
            [_stacked(method_name(name)) for name in methods],
            fontsize=7,
        )
        for label, name in zip(ax.get_xticklabels(), methods, strict=True):
            label.set_color(darker(style.color(name)))
        ax.grid(False)
        ax.spines[:].set_visible(False)
        ax.tick_params(length=0)
    axes[0][0].set_yticks(range(len(rules)), rules)
    figure.supxlabel("share of graphs / %", fontsize=7, color=NOTE, x=0.99, ha="right")
    return figure


def _stacked(name: str) -> str:
    """The name on as many lines as fit a narrow column."""
    return name.replace("-", "-\n").replace(" + ", "\n+ ")


def copying(
    summary: pd.DataFrame,
    paper: pd.DataFrame | None = None,
    note: str = "paper, LLama2-13B",
) -> Figure:
    """Valid graphs against copies of the examples, for prompts with examples.

    Examples are valid, so copies are: on the diagonal all valid graphs are copies,
    and what lies above it is the model's own.

    Parameters
    ----------
    summary : pd.DataFrame
        A row per rule and method: ``valid`` with its interval and ``novel``, in
        percent. Methods without examples are left out.
    paper : pd.DataFrame, optional
        Of one model, from `published.rules` (Table 16): open diamonds.
    note : str
        What the diamonds are.

    Raises
    ------
    ValueError
        If a column is missing, or there are no rows with examples.
    """
    checked(summary, ("rule", "method", "novel", *columns("valid")))
    rows = summary[summary["method"].isin(("few-shot", "few-shot-cot"))]
    if rows.empty:
        raise ValueError("the summary has no method with examples, few-shot for one")
    theirs = None
    if paper is not None:
        found = printed(paper, ("rule", "method"), "valid", "novel")
        theirs = pd.DataFrame(found)
    methods = ordered(rows["method"], list(METHODS))
    figure, axes = panels([method_name(name) for name in methods], (2.7, 2.4))
    shown = [_copies(rows, method) for method in methods]
    others = [_copies(theirs, method) for method in methods]
    right = max([x for part in shown + others for x, _, _ in part] + [24.0]) * 1.25
    for ax, method, part, other in zip(axes, methods, shown, others, strict=True):
        colour = style.color(method)
        ax.axline((0, 0), slope=1, color=NOTE, lw=1, ls="--", zorder=1)
        ax.set(xlim=(-0.04 * right, right), ylim=(-4, 104))
        ends = rows[rows["method"] == method][["valid_low", "valid_high"]].to_numpy()
        for (x, y, _), (low, high) in zip(part, ends, strict=True):
            dot(ax, x, y, (float(low), float(high)), colour, upright=True)
        for x, y, _ in other:
            paper_dot(ax, x, y)
        names = [(*point, colour) for point in part]
        name_points(ax, names + [(*point, style.PAPER) for point in other], gap=0.075)
    axes[0].set_ylabel("valid / %")
    bottom_labels(axes, "copies of an example / %")
    marks = [("ours, 95 %", style.color(methods[0]), "o")]
    if paper is not None:
        marks.append((note, style.PAPER, "D"))
    key(figure, [*marks, ("all valid are copies", NOTE, "--")])
    return figure


def _copies(frame: pd.DataFrame | None, method: str) -> list[tuple[float, float, str]]:
    """Copies, valid and rule of the rows of a method."""
    if frame is None:
        return []
    return [
        (100 - float(row["novel"]), float(row["valid"]), str(row["rule"]))
        for row in frame[frame["method"] == method].to_dict("records")
    ]
