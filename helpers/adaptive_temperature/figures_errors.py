"""Figures of outcomes: where errors move, and the authors' own samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from helpers import style
from helpers.adaptive_temperature.figures_common import NOTE, colours, with_methods
from helpers.adaptive_temperature.pass_at_k import bootstrap
from helpers.figure_parts import checked, darker, label_ends
from helpers.row_chart import row_names

VERDICTS = {
    "PASS": ("passes", style.PALETTE["green"]),
    "WRONG": ("wrong result", "#C9C9C9"),
    "EXC": ("exception", style.PALETTE["yellow"]),
    "COMPILE": ("does not parse", style.PALETTE["orange"]),
    "TIMEOUT": ("out of time", style.PALETTE["purple"]),
    "DIED": ("died", style.PALETTE["black"]),
    "LIMIT": ("over a limit", style.PALETTE["blue"]),
    "VIOLATION": ("violation", style.PALETTE["sky"]),
}
"""Verdicts of the sandbox in the order of the bars: wording and colour."""


def error_shift(frame: pd.DataFrame) -> Figure:
    """Share of each verdict among a sampler's samples, as stacked bars.

    Parameters
    ----------
    frame : pd.DataFrame
        Columns sampler, rule, verdict and count; a row a sampler and verdict.
        Optionally top_p.

    Raises
    ------
    ValueError
        If a column is missing, there are no rows, or a verdict is unknown.
    """
    checked(frame, ("sampler", "rule", "verdict", "count"))
    table = frame.pivot_table(
        index="sampler", columns="verdict", values="count", aggfunc="sum", fill_value=0
    )
    if unknown := sorted(set(map(str, table.columns)) - set(VERDICTS)):
        raise ValueError(
            f"unknown verdict {unknown[0]!r} (allowed: {', '.join(VERDICTS)})"
        )
    names = colours(with_methods(frame))
    share = 100 * table.div(table.sum(axis=1), axis=0).loc[list(names)]
    figure, ax = style.subplots(size=(5.6, 0.95 + 0.21 * len(names)))
    left = np.zeros(len(names))
    kinds = [name for name in VERDICTS if name in share and share[name].max() > 0]
    for kind in kinds:
        values = share[kind].to_numpy(float)
        ax.barh(
            range(len(names)), values, left=left, height=0.72, color=VERDICTS[kind][1],
            ec="white", lw=0.5,
        )  # fmt: skip
        left += values
    row_names(ax, names, names.values(), margin=0.08)
    ax.set(xlim=(0, 100), xlabel="samples / %")
    ax.grid(False)
    ax.spines["left"].set_visible(False)
    figure.legend(
        handles=[Patch(color=VERDICTS[kind][1], label=VERDICTS[kind][0])
                 for kind in kinds],
        loc="outside upper center",
        ncols=len(kinds) if len(kinds) < 7 else 4,
        handlelength=1,
        handleheight=1,
        handletextpad=0.4,
        columnspacing=1.1,
    )  # fmt: skip
    return figure


def authors_samples(
    counts: pd.DataFrame,
    paper: Mapping[str, float] | None = None,
    ks: Sequence[int] = (1, 5, 10, 15),
    *,
    seed: int = 0,
) -> Figure:
    """The authors' samples, rescored: passes per problem, and pass@k with intervals.

    Parameters
    ----------
    counts : pd.DataFrame
        A row a problem: columns n, samples, and c, those that pass.
    paper : mapping, optional
        Published scores at the largest k in percent, by what they are: drawn as
        diamonds, the first in black.
    ks : sequence of int
        No larger than n.
    seed : int
        Of the bootstrap over problems.

    Raises
    ------
    ValueError
        If a column is missing, there are no rows, or a k is larger than n.
    """
    checked(counts, ("n", "c"))
    n, c = counts["n"].to_numpy(int), counts["c"].to_numpy(int)
    colour = style.color("release")
    figure, (left, right) = style.subplots(1, 2, (6.4, 2.5), width_ratios=(5, 4))
    bars = np.bincount(c, minlength=int(n.max()) + 1)
    tints = ["#A8A8A8"] + [colour] * (len(bars) - 1)
    drawn = left.bar(range(len(bars)), bars, color=tints)
    left.bar_label(drawn, fontsize=6.5, color=NOTE, padding=1)
    left.set(xlabel=f"passing samples, of {n.max()}", ylabel="problems")
    left.set_xticks(range(0, len(bars), 5 if len(bars) > 6 else 1))
    left.grid(False, axis="x")
    left.margins(x=0.02)
    found = [bootstrap(n, c, k, seed=seed) for k in ks]
    value, low, high = (
        100 * np.array([one[name] for one in found])
        for name in ("value", "low", "high")
    )
    right.fill_between(ks, low, high, color=colour, alpha=0.13, lw=0)
    right.plot(ks, value, "o-", color=colour)
    for k, at in zip(ks, value, strict=True):
        last = k == max(ks)  # above it, as the published scores lie below
        right.annotate(
            f"{at:.1f}", (k, at), xytext=(0, 6) if last else (4, -9),
            textcoords="offset points", ha="center" if last else "left",
            fontsize=7.5, color=darker(colour),
        )  # fmt: skip
    right.set(xlabel="samples k", ylabel="pass@k / %", xticks=ks, ylim=(0, None))
    right.margins(x=0.1)
    ends = []
    for i, (text, level) in enumerate((paper or {}).items()):
        tint = NOTE if i else style.PAPER
        right.plot(max(ks), level, "D", color=tint, ms=5, zorder=5)
        ends.append((level, f"{text}: {level:.1f}", tint))
    label_ends(right, ends)
    return figure
