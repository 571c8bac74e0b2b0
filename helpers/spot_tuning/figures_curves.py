"""Figures of the learning curves and of what is predicted from their beginnings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from helpers import style
from helpers.figure_parts import label_ends, log_axis


def staged_curve(
    metrics: Sequence[float] | np.ndarray,
    stages: Sequence[int],
    cut: int,
    predictions: Mapping[str, float | np.ndarray],
    metric: str = "validation loss",
) -> Figure:
    """One learning curve with its stages, where it is judged, and what is predicted.

    Parameters
    ----------
    metrics : array, shape (steps,)
        The whole curve; ``metrics[k]`` is the metric after step k + 1.
    stages : sequence of int
        Steps after which the learning rate falls.
    cut : int
        Steps seen by the predictors (theta times the length).
    predictions : mapping of method to float or array
        The predicted final metric, or the predicted metrics of the last steps of the
        curve (its last entry belongs to the last step).

    Raises
    ------
    ValueError
        If ``cut`` lies outside the curve.
    """
    whole = np.asarray(metrics, dtype=float)
    n = len(whole)
    if not 0 < cut <= n:
        raise ValueError(f"cut is {cut}; allowed: 1 to {n}")
    figure, ax = style.subplots(size=(4.6, 2.7))
    ink = style.PAPER
    ax.plot(np.arange(1, cut + 1), whole[:cut], color=ink, lw=1.4)
    ax.plot(np.arange(cut, n + 1), whole[cut - 1 :], color="#A0A0A0", lw=1.2)
    labels = [(float(whole[-1]), "real", "#777777")]
    for method, prediction in predictions.items():
        colour = style.color(method)
        curve = np.atleast_1d(np.asarray(prediction, dtype=float))
        steps = np.arange(n - len(curve) + 1, n + 1)
        ax.plot(steps, curve, color=colour, ls="--", lw=1.6)
        ax.plot(n, curve[-1], "o", color=colour, ms=5, clip_on=False, zorder=5)
        labels.append((float(curve[-1]), method, colour))
    ax.set(xlim=(0, n), xlabel="step", ylabel=metric)
    for at in stages:
        ax.axvline(at, color=style.PALETTE["yellow"], lw=1.2, ls=":")
    ax.axvline(cut, color=ink, lw=1, ls="--")
    ax.annotate(
        f"judged at θ = {cut / n:.2g}",
        (cut, 1),
        xycoords=("data", "axes fraction"),
        xytext=(-4 if cut > n / 2 else 4, -2),
        textcoords="offset points",
        ha="right" if cut > n / 2 else "left",
        va="top",
        fontsize=7.5,
        bbox={"fc": "white", "ec": "none", "pad": 1},
    )
    if len(stages):
        ax.set_title(
            "dotted: the learning rate falls", fontweight="normal", fontsize=7.5
        )
    if 0 < 3 * whole.min() < whole.max():
        log_axis(ax, "y")
    label_ends(ax, labels, gap=0.09)
    return figure


def prediction_errors(
    frame: pd.DataFrame, panels: Mapping[str, Sequence[str]]
) -> Figure:
    """Error of the predicted final metric against theta; bands hold half the curves.

    Parameters
    ----------
    frame : pd.DataFrame
        Columns workload, theta, method, error (relative: 0.1 is ten percent), one row
        per curve.
    panels : mapping of str to sequence of str
        Title of each panel and the workloads whose curves it shows; a panel of which
        the frame has no workload is left out.
    """
    shown = {t: frame[frame["workload"].isin(names)] for t, names in panels.items()}
    shown = {title: rows for title, rows in shown.items() if len(rows)}
    size = (2.4 * len(shown) + 1.4, 2.7)
    figure, axes = style.subplots(1, len(shown), size, sharey=True, squeeze=False)
    for ax, (title, part) in zip(axes[0], shown.items(), strict=True):
        labels = []
        for method in dict.fromkeys(part["method"]):
            rows = part[part["method"] == method].groupby("theta")["error"]
            low, middle, high = (100 * rows.quantile(q) for q in (0.25, 0.5, 0.75))
            colour = style.color(str(method))
            ax.fill_between(middle.index, low, high, color=colour, alpha=0.12, lw=0)
            ax.plot(middle.index, middle, "-o", color=colour)
            labels.append((float(middle.iloc[-1]), str(method), colour))
        ax.set(xlabel="θ, share of the steps seen", title=title)
        log_axis(ax, "y")
    axes[0, 0].set_ylabel("error of the final metric / %")
    label_ends(axes[0, -1], labels, gap=0.09)
    return figure
