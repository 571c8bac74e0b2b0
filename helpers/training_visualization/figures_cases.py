"""Figures of the three case studies: noisy labels, active learning, adversaries."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from helpers import style
from helpers.figure_parts import label_ends
from helpers.training_visualization.figures_common import (
    dot_rows,
    line_over_epochs,
)

TRUE, NOISY, ALL = (style.PALETTE[name] for name in ("green", "orange", "blue"))
# column: label and factor
CHOICES = {
    "white": ("on the map's\nboundary / %", 100.0),
    "unsure": ("margin below δ / %", 100.0),
    "boundary_distance": ("distance to the\nboundary", 1.0),
    "cover": ("cover radius", 1.0),
    "test": ("test accuracy / %", 100.0),
}


def noise_curves(frame: pd.DataFrame) -> Figure:
    """Samples with a wrong label: what is predicted, where they lie, what is kept.

    Shares over epochs, means over seeds with 95 % bands. Left: predicted as the noisy
    and as the true label. Middle: on the map in the region of either. Right: the
    prediction preserving rate of clean and noisy samples, and of those whose wrong
    label is learnt by heart.

    Parameters
    ----------
    frame : pd.DataFrame
        Columns epoch, seed, says_noisy, says_true, shows_noisy,
        shows_true, ppr_clean, ppr_noisy, shows_memorised; shares in [0, 1].
    """
    figure, axes = style.subplots(1, 3, (8.4, 2.4))
    either = ("noisy label", "true label")
    for ax, columns, title in (
        (axes[0], ("says_noisy", "says_true"), "Noisy samples: predicted as"),
        (axes[1], ("shows_noisy", "shows_true"), "… and on the map in"),
    ):
        lines = dict(zip(columns, zip(either, (NOISY, TRUE), strict=True), strict=True))
        _shares(ax, frame, lines, "share of noisy samples / %", title)
    kept = {
        "ppr_clean": ("clean", ALL),
        "ppr_noisy": ("noisy", NOISY),
        "shows_memorised": ("memorised", style.PALETTE["purple"]),
    }
    _shares(axes[2], frame, kept, "PPR / %", "Predictions kept")
    return figure


def active_bars(frame: pd.DataFrame) -> Figure:
    """Where each way to choose samples looks, and what that is worth.

    A panel a measure, a row a way to choose; bars are means with 95 % intervals over
    seeds, dots the seeds. The accuracy has no bar, since it does not begin at 0.

    Parameters
    ----------
    frame : pd.DataFrame
        Columns seed, method (random, least confidence, coreset), white, unsure,
        test (shares in [0, 1]), boundary_distance, cover.
    """
    methods = [str(method) for method in dict.fromkeys(frame["method"])]
    colours = {method: style.color(method) for method in methods}
    size = (8.6, 1.1 + 0.3 * len(methods))
    figure, axes = style.subplots(1, len(CHOICES), size, sharey=True)
    for ax, (column, (label, scale)) in zip(axes, CHOICES.items(), strict=True):
        groups = {
            method: scale * frame.loc[frame["method"] == method, column]
            for method in methods
        }
        means = dot_rows(ax, groups, colours)
        if column != "test":
            for row, method in enumerate(methods):
                width = means.get(method, 0.0)
                ax.barh(row, width, 0.6, color=colours[method], alpha=0.3)
            ax.set_xlim(0, None)
        if scale == 100:
            ax.set_xlim(right=min(ax.get_xlim()[1], 102))
        ax.set_xlabel(label, fontsize=7.5)
    return figure


def adversarial_places(frame: pd.DataFrame) -> Figure:
    """Adversarial training: accuracies, how far an attack drags a sample, and where to.

    Parameters
    ----------
    frame : pd.DataFrame
        Columns epoch, seed, clean_accuracy, adversarial_accuracy, in_true_region
        (shares in [0, 1]; the last of the attacked samples' places), displacement
        (between a sample and its attacked copy, over the map's root mean square
        radius).
    """
    figure, axes = style.subplots(1, 3, (8.4, 2.4))
    both = {
        "clean_accuracy": ("clean", ALL),
        "adversarial_accuracy": ("attacked", NOISY),
    }
    _shares(axes[0], frame, both, "accuracy / %", "Accuracy")
    line_over_epochs(axes[1], frame, "displacement", NOISY)
    axes[1].set(
        xlabel="epoch",
        ylabel="displacement / radius",
        ylim=(0, None),
        title="How far an attack drags",
    )
    line_over_epochs(axes[2], frame, "in_true_region", NOISY, 100)
    axes[2].set(
        xlabel="epoch",
        ylabel="share of attacked samples / %",
        ylim=(0, 102),
        title="In the region of the label",
    )
    return figure


def _shares(
    ax: Axes,
    frame: pd.DataFrame,
    lines: Mapping[str, tuple[str, str]],
    ylabel: str,
    title: str,
) -> None:
    """Shares in percent over epochs; ``lines`` is column to (text, colour)."""
    labels = []
    for column, (text, colour) in lines.items():
        end = line_over_epochs(ax, frame, column, colour, 100)
        if end is not None:
            labels.append((end, text, colour))
    ax.set(xlabel="epoch", ylabel=ylabel, ylim=(0, 102), title=title)
    label_ends(ax, labels)
