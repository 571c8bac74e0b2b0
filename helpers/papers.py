"""The papers' published numbers, kept as data in ``data/papers/<chapter>.json``.

Every value carries how it is known: ``printed`` (read in the paper or the authors'
repository), ``recalled`` (from memory, to be checked) or ``inferred``.
"""

from __future__ import annotations

import json
from typing import Any

from helpers.names import suggest
from helpers.paths import DATA


def paper_entry(chapter: str, name: str) -> dict[str, Any]:
    """Value, unit, status and place of one published number.

    Raises
    ------
    KeyError
        If the chapter has no such value, with the nearest name.
    """
    path = DATA / "papers" / f"{chapter}.json"
    values = json.loads(path.read_text(encoding="utf-8"))["values"]
    if name not in values:
        raise KeyError(f"no value {name!r} of {chapter}{suggest(name, values)}")
    return values[name]


def paper_value(chapter: str, name: str) -> Any:
    """Only the value of :func:`paper_entry`."""
    return paper_entry(chapter, name)["value"]
