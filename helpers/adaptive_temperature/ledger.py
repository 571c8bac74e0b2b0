"""Verdicts kept on disk while a scoring runs, so that an interrupted one resumes."""

from __future__ import annotations

import hashlib
from pathlib import Path
from types import TracebackType
from typing import Self

from helpers.row_log import RowLog, rows
from helpers.sandbox.verdicts import Outcome, Verdict


class Ledger:
    """Append-only file of verdicts by a job's key (`helpers.row_log`).

    A row that was cut off, or is none of a ledger's, is passed over.

    Parameters
    ----------
    path : Path, optional
        Without it the verdicts are kept in memory only.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._verdicts: dict[str, Outcome] = {}
        self._log: RowLog | None = None
        if path is None:
            return
        self._log = RowLog(path)
        for row in rows(path):
            try:
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
        if self._log is not None:
            self._log.close()
            self._log = None

    def __contains__(self, key: str) -> bool:
        return key in self._verdicts

    def __getitem__(self, key: str) -> Outcome:
        return self._verdicts[key]

    def __len__(self) -> int:
        return len(self._verdicts)

    def add(self, key: str, outcome: Outcome) -> None:
        """Keep one verdict; it is on disk when this returns, save for a power cut."""
        self._verdicts[key] = outcome
        if self._log is not None:
            row = {
                "key": key,
                "verdict": outcome.verdict.value,
                "detail": outcome.detail,
                "seconds": round(outcome.seconds, 4),
            }
            self._log.add(row)


def digest(*parts: str) -> str:
    """Hash of texts, 32 hexadecimal digits; where one part ends matters.

    Lone surrogates, which a decoded completion may hold, are texts too.
    """
    found = hashlib.sha256()
    for part in parts:
        encoded = part.encode("utf-8", "surrogatepass")
        found.update(len(encoded).to_bytes(8, "little") + encoded)
    return found.hexdigest()[:32]
