"""Where things are: the repository, its notebooks and what a run leaves behind."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(os.environ.get("CURRICULUM_ROOT", Path(__file__).resolve().parents[1]))
NOTEBOOKS = ROOT / "notebooks"
DATA = ROOT / "data"
BUILD = Path(os.environ.get("CURRICULUM_BUILD", ROOT / "build"))
LOCK = ROOT / "requirements.lock"


def user_data() -> Path | None:
    """Folder of the reader's own data sets (``CURRICULUM_DATA``), if there is one."""
    folder = os.environ.get("CURRICULUM_DATA")
    return Path(folder) if folder and Path(folder).is_dir() else None


def store() -> Path:
    """Where ``curriculum fetch`` keeps what it fetched: the reader's folder, if set."""
    folder = os.environ.get("CURRICULUM_DATA")
    return Path(folder) if folder else ROOT / "downloads"


def write_atomic(path: Path, content: str | bytes) -> None:
    """Write a file so that a reader never sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    if isinstance(content, str):
        content = content.encode("utf-8")
    temporary.write_bytes(content)
    os.replace(temporary, path)
