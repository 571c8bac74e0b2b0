"""Errors that a green run hides in outputs and saved widget state.

``interact``, ``interactive_output`` and ``with Output():`` catch every exception and
put its traceback into a widget; threads and callbacks print theirs to stderr. In both
cases the cell counts as completed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from helpers.notebook_files import cell_tags

_STATE = "application/vnd.jupyter.widget-state+json"
_VIEW = "application/vnd.jupyter.widget-view+json"
_TRACEBACK = "Traceback (most recent call last)"
_ALERT = re.compile(r"role=['\"]alert['\"][^>]*>([^<]*)")
_MODEL = re.compile(r"IPY_MODEL_(\w+)")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True)
class Swallowed:
    """One hidden error and the cell that shows it (None when nothing shows it)."""

    message: str
    cell_index: int | None


def swallowed_errors(notebook: Mapping[str, Any]) -> list[Swallowed]:
    """Hidden errors of an executed notebook whose cells all completed."""
    found = []
    shown_by: dict[str, int] = {}
    widgets = notebook.get("metadata", {}).get("widgets", {})
    state: dict[str, Any] = widgets.get(_STATE, {}).get("state", {})
    for index, cell in enumerate(notebook["cells"]):
        if "raises-exception" in cell_tags(cell):
            continue
        for output in cell.get("outputs", []):
            if message := _error_in(output):
                found.append(Swallowed(message, index))
            model = output.get("data", {}).get(_VIEW, {}).get("model_id")
            if model:
                for part in _parts(model, state):
                    shown_by.setdefault(part, index)
    for model, entry in state.items():
        values = entry.get("state", {})
        for output in values.get("outputs", ()):
            if message := _error_in(output):
                found.append(Swallowed(message, shown_by.get(model)))
        alert = _ALERT.search(str(values.get("value", "")))
        if alert:
            found.append(Swallowed(alert.group(1).strip(), shown_by.get(model)))
    return found


def plain(text: str) -> str:
    """Without terminal colours."""
    return _COLOUR.sub("", text)


def last_line(text: str) -> str:
    """Last line that is not empty, without terminal colours."""
    lines = [line.strip() for line in plain(text).splitlines()]
    return next((line for line in reversed(lines) if line), "")


def _error_in(output: Mapping[str, Any]) -> str:
    """The error that an output shows, as ``Name: text``, else an empty text."""
    kind = output.get("output_type")
    if kind == "error":
        return f"{output.get('ename')}: {last_line(str(output.get('evalue', '')))}"
    if kind == "stream" and output.get("name") == "stderr":
        text = "".join(output.get("text", ""))
        if _TRACEBACK in text:
            return _exception_line(text)
    return ""


def _exception_line(text: str) -> str:
    """The line that names the exception after the last printed traceback."""
    after = plain(text).rpartition(_TRACEBACK)[2].splitlines()[1:]
    for line in after:
        if line and not line[0].isspace():
            return line.strip()
    return last_line(text)


def _parts(model: str, state: Mapping[str, Any]) -> Iterator[str]:
    """A widget's model and all that it contains."""
    queue, seen = [model], set()
    while queue:
        current = queue.pop()
        if current in seen:
            continue
        seen.add(current)
        yield current
        queue += _MODEL.findall(str(state.get(current, {}).get("state", {})))
