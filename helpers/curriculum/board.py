"""The scoreboard inside a notebook: every claim of every paper, with filters.

A paper whose ``default`` run is in ``build/runs`` is shown with our numbers; for the
others the verdicts that are committed in ``data/expected`` stand in, and say so.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from helpers import style
from helpers.claim_table import ours_cell, paper_cell
from helpers.claims import (
    DIRECTION,
    NOT_REPRODUCED,
    NOT_TESTABLE,
    REPRODUCED,
    SYMBOLS,
    VERDICTS,
    Claim,
)
from helpers.curriculum.paper_map import paper_specs, short_title
from helpers.curriculum.report_templates import when
from helpers.curriculum.results import RunResult, expected_verdicts, run_folder
from helpers.names import unknown_name

if TYPE_CHECKING:
    from IPython.display import HTML
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SCALE = "default"
ALL = "all"
FILTERS = (ALL, *reversed(VERDICTS))
_MARKS: dict[str, dict[str, Any]] = {
    REPRODUCED: {"marker": "o", "color": style.PALETTE["blue"], "fillstyle": "full"},
    DIRECTION: {"marker": "o", "color": style.PALETTE["yellow"], "fillstyle": "left"},
    NOT_REPRODUCED: {
        "marker": "o",
        "color": style.PALETTE["orange"],
        "fillstyle": "none",
    },
    NOT_TESTABLE: {"marker": "_", "color": style.PALETTE["grey"]},
}

_ROWS = [
    ", ".join(f"{SYMBOLS[verdict]} {verdict}" for verdict in pair)
    for pair in ((REPRODUCED, DIRECTION), (NOT_REPRODUCED, NOT_TESTABLE))
]
_LEGEND = ",\n".join(_ROWS)


@dataclass(frozen=True)
class Row:
    """One claim; without a run only its expected verdict is known."""

    paper: str
    id: str
    verdict: str
    claim: Claim | None = None


@dataclass(frozen=True)
class Board:
    """All claims of all papers, in order.

    Attributes
    ----------
    runs : dict of str to str
        When each measured paper was run (UTC), by its short title.
    """

    papers: tuple[str, ...]
    rows: tuple[Row, ...]
    runs: dict[str, str]

    def select(self, paper: str = ALL, verdict: str = ALL) -> list[Row]:
        """Rows of one paper, of one verdict, or of both.

        Raises
        ------
        ValueError
            If there is no such paper or verdict, with the nearest name.
        """
        for kind, name, known in (
            ("paper", paper, (ALL, *self.papers)),
            ("verdict", verdict, FILTERS),
        ):
            if name not in known:
                raise unknown_name(kind, name, known)
        return [
            row
            for row in self.rows
            if paper in (ALL, row.paper) and verdict in (ALL, row.verdict)
        ]

    def note(self) -> str:
        """One sentence: what was measured here, and how to measure the rest."""
        missing = [paper for paper in self.papers if paper not in self.runs]
        text = "No paper has been run here yet. "
        if self.runs:
            newest = when(max(self.runs.values()))
            text = f"Measured here: {', '.join(self.runs)} (newest {newest}). "
        if missing:
            text += (
                f"Expected verdicts only, from data/expected: {', '.join(missing)}. "
                "To measure them: make run, or curriculum run with a number."
            )
        return text.strip()

    def draw(self, paper: str = ALL, verdict: str = ALL) -> tuple[Figure, HTML]:
        """The board as marks, those asked for in full colour, and as a table."""
        from IPython.display import HTML

        chosen = self.select(paper, verdict)
        figure, ax = style.subplots(size=(7.4, 0.7 + 0.34 * len(self.papers)))
        for y, name in enumerate(reversed(self.papers)):
            _draw_marks(ax, y, [row for row in self.rows if row.paper == name], chosen)
        ax.set_yticks(
            range(len(self.papers)), [self._label(p) for p in self.papers[::-1]]
        )
        ax.set(
            xticks=[],
            xlabel=f"one mark per claim: {_LEGEND}",
            ylim=(-0.6, len(self.papers) - 0.4),
        )
        ax.grid(False)
        for side in ("left", "bottom"):
            ax.spines[side].set_visible(False)
        ax.tick_params(length=0)
        return figure, HTML(_summary(chosen, len(self.rows)) + _table(chosen))

    def _label(self, paper: str) -> str:
        return paper if paper in self.runs else f"{paper} (expected)"


def read_board() -> Board:
    """The newest ``default`` runs, and committed verdicts for what was not run."""
    rows: list[Row] = []
    runs = {}
    specs = paper_specs()
    for spec in specs:
        title = short_title(spec)
        result = RunResult.load(run_folder(spec.name, SCALE, {}))
        if result is not None and result.claims:
            runs[title] = result.started
            rows += [Row(title, c.id, c.verdict, c) for c in result.claims]
        else:
            expected = expected_verdicts(spec.name, SCALE) or {}
            rows += [Row(title, id, verdict) for id, verdict in expected.items()]
    return Board(tuple(map(short_title, specs)), tuple(rows), runs)


def _draw_marks(ax: Axes, y: int, rows: Sequence[Row], chosen: Sequence[Row]) -> None:
    """One paper's claims in a line; those not chosen are pale."""
    for verdict, mark in _MARKS.items():
        for shown in (True, False):
            x = [
                place
                for place, row in enumerate(rows)
                if row.verdict == verdict and (row in chosen) == shown
            ]
            ax.plot(
                x,
                [y] * len(x),
                linestyle="none",
                markersize=8,
                markerfacecoloralt="white",
                alpha=1.0 if shown else 0.15,
                **mark,
            )


def _summary(rows: Sequence[Row], total: int) -> str:
    found = [row.verdict for row in rows]
    counts = ", ".join(
        f"{found.count(verdict)} {SYMBOLS[verdict]} {verdict}"
        for verdict in reversed(VERDICTS)
        if verdict in found
    )
    return f"<b>{len(rows)} of {total} claims</b>" + (f": {counts}" if counts else "")


def _table(rows: Sequence[Row]) -> str:
    """The claims in a box that scrolls, not read aloud at every change."""
    head = "<tr><th>claim</th><th>paper</th><th>ours</th><th>verdict</th></tr>"
    body = "".join(
        f"<tr><td>{html.escape(row.paper[:2])} <b>{html.escape(row.id)}</b>"
        + (f"<br>{html.escape(row.claim.statement)}" if row.claim else "")
        + f"</td><td>{html.escape(paper_cell(row.claim)) if row.claim else ''}</td>"
        f"<td>{html.escape(ours_cell(row.claim)) if row.claim else 'expected'}</td>"
        f"<td>{SYMBOLS[row.verdict]}&nbsp;{row.verdict}</td></tr>"
        for row in rows
    )
    box = (
        "max-height:300px;max-width:800px;overflow:auto;margin-top:6px;line-height:1.4"
    )
    return (
        "<style>.board :is(th,td){text-align:left;vertical-align:top;"
        "padding:2px 10px 2px 0}.board td{min-width:min(20em,24vw)}"
        ".board td+td{min-width:min(8em,10vw)}</style>"
        f"<div aria-live='off' tabindex='0' role='region' aria-label='Claims' "
        f"style='{box}'><table class='board'>{head}{body}</table></div>"
    )
