"""Rules about single cells: short, clean, linked and never a slider alone."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

from helpers.curriculum.lint_source import Finding, Source, called_name

LONGEST_CELL = 25  # lines
LONGEST_LINE = 88  # columns
LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)[^)]*\)")
TAG = re.compile(r"<(img|a)\b([^>]*)>")
ATTRIBUTE = re.compile(r"""(src|href|alt)=["']([^"']*)["']""")
DRAWS = re.compile(r"figure|plot|draw|grid|imshow|film|strip|panel|snapshot")


def lengths(source: Source) -> Iterator[Finding]:
    """Code cells have at most 25 lines of at most 88 columns; no cell is empty."""
    for index, cell in enumerate(source.cells):
        if not cell.source.strip():
            yield source.finding("empty", "is empty", index)
    for index, cell in source.code():
        lines = cell.source.splitlines()
        if len(lines) > LONGEST_CELL:
            yield source.finding(
                "cell-length",
                f"{len(lines)} lines, more than {LONGEST_CELL}: move it to helpers",
                index,
            )
        for number, line in enumerate(lines, 1):
            if len(line) > LONGEST_LINE:
                yield source.finding(
                    "line-length",
                    f"line {number} has {len(line)} columns, more than {LONGEST_LINE}",
                    index,
                )


def plain_python(source: Source) -> Iterator[Finding]:
    """Code cells are Python without magics, and progress bars are text."""
    for index, _ in source.code():
        if index not in source.trees:
            yield source.finding(
                "python", "is not plain Python (magics are not allowed)", index
            )
    for index, tree in source.trees.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module in (
                "tqdm.auto",
                "tqdm.notebook",
            ):
                yield source.finding(
                    "tqdm", "use 'from helpers.progress import progress_bar'", index
                )


def clean(source: Source) -> Iterator[Finding]:
    """Committed notebooks carry no outputs, counts, widget state or foreign kernel."""
    for index, cell in source.code():
        if cell.outputs or cell.execution_count is not None:
            yield source.finding("outputs", "has outputs: run make format", index)
    metadata = source.notebook.metadata
    for name in ("widgets", "papermill"):
        if name in metadata:
            yield source.finding("outputs", f"metadata has {name!r}: run make format")
    if metadata.get("kernelspec", {}).get("name") != "python3":
        yield source.finding("kernel", "the kernel is not called 'python3'")
    if any("id" not in cell for cell in source.cells):
        yield source.finding("ids", "a cell has no id")


def links(source: Source) -> Iterator[Finding]:
    """Local links and images exist, images have an alt text."""
    anchors = {re.sub(r"\s", "-", heading.text) for heading in source.headings}
    for index, text in source.markdown():
        for is_image, alt, target in _targets(re.sub(r"`[^`\n]*`", "", text)):
            if is_image and not alt.strip():
                yield source.finding("alt-text", f"image {target} has none", index)
            if re.match(r"https?:|mailto:|data:", target):
                continue
            place, _, anchor = target.partition("#")
            if target.startswith("attachment:"):
                name = target.removeprefix("attachment:")
                exists = name in source.cells[index].get("attachments", {})
            elif place:
                exists = (source.path.parent / unquote(place)).exists()
                exists &= not Path(place).is_absolute()
            else:
                exists = unquote(anchor) in anchors
            if not exists:
                yield source.finding("links", f"{target} does not exist", index)


def _targets(text: str) -> Iterator[tuple[bool, str, str]]:
    """Whether an image, its alternative text and where it points, for each link."""
    for match in LINK.finditer(text):
        yield bool(match[1]), match[2], match[3]
    for match in TAG.finditer(text):
        values: dict[str, str] = dict(ATTRIBUTE.findall(match[2]))
        target = values.get("src", values.get("href", ""))
        yield bool(match[1] == "img"), values.get("alt", ""), target


def static_twin(source: Source) -> Iterator[Finding]:
    """A figure that answers to controls is first drawn once without them.

    ``explore(draw, ...)``: an earlier cell of the section calls ``draw`` itself. A
    viewer (a call of a name ending in ``Viewer``): its cell or the code cell before it
    draws.
    """
    for index, tree in source.trees.items():
        for call in (n for n in ast.walk(tree) if isinstance(n, ast.Call)):
            name = called_name(call)
            if name == "explore":
                drawn = _drawn_before(source, index, call)
            elif name.lower().endswith("viewer"):
                drawn = _drawing_near(source, index)
            else:
                continue
            if not drawn:
                yield source.finding(
                    "static-twin", f"no earlier cell draws what {name} shows", index
                )


def _drawn_before(source: Source, index: int, call: ast.Call) -> bool:
    """Whether the figure function of ``explore`` is called earlier in the section."""
    if not call.args or not isinstance(call.args[0], ast.Name):
        return False
    section = next(s for s in _sections(source) if index in s)
    return any(
        place in section and place < index for place, _ in source.calls(call.args[0].id)
    )


def _drawing_near(source: Source, index: int) -> bool:
    """Whether this code cell or the one before draws a figure without controls."""
    near = [place for place in source.trees if place <= index][-2:]
    calls = [
        called_name(node).lower()
        for place in near
        for node in ast.walk(source.trees[place])
        if isinstance(node, ast.Call)
    ]
    return any(map(DRAWS.search, calls))


def _sections(source: Source) -> list[range]:
    """Ranges of cells between headings of level 1 and 2, covering all cells."""
    starts = sorted({0, *(h.cell for h in source.headings if h.level <= 2)})
    ends = [*starts[1:], len(source.cells)]
    return [range(start, end) for start, end in zip(starts, ends, strict=True)]


RULES = (lengths, plain_python, clean, links, static_twin)
