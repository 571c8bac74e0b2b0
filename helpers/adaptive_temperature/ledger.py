"""Verdicts kept on disk while a scoring runs, so that an interrupted one resumes."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from helpers.sandbox.verdicts import Outcome, Verdict


class Ledger:
    """Append-only file of verdicts, one JSON object a line, by a job's key.

    A line is written by a single call at the end of the file, so that neither an
    interruption nor a second process leaves two half lines in one. A line that was cut
    off, at the end or before a later one, is passed over.

    Parameters
    ----------
    path : Path, optional
        Without it the verdicts are kept in memory only.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._verdicts: dict[str, Outcome] = {}
        self._file: int | None = None
        if path is None:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
        content = path.read_bytes()
        if content and not content.endswith(b"\n"):
            os.write(self._file, b"\n")
        for line in content.splitlines():
            try:
                row = json.loads(line)
                outcome = Outcome(
                    Verdict(row["verdict"]), row["detail"], row["seconds"]
                )
                self._verdicts[row["key"]] = outcome
            except (ValueError, KeyError, TypeError):
                continue

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def __contains__(self, key: str) -> bool:
        return key in self._verdicts

    def __getitem__(self, key: str) -> Outcome:
        return self._verdicts[key]

    def __len__(self) -> int:
        return len(self._verdicts)

    def add(self, key: str, outcome: Outcome) -> None:
        """Keep one verdict; it is on disk when this returns, save for a power cut."""
        self._verdicts[key] = outcome
        if self._file is not None:
            row = {
                "key": key,
                "verdict": outcome.verdict.value,
                "detail": outcome.detail,
                "seconds": round(outcome.seconds, 4),
            }
            os.write(self._file, json.dumps(row).encode() + b"\n")


def digest(*parts: str) -> str:
    """Hash of texts, 32 hexadecimal digits; where one part ends matters.

    Lone surrogates, which a decoded completion may hold, are texts too.
    """
    found = hashlib.sha256()
    for part in parts:
        encoded = part.encode("utf-8", "surrogatepass")
        found.update(len(encoded).to_bytes(8, "little") + encoded)
    return found.hexdigest()[:32]
