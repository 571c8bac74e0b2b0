"""Figures of the training: loss and calibration error on the way."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from helpers import style
from helpers.figure_parts import checked, label_ends, mean_line
from helpers.lora_dropout.figures_common import key, method_colours

FAMILIES = ("LoRA", "AdaLoRA")


def loss_curves(curves: pd.DataFrame) -> Figure:
    """Loss on the training and test split over the epochs, a panel a family (Fig. 1).

    Lines are means over seeds with 95 % bands, predictions without masks.

    Parameters
    ----------
    curves : pd.DataFrame
        Of `scores.curves`: columns method, seed, epoch, split, nll.

    Raises
    ------
    ValueError
        If it has no rows or lacks a column.
    """
    checked(curves, ("method", "seed", "epoch", "split", "nll"))
    names = method_colours(curves["method"].tolist())
    families = [
        (family, [name for name in names if family_of(name) == family])
        for family in FAMILIES
    ]
    shown = [(family, methods) for family, methods in families if methods]
    size = (1.2 + 2.9 * len(shown), 2.7)
    figure, axes = style.subplots(1, len(shown), size, squeeze=False, sharey=True)
    ends: list[list[tuple[float, str, str]]] = []
    for ax, (family, methods) in zip(axes[0], shown, strict=True):
        labels = []
        for name in methods:
            rows, colour = curves[curves["method"] == name], names[name]
            for split in ("train", "test"):
                part = rows[rows["split"] == split]
                if part.empty:
                    continue
                end = mean_line(
                    ax, part, "epoch", "nll", colour, dashed=split == "train", marker=""
                )
                if split == "test":
                    labels.append((end, short(name), colour))
        ax.set(xlabel="epoch", title=family)
        ax.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        ends.append(labels)
    # shared, hence set last; bands may leave it, lines may not
    top = max(np.max(drawn.get_ydata()) for ax in axes[0] for drawn in ax.lines)
    axes[0, 0].set(ylabel="loss / nats", ylim=(0, 1.3 * top))
    for ax, labels in zip(axes[0], ends, strict=True):
        label_ends(ax, labels)
    figure.legend(
        handles=key(("test", "solid"), ("train", "dashed")),
        loc="outside lower right",
        ncols=2,
    )
    return figure


def ece_curve(curves: pd.DataFrame, split: str = "test") -> Figure:
    """Expected calibration error over the epochs, one line a method (Fig. 3).

    Parameters
    ----------
    curves : pd.DataFrame
        Of `scores.curves`: columns method, seed, epoch, split, ece.

    Raises
    ------
    ValueError
        If it lacks a column, or no row is of the split.
    """
    checked(curves, ("method", "seed", "epoch", "split", "ece"))
    rows = curves[curves["split"] == split]
    if rows.empty:
        raise ValueError(
            f"no row of split {split!r}; there are {sorted(set(curves['split']))}"
        )
    figure, ax = style.subplots(size=(4.4, 2.5))
    labels = []
    for name, colour in method_colours(rows["method"].tolist()).items():
        part = rows[rows["method"] == name]
        end = mean_line(ax, part, "epoch", "ece", colour, scale=100, marker="")
        labels.append((end, name, colour))
    ax.set(xlabel="epoch", ylabel=f"ECE, {split} / %", ylim=(0, None))
    ax.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    label_ends(ax, labels)
    return figure


def family_of(method: str) -> str:
    """ "AdaLoRA" or "LoRA", to which all others belong."""
    return FAMILIES[1] if method.startswith(FAMILIES[1]) else FAMILIES[0]


def short(method: str) -> str:
    """A method's name within the panel of its family."""
    added = method.removeprefix(family_of(method)).removeprefix(" + ")
    return f"+ {added}" if added and added != method else method
