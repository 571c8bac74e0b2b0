"""Figures of the subject and of the work: learning, boundary samples, seconds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from helpers import style
from helpers.figure_parts import label_ends
from helpers.training_visualization.boundary_samples import BoundarySamples, mix
from helpers.training_visualization.trace import Trace

TRAIN, TEST = style.PALETTE["blue"], style.PALETTE["orange"]


def learning(trace: Trace) -> Figure:
    """Accuracy and the size of the representations over the epochs.

    The size is the root mean square of a feature, ``sqrt(mean(x^2))``: what the
    estimator divides by.
    """
    figure, (accuracy, size) = style.subplots(1, 2, (5.6, 2.2))
    shown = [("train", trace.train, TRAIN)]
    if trace.test.size:
        shown.append(("test", trace.test, TEST))
    ends: list[list[tuple[float, str, str]]] = [[], []]
    for name, x, colour in shown:
        scale = np.sqrt(np.square(x, dtype=np.float64).mean(axis=(1, 2)))
        for ax, values, labels in (
            (accuracy, 100 * trace.accuracy(name), ends[0]),
            (size, scale, ends[1]),
        ):
            ax.plot(trace.epochs, values, "-o", color=colour, ms=3)
            labels.append((float(values[-1]), name, colour))
    accuracy.set(xlabel="epoch", ylabel="accuracy / %", ylim=(0, 102))
    size.set(xlabel="epoch", ylabel="rms of a feature", ylim=(0, None))
    label_ends(accuracy, ends[0])
    label_ends(size, ends[1])
    return figure


def boundary_examples(
    images: np.ndarray,
    samples: BoundarySamples,
    count: int = 6,
    names: Sequence[str] | None = None,
) -> Figure:
    """Boundary samples between their parents, each a column: parent, mix, parent.

    Above and below stand the predicted classes of the parents, in the middle the share
    of the upper one.

    Parameters
    ----------
    images : np.ndarray
        What was sampled from, shape (n, height, width), with channels last or first
        (1 or 3), or (n, side^2).
    count : int
        Columns at most: evenly spaced samples.
    names : sequence of str, optional
        Of the classes, instead of their numbers.

    Raises
    ------
    ValueError
        If there is no boundary sample, or the images have no such shape.
    """
    if not len(samples):
        raise ValueError("there is no boundary sample to draw")
    pictures = _pictures(images)
    columns = min(count, len(samples))
    chosen = np.linspace(0, len(samples) - 1, columns).round().astype(int)
    parents, shares = samples.parents[chosen], samples.shares[chosen]
    rows = pictures[parents[:, 0]], mix(pictures, parents, shares)
    figure, axes = style.subplots(3, columns, (0.6 + 0.8 * columns, 3.2), squeeze=False)
    low, high = float(pictures.min()), float(pictures.max())
    for row, strip in enumerate((*rows, pictures[parents[:, 1]])):
        for column, picture in enumerate(strip):
            ax = axes[row, column]
            shown = (picture - low) / (high - low) if high > low else 0 * picture
            ax.imshow(shown, cmap="gray_r", vmin=0, vmax=1, interpolation="nearest")
            ax.set(xticks=[], yticks=[])
            ax.grid(False)
            ax.spines[:].set_visible(True)
            ax.spines[:].set_color("#CCCCCC")
    for column, (pair, share) in enumerate(
        zip(samples.pairs[chosen], shares, strict=True)
    ):
        first, second = (str(c) if names is None else names[c] for c in pair)
        axes[0, column].set_title(first, fontsize=8, loc="center")
        axes[1, column].set_title(
            f"{100 * share:.0f} %", fontsize=7.5, fontweight="normal", loc="center"
        )
        axes[2, column].set_xlabel(second, fontsize=8, fontweight="bold")
    for row, text in enumerate(("parent", "mix, % upper", "parent")):
        axes[row, 0].set_ylabel(text, fontsize=7.5)
    return figure


def _pictures(images: np.ndarray) -> np.ndarray:
    """Images with the channels last, if there are any, as floats."""
    x = np.asarray(images, dtype=float)
    if x.ndim == 2 and round(x.shape[1] ** 0.5) ** 2 == x.shape[1]:
        side = round(x.shape[1] ** 0.5)
        return x.reshape(-1, side, side)
    if x.ndim == 4 and x.shape[1] in (1, 3):
        x = np.moveaxis(x, 1, -1)
    if x.ndim == 4 and x.shape[3] == 1:
        x = x[..., 0]
    if x.ndim == 3 or (x.ndim == 4 and x.shape[3] == 3):
        return x
    raise ValueError(
        f"images have shape {np.shape(images)}; allowed: (n, height, width), with 1 or "
        "3 channels before or after, or (n, side^2)"
    )
