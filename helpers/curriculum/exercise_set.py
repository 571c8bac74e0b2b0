"""``curriculum exercises``: the notebooks without solutions, for a class to work in.

A copy keeps text, experiments, stubs and checks; the solutions are left out. It runs
from any folder, since :func:`helpers.session.begin` finds scale tables and data in the
project. Pictures are copied beside it; links lead to the other copies, or back into
the project.

``.written.json`` holds a hash of every file written, so that a second call can tell
what somebody has worked in since.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

import nbformat

from helpers.curriculum.lint_exercises import FOLDED, Exercise, exercises_in
from helpers.curriculum.lint_source import Source, tags
from helpers.parameters import ParameterError
from helpers.paths import write_atomic
from helpers.scales import NotebookSpec

RECORD = ".written.json"
TARGET = re.compile(r"(?<=\]\()[^)\s]+|(?<=src=\")[^\"]+|(?<=href=\")[^\"]+")


@dataclass(frozen=True)
class Worksheet:
    """One notebook of the set: what was written, and what it asks for."""

    spec: NotebookSpec
    path: Path
    exercises: list[Exercise]


def write_exercises(
    specs: Sequence[NotebookSpec], out: Path, force: bool = False
) -> list[Worksheet]:
    """Write ``specs`` without their solutions into the folder ``out``.

    Nothing is written before everything is checked, and a reader never sees half a
    file.

    Raises
    ------
    ParameterError
        If ``out`` is no folder or holds the originals; or if it holds files that were
        changed since they were written, or come from elsewhere, and ``force`` is not
        given.
    """
    if out.exists() and not out.is_dir():
        raise ParameterError(f"{out} is not a folder")
    if any(out.resolve() == spec.path.parent.resolve() for spec in specs):
        raise ParameterError(f"{out} holds the originals; choose another folder")
    files: dict[str, bytes] = {}
    sheets = []
    names = {spec.path.name for spec in specs}
    for spec in specs:
        source = Source(spec.path, nbformat.read(spec.path, as_version=4))
        sheets.append(Worksheet(spec, out / spec.path.name, exercises_in(source)))
        files |= _without_solutions(source, out, names)
    record = _record(out)
    changed = [
        name
        for name, content in files.items()
        if _changed(out / name, record.get(name), content)
    ]
    if changed and not force:
        raise ParameterError(
            f"{', '.join(changed)} in {out} would be overwritten, with what was "
            "changed there; give --force or another --out"
        )
    record |= {name: _hash(content) for name, content in files.items()}
    files[RECORD] = (json.dumps(record, indent=1, sort_keys=True) + "\n").encode()
    try:
        for name, content in files.items():
            write_atomic(out / name, content)
    except OSError as error:
        raise ParameterError(f"{out} cannot be written: {error}") from None
    return sheets


def _without_solutions(source: Source, out: Path, names: set[str]) -> dict[str, bytes]:
    """The notebook's copy and its pictures, by their path in ``out``."""
    notebook = source.notebook
    notebook.cells = [c for c in source.cells if "solution" not in tags(c)]
    home = source.path.parent.resolve()
    pictures: dict[str, bytes] = {}

    def moved(match: re.Match[str]) -> str:
        """Where a link of the original leads from the copy."""
        parts = urlsplit(match[0])
        if parts.scheme or not parts.path or parts.path in names:
            return match[0]
        target = (home / unquote(parts.path)).resolve()
        inside = target.is_relative_to(home) and target.suffix != ".ipynb"
        if inside and target.is_file():
            name = target.relative_to(home).as_posix()
            pictures[name] = target.read_bytes()
        else:
            name = Path(os.path.relpath(target, out.resolve())).as_posix()
        return parts._replace(path=quote(name)).geturl()

    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = TARGET.sub(moved, cell.source.replace(FOLDED, ""))
        elif cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    text = nbformat.writes(notebook) + "\n"
    return {**pictures, source.path.name: text.encode("utf-8")}


def _record(out: Path) -> dict[str, str]:
    """Hashes of the files that an earlier call wrote; empty where there was none."""
    try:
        return dict(json.loads((out / RECORD).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return {}


def _changed(path: Path, written: str | None, content: bytes) -> bool:
    """Whether the file there is neither what we wrote before nor what we would."""
    return path.exists() and _hash(path.read_bytes()) not in (written, _hash(content))


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
