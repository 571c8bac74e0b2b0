"""Files that grow by a JSON object a line while a long run goes on.

A line is written by a single call at the end of the file, so that neither an
interruption nor a second process leaves two half lines in one.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self


def rows(path: Path) -> Iterator[dict[str, Any]]:
    """Objects of a log, in order; none where there is no file.

    A line that was cut off, at the end or before a later one, is passed over. A name
    that ends in ``.gz`` is unpacked.
    """
    if not path.exists():
        return
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        for line in file:
            try:
                row = json.loads(line)
            except ValueError:
                continue
            if isinstance(row, dict):
                yield row


class RowLog:
    """A log open for writing; made with its folder where it is missing.

    Raises
    ------
    OSError
        If it cannot be written, at once rather than after the first result.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._file = path.open("ab", buffering=0)
        if not _whole(path):
            self._file.write(b"\n")

    def add(self, row: dict[str, Any]) -> None:
        """Write a row; it is on disk when this returns, save for a power cut.

        Several threads may write.
        """
        line = json.dumps(row).encode() + b"\n"
        if self._file.write(line) != len(line):
            raise OSError(f"{self.path}: no room for a row of {len(line)} bytes")

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __del__(self) -> None:
        if hasattr(self, "_file"):
            self.close()


def _whole(path: Path) -> bool:
    """Whether a file is empty or ends with a line break."""
    with path.open("rb") as file:
        if not file.seek(0, 2):
            return True
        file.seek(-1, 2)
        return file.read() == b"\n"
