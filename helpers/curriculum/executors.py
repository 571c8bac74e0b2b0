"""Where jobs run: one interface for this machine's processes and for a Ray cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol

from helpers.curriculum.jobs import Job
from helpers.curriculum.pool import Settings, Worker, run_all
from helpers.curriculum.results import RunResult, now
from helpers.curriculum.runner import judge

Tell = Callable[[int, str], None]  # jobs that run now; something to note, or ""


class Executor(Protocol):
    """Runs jobs somewhere and hands back each as it ends; used in a ``with`` block.

    When a result is yielded, the executed notebook lies complete in the job's folder;
    ``results.json`` is written by whoever asked, and a job counts from then on. Once
    ``interrupted()`` is true, running jobs are stopped and no more are started; those
    without a result are not yielded, or yielded as ``interrupted``.
    """

    def __enter__(self) -> Executor: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def run(
        self, jobs: Sequence[Job], tell: Tell, interrupted: Callable[[], bool]
    ) -> Iterator[tuple[Job, RunResult]]: ...


@dataclass
class LocalExecutor:
    """Processes of this machine, as ``curriculum run`` starts them."""

    settings: Settings

    def __enter__(self) -> LocalExecutor:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing is left to close: the pool ends its workers itself."""

    def run(
        self, jobs: Sequence[Job], tell: Tell, interrupted: Callable[[], bool]
    ) -> Iterator[tuple[Job, RunResult]]:
        """Run ``jobs``, ``settings.workers`` at a time."""
        running = 0

        def told(worker: Worker, event: dict[str, Any]) -> None:
            nonlocal running
            running += event["event"] == "start"
            note = f"offline: {event['fences']}" if event["event"] == "offline" else ""
            tell(running, note)

        started = now()
        for job, outcome in run_all(jobs, self.settings, told, interrupted):
            running -= 1
            tell(running, "")
            yield job, judge(job, outcome, self.settings, started)
