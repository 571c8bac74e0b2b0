"""Reliability diagrams: how often a network is right where it is how sure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from helpers import style
from helpers.figure_parts import error_bar
from helpers.lora_dropout import calibration
from helpers.lora_dropout.scores import ensemble, softmax
from helpers.lora_dropout.trials import Outcome

Predictions = Sequence[tuple[np.ndarray, np.ndarray]]
"""Probabilities (n, c) and labels (n,), one pair a seed."""


def reliability(outcomes: Iterable[Outcome], bins: int = calibration.BINS) -> Figure:
    """Reliability diagrams side by side, a panel a method (and p, where it has two).

    A bar is the accuracy on all test examples of a bin of confidence, the seeds taken
    together; the fewer they are, the paler. On the diagonal a network is as often right
    as it is sure; below, it is too sure. The ECE is the mean over seeds with its 95 %
    interval. Predictions are the ensemble's where the trial has members.

    Parameters
    ----------
    outcomes : iterable of Outcome
        Several seeds of each method.
    bins : int

    Raises
    ------
    ValueError
        If there is no outcome.
    """
    groups: dict[tuple[str, float], list[tuple[np.ndarray, np.ndarray]]] = {}
    for found in outcomes:
        said = ensemble(found) if len(found.members) else softmax(found.test)
        trial = found.trial
        groups.setdefault((trial.method, trial.p), []).append((said, found.labels))
    if not groups:
        raise ValueError("there is no outcome to draw; give at least one")
    methods = [method for method, _ in groups]
    size = (0.5 + 2.0 * len(groups), 2.5)
    figure, axes = style.subplots(1, len(groups), size, squeeze=False, sharey=True)
    for ax, ((method, p), predictions) in zip(axes[0], groups.items(), strict=True):
        errors = reliability_bars(ax, predictions, style.color(method), bins)
        mean, half = error_bar(100 * np.asarray(errors))
        name = f"{method}, p = {p:g}" if methods.count(method) > 1 else method
        spread = f" ± {half:.1f}" if half else ""
        ax.set_title(f"{name}\nECE {mean:.1f}{spread} %", fontsize=8)
        ax.set_xlabel("confidence / %")
    axes[0, 0].set_ylabel("accuracy / %")
    return figure


def reliability_bars(
    ax: Axes, predictions: Predictions, colour: str, bins: int = calibration.BINS
) -> list[float]:
    """One reliability diagram in percent; returns the ECE of each pair, in [0, 1].

    Parameters
    ----------
    predictions : sequence of (probabilities, labels)
        Put together in the bars.
    """
    together = calibration.reliability(
        np.concatenate([p for p, _ in predictions]),
        np.concatenate([labels for _, labels in predictions]),
        bins,
    )
    filled = together.count > 0
    share = together.count[filled] / together.count.max()
    ax.bar(
        100 * together.edges[:-1][filled],
        100 * together.accuracy[filled],
        100 / bins,
        align="edge",
        color=[(colour, alpha) for alpha in 0.15 + 0.85 * np.sqrt(share)],
        edgecolor="white",
        linewidth=0.6,
    )
    # no class is the likeliest with less than 1 / classes
    classes = predictions[0][0].shape[1]
    start = 100 * (bins // classes) / bins
    ax.plot([start, 100], [start, 100], "--", color=style.PAPER, lw=1)
    ax.set(xlim=(start, 100), ylim=(0, 100))
    return [
        calibration.expected_calibration_error(p, labels, bins)
        for p, labels in predictions
    ]
