"""Claims of a sweep against its grid, with their spread over repetitions."""

from __future__ import annotations

import io
import math
import textwrap
from collections.abc import Sequence
from itertools import cycle, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from helpers import figure_parts, style
from helpers.curriculum.sweep_grid import label

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS = 3
_PANEL = (2.9, 2.1)  # inches
_DODGE = 0.012  # of the axis, at most, between the lines of one panel
_COLOURS = [style.PALETTE[n] for n in ("blue", "orange", "green", "purple", "grey")]
_MARKERS = "osD^v"


def draw(frame: pd.DataFrame, grid: Sequence[str]) -> Figure:
    """One panel per claim: its value against the grid's first parameter.

    Each combination of the other parameters has a line through its means, with 95 %
    intervals over repetitions (Student's t, from three on); dots are single cells.
    Without a grid the values stand against the seed.

    Parameters
    ----------
    frame : DataFrame
        From :func:`helpers.curriculum.sweep_table.table`.
    grid : sequence of str
        The grid's parameters, the horizontal axis first.

    Raises
    ------
    ValueError
        If no claim has a value.
    """
    known = figure_parts.checked(
        frame[frame["value"].notna()], ["claim", "value", "unit"]
    )
    x, *others = [name for name in grid if frame[name].nunique(dropna=False) > 1] or [
        "seed"
    ]
    axis = _Axis(frame[x])
    lines = _lines(frame, others)
    claims = list(dict.fromkeys(known["claim"]))
    rows, columns = math.ceil(len(claims) / COLUMNS), min(COLUMNS, len(claims))
    height = rows * _PANEL[1] + (0.3 if len(lines) > 1 else 0)
    figure, axes = style.subplots(
        rows, columns, (max(columns, 1.4) * _PANEL[0], height), squeeze=False
    )
    for ax, claim in zip(axes.flat, claims, strict=False):
        of_claim = known[known["claim"] == claim]
        for number, (values, look) in enumerate(lines):
            found = of_claim[_matches(of_claim, values)]
            shift = axis.dodge(len(lines)) * (number - (len(lines) - 1) / 2)
            _line(ax, axis, found, x, shift, look)
        unit = of_claim["unit"].iloc[0]
        ax.set_title("\n".join(textwrap.wrap(str(claim), 34)))
        ax.set(xlabel=x, ylabel=str(unit) or "value")
        axis.apply(ax)
    for ax in axes.flat[len(claims) :]:
        ax.set_axis_off()
    if len(lines) > 1:
        handles, labels = axes.flat[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=4)
    return figure


def svg(frame: pd.DataFrame, grid: Sequence[str]) -> str:
    """:func:`draw` in the curriculum's style; the same table gives the same text."""
    import matplotlib as mpl

    content = io.StringIO()
    look: Any = style.RC
    with mpl.rc_context(look):
        draw(frame, grid).savefig(content, format="svg", metadata={"Date": None})
    return content.getvalue()


class _Axis:
    """Places of a parameter's values: themselves, or their rank where they are words.

    Numbers that span more than a factor of 30, none of them 0 or less, get a
    logarithmic axis.
    """

    def __init__(self, column: pd.Series) -> None:
        values = list(column.unique())
        numbers = [v for v in values if isinstance(v, int | float | np.number)]
        self.numeric = len(numbers) == len(values) and not any(map(pd.isna, values))
        self.numeric &= not any(isinstance(v, bool | np.bool_) for v in values)
        self.log = self.numeric and min(values) > 0 and max(values) > 30 * min(values)
        if self.numeric:
            values.sort()
        self.values = values
        at = [self.place(v) for v in values]
        self.span = (max(at) - min(at)) or 1.0
        self.gap = min((b - a for a, b in pairwise(at)), default=self.span)

    def place(self, value: Any) -> float:
        if not self.numeric:
            return float(self.values.index(value))
        return math.log10(value) if self.log else float(value)

    def dodge(self, lines: int) -> float:
        """Sideways step from line to line, so that intervals do not hide each other."""
        return min(_DODGE * self.span, 0.6 * self.gap / lines)

    def apply(self, ax: Axes) -> None:
        places = [self.place(v) for v in self.values]
        if len(places) <= 7:
            texts = [_short(v) for v in self.values]
            ax.set_xticks(places, texts)
        elif self.log:
            ax.xaxis.set_major_formatter(lambda at, _: f"{10**at:.3g}")
        ax.set_xlim(min(places) - 0.08 * self.span, max(places) + 0.08 * self.span)


def _short(value: Any) -> str:
    text = f"{value:g}" if isinstance(value, float | np.floating) else str(value)
    return text if len(text) <= 12 else f"{text[:11]}…"


def _lines(
    frame: pd.DataFrame, others: list[str]
) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Combinations of the other parameters, each with the look of its line."""
    if not others:
        return [({}, {"color": _COLOURS[0], "marker": _MARKERS[0], "ls": "-"})]
    points = frame[others].drop_duplicates().to_dict("records")
    styles = ["-", "--", ":", "-."]
    found = []
    for number, (point, colour, marker) in enumerate(
        zip(points, cycle(_COLOURS), cycle(_MARKERS), strict=False)
    ):
        values = {str(k): v for k, v in point.items()}
        stroke = styles[number // len(_COLOURS) % len(styles)]
        look = {"color": colour, "marker": marker, "ls": stroke}
        found.append((values, {**look, "label": label(values)}))
    return found


def _matches(frame: pd.DataFrame, values: dict[str, Any]) -> pd.Series:
    same = pd.Series(True, index=frame.index)
    for name, value in values.items():
        column = frame[name]
        same &= column.isna() if pd.isna(value) else (column == value).fillna(False)
    return same


def _line(
    ax: Axes,
    axis: _Axis,
    found: pd.DataFrame,
    x: str,
    shift: float,
    look: dict[str, Any],
) -> None:
    at, means, halves = [], [], []
    for value in axis.values:
        chosen = found[_matches(found, {x: value})]["value"].astype(float)
        if chosen.empty:
            continue
        mean, half = figure_parts.error_bar(chosen)
        at.append(axis.place(value) + shift)
        means.append(mean)
        halves.append(half)
        if len(chosen) > 1:
            ax.plot(
                [at[-1]] * len(chosen),
                chosen,
                ".",
                color=look["color"],
                alpha=0.35,
                markersize=4,
                markeredgewidth=0,
            )
    ax.errorbar(at, means, halves, capsize=2, elinewidth=1, **look)
