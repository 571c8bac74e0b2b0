"""Commit the verdicts of the last runs as the expected ones, with the reason.

Where another seed or another number of threads gives a lower verdict than the run,
the lower one is expected (`lower`). It stays below in later calls, until the claim is
named again with the verdict of the run itself.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from helpers.claims import NOT_REPRODUCED, NOT_TESTABLE, VERDICTS
from helpers.curriculum.jobs import Job, make_job
from helpers.curriculum.results import RunResult, expected_file, now
from helpers.curriculum.runner import up_to_date
from helpers.names import suggest
from helpers.parameters import ParameterError
from helpers.paths import write_atomic
from helpers.scales import NotebookSpec


@dataclass(frozen=True)
class Change:
    """One claim's verdict before and after; ``run``, the run's, if that is higher."""

    scale: str
    claim: str
    old: str | None
    new: str | None
    run: str | None = None


def bless(
    spec: NotebookSpec,
    why: str,
    scales: Sequence[str] | None = None,
    lower: Mapping[str, str] | None = None,
) -> list[Change]:
    """Write the verdicts of the last runs to ``data/expected``.

    All scales that have been run are taken unless ``scales`` names some. Every scale
    where something changes adds one entry to the file's history.

    Parameters
    ----------
    lower : mapping of str to str, optional
        Claims of the one scale that is named, with the verdict to expect of each: at
        most the run's. The run's own ends an earlier lowering.

    Raises
    ------
    ParameterError
        If ``why`` is empty, a scale has no complete run of the present notebook, or
        something cannot be lowered as asked.
    """
    if not why.strip():
        raise ParameterError("say why the expected verdicts change: --why TEXT")
    if lower and len(scales or ()) != 1:
        raise ParameterError("--lower goes with one --scale, whose claims it names")
    jobs = [make_job(spec, scale) for scale in scales or run_scales(spec)]
    results = [last_result(job) for job in jobs]
    path = expected_file(spec.name)
    content: dict[str, Any] = {"verdicts": {}, "lowered": {}, "history": []}
    if path.exists():
        content |= json.loads(path.read_text(encoding="utf-8"))
    changes: list[Change] = []
    for result in results:
        old = content["verdicts"].get(result.scale, {})
        run = {claim.id: claim.verdict for claim in result.claims}
        before = content["lowered"].pop(result.scale, {})
        kept = _lowered(run, before, lower or {})
        if kept:
            content["lowered"][result.scale] = kept
        new = run | kept
        names = [*new, *(name for name in old if name not in new)]
        here = [
            Change(
                result.scale, n, old.get(n), new.get(n), run[n] if n in kept else None
            )
            for n in names
        ]
        changes += here
        if old != new or before != kept:
            content["verdicts"][result.scale] = new
            content["history"].append(_entry(result.scale, why, here))
    if not content["lowered"]:
        del content["lowered"]
    write_atomic(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    for job in jobs:
        up_to_date(job)  # judges the stored run by the new expectation
    return changes


def _lowered(
    run: Mapping[str, str], before: Mapping[str, str], asked: Mapping[str, str]
) -> dict[str, str]:
    """Verdicts to expect that are below those of a run."""
    for claim, verdict in asked.items():
        if claim not in run:
            hint = suggest(claim, list(run))
            raise ParameterError(f"no claim {claim!r} in the last run{hint}")
        allowed = VERDICTS[
            VERDICTS.index(NOT_REPRODUCED) : VERDICTS.index(run[claim]) + 1
        ]
        if verdict not in allowed:
            raise ParameterError(
                f"claim {claim!r} is {run[claim]!r} in the last run and cannot be "
                f"lowered to {verdict!r}; allowed: {', '.join(allowed) or 'nothing'}"
            )
    return {
        claim: verdict
        for claim, verdict in {**before, **asked}.items()
        # a run that is as low needs no lowering, one that could not judge has none
        if run.get(claim, NOT_TESTABLE) != NOT_TESTABLE
        and VERDICTS.index(verdict) < VERDICTS.index(run[claim])
    }


def parse_lower(words: Sequence[str]) -> dict[str, str]:
    """Claims and verdicts of ``CLAIM=VERDICT``; a claim may have ``=`` in its name.

    Raises
    ------
    ParameterError
        If a word is not of that form, or a claim comes twice.
    """
    found: dict[str, str] = {}
    for word in words:
        claim, equals, verdict = (part.strip() for part in word.rpartition("="))
        if not (claim and equals and verdict):
            raise ParameterError(f"--lower {word!r} is not of the form CLAIM=VERDICT")
        if verdict not in VERDICTS:
            hint = suggest(verdict, VERDICTS)
            raise ParameterError(f"no verdict {verdict!r} in --lower{hint}")
        if claim in found:
            raise ParameterError(f"claim {claim!r} is lowered twice")
        found[claim] = verdict
    return found


def _entry(scale: str, why: str, changes: Sequence[Change]) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "when": now(),
        "scale": scale,
        "why": why.strip(),
        "changes": {c.claim: [c.old, c.new] for c in changes if c.old != c.new},
    }
    if below := {c.claim: [c.run, c.new] for c in changes if c.run}:
        entry["below the run"] = below
    return entry


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
