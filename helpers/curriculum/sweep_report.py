"""What a sweep leaves: ``table.parquet``, ``figure.svg`` and a page, ``index.html``."""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from helpers.claims import VERDICTS
from helpers.curriculum import sweep_figure
from helpers.curriculum.report_runs import Entry, settings
from helpers.curriculum.report_templates import environment
from helpers.curriculum.results import RunResult
from helpers.curriculum.sweep_grid import Cell, label, points
from helpers.curriculum.sweep_run import SweepRun
from helpers.curriculum.sweep_table import NOT_RUN, save_table, table
from helpers.figure_parts import error_bar
from helpers.paths import write_atomic

TABLE, FIGURE, PAGE = "table.parquet", "figure.svg", "index.html"


@dataclass(frozen=True)
class Row:
    """A claim at one point of the grid, over its repetitions."""

    claim: str
    statement: str
    unit: str
    point: str
    count: int
    mean: float | None
    low: float | None
    high: float | None
    verdicts: Mapping[str, int]


def write_sweep(run: SweepRun) -> Path:
    """Write table, figure and page into the sweep's folder; return the page's path.

    An interrupted sweep gets all three as well: cells that have no result are there,
    as not run. Each file is replaced as a whole.
    """
    folder = run.sweep.folder
    frame = table(run)
    save_table(frame, folder / TABLE)
    figure = ""
    if frame["value"].notna().any():
        figure = sweep_figure.svg(frame, list(run.sweep.grid))
        write_atomic(folder / FIGURE, figure)
    else:
        (folder / FIGURE).unlink(missing_ok=True)
    write_atomic(folder / PAGE, page(run, frame, figure))
    return folder / PAGE


def page(run: SweepRun, frame: pd.DataFrame, figure: str) -> str:
    """The page of a sweep: it needs no other file but the linked notebooks."""
    sweep = run.sweep
    done = [(cell, result) for cell, result in run if result is not None]
    entries = [_entry(cell, result) for cell, result in done]
    packed = base64.b64encode(figure.encode()).decode()
    return (
        environment()
        .get_template("sweep.html.j2")
        .render(
            sweep=sweep,
            run=run,
            grid=label(sweep.grid),
            fixed=label(sweep.fixed),
            figure=f"data:image/svg+xml;base64,{packed}" if figure else "",
            rows=summary(run, frame),
            cells=[
                {
                    "values": label(cell.values),
                    "seed": cell.seed,
                    "result": result,
                    "link": _link(cell, sweep.folder) if result else "",
                }
                for cell, result in run
            ],
            failed=[_entry(cell, result) for cell, result in run.failed],
            missing=len(sweep.cells) - len(done),
            settings=settings(entries),
            seconds=sum(result.seconds for _, result in done),
            newest=max((result.started for _, result in done), default=""),
            not_run=NOT_RUN,
        )
    )


def summary(run: SweepRun, frame: pd.DataFrame) -> list[Row]:
    """Every claim at every point: mean, 95 % interval over repetitions, verdicts.

    The interval is Student's t; there is none for fewer than three repetitions.
    """
    rows = []
    claims = frame[frame["claim"].notna()]
    order = list(dict.fromkeys(claims["claim"]))
    for values, cells in points(run.sweep.cells):
        here = claims[claims["cell"].isin([cell.id for cell in cells])]
        for claim, found in here.groupby("claim", sort=False):
            numbers = found["value"].dropna().astype(float)
            mean, half = error_bar(numbers) if len(numbers) else (None, 0.0)
            verdicts = list(found["verdict"])
            given = [v for v in reversed(VERDICTS) if v in verdicts]
            rows.append(
                Row(
                    claim=str(claim),
                    statement=str(found["statement"].iloc[0]),
                    unit=str(found["unit"].iloc[0]),
                    point=label(values) or "all",
                    count=len(found),
                    mean=mean,
                    low=mean - half if mean is not None and half else None,
                    high=mean + half if mean is not None and half else None,
                    verdicts={verdict: verdicts.count(verdict) for verdict in given},
                )
            )
    return sorted(rows, key=lambda row: order.index(row.claim))  # stable: grid's order


def _entry(cell: Cell, result: RunResult) -> Entry:
    return Entry(result, cell.job.folder, own=True, changed=_values(cell))


def _values(cell: Cell) -> dict[str, Any]:
    return {**cell.values, "seed": cell.seed}


def _link(cell: Cell, folder: Path) -> str:
    return Path(os.path.relpath(cell.job.executed, folder)).as_posix()
