"""Figures of the rule tasks: valid graphs by method, all metrics, copies."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from helpers import style
from helpers.figure_parts import checked, name_points
from helpers.graph_generation import figures_common as common
from helpers.graph_generation.baseline_model import BASELINES
from helpers.graph_generation.tasks import RULES
from helpers.row_chart import dot, row_names


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
    common.known(metric)
    common.one_each(summary, ("rule", "method"), *common.columns(metric))
    rules = common.ordered(summary["rule"], RULES)
    methods = common.ordered(summary["method"], list(common.METHODS))
    place = {name: at for at, name in enumerate(methods)}
    theirs = [] if paper is None else common.printed(paper, ("rule", "method"), metric)
    figure, axes = common.panels(rules, (1.75, 0.42 + 0.17 * len(methods)))
    for ax, rule in zip(axes, rules, strict=True):
        part = summary[summary["rule"] == rule]
        if metric == "valid":
            common.chance_line(ax, part)
        for row in part.to_dict("records"):
            value, low, high = (float(row[name]) for name in common.columns(metric))
            at = place[str(row["method"])]
            dot(ax, value, at, (low, high), style.color(str(row["method"])))
        for cell in theirs:
            if cell["rule"] == rule and cell["method"] in place:
                common.paper_dot(ax, cell[metric], place[cell["method"]])
    for ax in axes[::4]:
        row_names(
            ax,
            [common.method_name(name) for name in methods],
            [style.color(name) for name in methods],
        )
    common.percent_axis(axes[0])
    common.bottom_labels(axes, f"{common.METRICS[metric][0]} / %")
    marks = [("ours, 95 %", style.PALETTE["blue"], "o")]
    if paper is not None:
        marks.append(("paper, GPT-4", style.PAPER, "D"))
    if metric == "valid" and "chance" in summary:
        marks.append(("chance: uniform random graphs", common.CHANCE, ":"))
    if len(marks) > 1:
        common.key(figure, marks)
    return figure


def vun(
    summary: pd.DataFrame,
    baselines: pd.DataFrame,
    metrics: Sequence[str] = ("valid", "unique", "iso_unique", "novel", "vun"),
) -> Figure:
    """Every metric of the methods and of baselines, a dot per rule and their mean.

    V·U·N, the share of graphs that are all three, is what a generator is worth: the
    baselines below the line have each of the others for nothing.

    Parameters
    ----------
    summary : pd.DataFrame
        A row per rule and method, of one model.
    baselines : pd.DataFrame
        A row per rule and baseline, whose name is in ``model``.

    Raises
    ------
    ValueError
        If a metric is unknown, a column is missing, there are no rows, or a rule and
        method, or rule and baseline, come twice.
    """
    common.known(*metrics)
    common.one_each(summary, ("rule", "method"), *metrics)
    common.one_each(baselines, ("rule", "model"), *metrics)
    methods = common.ordered(summary["method"], list(common.METHODS))
    others = common.ordered(baselines["model"], BASELINES)
    rows = [
        *((name, style.color(name), summary["method"]) for name in methods),
        *((name, common.NOTE, baselines["model"]) for name in others),
    ]
    size = (1.3 + 1.55 * len(metrics), 0.75 + 0.19 * len(rows))
    figure, axes = style.subplots(1, len(metrics), size, squeeze=False, sharey=True)
    for ax, metric in zip(axes[0], metrics, strict=True):
        for at, (name, colour, column) in enumerate(rows):
            frame = summary if at < len(methods) else baselines
            found = frame.loc[column == name, metric].to_numpy(float)
            ax.plot(found, [at] * len(found), "o", color=colour, ms=4, alpha=0.45,
                    mew=0)  # fmt: skip
            ax.plot(np.nanmean(found), at, "|", color=colour, ms=9, mew=1.8)
        ax.axhline(len(methods) - 0.5, color=common.NOTE, lw=0.8)
        ax.set_title(textwrap.fill(common.METRICS[metric][0], 18), fontsize=8.5)
        ax.set_xlabel("graphs / %")
        common.percent_axis(ax)
    names = [common.method_name(name) for name, _, _ in rows]
    row_names(axes[0][0], names, [colour for _, colour, _ in rows])
    return figure


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
    checked(summary, ("rule", "method", "novel", *common.columns("valid")))
    rows = summary[summary["method"].isin(("few-shot", "few-shot-cot"))]
    if rows.empty:
        raise ValueError("the summary has no method with examples, few-shot for one")
    theirs = None
    if paper is not None:
        found = common.printed(paper, ("rule", "method"), "valid", "novel")
        theirs = pd.DataFrame(found)
    methods = common.ordered(rows["method"], list(common.METHODS))
    figure, axes = common.panels(
        [common.method_name(name) for name in methods], (2.7, 2.4)
    )
    shown = [_copies(rows, method) for method in methods]
    others = [_copies(theirs, method) for method in methods]
    right = max([x for part in shown + others for x, _, _ in part] + [24.0]) * 1.25
    for ax, method, part, other in zip(axes, methods, shown, others, strict=True):
        colour = style.color(method)
        ax.axline((0, 0), slope=1, color=common.NOTE, lw=1, ls="--", zorder=1)
        ax.set(xlim=(-0.04 * right, right), ylim=(-4, 104))
        ends = rows[rows["method"] == method][["valid_low", "valid_high"]].to_numpy()
        for (x, y, _), (low, high) in zip(part, ends, strict=True):
            dot(ax, x, y, (float(low), float(high)), colour, upright=True)
        for x, y, _ in other:
            common.paper_dot(ax, x, y)
        names = [(*point, colour) for point in part]
        name_points(ax, names + [(*point, style.PAPER) for point in other], gap=0.075)
    axes[0].set_ylabel("valid / %")
    common.bottom_labels(axes, "copies of an example / %")
    marks = [("ours, 95 %", style.color(methods[0]), "o")]
    if paper is not None:
        marks.append((note, style.PAPER, "D"))
    common.key(figure, [*marks, ("all valid are copies", common.NOTE, "--")])
    return figure


def _copies(frame: pd.DataFrame | None, method: str) -> list[tuple[float, float, str]]:
    """Copies, valid and rule of the rows of a method."""
    if frame is None:
        return []
    return [
        (100 - float(row["novel"]), float(row["valid"]), str(row["rule"]))
        for row in frame[frame["method"] == method].to_dict("records")
    ]
