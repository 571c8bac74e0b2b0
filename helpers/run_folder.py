"""Folders of long runs: each belongs to one setting, so that it can be gone on with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from helpers.paths import write_atomic


def claim_folder(work: Path, key: dict[str, Any]) -> None:
    """Mark a folder as that of one run.

    Raises
    ------
    ValueError
        If it holds another run, whose results must not be gone on with.
    """
    path = work / "settings.json"
    wanted = json.loads(json.dumps(key))
    if not path.exists():
        write_atomic(path, json.dumps(wanted, indent=2))
        return
    there = json.loads(path.read_text())
    if there != wanted:
        differing = [k for k in wanted | there if wanted.get(k) != there.get(k)]
        name = differing[0]
        raise ValueError(
            f"{work} holds a run with {name} = {there.get(name)!r}, not "
            f"{wanted.get(name)!r}; allowed: an empty folder, or the same settings"
        )
