"""Run notebooks and write down what really happened."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

from helpers import paths, processors
from helpers.claims import claims_in
from helpers.curriculum import executed, failures, junit, machine, verdicts
from helpers.curriculum.jobs import Job
from helpers.curriculum.outputs import swallowed_errors
from helpers.curriculum.pool import Outcome, Settings, run_all
from helpers.curriculum.results import Failure, RunResult, now
from helpers.curriculum.status import Status
from helpers.curriculum.trust import trust
from helpers.notebook_files import write_notebook
from helpers.session import versions

PACKAGES = ("numpy", "scipy", "torch", "numba", "matplotlib", "ipykernel", "papermill")


def run_notebooks(
    jobs: Sequence[Job],
    *,
    workers: int | None = None,
    offline: bool = False,
    force: bool = False,
    timeout_factor: float = 1.0,
    status: Status | None = None,
) -> list[RunResult]:
    """Run ``jobs`` and return one result each, in the order given.

    Parameters
    ----------
    jobs : sequence of Job
        From :func:`helpers.curriculum.jobs.make_jobs`.
    workers : int, optional
        Notebooks at a time, see :func:`side_by_side` for the default. Each gets
        ``cores // workers`` threads.
    offline : bool
        Connections to anything but loopback fail.
    force : bool
        Run also what is up to date.
    timeout_factor : float
        Multiplies the allowed time, for slow machines.
    status : Status, optional
        Where progress is shown; nothing is shown without it.

    Returns
    -------
    list of RunResult
        After an interrupt the jobs that were never started have none.
    """
    results: dict[str, RunResult] = {}
    todo: list[Job] = []
    with status or nullcontext(), interruptible() as interrupted:
        for job in jobs:
            known = None if force else up_to_date(job)
            if known is None:
                (job.folder / "results.json").unlink(missing_ok=True)
                todo.append(job)
                continue
            results[str(job)] = known
            if status:
                status.ended(job, known, fresh=False)
        count = workers or side_by_side(len(todo))
        settings = Settings(count, offline, timeout_factor)
        started = now()

        def tell(worker: Any, event: dict[str, Any]) -> None:
            if status:
                status.told(worker, event)

        for job, outcome in run_all(todo, settings, tell, interrupted):
            result = judge(job, outcome, settings, started)
            trust(job.executed)
            result.save(job.folder)
            results[str(job)] = result
            if status:
                status.ended(job, result, fresh=True)
        done = [(job, results[str(job)]) for job in jobs if str(job) in results]
        junit.write([(r, job.folder) for job, r in done], paths.BUILD / "junit.xml")
    return [result for _, result in done]


def side_by_side(jobs: int) -> int:
    """Notebooks at a time: one per two cores, and one that fills the pauses.

    A notebook has two processes where it computes and one where it starts, draws and
    tabulates, so that a core is idle for a quarter of the time while it runs alone.
    """
    cores = processors.cores()
    most = 1 if cores == 1 else cores // 2 + 1
    return max(1, min(jobs, most))


def up_to_date(job: Job) -> RunResult | None:
    """The stored result of an identical run that completed, judged anew.

    Verdicts may have been blessed or expectations changed since, which needs no run.
    """
    result = RunResult.load(job.folder)
    if result is None or result.key != job.key or not job.executed.exists():
        return None
    if result.status not in ("passed", "claims worse"):
        return None
    facts = {
        "title": job.spec.title,
        "budget_seconds": job.row.seconds * result.stretch,
        "budget_memory_mib": float(job.row.memory_mib),
    }
    current = _with_verdicts(job, result.model_copy(update=facts))
    if current != result:
        current.save(job.folder)
    executed.refresh(job.spec.path, job.executed, current)
    return current


def judge(job: Job, outcome: Outcome, settings: Settings, started: str) -> RunResult:
    """Turn the end of a worker into a result; make the executed copy true."""
    notebook = executed.read_executed(job.executed, job.spec.path)
    index: int | None = None
    failure: Failure | None = None
    if outcome.status != "passed":
        index = executed.failing_cell(notebook)
        if index is None or outcome.status != "failed":
            index = outcome.cell_index
        failure = failures.describe(notebook, index, outcome.message)
    hidden = swallowed_errors(notebook) if outcome.status == "passed" else []
    if hidden:
        outcome.status = "swallowed error"
        index = hidden[0].cell_index
        failure = failures.describe(notebook, index, hidden[0].message)
    result = RunResult(
        notebook=job.name,
        title=job.spec.title,
        scale=job.scale,
        key=job.key,
        parameters=job.resolved,
        status=outcome.status,  # type: ignore[arg-type]
        seconds=round(outcome.seconds, 2),
        budget_seconds=job.row.seconds * settings.stretch,
        stretch=settings.stretch,
        peak_memory_mib=round(outcome.peak_mib, 1),
        budget_memory_mib=job.row.memory_mib,
        started=started,
        commit=machine.commit(),
        versions=versions(PACKAGES),
        hardware={**machine.hardware(), "threads": str(settings.threads)},
        offline=settings.offline,
        executed=job.executed.name,
        failure=failure,
        claims=claims_in(notebook),
    )
    if result.passed:
        result = _with_verdicts(job, result)
    executed.make_links_its_own(notebook, job.spec.path, job.executed)
    executed.merge_streams(notebook)
    executed.mark(notebook, result, index)
    write_notebook(notebook, job.executed)
    return result


def _with_verdicts(job: Job, result: RunResult) -> RunResult:
    """The result as ``passed`` or ``claims worse``; values given exempt it."""
    worse = []
    if not job.overrides:
        worse = verdicts.compare(job.name, job.scale, result.claims)
    failure = Failure(section="Verdict", message=worse[0]) if worse else None
    status = "claims worse" if worse else "passed"
    return result.model_copy(
        update={"status": status, "worse": worse, "failure": failure}
    )


@contextmanager
def interruptible() -> Iterator[Callable[[], bool]]:
    """Turn SIGINT and SIGTERM into a flag; a second one has its usual effect."""
    flag = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield flag.is_set
        return
    kinds = (signal.SIGINT, signal.SIGTERM)
    before = {kind: signal.getsignal(kind) for kind in kinds}

    def restore() -> None:
        for kind, handler in before.items():
            signal.signal(kind, handler)

    def remember(*_: Any) -> None:
        flag.set()
        restore()

    for kind in kinds:
        signal.signal(kind, remember)
    try:
        yield flag.is_set
    finally:
        restore()
