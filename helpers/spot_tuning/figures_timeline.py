"""The Gantt chart of one job over the prices it paid and the bill it ran up."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from helpers import style
from helpers.figure_parts import label_ends, log_axis
from helpers.spot_tuning.figures_common import TYPE_COLOURS
from helpers.spot_tuning.instances import CATALOGUE, instance
from helpers.spot_tuning.job_result import JobResult
from helpers.spot_tuning.prices import HOUR, MINUTE, Market
from helpers.spot_tuning.timeline import (
    gantt_rows,
    job_start,
    machine_counts,
    phase_end,
    promoted,
    running_bill,
)

REVOKED = "#D00000"
GREY = style.PALETTE["grey"]


def timeline(
    result: JobResult,
    market: Market,
    title: str = "",
    size: tuple[float, float] = (9.0, 6.0),
) -> Figure:
    """Who ran where, on which prices, and what it cost.

    Above: one row per trial, best on top; a bar is one machine in its type's colour.
    Middle: spot prices, thick where the job holds machines of the type. Below: the
    running bill. All on one clock.
    """
    figure, (bars, prices, bill) = style.subplots(
        3, 1, size, sharex=True, height_ratios=(3.1, 1.35, 1.2)
    )
    bars.set_xlim(0, result.jct / HOUR)
    draw_bars(bars, result)
    _draw_prices(prices, result, market)
    _draw_bill(bill, result, market)
    end = phase_end(result)
    if end is not None:
        for ax in (bars, prices, bill):
            ax.axvline(end, color=style.PAPER, ls="--", lw=1, zorder=4)
        bars.annotate(
            "θ: phase 1 ends, the winners go on",
            (end, 0),
            xycoords=("data", "axes fraction"),
            xytext=(4, 3),
            textcoords="offset points",
            fontsize=8,
        )
    bill.set_xlabel("hours since the start of the job")
    if title:
        bars.set_title(title, fontsize=10, pad=22)
    return figure


def draw_bars(ax: Axes, result: JobResult, columns: int = 4) -> None:
    """One row per trial; what was free is hatched, what was lost ends in red.

    ``columns`` is how many of the keys above stand side by side.
    """
    rows = gantt_rows(result)
    rows["free"] = rows["refunded"] >= 1
    for keys, group in rows.groupby(["instance_type", "part", "free"]):
        kind, part, free = keys
        colour = TYPE_COLOURS[str(kind)]
        face = {"train": colour, "lost": "white"}.get(str(part), _pale(colour))
        hollow = free and part == "train"
        first, last, row = (group[c].to_numpy() for c in ("first", "last", "row"))
        low, high = row - 0.38, row + 0.38
        x = np.stack([first, last, last, first], axis=1)
        y = np.stack([low, low, high, high], axis=1)
        boxes = PolyCollection(
            list(np.stack([x, y], axis=2)),  # one artist for hundreds of bars
            facecolor="white" if hollow else face,
            edgecolor=colour if hollow or part == "lost" else face,
            hatch="/////" if hollow else None,
            linewidth=0.5,
            zorder=2,
        )
        ax.add_collection(boxes, autolim=False)
    revoked = rows[rows["revoked"]].groupby("machine")[["last", "row"]].max()
    ax.vlines(
        revoked["last"], revoked["row"] - 0.5, revoked["row"] + 0.5, REVOKED, lw=1.8
    )
    winners = promoted(result)
    trials = result.ranking
    names = [f"{'★ ' if t == trials[0] else ''}{t}" for t in trials]
    ax.set_yticks(range(len(trials)), names, fontsize=min(8, 150 / len(trials)))
    for label, trial in zip(ax.get_yticklabels(), trials, strict=True):
        label.set_fontweight("bold" if trial in winners else "normal")
    note = "★ chosen, bold: trained on" if winners else "★ chosen"
    ax.set_ylabel(f"trials, best on top\n({note})")
    ax.set_ylim(len(trials) - 0.4, -0.6)
    ax.grid(axis="y", visible=False)
    _draw_keys(ax, [k for k in CATALOGUE if k in set(rows["instance_type"])], columns)


def _draw_keys(ax: Axes, types: list[str], columns: int) -> None:
    """What hatches and ticks mean, above; which colour is which machine, right."""
    revoked = Line2D([], [], color=REVOKED, marker="|", ls="", ms=9, mew=1.8)
    meanings = ax.legend(
        [
            Patch(facecolor="#777777"),
            Patch(facecolor="white", edgecolor="#777777", hatch="/////"),
            Patch(facecolor=_pale("#777777")),
            revoked,
        ],
        [
            "training, paid",
            "training, refunded",
            "boot, restore, save",
            "taken back by the provider",
        ],
        loc="lower left",
        bbox_to_anchor=(0, 1),
        ncols=columns,
        borderaxespad=0.2,
        handlelength=1.6,
        columnspacing=1.4,
        fontsize=8,
    )
    ax.add_artist(meanings)
    meanings.set_clip_on(False)  # or the layout leaves it no room
    ax.legend(
        [Patch(facecolor=TYPE_COLOURS[kind]) for kind in types],
        [f"{kind}\n{instance(kind).vcpu} cores" for kind in types],
        loc="upper left",
        bbox_to_anchor=(1, 1),
        handlelength=1,
        labelspacing=0.7,
        title="machines",
        title_fontsize=8,
        alignment="left",
    )


def _pale(colour: str, strength: float = 0.35) -> str:
    red, green, blue = (1 - strength * (1 - part) for part in to_rgb(colour))
    return to_hex((red, green, blue))


def _draw_prices(ax: Axes, result: JobResult, market: Market) -> None:
    """Spot prices; thick where machines of the type are held."""
    start = job_start(result)
    first, last = market.minute(start), market.minute(start + result.jct - 1e-6)
    minutes = np.arange(first, last + 2)
    hours = (minutes * MINUTE - start) / HOUR
    counts = machine_counts(result)
    labels = []
    for kind in market.types:
        price = market.prices(kind)[first : last + 1]
        price = np.append(price, price[-1])
        colour = TYPE_COLOURS[kind]
        ax.plot(hours, price, color=colour, lw=0.8, drawstyle="steps-post")
        if kind in counts:
            at = np.searchsorted(counts.index.to_numpy(), hours, side="right") - 1
            number = counts[kind].to_numpy()[np.maximum(at, 0)]
            held = np.where(number > 0, price, np.nan)
            ax.plot(hours, held, color=colour, lw=3, drawstyle="steps-post")
        labels.append((float(price[-1]), kind, colour))
    ax.set_ylabel("spot price\nUSD / h")
    log_axis(ax, "y")
    label_ends(ax, labels, gap=0.15)


def _draw_bill(ax: Axes, result: JobResult, market: Market) -> None:
    """Billed so far, what of it was refunded, and what remains."""
    blue = style.color("SpotTune")
    bill = running_bill(result, market)
    cents = result.ledger.cents()
    gross, refund, net = (cents[name] / 100 for name in ("gross", "refund", "net"))
    ax.plot(bill["hours"], bill["net"], color=blue, lw=2)
    labels = [(net, f"to pay {net:.2f}", blue)]
    if refund:
        ax.plot(bill["hours"], bill["gross"], color=GREY, lw=1)
        ax.fill_between(
            bill["hours"],
            bill["net"],
            bill["gross"],
            facecolor="white",
            edgecolor="#BBBBBB",
            hatch="/////",
            linewidth=0,
        )
        labels.append((gross, f"billed {gross:.2f}", GREY))
        labels.append(((gross + net) / 2, f"refunded {refund:.2f}", GREY))
    ax.set(ylabel="bill so far\nUSD", ylim=(0, None))
    label_ends(ax, labels, gap=0.17)
