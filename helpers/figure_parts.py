"""Parts of figures that every chapter uses: intervals, labels, colours, axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator

from helpers.intervals import interval
from helpers.names import unknown_name

# From wide to narrow ranges: the first series with three ticks in the range is used,
# in a range too narrow for all of them the ticks are even.
_TICKS = (
    (1,),
    (1, 3),
    (1, 2, 5),
    (1, 1.5, 2, 3, 4, 6, 8),
)


def error_bar(values: Sequence[float] | np.ndarray | pd.Series) -> tuple[float, float]:
    """Mean and half the width of its interval, see `helpers.intervals.interval`.

    The half width is 0 for fewer than three values, where it would say nothing.

    Examples
    --------
    >>> error_bar([1.0, 2.0, 3.0])
    (2.0, 2.4841...)
    """
    found = np.asarray(values, dtype=float)
    found = found[np.isfinite(found)]
    if not len(found):
        return float("nan"), 0.0
    mean = float(found.mean())
    return mean, interval(found)[1] - mean if len(found) > 2 else 0.0


def mean_line(
    ax: Axes,
    rows: pd.DataFrame,
    x: str,
    column: str,
    colour: str,
    *,
    scale: float = 1.0,
    dashed: bool = False,
    hollow: bool = False,
    log: bool = False,
    marker: str = "o",
) -> float:
    """Mean over the rows of every ``x`` with its 95 % band; returns the last mean.

    With ``log`` the band ends a tenth of the mean above 0, which a logarithmic axis
    lacks.
    """
    values, places = scale * rows[column].to_numpy(float), rows[x].to_numpy(float)
    at = np.unique(places)
    means, halves = np.array([error_bar(values[places == one]) for one in at]).T
    low = means - (np.minimum(halves, 0.9 * means) if log else halves)
    ax.fill_between(at, low, means + halves, color=colour, alpha=0.13, lw=0)
    ax.plot(
        at,
        means,
        marker=marker,
        ms=3.5,
        color=colour,
        ls="--" if dashed else "-",
        lw=1.3 if hollow or dashed else 1.7,
        mfc="white" if hollow else colour,
    )
    return float(means[-1])


def spread(
    values: Sequence[float] | np.ndarray,
    gap: float,
    low: float = -np.inf,
    high: float = np.inf,
) -> np.ndarray:
    """Move values as little as needed (squared) to lie ``gap`` apart, in order.

    All stay between ``low`` and ``high`` if there is room, else they begin at ``low``.

    Examples
    --------
    >>> spread([0.0, 0.0, 5.0], 1.0)
    array([-0.5,  0.5,  5. ])
    """
    wanted = np.asarray(values, dtype=float)
    order = np.argsort(wanted, kind="stable")
    # Without the gaps, the answer is the nearest ascending sequence: pool neighbours.
    pools: list[tuple[float, int]] = []
    for value in wanted[order] - gap * np.arange(len(wanted)):
        mean, size = float(value), 1
        while pools and pools[-1][0] > mean:
            other, count = pools.pop()
            mean = (mean * size + other * count) / (size + count)
            size += count
        pools.append((mean, size))
    flat = np.repeat([m for m, _ in pools], [n for _, n in pools])
    flat = np.maximum(np.minimum(flat, high - gap * (len(wanted) - 1)), low)
    moved = np.empty(len(wanted))
    moved[order] = flat + gap * np.arange(len(wanted))
    return moved


def label_ends(
    ax: Axes, labels: Sequence[tuple[float, str, str]], gap: float = 0.1
) -> None:
    """Write (y, text, colour) at the right edge, never over one another.

    Call it last: later changes of the limits would leave the labels behind.

    Parameters
    ----------
    gap : float
        Least distance as a share of the axes' height.
    """
    if not labels:
        return
    to_axes = (ax.transData + ax.transAxes.inverted()).transform
    x = ax.get_xlim()[1]
    wanted = np.clip([to_axes((x, y))[1] for y, _, _ in labels], 0, 1)
    for at, place, (_, text, colour) in zip(
        wanted, spread(wanted, gap, 0, 1), labels, strict=True
    ):
        ax.annotate(
            text,
            (1.0, at),
            xytext=(1.03, place),
            xycoords="axes fraction",
            textcoords="axes fraction",
            color=darker(colour),
            fontsize=7.5,
            va="center",
            annotation_clip=False,
            arrowprops={
                "arrowstyle": "-",
                "color": colour,
                "lw": 0.6,
                "shrinkA": 0,
                "shrinkB": 0,
                "relpos": (0, 0.5),
            },
        )


def darker(colour: str, contrast: float = 4.5) -> str:
    """The colour, darkened until it can be read as text on white.

    The contrast is that of WCAG 2, (1 + 0.05) / (luminance + 0.05).
    """
    from matplotlib.colors import to_hex, to_rgb

    rgb = np.array(to_rgb(colour))
    for shade in np.arange(1.0, 0.0, -0.02):
        linear = np.where(
            shade * rgb <= 0.04045,
            shade * rgb / 12.92,
            ((shade * rgb + 0.055) / 1.055) ** 2.4,
        )
        if 1.05 / (linear @ [0.2126, 0.7152, 0.0722] + 0.05) >= contrast:
            return to_hex(tuple(shade * rgb))
    return "#000000"


def log_axis(ax: Axes, which: Literal["x", "y"], unit: str = "") -> None:
    """Logarithmic axis with plain numbers; call it when all is drawn."""
    axis = ax.xaxis if which == "x" else ax.yaxis
    ax.set(**{f"{which}scale": "log"})
    low, high = sorted(axis.get_view_interval())
    decades = 10.0 ** np.arange(np.floor(np.log10(low)), np.ceil(np.log10(high)))
    for series in _TICKS:
        ticks = np.outer(decades, series).ravel()
        ticks = ticks[(ticks >= low * 0.999) & (ticks <= high * 1.001)]
        if len(ticks) >= 3:
            break
    else:
        ticks = np.asarray(MaxNLocator(5).tick_values(low, high))
        ticks = ticks[ticks > 0]
    axis.set_major_locator(FixedLocator(ticks.tolist()))
    axis.set_major_formatter(lambda x, _: f"{x:g}{unit}")
    axis.set_minor_locator(NullLocator())


def name_points(
    ax: Axes,
    places: Sequence[tuple[float, float, str, str]],
    gap: float = 0.065,
    away: float = 0.035,
) -> None:
    """Write (x, y, text, colour) beside its point, moved where names would collide.

    Call it last: later changes of the limits would leave the names behind. ``gap``
    between names and ``away`` from the point are shares of the axes.
    """
    if not places:
        return
    to_axes = (ax.transData + ax.transAxes.inverted()).transform
    at = np.array([to_axes((x, y)) for x, y, _, _ in places])
    for (x, y), height, (_, _, name, colour) in zip(
        at, spread(at[:, 1], gap, 0.02, 0.98), places, strict=True
    ):
        side = -1 if x > 0.6 else 1
        ax.annotate(
            name,
            (x, y),
            xytext=(x + side * away, height),
            xycoords="axes fraction",
            textcoords="axes fraction",
            ha="left" if side > 0 else "right",
            va="center",
            fontsize=7.5,
            color=darker(colour),
            bbox={"fc": "white", "ec": "none", "alpha": 0.75, "pad": 0.6},
            arrowprops={
                "arrowstyle": "-",
                "color": colour,
                "lw": 0.6,
                "relpos": (0.0 if side > 0 else 1.0, 0.5),
                "shrinkA": 0,
            },
            zorder=6,
        )


def checked(frame: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """The frame, which must have rows and these columns.

    Raises
    ------
    ValueError
        If it has not.
    """
    missing = [name for name in columns if name not in frame]
    if missing and len(frame.columns):
        raise unknown_name("column", missing[0], [str(c) for c in frame.columns])
    if frame.empty:
        raise ValueError(
            f"the frame has no rows; it needs some with {', '.join(columns)}"
        )
    return frame
