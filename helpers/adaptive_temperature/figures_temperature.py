"""Figures of the temperatures: pass@k against T, and over the grid of a and b."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, TwoSlopeNorm
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from helpers import style
from helpers.adaptive_temperature.figures_common import (
    ADAPT,
    NOTE,
    NUCLEUS,
    UNIFORM,
    best_uniform,
    pass_columns,
    percent,
    short,
    summary_of_one,
)
from helpers.figure_parts import label_ends
from helpers.names import unknown_name

WORSE_BETTER = LinearSegmentedColormap.from_list(
    "worse better", ["#F0AE82", "#FBE5D8", "#ffffff", "#D9EAF5", "#84BBDD"]
)
"""Pale enough at both ends for black numbers."""


def temperature_curve(
    summary: pd.DataFrame, ks: Sequence[int] = (1, 15), adapt: str | None = None
) -> Figure:
    """pass@k against a uniform temperature, with and without a nucleus.

    Bands are the summary's intervals. T = 0 is greedy decoding. The horizontal line
    with its band is one sampler of AdapT.

    Parameters
    ----------
    summary : pd.DataFrame
        Of one world and split; a row a sampler.
    ks : sequence of int
        A panel each.
    adapt : str, optional
        Name of AdapT's sampler. By default the best of them at the last k, which is
        then chosen on the data it is shown on.

    Raises
    ------
    ValueError
        If the summary has no uniform temperature, no such sampler, or is of several
        worlds or splits.
    """
    rows = summary_of_one(summary, ks, "a")
    best_uniform(rows, ks[-1])
    chosen = _adapt(rows, ks[-1], adapt)
    figure, axes = style.subplots(1, len(ks), (0.4 + 2.9 * len(ks), 2.5), squeeze=False)
    for ax, k in zip(axes[0], ks, strict=True):
        ends = []
        for kind, text in ((UNIFORM, "uniform T"), (NUCLEUS, "with top-p")):
            part = rows[rows["method"] == kind].sort_values("a")
            if part.empty:
                continue
            colour = style.color(kind)
            value, low, high = (100 * part[name] for name in pass_columns(k))
            ax.fill_between(part["a"], low, high, color=colour, alpha=0.13, lw=0)
            ls = "--" if kind == NUCLEUS else "-"
            ax.plot(part["a"], value, ls, marker="o", ms=3.5, color=colour)
            ends.append((float(value.iloc[-1]), text, colour))
        for _, row in rows[rows["method"] == "greedy"].iterrows():
            _greedy(ax, percent(row, k))
        if chosen is not None:
            level, bottom, top = percent(chosen, k)
            colour = style.color(str(chosen["method"]))
            ax.axhspan(bottom, top, color=colour, alpha=0.1, lw=0)
            ax.axhline(level, color=colour, lw=1.3)
            ends.append((level, str(chosen["sampler"]).replace(" ", "\n", 1), colour))
        ax.set(xlabel="temperature T", ylabel=f"pass@{k} / %", xlim=(-0.08, None))
        ax.set_ylim(0, None)
        label_ends(ax, ends, gap=0.15)
    return figure


def _greedy(ax: Axes, value: tuple[float, float, float]) -> None:
    at, low, high = value
    colour = style.color("greedy")
    ax.plot([0, 0], [low, high], color=colour, lw=1.2)
    ax.plot(0, at, "s", color=colour, ms=5, zorder=5)
    ax.annotate(
        "greedy",
        (0, at),
        xytext=(5, 0),
        textcoords="offset points",
        fontsize=7.5,
        va="bottom",
        color=colour,
    )


def _adapt(rows: pd.DataFrame, k: int, name: str | None) -> pd.Series | None:
    """The named sampler, or AdapT's best at k if there is one."""
    if name is not None:
        known = rows["sampler"].astype(str).tolist()
        if name not in known:
            raise unknown_name("sampler", name, known)
        return rows.iloc[known.index(name)]
    part = rows[rows["method"].isin(ADAPT)]
    return None if part.empty else part.iloc[int(part[f"pass@{k}"].argmax())]


def adapt_grid(summary: pd.DataFrame, k: int = 15, rule: str | None = None) -> Figure:
    """pass@k over the hot temperature a and the cold one b, in percent.

    White is the best uniform temperature of the summary, blue above it, orange below.
    Framed cells, a = b, are uniform temperatures themselves.

    Parameters
    ----------
    summary : pd.DataFrame
        Of one world and split, with a grid of one of AdapT's rules.
    rule : str, optional
        The grid's; by default the only one, and an error if there are several.

    Raises
    ------
    ValueError
        If there is no such grid, no uniform temperature, or are several worlds,
        splits, or samplers of one a and b.
    """
    rows = summary_of_one(summary, [k], "a", "b")
    uniform = rows[rows["method"] == UNIFORM]
    best = best_uniform(rows, k)
    rules = [name for name in ADAPT if name in set(rows["rule"])]
    if rule is None and len(rules) != 1:
        raise ValueError(f"the summary has rules {rules} of AdapT; name one of them")
    rule = rule or rules[0]
    if rule not in rules:
        raise unknown_name("rule", rule, rules)
    grid = rows[rows["rule"] == rule]
    if grid.duplicated(["a", "b"]).any():
        a, b = grid.loc[grid.duplicated(["a", "b"]), ["a", "b"]].iloc[0]
        raise ValueError(f"a = {a:g}, b = {b:g} comes twice; allowed: once")
    hot, cold = sorted(set(grid["a"])), sorted(set(grid["b"]))
    same = uniform[uniform["a"].isin(hot) & uniform["a"].isin(cold)]
    found = np.full((len(cold), len(hot)), np.nan)
    for part in (same, grid):
        for _, one in part.iterrows():
            found[cold.index(one["b"]), hot.index(one["a"])] = 100 * one[f"pass@{k}"]
    size = (1.3 + 0.46 * len(hot), 0.95 + 0.3 * len(cold))
    figure, ax = style.subplots(size=(max(size[0], 2.9), max(size[1], 1.7)))
    level = 100 * float(best[f"pass@{k}"])
    reach = max(0.5, float(np.nanmax(np.abs(found - level))))
    ax.imshow(
        found,
        cmap=WORSE_BETTER,
        norm=TwoSlopeNorm(level, level - reach, level + reach),
        origin="lower",
        aspect="auto",
    )
    for y, x in np.argwhere(np.isfinite(found)):
        top = found[y, x] == np.nanmax(found)
        weight = "bold" if top else "normal"
        ax.text(
            x, y, f"{found[y, x]:.1f}", ha="center", va="center", fontsize=7.5,
            fontweight=weight,
        )  # fmt: skip
    for t in same["a"]:
        at = (hot.index(t) - 0.46, cold.index(t) - 0.46)
        ax.add_patch(
            Rectangle(at, 0.92, 0.92, fill=False, ec=style.color(UNIFORM), lw=1.2)
        )
    ax.set_xticks(range(len(hot)), [short(t) for t in hot])
    ax.set_yticks(range(len(cold)), [short(t) for t in cold])
    ax.set(xlabel="hot temperature a", ylabel="cold temperature b")
    ax.grid(False)
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
    ax.set_title(f"pass@{k} / %, {rule}", fontsize=8.5)
    figure.supxlabel(
        f"white: best uniform T = {short(best['a'])}, {level:.1f} %",
        fontsize=7,
        color=NOTE,
        x=0.99,
        ha="right",
    )
    return figure
