"""Read and write notebook files as plain dictionaries.

nbformat does this too, with a validation whose imports cost more than a second; that
is paid where notebooks are checked or executed, not on every command and in every
kernel.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from helpers.paths import write_atomic


def read_notebook(path: Path) -> dict[str, Any]:
    """The notebook at ``path``, each cell's source as one text.

    Raises
    ------
    ValueError
        If the file is no notebook of format 4.
    OSError
        If it cannot be read.
    """
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        if notebook["nbformat"] != 4:
            raise ValueError(f"its format is {notebook['nbformat']}, not 4")
        for cell in notebook["cells"]:
            cell["source"] = "".join(cell["source"])
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is not a notebook: {error}") from None
    return dict(notebook)


def write_notebook(notebook: Mapping[str, Any], path: Path) -> None:
    """Write ``notebook`` so that a reader never sees half of it."""
    write_atomic(path, json.dumps(notebook, indent=1, ensure_ascii=False) + "\n")


def cell_tags(cell: Mapping[str, Any]) -> list[str]:
    return list(cell.get("metadata", {}).get("tags", []))
