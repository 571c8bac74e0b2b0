"""Figures of notebook 07; the drawings that chapters have already are theirs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_hex
from matplotlib.figure import Figure

from helpers import style
from helpers.capstone.jobs import LiveJob
from helpers.figure_parts import darker, label_ends
from helpers.spot_tuning.figures_common import ratio_interval
from helpers.spot_tuning.figures_timeline import draw_bars
from helpers.spot_tuning.paired_ratios import relative
from helpers.spot_tuning.prices import HOUR
from helpers.training_visualization.explorer import draw_frame
from helpers.training_visualization.figures_common import line_over_epochs
from helpers.training_visualization.film import Film

LORA, DROPOUT = "LoRA", "LoRA + LoRA Dropout"
# p = 0 is plain LoRA; the darker the blue, the higher p
BLUES = (style.PALETTE["sky"], style.color(DROPOUT), "#08306B")
BASELINE = "On-demand"


def colours_of(p_grid: list[float]) -> dict[float, str]:
    """One colour per drop probability, that of plain LoRA for 0."""
    masked = sorted({p for p in p_grid if p})
    scale = LinearSegmentedColormap.from_list("p", BLUES)
    places = np.linspace(0, 1, len(masked)) if len(masked) > 1 else [0.5]
    shades = {p: to_hex(scale(x)) for p, x in zip(masked, places, strict=False)}
    return {0.0: style.color(LORA), **shades}


def draw_curves(ax: Axes, job: LiveJob) -> None:
    """Validation loss of every setting: thick as far as the job trained it.

    Colours are drop probabilities, dashes the smaller ranks; a star ends the chosen
    setting. Thin lines were trained after the job, to judge its choice.
    """
    curves = job.curves
    done = {t: 0 for t in curves.trials}
    for lease in job.result.leases:
        done[lease.trial] = max(done[lease.trial], int(lease.last_step))
    colours = colours_of([s["p"] for s in curves.settings])
    top = max(s["rank"] for s in curves.settings)
    ends: dict[float, list[float]] = {}
    for trial, setting, curve in zip(
        curves.trials, curves.settings, curves.metrics, strict=True
    ):
        colour, steps = colours[setting["p"]], done[trial]
        dashes = "-" if setting["rank"] == top else (0, (3, 1.5))
        epochs = np.arange(1, len(curve) + 1)
        ax.plot(epochs[:steps], curve[:steps], ls=dashes, color=colour, lw=1.7)
        ax.plot(epochs[steps - 1 :], curve[steps - 1 :], color=colour, lw=0.6)
        ends.setdefault(setting["p"], []).append(float(curve[-1]))
        if trial == job.chosen:
            ax.plot(epochs[-1], curve[-1], "*", color=colour, ms=11, mec="white")
    cut = int(np.ceil(job.plan.theta * len(curve) - 1e-9))
    ax.axvline(cut, color=style.PAPER, ls="--", lw=1)
    ax.annotate(
        "θ",
        (cut, 1),
        xycoords=("data", "axes fraction"),
        xytext=(3, -9),
        textcoords="offset points",
        fontsize=8,
    )
    ax.set(xlabel="epoch", ylabel=curves.metric)
    label_ends(
        ax, [(float(np.mean(v)), f"p = {p:g}", colours[p]) for p, v in ends.items()]
    )


def curves(job: LiveJob) -> Figure:
    """Learning curves of one job, see `draw_curves`."""
    figure, ax = style.subplots(size=(4.6, 2.7))
    draw_curves(ax, job)
    return figure


def draw_bills(ax: Axes, frame: pd.DataFrame, column: str = "cost") -> None:
    """A row per policy: its ratio to on-demand, mean and 95 % interval over markets.

    Parameters
    ----------
    frame : pd.DataFrame
        As of `jobs.bill_jobs`.
    column : str
        "cost" or "jct_hours".
    """
    ratios = relative(frame, column, BASELINE)
    names = list(dict.fromkeys(frame["policy"]))
    for row, name in enumerate(names):
        values = ratios[frame["policy"] == name]
        colour, (mean, low, high) = style.color(name), ratio_interval(values)
        ax.barh(row, mean, 0.6, color=colour, alpha=0.35)
        ax.plot(values, np.full(len(values), row), "o", color=colour, ms=2, alpha=0.5)
        ax.plot([low, high], [row, row], color=colour, lw=1.4)
        ax.plot(mean, row, "o", color=colour, ms=5, mec="white", mew=0.6)
        ax.annotate(
            f"{mean:.2f}",
            (max(mean, high, float(values.max())), row),
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
            fontsize=8,
            color=darker(colour),
        )
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.set_xlim(0, 1.22 * float(ratios.max()))
    label = {"cost": "bill", "jct_hours": "time"}[column]
    ax.set_xlabel(f"{label} / on-demand, cheapest type")
    ax.grid(axis="y", visible=False)


def bills(frame: pd.DataFrame) -> Figure:
    """Bill and completion time of every policy over those of on-demand machines."""
    figure, axes = style.subplots(1, 2, (8.4, 2.0), sharey=True)
    for ax, column in zip(axes, ("cost", "jct_hours"), strict=True):
        draw_bills(ax, frame, column)
    return figure


def wrong_labels(tables: Mapping[str, pd.DataFrame]) -> Figure:
    """Texts with a wrong label, in plain LoRA and in the chosen setting, over epochs.

    Left: predicted as the wrong label says, that is learned by heart. Middle: how well
    places on the map tell wrong labels from right ones. Right: predictions that
    survive the way to the map and back.

    Parameters
    ----------
    tables : mapping of str to pd.DataFrame
        Rows of `Watched.table` with a column seed; keys are names in `style.METHODS`.
    """
    panels = {
        "says_noisy": ("learned by heart / %", 100.0),
        "auc_near": ("AUC on the map", 1.0),
        "ppr": ("predictions kept / %", 100.0),
    }
    figure, axes = style.subplots(1, 3, (8.4, 2.3))
    for ax, (column, (label, scale)) in zip(axes, panels.items(), strict=True):
        ends = []
        for name, rows in tables.items():
            colour = style.color(name)
            end = line_over_epochs(ax, rows, column, colour, scale)
            if end is not None:
                short = "LoRA" if name == LORA else "chosen"
                ends.append((end, short, colour))
        if scale == 100:
            ax.set_ylim(top=min(ax.get_ylim()[1], 101))  # intervals may reach beyond
        if column == "auc_near":
            ax.axhline(0.5, color=style.PALETTE["grey"], lw=0.8, ls=":")
        ax.set(xlabel="epoch", ylabel=label)
        label_ends(ax, ends)
    return figure


def composed(
    job: LiveJob, frame: pd.DataFrame, plain: Film, chosen: Film, name: str
) -> Figure:
    """The whole notebook in one picture: training, machines, bill and maps.

    Parameters
    ----------
    job : LiveJob
    frame : pd.DataFrame
        As of `jobs.bill_jobs`.
    plain, chosen : Film
        Of plain LoRA and of the chosen setting; their last maps are drawn.
    name : str
        Of the chosen setting.
    """
    figure = Figure(figsize=(9.0, 5.8), layout="constrained")
    parts = figure.subfigures(2, 1, squeeze=False, height_ratios=(1.2, 1))
    above, below = parts.flat
    training, machines = above.subplots(1, 2, width_ratios=(1, 1.55))
    draw_curves(training, job)
    training.set_title("Trainings …")
    draw_bars(machines, job.result, columns=2)
    machines.set_xlim(0, job.result.jct / HOUR)
    machines.set(xlabel="hours since the start of the job", ylabel="… on machines")
    _name_rows(machines, job)
    money, *maps = below.subplots(1, 3, width_ratios=(1.25, 1, 1))
    draw_bills(money, frame)
    money.set_title("What it costs")
    for ax, film, title in zip(
        maps, (plain, chosen), ("plain LoRA", name), strict=True
    ):
        last = len(film.epochs) - 1
        draw_frame(ax, film, last)
        ax.set_rasterization_zorder(5)  # regions and points as one picture
        ax.set_title(title, fontsize=9)
        kept = film.metrics[last]["PPR"]
        ax.set_xlabel(
            f"epoch {film.epochs[last]}, {kept:.0%} of predictions kept", fontsize=7.5
        )
    return figure


def _name_rows(ax: Axes, job: LiveJob) -> None:
    """p and rank instead of the trials' numbers."""
    settings = dict(zip(job.curves.trials, job.curves.settings, strict=True))
    weights = [label.get_fontweight() for label in ax.get_yticklabels()]
    names = ["p = {p:g}, r {rank}".format(**settings[t]) for t in job.result.ranking]
    names[0] = f"★ {names[0]}"
    ax.set_yticks(range(len(names)), names, fontsize=8)
    for label, weight in zip(ax.get_yticklabels(), weights, strict=True):
        label.set_fontweight(weight)
