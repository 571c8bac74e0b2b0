"""Figures of how good the methods are: all methods, several ranks, the ablation."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from matplotlib.figure import Figure

from helpers import style
from helpers.figure_parts import checked, label_ends, mean_line
from helpers.lora_dropout.figures_common import (
    doubling_axis,
    key,
    method_colours,
    predicted,
    score,
)
from helpers.lora_dropout.scores import ENSEMBLE, MEAN
from helpers.row_chart import row_names, seed_dots

VARIANTS = {
    "NoDrop": style.color("LoRA"),
    "Drop-test": "#9A4300",
    "Drop-train": "#5C9AC6",
    "Drop": style.color("LoRA + LoRA Dropout"),
}
"""Colours of the ablation's variants, by the beginning of a name."""


def method_scores(
    table: pd.DataFrame, columns: Sequence[str] = ("clean", "nll", "ece")
) -> Figure:
    """A panel a score and task, a row a method: means with 95 % intervals over seeds.

    Filled: what the method predicts, the ensemble where it has one; hollow: the mean
    network of those. Pale dots are seeds.

    Parameters
    ----------
    table : pd.DataFrame
        Of `scores.table`; methods and tasks in the order of their first rows.
    columns : sequence of str
        Scores, names of its columns.

    Raises
    ------
    ValueError
        If a score is unknown, there are no rows, or several of one method and seed.
    """
    parts = [score(column) for column in columns]
    checked(table, ("task", "method", "seed", "predict", *columns))
    colours = {
        str(task): method_colours(rows["method"].tolist())
        for task, rows in table.groupby("task", sort=False)
    }
    heights = [0.7 + 0.22 * len(names) for names in colours.values()]
    figure, axes = style.subplots(
        len(colours),
        len(columns),
        (1.6 + 1.9 * len(columns), 0.3 + sum(heights)),
        sharey="row",
        squeeze=False,
        height_ratios=heights,
    )
    for row_of_axes, (task, names) in zip(axes, colours.items(), strict=True):
        rows = table[table["task"] == task].drop_duplicates()
        best = predicted(rows, ("task", "method", "seed"))
        sampled = set(rows.loc[rows["predict"] == ENSEMBLE, "method"])
        for ax, column, (label, scale, better) in zip(
            row_of_axes, columns, parts, strict=True
        ):
            for row, (name, colour) in enumerate(names.items()):
                found = scale * best.loc[best["method"] == name, column]
                seed_dots(ax, row, found, colour)
                if name in sampled:
                    of_mean = (rows["method"] == name) & (rows["predict"] == MEAN)
                    mean = scale * rows.loc[of_mean, column]
                    seed_dots(ax, row + 0.3, mean, colour, hollow=True)
            row_names(ax, names, names.values(), margin=0.1)
            if task == list(colours)[-1]:
                label += f"\n({better} is better)"
            ax.set_xlabel(label, fontsize=7.5)
        row_of_axes[0].set_title(task)
    if ENSEMBLE in set(table["predict"]):
        figure.legend(
            handles=key(("prediction", "filled"), ("mean network, no masks", "hollow")),
            loc="outside lower right",
            ncols=2,
        )
    return figure


def budget(table: pd.DataFrame, column: str = "accuracy") -> Figure:
    """One score against the rank, a line a method, a panel a task (Table 2's form).

    Lines are what the method predicts, the ensemble where it has one; bands are 95 %
    intervals over seeds.

    Parameters
    ----------
    table : pd.DataFrame
        Of `scores.table`.
    column : str
        Score, a name of its columns.

    Raises
    ------
    ValueError
        If the score is unknown, there are no rows, or several of one rank and seed.
    """
    label, scale, better = score(column)
    checked(table, ("task", "method", "seed", "rank", "predict", column))
    best = predicted(table, ("task", "method", "rank", "seed"))
    tasks = [str(task) for task in dict.fromkeys(table["task"])]
    size = (1.4 + 2.6 * len(tasks), 2.5)
    figure, axes = style.subplots(1, len(tasks), size, squeeze=False)
    for ax, task in zip(axes[0], tasks, strict=True):
        rows, labels = best[best["task"] == task], []
        for name, colour in method_colours(rows["method"].tolist()).items():
            part = rows[rows["method"] == name]
            end = mean_line(ax, part, "rank", column, colour, scale=scale)
            labels.append((end, name, colour))
        doubling_axis(ax, rows["rank"].tolist(), "rank r")
        ax.set(ylabel=f"{label}\n({better} is better)")
        if len(tasks) > 1:
            ax.set_title(task)
        label_ends(ax, labels)
    return figure


def ablation(
    frame: pd.DataFrame, columns: Sequence[str] = ("accuracy", "nll")
) -> Figure:
    """Masks in training, at test, in both, in neither (Fig. 4): a row a variant.

    Parameters
    ----------
    frame : pd.DataFrame
        Columns variant, seed and the scores. The colour follows from how a variant's
        name begins, :data:`VARIANTS`.
    columns : sequence of str
        Scores.

    Raises
    ------
    ValueError
        If a score is unknown, or there are no rows.
    """
    parts = [score(column) for column in columns]
    checked(frame, ("variant", "seed", *columns))
    colours = {
        name: variant_colour(name) for name in map(str, dict.fromkeys(frame["variant"]))
    }
    size = (1.4 + 1.9 * len(columns), 0.8 + 0.25 * len(colours))
    figure, axes = style.subplots(1, len(columns), size, sharey=True, squeeze=False)
    for ax, column, (label, scale, better) in zip(axes[0], columns, parts, strict=True):
        for row, (name, colour) in enumerate(colours.items()):
            found = scale * frame.loc[frame["variant"] == name, column]
            seed_dots(ax, row, found, colour)
        row_names(ax, colours, colours.values(), margin=0.1)
        ax.set_xlabel(f"{label}\n({better} is better)", fontsize=7.5)
    return figure


def variant_colour(name: str) -> str:
    """Colour of a variant of the ablation, grey for one with another name."""
    for start, colour in VARIANTS.items():
        if name.startswith(start):
            return colour
    return style.PALETTE["grey"]
