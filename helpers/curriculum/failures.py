"""The truth about a run that did not pass: in the executed copy and as a report."""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any

import nbformat

from helpers import paths
from helpers.curriculum.outputs import last_line
from helpers.curriculum.results import Failure, RunResult
from helpers.curriculum.sections import (
    COMPLETED,
    NOT_RUN,
    section_of,
    source_number,
    tags,
)

MARKER_TAG = "curriculum-marker"
_PAPERMILL_TAG = "papermill-error-cell-tag"
_ANCHOR = "curriculum-stopped-here"
_LINES = 5


def read_executed(executed: Path, source: Path) -> nbformat.NotebookNode:
    """The executed copy without markers; the source where none was saved."""
    try:
        notebook = nbformat.read(executed, as_version=4)
    except (OSError, ValueError, nbformat.reader.NotJSONError):
        notebook = nbformat.read(source, as_version=4)
    markers = {MARKER_TAG, _PAPERMILL_TAG}
    notebook.cells = [c for c in notebook.cells if not markers & set(tags(c))]
    return notebook


def failing_cell(notebook: nbformat.NotebookNode) -> int | None:
    """Index of the first cell that did not complete, as the engine recorded it."""
    for index, cell in enumerate(notebook.cells):
        status = cell.metadata.get("papermill", {}).get("status")
        if status not in (None, COMPLETED, NOT_RUN, "pending"):
            return index
    return None


def describe(
    notebook: nbformat.NotebookNode, index: int | None, message: str
) -> Failure:
    """Section, cell number and code around the place where a run stopped."""
    if index is None:
        return Failure(message=message)
    cell = notebook.cells[index]
    line = _error_line(cell)
    error = next((o for o in cell.get("outputs", []) if o.output_type == "error"), None)
    if error is not None:
        message = f"{error.ename}: {last_line(str(error.evalue))}".rstrip(": ")
    return Failure(
        section=section_of(notebook.cells, index),
        cell=source_number(notebook.cells, index),
        code=_excerpt(str(cell.source), line),
        message=message,
    )


def _error_line(cell: nbformat.NotebookNode) -> int | None:
    """1-based line of the cell where its exception passed, read from the traceback."""
    for output in cell.get("outputs", []):
        if output.output_type != "error":
            continue
        for frame in output.traceback:
            lines = str(frame).splitlines()
            if not lines or "Cell In[" not in frame and "Input In" not in frame:
                continue
            for text in lines:
                number = _arrow_number(text)
                if number is not None:
                    return number
    return None


def _arrow_number(text: str) -> int | None:
    plain = last_line(text)
    if plain.startswith("-") and "> " in plain:
        number = plain.partition("> ")[2].split(" ")[0]
        return int(number) if number.isdigit() else None
    return None


def _excerpt(source: str, line: int | None) -> str:
    """Five lines with ``line`` (1-based) in the middle and marked."""
    lines = source.splitlines()
    if line is None or line > len(lines):
        return "\n".join(lines[:_LINES])
    start = max(0, min(line - 1 - _LINES // 2, len(lines) - _LINES))
    return "\n".join(
        f"{'>' if number == line else ' '} {text}"
        for number, text in enumerate(lines[start : start + _LINES], start + 1)
    )


def mark(
    notebook: nbformat.NotebookNode, result: RunResult, index: int | None
) -> None:
    """Write into the executed copy what happened and to which cells.

    The first cell says it; a note stands above the cell concerned. Where the run
    stopped early, that cell gets the run's status and all later cells ``not run``.
    """
    failure = result.failure or Failure()
    early = result.status not in ("swallowed error", "claims worse", "passed")
    for position, cell in enumerate(notebook.cells):
        record = cell.metadata.setdefault("papermill", nbformat.from_dict({}))
        if early and index is not None and position >= index:
            record["status"] = result.status if position == index else NOT_RUN
        elif record.get("status") in (None, "pending", "running"):
            record["status"] = NOT_RUN if early else COMPLETED
    notebook.metadata.setdefault("papermill", nbformat.from_dict({}))
    notebook.metadata.papermill["status"] = result.status
    notebook.metadata.papermill["exception"] = early
    if index is not None:
        note = f"<a id='{_ANCHOR}'></a>**{result.status}** in the next cell."
        notebook.cells.insert(index, _marker(note))
    where = f" · [go to the cell](#{_ANCHOR})" if index is not None else ""
    lines = [failure.message, *result.worse]
    text = "<br>".join(html.escape(line) for line in lines if line)
    notebook.cells.insert(0, _marker(f"**This run: {result.status}.** {text}{where}"))


def _marker(text: str) -> nbformat.NotebookNode:
    cell: nbformat.NotebookNode = nbformat.v4.new_markdown_cell(text)
    cell.metadata["tags"] = [MARKER_TAG]
    cell.metadata["papermill"] = {"status": COMPLETED}
    return cell


def save(notebook: nbformat.NotebookNode, executed: Path) -> None:
    paths.write_atomic(executed, nbformat.writes(notebook))


def report(result: RunResult, folder: Path) -> str:
    """What a person needs to find the fault, as plain text."""
    failure = result.failure or Failure()
    place = failure.section or "(no section)"
    if failure.cell is not None:
        place += f", cell {failure.cell}"
    code = [f"    {line}" for line in failure.code.splitlines()]
    facts: list[Any] = [
        f"{result.notebook} {result.scale}: {result.status.upper()}",
        *([f"  where: {place}"] if failure.section or failure.cell else []),
        *code,
        *([f"  error: {failure.message}"] if failure.message else []),
        *(f"  {line}" for line in result.worse),
        f"  executed copy: {folder / result.executed}",
    ]
    return "\n".join(facts)

