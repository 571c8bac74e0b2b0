"""Key of a run: it changes exactly when the run's result could.

It covers the notebook's code, the resolved parameters and seeds, the ``helpers``
modules that the code imports, the declared data, the reader's own data, at scale
``paper`` what was fetched, and the lock.
Text, time budgets and other notebooks do not count.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from helpers import paths
from helpers.assets import lock_text
from helpers.code_hash import fingerprint, imported_modules
from helpers.notebook_files import read_notebook
from helpers.parameters import ParameterError
from helpers.scales import NotebookSpec


class Inputs(NamedTuple):
    """The part of a key that all runs of a notebook share."""

    cells: str
    code: str
    data: str
    user_data: str
    assets: str
    lock: str

    @classmethod
    def of(cls, spec: NotebookSpec) -> Inputs:
        """Read them now; a declared data file that is missing is bad input."""
        sources = code_cells(read_notebook(spec.path))
        return cls(
            cells=json.dumps(sources),
            code=fingerprint(modules_in(sources)),
            data=files_hash(declared_files(spec)),
            user_data=user_listing(),
            assets=lock_text(asset.id for asset in spec.assets),
            lock=files_hash([paths.LOCK] if paths.LOCK.exists() else []),
        )

    def at(self, scale: str) -> Inputs:
        """What counts at a scale: what was fetched is read at ``paper`` only."""
        return self if scale == "paper" else self._replace(assets="")


@cache
def named_inputs(inputs: Inputs) -> dict[str, str]:
    """A short hash of each part and of Python's version, by names for readers."""
    parts = {
        "notebook": inputs.cells,
        "code": inputs.code,
        "data": inputs.data,
        "CURRICULUM_DATA": inputs.user_data,
        "fetched assets": inputs.assets,
        "lock": inputs.lock,
        "Python": platform.python_version(),
    }
    return {
        name: hashlib.sha256(part.encode()).hexdigest()[:8]
        for name, part in parts.items()
    }


def run_key(
    spec: NotebookSpec,
    scale: str,
    resolved: dict[str, Any],
    inputs: Inputs | None = None,
) -> str:
    """Hash of everything that the run's result depends on.

    ``inputs`` spares reading code and data again for each of many runs.

    Raises
    ------
    ParameterError
        If a declared data file is missing.
    """
    inputs = inputs or Inputs.of(spec)
    digest = hashlib.sha256()
    for part in (
        platform.python_version(),
        inputs.cells,
        json.dumps(resolved, sort_keys=True, default=str),
        str(spec.scale(scale).seeds),
        *inputs.at(scale)[1:],
    ):
        digest.update(part.encode() + b"\0")
    return digest.hexdigest()[:24]


def code_cells(notebook: Mapping[str, Any]) -> list[str]:
    return [c["source"] for c in notebook["cells"] if c["cell_type"] == "code"]


def modules_in(sources: Iterable[str]) -> set[str]:
    """Modules of ours that the cells import; magics and shell lines are skipped."""
    found = {"helpers"}
    for source in sources:
        lines = [
            "" if line.lstrip().startswith(("%", "!")) else line
            for line in source.splitlines()
        ]
        try:
            found |= imported_modules("\n".join(lines))
        except SyntaxError:
            continue  # the run itself will say so
    return found


def declared_files(spec: NotebookSpec) -> list[Path]:
    """Files under ``data/`` that the notebook's table names, folders opened."""
    found: list[Path] = []
    for name in spec.data:
        place = paths.DATA / name.removeprefix("data/")
        if not place.exists():
            raise ParameterError(f"{spec.name}.toml: data {name!r} does not exist")
        inside = place.rglob("*") if place.is_dir() else [place]
        found += sorted(p for p in inside if p.is_file())
    return found


def files_hash(files: Iterable[Path]) -> str:
    """Hash of names and contents."""
    digest = hashlib.sha256()
    for path in files:
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        digest.update(f"{path.name}\0{content}\0".encode())
    return digest.hexdigest()


def user_listing() -> str:
    """Names, sizes and times of the reader's own data (``CURRICULUM_DATA``)."""
    folder = paths.user_data()
    if folder is None:
        return ""
    lines = []
    for path in sorted(p for p in folder.rglob("[!.]*") if p.is_file()):
        stat = path.stat()
        lines.append(f"{path.relative_to(folder)} {stat.st_size} {stat.st_mtime_ns}")
    return "\n".join(lines)
