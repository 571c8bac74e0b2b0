"""Where and how a notebook stopped: section, cell, lines of code, last line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from helpers.curriculum.outputs import last_line, plain
from helpers.curriculum.results import Failure, RunResult
from helpers.curriculum.sections import section_of, source_number

_LINES = 5
_ARROW = re.compile(r"^-+> (\d+)", re.MULTILINE)


def describe(notebook: Mapping[str, Any], index: int | None, message: str) -> Failure:
    """The failure at the cell with ``index``; its own error goes before ``message``."""
    if index is None:
        return Failure(message=message)
    cells = notebook["cells"]
    cell = cells[index]
    line = None
    for output in cell.get("outputs", []):
        if output["output_type"] == "error":
            value = last_line(str(output["evalue"]))
            message = f"{output['ename']}: {value}".removesuffix(": ")
            line = _error_line(output)
    return Failure(
        section=section_of(cells, index),
        cell=source_number(cells, index),
        code=excerpt(cell["source"], line),
        message=message,
    )


def _error_line(output: Mapping[str, Any]) -> int | None:
    """1-based line of the cell that an error passed through, from its traceback."""
    for frame in map(plain, output["traceback"]):
        if frame.startswith("Cell In["):
            arrow = _ARROW.search(frame)
            return int(arrow.group(1)) if arrow else None
    return None


def excerpt(source: str, line: int | None) -> str:
    """Five lines of ``source`` around ``line`` (1-based), which gets an arrow.

    >>> print(excerpt("a = 1\\nb = 0\\na / b", 3))
      a = 1
      b = 0
    > a / b
    """
    lines = source.splitlines()
    if line is None or line > len(lines):
        return "\n".join(lines[:_LINES])
    start = max(0, min(line - 1 - _LINES // 2, len(lines) - _LINES))
    return "\n".join(
        f"{'>' if number == line else ' '} {text}"
        for number, text in enumerate(lines[start : start + _LINES], start + 1)
    )


def report(result: RunResult, folder: Path) -> str:
    """What a person needs to find the fault, as plain text."""
    failure = result.failure or Failure()
    place = failure.section
    if failure.cell is not None:
        place = f"{place or 'before any section'}, cell {failure.cell}"
    lines = [
        f"{result.notebook} {result.scale}: {result.status.upper()}",
        f"  where: {place}" if place else "",
        *(f"    {line}" for line in failure.code.splitlines()),
        *(f"  {line}" for line in result.worse or [f"error: {failure.message}"]),
        f"  executed copy: {folder / result.executed}",
    ]
    return "\n".join(line for line in lines if line)
