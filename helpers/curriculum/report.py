"""``curriculum report``: the runs as static pages that open without a network.

``build_report`` reads what the runner left in ``build/runs`` and writes
``build/report``: an index with the scoreboard, one page per executed notebook, and the
scoreboard again as JSON and CSV, and the API reference. The same runs and the same
sources give the same bytes.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from helpers import paths
from helpers.curriculum import report_pages
from helpers.curriculum.api_pages import cached_pages
from helpers.curriculum.report_embed import Links
from helpers.curriculum.report_runs import (
    Entry,
    Notebook,
    by_claim,
    collect,
    counts_by_scale,
    group,
    scoreboard,
    settings,
    to_csv,
)
from helpers.curriculum.report_templates import environment
from helpers.parameters import ParameterError

MARKER = "scoreboard.json"  # only a folder with this file is ever replaced


def build_report(runs: Path | None = None, out: Path | None = None) -> Path:
    """Write the report and return the path of its ``index.html``.

    Parameters
    ----------
    runs : Path, optional
        Folder of the runs, ``build/runs`` when left out: one folder per notebook,
        in it one per scale (and per set of the reader's own values).
    out : Path, optional
        Folder to write, ``build/report`` when left out. It is replaced as a whole
        once everything is written, so a reader never sees half a report.

    Raises
    ------
    ParameterError
        If there are no runs, or ``out`` exists and is no report of ours.
    """
    runs = paths.BUILD / "runs" if runs is None else Path(runs)
    out = paths.BUILD / "report" if out is None else Path(out)
    if out.exists() and not _replaceable(out):
        raise ParameterError(f"{out} is not a report; it is left as it is")
    entries, unreadable = collect(runs)
    if not entries and not unreadable:
        raise ParameterError(f"there are no runs in {runs}; start with: curriculum run")
    notebooks = group(entries)
    own = [entry for entry in entries if entry.own]
    out.parent.mkdir(parents=True, exist_ok=True)
    fresh = out.with_name(f".{out.name}.{os.getpid()}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        fresh.mkdir()
        _write(fresh, out, notebooks, own, unreadable)
        _swap(fresh, out)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return out / "index.html"


def _write(
    folder: Path,
    out: Path,
    notebooks: list[Notebook],
    own: list[Entry],
    unreadable: list[str],
) -> None:
    entries = [run for notebook in notebooks for run in notebook.runs]
    for entry in entries + own:
        entry.page = f"{entry.folder.parent.name}-{entry.label}.html"
    pages = {notebook.name: notebook.runs[0].page for notebook in notebooks}
    for entry in entries + own:
        _render(entry, Links(entry.folder, paths.ROOT, out, pages), folder)
    templates = environment()
    page = templates.get_template("page.html.j2")
    by_name = {notebook.name: notebook for notebook in notebooks}
    for entry in entries + own:
        if entry.page:
            siblings = by_name.get(entry.result.notebook)
            text = page.render(entry=entry, siblings=siblings.runs if siblings else [])
            paths.write_atomic(folder / entry.page, text)
    records = scoreboard(notebooks)
    counts = counts_by_scale(notebooks)
    exported = {"counts": counts, "claims": records}
    text = json.dumps(exported, indent=1, ensure_ascii=False, allow_nan=False)
    paths.write_atomic(folder / MARKER, text + "\n")
    paths.write_atomic(folder / "scoreboard.csv", to_csv(records))
    rows = [pair for notebook in notebooks for pair in by_claim(notebook)]
    index = templates.get_template("index.html.j2").render(
        notebooks=notebooks,
        entries=entries,
        own=own,
        unreadable=unreadable,
        failed=[entry for entry in entries if not entry.result.passed],
        rows=rows,
        claimed=len({(run.result.notebook, claim.id) for run, claim in rows}),
        counts=counts,
        settings=settings(entries + own),
        newest=max((e.result.started for e in entries + own), default=""),
    )
    paths.write_atomic(folder / "index.html", index)
    for name, text in cached_pages().items():
        paths.write_atomic(folder / "api" / name, text)


def _render(entry: Entry, links: Links, folder: Path) -> None:
    executed = entry.folder / entry.result.executed
    try:
        if not executed.is_file():
            raise ValueError("the run left no executed notebook")
        page = report_pages.render(executed, links)
    except ValueError as error:
        entry.page, entry.problem = "", str(error)
        return
    entry.body, entry.sections = page.body, page.sections
    entry.failure_anchor = page.failure_anchor
    if page.thumbnail and not entry.own:
        suffix, content = page.thumbnail
        entry.thumbnail = f"thumbnails/{Path(entry.page).stem}{suffix}"
        paths.write_atomic(folder / entry.thumbnail, content)


def _replaceable(out: Path) -> bool:
    if not out.is_dir():
        return False
    return (out / MARKER).is_file() or not any(out.iterdir())


def _swap(fresh: Path, out: Path) -> None:
    """Put ``fresh`` in the place of ``out``; the old folder goes last."""
    old = out.with_name(f".{out.name}.{os.getpid()}.old")
    shutil.rmtree(old, ignore_errors=True)
    if out.exists():
        out.rename(old)
    try:
        fresh.rename(out)
    except OSError:
        if old.exists():
            old.rename(out)
        raise
    shutil.rmtree(old, ignore_errors=True)
