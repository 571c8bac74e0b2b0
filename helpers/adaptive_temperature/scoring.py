"""Samples in, verdicts, counts per problem and pass@k out."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Protocol

import pandas as pd

import helpers.sandbox
from helpers.adaptive_temperature.ledger import Ledger, digest
from helpers.adaptive_temperature.pass_at_k import bootstrap, pass_at_k
from helpers.adaptive_temperature.problems import Problem, job
from helpers.adaptive_temperature.samples import Samples
from helpers.names import suggest
from helpers.sandbox.jobs import Cases, Check, Job
from helpers.sandbox.limits import Limits
from helpers.sandbox.verdicts import Outcome, Verdict

UNREPEATABLE = "not repeatable"


class Runner(Protocol):
    """What of `helpers.sandbox.sandbox.Sandbox` is used here."""

    limits: Limits
    tier: str
    hash_seed: int

    def run_many(
        self,
        jobs: Sequence[Job],
        *,
        progress: str | None = None,
        done: Callable[[Job, Outcome], object] | None = None,
    ) -> list[Outcome]:
        """Verdicts in the order of the jobs; ``done`` gets each as it is reached."""


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
    confirm: Runner | None = None,
    ledger: Path | Ledger | None = None,
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
    confirm : Sandbox, optional
        Runs those that pass once more. With another ``hash_seed`` it finds programs
        that are right by the luck of a set's order: they count as WRONG, with the
        detail "not repeatable".
    ledger : Path or Ledger, optional
        Verdicts so far, in a file or opened by the caller for several calls. What it
        holds of the same program, tests, limits, tier, hash seed and version is not run
        again; an interrupted call resumes there. A failure of the sandbox itself is
        never written.
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
    rows: list[tuple[str, str, int, Job]] = []  # task, text, count, job
    for task, problem in by_id.items():
        for text, count in (+Counter(samples[task])).items():
            rows.append((task, text, count, job(problem, text, whole=whole)))
    opened = nullcontext(ledger) if isinstance(ledger, Ledger) else Ledger(ledger)
    with opened as kept:
        outcomes = _verdicts([row[3] for row in rows], sandbox, kept, progress)
        if confirm is not None:
            right = [asked for asked, outcome in outcomes.items() if outcome.passed]
            for asked, again in _verdicts(right, confirm, kept, progress).items():
                if not again.passed:
                    outcomes[asked] = Outcome(Verdict.WRONG, UNREPEATABLE)
    found = [(task, text, count, outcomes[asked]) for task, text, count, asked in rows]
    return _summary(found, sandbox.tier)


def _verdicts(
    jobs: Iterable[Job], sandbox: Runner, ledger: Ledger, progress: bool
) -> dict[Job, Outcome]:
    """Verdict on every distinct job, from the ledger or else from the sandbox."""
    setting = digest(
        repr(sandbox.limits),
        sandbox.tier,
        str(sandbox.hash_seed),
        platform.python_version(),
        _code(),
    )
    keys = {
        asked: digest(setting, _tests(asked.tests), asked.entry, asked.source)
        for asked in jobs
    }
    missing = [asked for asked, key in keys.items() if key not in ledger]
    sandbox.run_many(
        missing,
        progress="programs" if progress else None,
        done=lambda asked, outcome: ledger.add(keys[asked], outcome),
    )
    return {asked: ledger[key] for asked, key in keys.items()}


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
        if isinstance(samples[task], str):
            raise ValueError(f"the samples of {task!r} are one text; allowed: a list")
    missing = [task for task in by_id if not +Counter(samples.get(task, ()))]
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


@lru_cache(maxsize=4096)
def _tests(tests: Cases | Check) -> str:
    """Digest of tests."""
    if isinstance(tests, Check):
        return digest("check", tests.source, tests.context)
    return digest("cases", tests.policy, _text(tests.calls))


def _text(value: object) -> str:
    """A plain value as a text that is the same whatever the order of its sets."""
    name = type(value).__name__
    if isinstance(value, set | frozenset):
        return f"{name}({sorted(map(_text, value))})"
    if isinstance(value, tuple | list):
        return f"{name}({[_text(item) for item in value]})"
    if isinstance(value, dict):
        return f"{name}({[(_text(k), _text(v)) for k, v in value.items()]})"
    return repr(value)


@cache
def _code() -> str:
    """Version of the sandbox: a digest of its source files."""
    folder = Path(helpers.sandbox.__file__).parent
    files = sorted(folder.rglob("*.py"))
    return digest(*(file.read_text(encoding="utf-8") for file in files))
