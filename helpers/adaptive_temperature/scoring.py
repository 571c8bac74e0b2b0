"""Samples in, verdicts, counts per problem and pass@k out."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Protocol

import pandas as pd
from tqdm import tqdm

import helpers.sandbox
from helpers.adaptive_temperature.ledger import Ledger, digest
from helpers.adaptive_temperature.pass_at_k import bootstrap, pass_at_k
from helpers.adaptive_temperature.problems import Problem, job
from helpers.adaptive_temperature.samples import Samples
from helpers.names import suggest
from helpers.sandbox.jobs import Cases, Check, Job
from helpers.sandbox.limits import Limits
from helpers.sandbox.verdicts import Outcome, Verdict

CHUNK = 128


class Runner(Protocol):
    """What of `helpers.sandbox.sandbox.Sandbox` is used here."""

    limits: Limits

    @property
    def tier(self) -> str: ...

    def run_many(
        self, jobs: Sequence[Job], *, progress: str | None = None
    ) -> list[Outcome]: ...


@dataclass(frozen=True)
class Scores:
    """What a set of samples achieved.

    Attributes
    ----------
    counts : DataFrame
        One row per problem: ``task_id``, samples ``n``, right ones ``c``, ``distinct``
        texts among them, and ``valid`` ones, which compile.
    outcomes : DataFrame
        One row per distinct completion: ``task_id``, ``completion_hash``, ``count`` of
        its samples, ``verdict`` and ``detail``.
    tier : str
        Of the sandbox that judged them.
    """

    counts: pd.DataFrame
    outcomes: pd.DataFrame
    tier: str

    @property
    def passes(self) -> int:
        """Samples that pass."""
        return int(self.counts["c"].sum())

    @property
    def solved(self) -> int:
        """Problems that at least one sample solves."""
        return int((self.counts["c"] > 0).sum())

    def pass_at(self, k: int) -> float:
        """Mean over problems of the unbiased pass@k, in [0, 1]."""
        return float(pass_at_k(self.counts["n"], self.counts["c"], k).mean())

    def interval(self, k: int, *, seed: int, draws: int = 2000) -> dict[str, float]:
        """``value``, ``low`` and ``high`` of pass@k; see `bootstrap`."""
        return bootstrap(self.counts["n"], self.counts["c"], k, seed=seed, draws=draws)

    def verdicts(self) -> pd.Series:
        """Samples per verdict, the most frequent first."""
        counts = self.outcomes.groupby("verdict")["count"].sum()
        return counts.sort_values(ascending=False)


def score(
    problems: Iterable[Problem],
    samples: Samples | Mapping[str, Sequence[str] | Counter[str]],
    *,
    sandbox: Runner,
    ledger: Path | None = None,
    progress: bool = True,
    whole: bool = False,
) -> Scores:
    """Run every distinct (problem, completion) once and count what passes.

    Parameters
    ----------
    problems : iterable of Problem
        Each needs a sample: leaving problems without one out would flatter a model.
    samples : Samples, or mapping of str to sequence or Counter of str
        Completions by ``task_id``; a Counter's numbers are samples of equal text.
    sandbox : Sandbox
        Runs the programs.
    ledger : Path, optional
        File of verdicts. What it holds of the same program, tests, limits, tier and
        version is not run again; an interrupted call resumes there. A failure of the
        sandbox itself is never written.
    progress : bool
        Show a bar of distinct programs.
    whole : bool
        For a mapping: its texts are whole programs.

    Raises
    ------
    ValueError
        Before anything runs: a problem without samples, samples of an unknown problem,
        or a repeated ``task_id``.
    SandboxError
        When the sandbox fails twice at a program; verdicts so far are in the ledger.
    """
    if isinstance(samples, Samples):
        whole, samples = samples.whole, samples.texts
    by_id = _checked(problems, samples)
    setting = (repr(sandbox.limits), sandbox.tier, platform.python_version(), _code())
    jobs: dict[str, Job] = {}  # by key
    rows: list[tuple[str, str, int, str]] = []  # task, text, count, key
    for task, problem in by_id.items():
        tests = _text_of(job(problem, "").tests)
        for text, count in Counter(samples[task]).items():
            asked = job(problem, text, whole=whole)
            key = digest(*setting, tests, asked.entry, asked.source)
            jobs[key] = asked
            rows.append((task, text, count, key))
    with Ledger(ledger) as verdicts:
        _run(
            [(k, j) for k, j in jobs.items() if k not in verdicts],
            sandbox,
            verdicts,
            progress,
        )
        found = [(*row[:3], verdicts[row[3]]) for row in rows]
    return _summary(found, sandbox.tier)


def _run(
    missing: Sequence[tuple[str, Job]],
    sandbox: Runner,
    verdicts: Ledger,
    progress: bool,
) -> None:
    """Fill the ledger chunk by chunk: an interruption loses one chunk at most."""
    with tqdm(total=len(missing), desc="programs", disable=not progress) as bar:
        for start in range(0, len(missing), CHUNK):
            chunk = missing[start : start + CHUNK]
            outcomes = sandbox.run_many([asked for _, asked in chunk])
            for (key, _), outcome in zip(chunk, outcomes, strict=True):
                verdicts.add(key, outcome)
            bar.update(len(chunk))


def _checked(
    problems: Iterable[Problem], samples: Mapping[str, Sequence[str] | Counter[str]]
) -> dict[str, Problem]:
    """Problems by id, once each of them has samples and no sample lacks a problem."""
    by_id: dict[str, Problem] = {}
    for problem in problems:
        if problem.task_id in by_id:
            raise ValueError(f"two problems have the id {problem.task_id!r}")
        by_id[problem.task_id] = problem
    for task in samples:
        if task not in by_id:
            raise ValueError(f"no problem has the id {task!r}{suggest(task, by_id)}")
    missing = [task for task in by_id if not samples.get(task)]
    if missing:
        raise ValueError(
            f"{len(missing)} of {len(by_id)} problems have no sample, such as "
            f"{missing[0]!r}; pass the problems that were sampled to score only those"
        )
    return by_id


def _summary(found: Iterable[tuple[str, str, int, Outcome]], tier: str) -> Scores:
    outcomes = pd.DataFrame(
        [
            (task, digest(text), count, outcome.verdict.value, outcome.detail)
            for task, text, count, outcome in found
        ],
        columns=["task_id", "completion_hash", "count", "verdict", "detail"],
    )
    count, verdict = outcomes["count"], outcomes["verdict"]
    per_row = pd.DataFrame(
        {
            "task_id": outcomes["task_id"],
            "n": count,
            "c": count.where(verdict == Verdict.PASS.value, 0),
            "distinct": 1,
            "valid": count.where(verdict != Verdict.COMPILE.value, 0),
        }
    )
    counts = per_row.groupby("task_id", sort=False).sum().reset_index()
    return Scores(counts, outcomes, tier)


def _text_of(tests: object) -> str:
    """Tests as a text that is the same in every process, whatever its hash seed."""
    if isinstance(tests, Check):
        return digest("check", tests.source, tests.context)
    if isinstance(tests, Cases):
        return digest("cases", tests.policy, _text_of(tests.calls))
    if isinstance(tests, set | frozenset):
        return f"{type(tests).__name__}({sorted(map(_text_of, tests))})"
    if isinstance(tests, tuple | list):
        return f"{type(tests).__name__}({[_text_of(item) for item in tests]})"
    if isinstance(tests, dict):
        return f"dict({[(_text_of(k), _text_of(v)) for k, v in tests.items()]})"
    return repr(tests)


@cache
def _code() -> str:
    """Version of the sandbox: a digest of its source files."""
    folder = Path(helpers.sandbox.__file__).parent
    files = sorted(folder.rglob("*.py"))
    return digest(*(file.read_text(encoding="utf-8") for file in files))
