"""Run the cells of a sweep: take up what is done, retry what failed, stop cleanly."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from helpers.curriculum.executors import Executor
from helpers.curriculum.results import RunResult
from helpers.curriculum.runner import interruptible, up_to_date
from helpers.curriculum.sweep_grid import Cell, Sweep
from helpers.curriculum.sweep_status import SweepStatus
from helpers.parameters import ParameterError


@dataclass
class SweepRun:
    """How the cells of a sweep ended; a cell that never started has no result."""

    sweep: Sweep
    results: dict[str, RunResult] = field(default_factory=dict)  # by cell id
    interrupted: bool = False

    def __iter__(self) -> Iterator[tuple[Cell, RunResult | None]]:
        for cell in self.sweep.cells:
            yield cell, self.results.get(cell.id)

    @property
    def failed(self) -> list[tuple[Cell, RunResult]]:
        """Cells that ended without passing; those that were interrupted are not."""
        return [
            (cell, result)
            for cell, result in self
            if result and not result.passed and result.status != "interrupted"
        ]

    @property
    def passed(self) -> int:
        return sum(result is not None and result.passed for _, result in self)

    @property
    def complete(self) -> bool:
        return self.passed == len(self.sweep.cells)


def run_sweep(
    sweep: Sweep,
    executor: Executor,
    *,
    retries: int = 1,
    force: bool = False,
    status: SweepStatus | None = None,
) -> SweepRun:
    """Run every cell that has no up-to-date result and return all results.

    A cell's ``results.json`` is written when its notebook lies complete in its folder,
    both atomically: whatever ends this process, the next call goes on from there.

    Parameters
    ----------
    executor : Executor
        Where cells run; entered and left here.
    retries : int
        How often a cell that failed is run again, after all others.
    force : bool
        Run also what is up to date.

    Raises
    ------
    ParameterError
        If another sweep of the notebook is running.
    """
    run = SweepRun(sweep)
    status = status or SweepStatus(None)
    with _alone(sweep.home), executor, status, interruptible() as interrupted:
        todo = []
        for cell in sweep.cells:
            known = None if force else up_to_date(cell.job)
            if known is None:
                (cell.job.folder / "results.json").unlink(missing_ok=True)
                todo.append(cell)
            else:
                run.results[cell.id] = known
        status.begin(len(sweep.cells), len(run.results))
        todo = _round(run, todo, executor, status, interrupted)
        for _ in range(retries):
            if not todo or interrupted():
                break
            status.retry(len(todo))
            todo = _round(run, todo, executor, status, interrupted)
        run.interrupted = interrupted()
    return run


def _round(
    run: SweepRun,
    cells: Sequence[Cell],
    executor: Executor,
    status: SweepStatus,
    interrupted: Callable[[], bool],
) -> list[Cell]:
    """Run ``cells`` once; those that failed."""
    by_folder = {cell.job.folder: cell for cell in cells}
    jobs = [cell.job for cell in cells]
    for job, result in executor.run(jobs, status.tell, interrupted):
        cell = by_folder[job.folder]
        result.save(job.folder)
        run.results[cell.id] = result
        status.ended(cell, result)
    return [
        cell
        for cell in cells
        if (ended := run.results.get(cell.id))
        and not ended.passed
        and ended.status != "interrupted"
    ]


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """Hold the notebook's sweeps; the system lets go when this process ends."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ParameterError(
                f"another sweep of {home.name} is running; wait for its end"
            ) from None
        yield
