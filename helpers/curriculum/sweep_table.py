"""The result of a sweep as one tidy table: a row per cell and claim."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pandas as pd

from helpers.claims import Claim
from helpers.curriculum.results import Failure, RunResult
from helpers.curriculum.sweep_grid import Cell, Sweep
from helpers.curriculum.sweep_run import SweepRun
from helpers.parameters import ParameterError
from helpers.paths import write_atomic

NOT_RUN = "not run"
# Columns after the notebook, the scale, the parameters that were set and the seed.
COLUMNS = (
    "repetition",
    "claim",
    "value",
    "low",
    "high",
    "unit",
    "paper",
    "expected",
    "verdict",
    "statement",
    "status",
    "failure",
    "seconds",
    "peak_memory_mib",
    "started",
    "commit",
    "versions",
    "hardware",
    "parameters",
    "key",
    "cell",
)
_NUMBERS = ("value", "low", "high", "seconds", "peak_memory_mib")
_FIRST = ("notebook", "scale")


def table(run: SweepRun) -> pd.DataFrame:
    """One row per cell and claim, in the grid's order.

    A cell without claims, since it failed or never ran, has one row with its status
    and no claim. Parameters that were set have a column of their name each (lists as
    JSON); ``parameters`` holds all of them as JSON, as do ``versions`` and
    ``hardware`` theirs.
    """
    names = parameter_columns(run.sweep)
    rows: list[dict[str, Any]] = []
    for cell, result in run:
        head = {
            "notebook": cell.job.name,
            "scale": cell.job.scale,
            **{name: _plain(cell.job.resolved[name]) for name in names},
            **_facts(cell, result),
        }
        claims = result.claims if result and result.passed else []
        rows += [{**head, **_claim(claim)} for claim in claims] or [head]
    frame = pd.DataFrame(rows, columns=[*_FIRST, *names, *COLUMNS])
    for name in names:
        frame[name] = _column(frame[name])
    return frame.astype(dict.fromkeys(_NUMBERS, "float64"))


def parameter_columns(sweep: Sweep) -> list[str]:
    """Names of the parameters that the sweep sets, the grid's first, then the seed.

    Raises
    ------
    ParameterError
        If one has the name of another column of the table.
    """
    names = [*sweep.grid, *(name for name in sweep.fixed if name != "seed")]
    for name in names:
        if name in COLUMNS or name in _FIRST:
            raise ParameterError(f"a sweep cannot set {name!r}: the table's own column")
    return [*(name for name in names if name != "seed"), "seed"]


def save_table(frame: pd.DataFrame, path: Path) -> None:
    """Write the table as parquet; a reader never sees half of it."""
    content = io.BytesIO()
    frame.to_parquet(content, index=False)
    write_atomic(path, content.getvalue())


def _facts(cell: Cell, result: RunResult | None) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "repetition": cell.repetition,
        "cell": cell.id,
        "key": cell.job.key,
        "parameters": _json(cell.job.resolved),
        "status": NOT_RUN,
        "failure": "",
    }
    if result is None:
        return facts
    return facts | {
        "status": result.status,
        "failure": (result.failure or Failure()).message,
        "seconds": result.seconds,
        "peak_memory_mib": result.peak_memory_mib,
        "started": result.started,
        "commit": result.commit,
        "versions": _json(result.versions),
        "hardware": _json(result.hardware),
    }


def _claim(claim: Claim) -> dict[str, Any]:
    return {
        "claim": claim.id,
        "value": claim.value,
        "low": claim.low,
        "high": claim.high,
        "unit": claim.unit,
        "paper": None if claim.paper is None else str(claim.paper),
        "expected": claim.expected,
        "verdict": claim.verdict,
        "statement": claim.statement,
    }


def _column(values: pd.Series) -> pd.Series:
    """Values of one kind as they are; kinds that do not mix in a column, as JSON."""
    kinds = {type(value) for value in values.dropna()}
    if len(kinds) > 1 and not kinds <= {int, float}:
        return values.map(_json, na_action="ignore")
    return values.infer_objects()


def _plain(value: Any) -> Any:
    return _json(value) if isinstance(value, list | dict | tuple) else value


def _json(content: Any) -> str:
    return json.dumps(content, sort_keys=True, default=str)
