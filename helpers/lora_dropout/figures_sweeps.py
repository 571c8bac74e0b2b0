"""Figures of p and N: drop probability, members at test time, instances in training."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from helpers import style
from helpers.figure_parts import checked, darker, label_ends, mean_line
from helpers.lora_dropout.figures_common import NOTE, doubling_axis, score
from helpers.lora_dropout.scores import ENSEMBLE, MEAN

DROPPED, PLAIN = style.color("LoRA + LoRA Dropout"), style.color("LoRA")


def probability_sweep(
    table: pd.DataFrame, columns: Sequence[str] = ("clean", "nll", "ece")
) -> Figure:
    """Scores against the drop probability p, of the mean network and the ensemble.

    Hollow: the mean network. The panel of the NLL has the training loss as well (Fig.
    5, left). At p = 0 all members are plain LoRA, marked in its colour.

    Parameters
    ----------
    table : pd.DataFrame
        Of `scores.table` for trials of several p.
    columns : sequence of str
        Scores, names of its columns.

    Raises
    ------
    ValueError
        If a score is unknown, or there are no rows.
    """
    parts = [score(column) for column in columns]
    checked(table, ("p", "seed", "predict", "train", *columns))
    mean = table[table["predict"] == MEAN]
    none = mean[mean["p"] == 0]
    sampled = pd.concat([none, table[table["predict"] == ENSEMBLE]])
    size = (1.1 + 2.3 * len(columns), 2.4)
    figure, axes = style.subplots(1, len(columns), size, squeeze=False)
    for ax, column, (label, scale, better) in zip(axes[0], columns, parts, strict=True):
        labels = []
        for rows, text, of_mean in (
            (mean, "mean network", True),
            (sampled, "ensemble", False),
        ):
            if not rows.empty:
                end = mean_line(
                    ax, rows, "p", column, DROPPED, scale=scale, hollow=of_mean
                )
                labels.append((end, text, DROPPED))
        if column == "nll":
            mean_line(ax, mean, "p", "train", NOTE, dashed=True, marker="")
            groups = mean.groupby("p")["train"].mean()
            middle = len(groups) // 2
            ax.annotate(
                "train",
                (groups.index[middle], groups.iloc[middle]),
                xytext=(-3, 4),
                textcoords="offset points",
                ha="right",
                fontsize=7.5,
                color=NOTE,
            )
        if not none.empty:
            at = scale * none[column].mean()
            more = mean.loc[mean["p"] > 0].groupby("p")[column].mean() * scale
            rises = len(more) > 0 and more.iloc[0] > at
            ax.plot(0, at, "o", color=PLAIN, ms=6, mec="white", zorder=6)
            ax.annotate(
                "LoRA",
                (0, at),
                xytext=(6, -4 if rises else 4),  # off the line
                textcoords="offset points",
                fontsize=7.5,
                va="top" if rises else "bottom",
                color=darker(PLAIN),
            )
        ax.set(xlabel="drop probability p", ylabel=label)
        if better == "less":
            ax.set_ylim(0, None)  # no loss or error is below, though an interval may be
    label_ends(axes[0, -1], labels)  # markers are those of every panel
    return figure


def member_sweep(
    frame: pd.DataFrame,
    mean: pd.DataFrame | None = None,
    columns: Sequence[str] = ("nll", "clean"),
) -> Figure:
    """Scores of the ensemble against its number of members N (Fig. 5, right).

    Pale lines are seeds, the band is the 95 % interval over them.

    Parameters
    ----------
    frame : pd.DataFrame
        Rows of `scores.member_sweep`: columns n, seed and the scores.
    mean : pd.DataFrame, optional
        Scores of the mean network, one row a seed; their mean is a dotted line.
    columns : sequence of str
        Scores.

    Raises
    ------
    ValueError
        If a score is unknown, or a frame has no rows.
    """
    parts = [score(column) for column in columns]
    checked(frame, ("n", "seed", *columns))
    if mean is not None:
        checked(mean, columns)
    size = (1.0 + 2.4 * len(columns), 2.4)
    figure, axes = style.subplots(1, len(columns), size, squeeze=False)
    for ax, column, (label, scale, better) in zip(axes[0], columns, parts, strict=True):
        for _, rows in frame.groupby("seed"):
            ordered = rows.sort_values("n")
            ax.plot(ordered["n"], scale * ordered[column], color=DROPPED, lw=0.7,
                    alpha=0.4)  # fmt: skip
        end = mean_line(ax, frame, "n", column, DROPPED, scale=scale)
        labels = [(end, "ensemble", DROPPED)]
        if mean is not None:
            level = scale * float(mean[column].mean())
            ax.axhline(level, color=NOTE, ls=":", lw=1.2)
            labels.append((level, "mean network", NOTE))
        doubling_axis(ax, frame["n"].tolist(), "members N at test time")
        ax.set(ylabel=f"{label}\n({better} is better)")
        label_ends(ax, labels)
    return figure


def cost(frame: pd.DataFrame) -> Figure:
    """Time of a training with N instances, relative to N = 1; dotted: N times as long.

    Ratios are of the same seed, the band their 95 % interval.

    Parameters
    ----------
    frame : pd.DataFrame
        Columns instances, seed, seconds, as in `scores.table`; rows that differ only
        in what is predicted count once.

    Raises
    ------
    ValueError
        If there are no rows, or a seed has none with one instance.
    """
    checked(frame, ("instances", "seed", "seconds"))
    rows = frame.drop_duplicates(["instances", "seed"]).copy()
    single = rows[rows["instances"] == 1].set_index("seed")["seconds"]
    if missing := sorted(set(rows["seed"]) - set(single.index)):
        raise ValueError(f"seed {missing[0]} has no training with one instance")
    rows["ratio"] = rows["seconds"] / rows["seed"].map(single)
    figure, ax = style.subplots(size=(3.6, 2.4))
    counts = np.array(sorted(set(rows["instances"])), dtype=float)
    ax.plot(counts, counts, ":", color=NOTE, lw=1.2)
    end = mean_line(ax, rows, "instances", "ratio", DROPPED)
    ax.set_yscale("log", base=2)
    doubling_axis(ax, counts.tolist(), "instances N in training")
    ax.set_yticks(counts, [f"{n:g}×" for n in counts], minor=False)
    ax.set(ylabel="training time / that of N = 1")
    label_ends(ax, [(end, f"found, {end:.1f}×", DROPPED), (counts[-1], "N×", NOTE)])
    return figure
