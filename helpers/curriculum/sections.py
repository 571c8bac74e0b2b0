"""Where a cell stands in its notebook: section title, number, status."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from helpers.notebook_files import cell_tags

Cell = Mapping[str, Any]

COMPLETED = "completed"
NOT_RUN = "not run"


def is_injected(cell: Cell) -> bool:
    """True for the cell that papermill adds after the parameters cell."""
    return "injected-parameters" in cell_tags(cell)


def heading(cell: Cell, deepest: int = 6) -> str:
    """Title of the last Markdown heading in a cell, empty when it has none.

    ``deepest`` is the lowest level that counts.
    """
    if cell["cell_type"] != "markdown":
        return ""
    title = ""
    fenced = False
    for line in str(cell["source"]).splitlines():
        fenced ^= line.lstrip().startswith("```")
        mark, _, text = line.partition(" ")
        if not fenced and mark and set(mark) == {"#"} and len(mark) <= deepest:
            title = text.strip()
    return title


def section_of(cells: Sequence[Cell], index: int) -> str:
    """Title of the section that the cell at ``index`` belongs to."""
    for cell in reversed(cells[: index + 1]):
        if title := heading(cell):
            return title
    return ""


def source_number(cells: Sequence[Cell], index: int) -> int:
    """1-based position in the source notebook, which has no injected cell.

    The injected cell itself counts as the parameters cell above it.
    """
    return index + 1 - sum(is_injected(cell) for cell in cells[: index + 1])


def source_total(cells: Sequence[Cell]) -> int:
    return sum(not is_injected(cell) for cell in cells)
