"""Commit the verdicts of the last runs as the expected ones, with the reason."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from helpers.curriculum.jobs import Job, make_job
from helpers.curriculum.results import RunResult, expected_file
from helpers.curriculum.runner import up_to_date
from helpers.parameters import ParameterError
from helpers.paths import write_atomic
from helpers.scales import NotebookSpec


@dataclass(frozen=True)
class Change:
    """One claim's verdict before and after."""

    scale: str
    claim: str
    old: str | None
    new: str | None


def bless(
    spec: NotebookSpec, why: str, scales: Sequence[str] | None = None
) -> list[Change]:
    """Write the verdicts of the last runs to ``data/expected``.

    All scales that have been run are taken unless ``scales`` names some. Every scale
    where something changes adds one entry to the file's history.

    Raises
    ------
    ParameterError
        If ``why`` is empty, or a scale has no complete run of the present notebook.
    """
    if not why.strip():
        raise ParameterError("say why the expected verdicts change: --why TEXT")
    jobs = [make_job(spec, scale) for scale in scales or run_scales(spec)]
    results = [last_result(job) for job in jobs]
    path = expected_file(spec.name)
    content: dict[str, Any] = {"verdicts": {}, "history": []}
    if path.exists():
        content |= json.loads(path.read_text(encoding="utf-8"))
    changes: list[Change] = []
    for result in results:
        old = content["verdicts"].get(result.scale, {})
        new = {claim.id: claim.verdict for claim in result.claims}
        names = [*new, *(name for name in old if name not in new)]
        here = [Change(result.scale, n, old.get(n), new.get(n)) for n in names]
        changes += here
        if old != new:
            content["verdicts"][result.scale] = new
            content["history"].append(_entry(result.scale, why, here))
    write_atomic(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    for job in jobs:
        up_to_date(job)  # judges the stored run by the new expectation
    return changes


def _entry(scale: str, why: str, changes: Sequence[Change]) -> dict[str, Any]:
    return {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "scale": scale,
        "why": why.strip(),
        "changes": {c.claim: [c.old, c.new] for c in changes if c.old != c.new},
    }


def last_result(job: Job) -> RunResult:
    """The last run of ``job``, if it completed and still stands.

    Raises
    ------
    ParameterError
        If it does not, with what to do.
    """
    result = up_to_date(job)
    if result is not None:
        return result
    stored = RunResult.load(job.folder)
    problem = "has not been run"
    if stored is not None:
        problem = f"ended as {stored.status!r} when it was last run"
        if stored.key != job.key:
            problem = "has changed since its last run"
    raise ParameterError(
        f"{job} {problem}; first: curriculum run {job.spec.number} --scale {job.scale}"
    )


def run_scales(spec: NotebookSpec) -> list[str]:
    """Scales that have been run, in the table's order."""
    found = [s for s in spec.scales if RunResult.load(make_job(spec, s).folder)]
    if not found:
        raise ParameterError(
            f"{spec.name} has not been run; first: curriculum run {spec.number}"
        )
    return found
