"""The executed copy of a notebook: made true after a run, kept true when reused."""

from __future__ import annotations

import base64
import html
import mimetypes
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from helpers.curriculum.results import Failure, RunResult
from helpers.curriculum.sections import COMPLETED, NOT_RUN, is_injected
from helpers.curriculum.trust import trust
from helpers.notebook_files import cell_tags, read_notebook, write_notebook

MARKER_TAG = "curriculum-marker"
_PAPERMILL_TAG = "papermill-error-cell-tag"
_ANCHOR = "curriculum-stopped-here"
_LINK = re.compile(r"(!?\[[^\]]*\])\(([^():#\s]+)(#[^()\s]*)?\)")  # to a file
_REWRITTEN = re.compile(r"[^\n]*\r(?!\n)")  # what a carriage return takes away
_ALL_CELLS_RAN = ("passed", "swallowed error", "claims worse")

Notebook = dict[str, Any]


def read_executed(executed: Path, source: Path) -> Notebook:
    """The executed copy without markers; the source where none was saved."""
    try:
        notebook = read_notebook(executed)
    except (OSError, ValueError):
        notebook = read_notebook(source)
    markers = {MARKER_TAG, _PAPERMILL_TAG}
    notebook["cells"] = [
        cell for cell in notebook["cells"] if not markers & set(cell_tags(cell))
    ]
    return notebook


def cell_status(cell: Mapping[str, Any]) -> str:
    """What the engine recorded for a cell; empty when nothing."""
    return str(cell["metadata"].get("papermill", {}).get("status", ""))


def failing_cell(notebook: Notebook) -> int | None:
    """Index of the first cell that did not complete, as the engine recorded it."""
    fine = {"", COMPLETED, NOT_RUN, "pending"}
    for index, cell in enumerate(notebook["cells"]):
        if cell_status(cell) not in fine:
            return index
    return None


def make_links_its_own(notebook: Notebook, source: Path, copy: Path) -> None:
    """What the text names beside the source, the copy names too.

    Pictures become addresses that hold them: Lab shows no SVG that is an attachment.
    Links lead to where they led from the source.

    Parameters
    ----------
    notebook : dict
        The copy, with the texts of the source.
    source, copy : Path
        Files of the source and of the copy.
    """

    def own(match: re.Match[str]) -> str:
        text, target, fragment = match[1], match[2], match[3] or ""
        path = source.parent / unquote(target)
        kind = mimetypes.guess_type(path.name)[0]
        there = os.path.exists(path)  # False, too, for what can be no path
        if there and not text.startswith("!"):
            relative = Path(os.path.relpath(path.resolve(), copy.parent.resolve()))
            return f"{text}({quote(relative.as_posix())}{fragment})"
        if there and path.is_file() and kind:
            content = base64.b64encode(path.read_bytes()).decode("ascii")
            return f"{text}(data:{kind};base64,{content})"
        return match[0]

    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            cell["source"] = _LINK.sub(own, cell["source"])


def merge_streams(notebook: Notebook) -> None:
    """One output in place of many prints; of progress bars, what they left: nothing."""
    for cell in notebook["cells"]:
        merged: list[dict[str, Any]] = []
        for output in cell.get("outputs", []):
            if output["output_type"] != "stream":
                merged.append(output)
                continue
            text = "".join(output["text"])
            last = merged[-1] if merged else {}
            if last.get("name") == output["name"]:
                last["text"] += text
            else:
                merged.append({**output, "text": text})
        for output in merged:
            if output["output_type"] == "stream":
                output["text"] = _REWRITTEN.sub("", output["text"])
        if "outputs" in cell:
            cell["outputs"] = [o for o in merged if o.get("text", "...").strip()]


def mark(notebook: Notebook, result: RunResult, index: int | None) -> None:
    """Write into the executed copy what happened and to which cells.

    The first cell says it; a note stands above the cell at ``index``. Where the run
    stopped early, that cell gets the run's status and all later ones ``not run``.
    """
    early = result.status not in _ALL_CELLS_RAN
    cells = notebook["cells"]
    for position, cell in enumerate(cells):
        record = cell["metadata"].setdefault("papermill", {})
        if early and index is not None and position >= index:
            record["status"] = result.status if position == index else NOT_RUN
        elif record.get("status") in (None, "pending", "running"):
            record["status"] = NOT_RUN if early else COMPLETED
    whole = notebook["metadata"].setdefault("papermill", {})
    whole["status"] = result.status
    whole["exception"] = early
    if result.passed:
        return
    link = ""
    if index is not None:
        note = f"<a id='{_ANCHOR}'></a>**{result.status}** in the next cell."
        cells.insert(index, _marker("cell", note))
        link = f" · [go to the cell](#{_ANCHOR})"
    lines = result.worse or [(result.failure or Failure()).message]
    text = "<br>".join(html.escape(line) for line in lines)
    cells.insert(0, _marker("run", f"**This run: {result.status}.** {text}{link}"))


def _marker(name: str, text: str) -> dict[str, Any]:
    return {
        "cell_type": "markdown",
        "id": f"{MARKER_TAG}-{name}",
        "metadata": {"tags": [MARKER_TAG], "papermill": {"status": COMPLETED}},
        "source": text,
    }


def refresh(source: Path, executed: Path, result: RunResult) -> None:
    """Bring the text and the marker of a reused executed copy up to date.

    The code is the same, or the run would not be reused; text cells may have changed
    since, and so may the verdict on its claims.
    """
    before = read_notebook(executed)
    ran = read_executed(executed, source)
    outputs = [c for c in ran["cells"] if c["cell_type"] == "code"]
    injected = [c for c in outputs if is_injected(c)]
    done = iter([c for c in outputs if not is_injected(c)])
    cells = []
    for cell in read_notebook(source)["cells"]:
        cell["metadata"]["papermill"] = {"status": COMPLETED}
        cells.append(next(done) if cell["cell_type"] == "code" else cell)
        if "parameters" in cell_tags(cell):
            cells += injected
    ran["cells"] = cells
    make_links_its_own(ran, source, executed)
    mark(ran, result, None)
    if _texts(ran) != _texts(before):
        write_notebook(ran, executed)
        trust(executed)


def _texts(notebook: Notebook) -> list[str]:
    return [cell["source"] for cell in notebook["cells"]]
