"""Compare a run's verdicts with the committed ones, and commit new ones (bless)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from helpers.claims import Claim, worse
from helpers.curriculum.jobs import make_job
from helpers.curriculum.results import RunResult, expected_file, expected_verdicts
from helpers.parameters import ParameterError
from helpers.paths import write_atomic
from helpers.scales import NotebookSpec

_COMPLETE = ("passed", "claims worse")


def compare(notebook: str, scale: str, claims: Sequence[Claim]) -> list[str]:
    """One line per claim that is worse than committed, or not committed at all."""
    found = {claim.id: claim.verdict for claim in claims}
    expected = expected_verdicts(notebook, scale)
    if expected is None:
        if not found:
            return []
        return [
            f"no verdicts are committed for scale {scale!r}: look at the claims, then "
            f'curriculum bless {notebook[:2]} --scale {scale} --why "first run"'
        ]
    return worse(expected, found)


@dataclass(frozen=True)
class Change:
    """One claim's verdict before and after a blessing."""

    scale: str
    claim: str
    old: str | None
    new: str | None


def last_result(spec: NotebookSpec, scale: str) -> RunResult:
    """The complete, still valid run at ``scale`` that a blessing can rest on.

    Raises
    ------
    ParameterError
        If there is none, it did not complete, or the notebook changed since.
    """
    job = make_job(spec, scale)
    again = f"run: curriculum run {spec.number} --scale {scale}"
    result = RunResult.load(job.folder)
    if result is None:
        raise ParameterError(f"{spec.name} has no result at {scale}; {again}")
    if result.status not in _COMPLETE:
        raise ParameterError(f"the last run of {job} ended as {result.status}; {again}")
    if result.key != job.key:
        raise ParameterError(f"{spec.name} changed since its last {scale} run; {again}")
    return result


def bless(spec: NotebookSpec, scales: Sequence[str], why: str) -> list[Change]:
    """Commit the verdicts of the last runs at ``scales``, with the reason.

    Raises
    ------
    ParameterError
        If ``why`` is empty or a scale has no result to rest on.
    """
    if not why.strip():
        raise ParameterError("say why the expected verdicts change: --why TEXT")
    results = {scale: last_result(spec, scale) for scale in scales}
    path = expected_file(spec.name)
    content: dict[str, Any] = {"verdicts": {}, "history": []}
    if path.exists():
        content |= json.loads(path.read_text(encoding="utf-8"))
    when = datetime.now(UTC).isoformat(timespec="seconds")
    changes: list[Change] = []
    for scale, result in results.items():
        old = content["verdicts"].get(scale, {})
        new = {claim.id: claim.verdict for claim in result.claims}
        names = [*new, *(name for name in old if name not in new)]
        here = [Change(scale, n, old.get(n), new.get(n)) for n in names]
        changes += here
        if old == new:
            continue
        content["verdicts"][scale] = new
        content["history"].append(
            {
                "when": when,
                "scale": scale,
                "why": why.strip(),
                "changes": {c.claim: [c.old, c.new] for c in here if c.old != c.new},
            }
        )
    write_atomic(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    for scale, result in results.items():
        folder = make_job(spec, scale).folder
        result.model_copy(
            update={"status": "passed", "worse": [], "failure": None}
        ).save(folder)
    return changes


def scales_with_results(spec: NotebookSpec) -> list[str]:
    """Scales that have been run, in the table's order."""
    found = [s for s in spec.scales if RunResult.load(make_job(spec, s).folder)]
    if not found:
        raise ParameterError(f"{spec.name} has not been run; curriculum run first")
    return found
