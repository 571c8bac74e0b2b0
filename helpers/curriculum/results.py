"""The record of one notebook run: ``results.json`` and where a run keeps its files."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from helpers import paths
from helpers.claims import Claim

Status = Literal[
    "passed",
    "failed",  # a cell raised
    "swallowed error",  # an error hidden in a widget or an output
    "timeout",
    "memory",
    "killed",  # the kernel died
    "interrupted",
    "claims worse",
]


def now() -> str:
    """The time as results hold it: UTC, ISO 8601, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


class Failure(BaseModel):
    """Where and how a notebook stopped."""

    section: str = ""
    cell: int | None = Field(
        default=None, description="1-based position in the source notebook"
    )
    code: str = Field(default="", description="up to five lines around the error")
    message: str = ""


class RunResult(BaseModel):
    """Everything the report, the scoreboard and a resumed run need."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    notebook: str
    title: str
    scale: str
    key: str
    parameters: dict[str, Any]
    status: Status
    seconds: float
    budget_seconds: float = Field(description="of the table, times stretch")
    stretch: float = Field(1.0, description="see pool.Settings.stretch")
    peak_memory_mib: float
    budget_memory_mib: float
    started: str = Field(description="UTC, ISO 8601")
    commit: str
    versions: dict[str, str]
    hardware: dict[str, str]
    offline: bool = False
    executed: str = Field(description="executed notebook, relative to results.json")
    failure: Failure | None = None
    worse: list[str] = Field(default_factory=list)
    claims: list[Claim] = Field(default_factory=list)

    @property
    def passed(self) -> bool:
        return self.status == "passed"

    def save(self, folder: Path) -> None:
        text = json.dumps(self.model_dump(mode="json"), indent=1, allow_nan=False)
        paths.write_atomic(folder / "results.json", text + "\n")

    @classmethod
    def load(cls, folder: Path) -> RunResult | None:
        """The result stored in ``folder``; None when missing or unreadable."""
        try:
            text = (folder / "results.json").read_text(encoding="utf-8")
            return cls.model_validate_json(text)
        except (OSError, ValueError):
            return None


def run_folder(notebook: str, scale: str, overrides: dict[str, Any]) -> Path:
    """``build/runs/<notebook>/<scale>``, with a short hash where values were given."""
    name = scale
    if overrides:
        text = json.dumps(overrides, sort_keys=True, default=str)
        name += "-" + hashlib.sha256(text.encode()).hexdigest()[:8]
    return paths.BUILD / "runs" / notebook / name


def expected_file(notebook: str) -> Path:
    """``data/expected/<notebook>.json``: committed verdicts by scale and claim."""
    return paths.DATA / "expected" / f"{notebook}.json"


def expected_verdicts(notebook: str, scale: str) -> dict[str, str] | None:
    """Committed verdicts of one scale; None where none were blessed yet."""
    path = expected_file(notebook)
    if not path.exists():
        return None
    return json.loads(path.read_text(encoding="utf-8")).get("verdicts", {}).get(scale)
