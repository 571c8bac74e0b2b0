"""The six papers at a glance: what each asks, its idea, and what it costs to run.

Titles, questions and costs are read from the scale tables, never typed again.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from helpers import style
from helpers.scales import SCALES, NotebookSpec, all_specs

if TYPE_CHECKING:
    from IPython.display import Markdown
    from matplotlib.figure import Figure

ARXIV = re.compile(r"arXiv (\d{4}\.\d{4,5})")
_COLOURS = dict(zip(SCALES, ("sky", "blue", "grey"), strict=True))


def paper_specs() -> list[NotebookSpec]:
    """The notebooks that each reproduce one paper, in order."""
    return [spec for spec in all_specs() if ARXIV.fullmatch(spec.paper)]


def short_title(spec: NotebookSpec) -> str:
    """Number and the title up to its colon: ``02 SpotTune``."""
    return f"{spec.number} {spec.title.partition(':')[0]}"


def stated_time(seconds: float) -> str:
    """A budget as its table means it: seconds, or hours from one hour on.

    >>> stated_time(280), stated_time(14400)
    ('280 s', '4 h')
    """
    return f"{seconds:g} s" if seconds < 3600 else f"{seconds / 3600:g} h"


def paper_map(specs: Sequence[NotebookSpec] | None = None) -> Markdown:
    """A table with a row per paper; it links to the notebook and to arXiv."""
    from IPython.display import Markdown

    lines = ["| notebook | question | idea | to run it |", "|:--|:--|:--|:--|"]
    for spec in paper_specs() if specs is None else specs:
        found = ARXIV.fullmatch(spec.paper)
        paper = f"[{spec.paper}](https://arxiv.org/abs/{found[1]})" if found else ""
        row = spec.scale("default")
        cost = f"{stated_time(row.seconds)}<br>{row.memory_mib / 1024:.1f} GiB"
        cost = cost.replace(" ", "&nbsp;")
        lines.append(
            f"| **[{short_title(spec)}]({spec.path.name})**<br>{paper} | "
            f"{_sentence(spec.question)} | {_sentence(spec.idea)}. | {cost} |"
        )
    return Markdown("\n".join(lines))


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def cost_figure(specs: Sequence[NotebookSpec] | None = None) -> Figure:
    """Stated time of every paper at the three scales, on a logarithmic axis."""
    shown = list(paper_specs() if specs is None else specs)[::-1]
    figure, ax = style.subplots(size=(6.4, 0.5 + 0.32 * len(shown)))
    for y, spec in enumerate(shown):
        seconds = [spec.scale(name).seconds for name in SCALES]
        ax.plot(seconds, [y] * len(seconds), color="#D0D0D0", zorder=1)
        for name, x in zip(SCALES, seconds, strict=True):
            row = spec.scale(name)
            colour = style.PALETTE[_COLOURS[name]]
            ax.plot([x], [y], "s" if row.gpu else "o", color=colour, markersize=6)
            ax.annotate(
                stated_time(x) + (", GPU" if row.gpu else ""),
                (x, y),
                xytext=(7, 0),
                textcoords="offset points",
                fontsize=7.5,
                va="center",
                bbox={"fc": "white", "ec": "none", "pad": 0.5},
            )
    for name in SCALES:
        x = max(spec.scale(name).seconds for spec in shown)
        ax.annotate(
            name,
            (x, len(shown) - 1),
            xytext=(0, 12),
            textcoords="offset points",
            ha="center",
            fontsize=8,
            fontweight="bold",
            color=style.PALETTE[_COLOURS[name]],
        )
    ax.set(xscale="log", yticks=range(len(shown)), xlabel="stated time")
    ax.set_yticklabels([short_title(spec) for spec in shown])
    ax.set_xticks(
        [10, 60, 600, 3600, 86400], ["10 s", "1 min", "10 min", "1 h", "1 day"]
    )
    ax.minorticks_off()
    ax.set_xlim(right=6 * ax.get_xlim()[1])
    ax.margins(y=0.14)
    ax.grid(False)
    return figure
