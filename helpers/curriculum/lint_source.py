"""What the lint rules look at: a notebook's cells, headings and parsed code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import nbformat

from helpers.parameters import ParameterError
from helpers.scales import NotebookSpec, load_spec

CHAPTER = (
    "Theory",
    "From scratch",
    "Experiments",
    "Explore",
    "Verdict",
    "Discussion",
    "Exercises",
    "References",
)
# Sections of other kinds of notebooks, named in their metadata as ``reprise.kind``.
SECTIONS = {
    "start": (
        "A first slider",
        "The six papers",
        "How a notebook is built",
        "Change a parameter",
        "Verdict",
        "Scoreboard",
        "Exercises",
        "Where to go next",
    ),
}


@dataclass(frozen=True)
class Finding:
    """One broken rule.

    An error fails ``make lint`` and the tests; a note is advice (a count outside the
    usual range, yet inside the hard limits).
    """

    notebook: str
    rule: str
    message: str
    cell: int | None = None  # 1-based, as counted in JupyterLab
    is_error: bool = True

    def __str__(self) -> str:
        where = self.notebook + (f", cell {self.cell}" if self.cell else "")
        kind = "" if self.is_error else " (note)"
        return f"{where}: {self.message} [{self.rule}]{kind}"


@dataclass(frozen=True)
class Heading:
    """A Markdown heading outside code fences."""

    level: int
    text: str
    cell: int  # 0-based


def prose(markdown: str) -> str:
    """Markdown without fenced code blocks."""
    return re.sub(r"(?ms)^(```|~~~).*?^\1\s*$", "", markdown)


def tags(cell: nbformat.NotebookNode) -> list[str]:
    return list(cell.metadata.get("tags", []))


class Source:
    """A notebook with what several rules need to know about it."""

    def __init__(self, path: Path, notebook: nbformat.NotebookNode) -> None:
        self.path = path
        self.notebook = notebook
        self.cells: list[nbformat.NotebookNode] = notebook.cells

    def finding(
        self, rule: str, message: str, cell: int | None = None, error: bool = True
    ) -> Finding:
        """A finding about the cell with this 0-based index."""
        number = None if cell is None else cell + 1
        return Finding(self.path.name, rule, message, number, error)

    def markdown(self) -> Iterator[tuple[int, str]]:
        """Index and text of the Markdown cells, code fences left out."""
        for index, cell in enumerate(self.cells):
            if cell.cell_type == "markdown":
                yield index, prose(cell.source)

    def code(self) -> Iterator[tuple[int, nbformat.NotebookNode]]:
        for index, cell in enumerate(self.cells):
            if cell.cell_type == "code":
                yield index, cell

    @property
    def kind(self) -> str:
        """``reprise.kind`` of the metadata: template or start, else chapter."""
        settings: dict[str, str] = self.notebook.metadata.get("reprise", {})
        return settings.get("kind", "chapter")

    @property
    def sections(self) -> tuple[str, ...]:
        """The H2 headings that this notebook must have, in their order."""
        return SECTIONS.get(self.kind, CHAPTER)

    @cached_property
    def spec(self) -> NotebookSpec | ParameterError:
        """The scale table beside the notebook, or what is wrong with it."""
        try:
            return load_spec(self.path)
        except ParameterError as error:
            return error

    @cached_property
    def headings(self) -> list[Heading]:
        pattern = re.compile(r"(?m)^(#{1,6})\s+(.+?)\s*#*$")
        return [
            Heading(len(match[1]), match[2], index)
            for index, text in self.markdown()
            for match in pattern.finditer(text)
        ]

    @cached_property
    def trees(self) -> dict[int, ast.Module]:
        """Parsed code cells by index; a cell that does not parse is left out."""
        found = {}
        for index, cell in self.code():
            try:
                found[index] = ast.parse(cell.source)
            except SyntaxError:
                continue
        return found

    def section(self, name: str) -> range:
        """Indices of the cells of a section; empty when there is no such section."""
        starts = [h.cell for h in self.headings if h.level == 2 and h.text == name]
        if not starts:
            return range(0)
        later = [h.cell for h in self.headings if h.level <= 2 and h.cell > starts[0]]
        return range(starts[0], later[0] if later else len(self.cells))

    def calls(self, *names: str) -> Iterator[tuple[int, ast.Call]]:
        """Calls of these functions, as ``name(...)`` or ``module.name(...)``."""
        for index, tree in self.trees.items():
            for node in ast.walk(tree):
                if isinstance(node, ast.Call) and called_name(node) in names:
                    yield index, node


def called_name(call: ast.Call) -> str:
    """Last part of what is called: ``f`` for ``f()`` and for ``module.f()``."""
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""
