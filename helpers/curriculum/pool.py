"""Worker processes: start, watch against budgets, and stop without leftovers."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from helpers import paths, processors
from helpers.curriculum import budget, machine, offline
from helpers.curriculum.doctor import unfetched
from helpers.curriculum.jobs import Job

_TICK = 0.1
_LOOK = 0.5  # seconds between two looks at a worker's memory; each reads all of /proc
_GRACE = 1.5  # seconds a stopped worker gets to save the executed copy
_THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "LOKY_MAX_CPU_COUNT",
)


@dataclass
class Outcome:
    """How a worker ended, before anyone judged its notebook."""

    status: str  # a Status, where "passed" only means that all cells ran
    message: str = ""
    cell_index: int | None = None
    seconds: float = 0.0
    peak_mib: float = 0.0
    fences: str = ""
    leftovers: bool = False


@dataclass(frozen=True)
class Settings:
    """How to run: the same for all jobs of one call."""

    workers: int
    offline: bool = False
    timeout_factor: float = 1.0
    cores: int | None = None  # of each worker; None: an equal share of the machine

    @property
    def threads(self) -> int:
        return self.cores or max(1, processors.cores() // self.workers)

    @property
    def stretch(self) -> float:
        """How many times as long a notebook may take as alone on two cores."""
        return max(1.0, self.workers / max(1, processors.cores() // 2))


def environment(marker: str, settings: Settings) -> dict[str, str]:
    """Environment of a worker, its kernel and all that they start."""
    package_root = str(Path(__file__).resolve().parents[2])
    python_path = [package_root, *filter(None, [os.environ.get("PYTHONPATH")])]
    env = dict(os.environ)
    if settings.offline:
        env |= offline.environment()
        python_path.insert(0, str(offline.GUARD))
    return env | {
        budget.MARKER: marker,
        "CURRICULUM_HEADLESS": "1",
        "CURRICULUM_ROOT": str(paths.ROOT),
        "CURRICULUM_BUILD": str(paths.BUILD),
        "PYTHONPATH": os.pathsep.join(python_path),
        "JUPYTER_PREFER_ENV_PATH": "1",
        "IPYTHONDIR": str(paths.BUILD / "ipython"),  # not the reader's start-up files
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        **dict.fromkeys(_THREADS, str(settings.threads)),
    }


def hub_environment(job: Job) -> dict[str, str]:
    """A paper run asks the hub for nothing once all that it reads is fetched."""
    fetched = job.scale == "paper" and unfetched(job) == []
    return {"HF_HUB_OFFLINE": "1"} if fetched else {}


@dataclass
class Worker:
    """One running job."""

    job: Job
    settings: Settings
    marker: str = field(default_factory=lambda: uuid.uuid4().hex)
    outcome: Outcome = field(default_factory=lambda: Outcome("killed"))
    last: dict[str, Any] = field(default_factory=dict)
    stopped: str = ""

    def __post_init__(self) -> None:
        self.job.folder.mkdir(parents=True, exist_ok=True)
        # a run that dies before it saves anything must not be told by an earlier copy
        self.job.executed.unlink(missing_ok=True)
        self.log = self.job.folder / "worker.log"
        self.started = self._looked = time.monotonic()
        self._text = b""
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "helpers.curriculum.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=environment(self.marker, self.settings) | hub_environment(self.job),
                start_new_session=True,  # Ctrl-C is ours to pass on
            )
        assert self.process.stdin is not None and self.process.stdout is not None
        os.set_blocking(self.process.stdout.fileno(), False)
        order = {
            "notebook": str(self.job.spec.path),
            "executed": str(self.job.executed),
            "cwd": str(self.job.spec.path.parent),
            "parameters": {**self.job.overrides, "scale": self.job.scale},
            "offline": self.settings.offline,
        }
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(json.dumps(order).encode() + b"\n")
            self.process.stdin.flush()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started

    @property
    def budget_seconds(self) -> float:
        return self.job.row.seconds * self.settings.stretch

    @property
    def limit_seconds(self) -> float:
        return self.budget_seconds * budget.TOLERANCE * self.settings.timeout_factor

    def events(self) -> Iterator[dict[str, Any]]:
        """What the worker has said since the last call."""
        assert self.process.stdout is not None
        while chunk := self.process.stdout.read(65536):
            self._text += chunk
        *lines, self._text = self._text.split(b"\n")
        for line in lines:
            event = json.loads(line)
            if event["event"] == "cell":
                self.last = event
                self.outcome.cell_index = event["index"]
            elif event["event"] == "offline":
                self.outcome.fences = event["fences"]
            elif event["event"] == "end":
                self.outcome.status = event["outcome"]
                self.outcome.message = event["message"]
                self.last = event
            yield event

    def check_budgets(self) -> None:
        """Stop the worker when it is over its time or its memory; not at every call."""
        now, row = time.monotonic(), self.job.row
        if now < self._looked + _LOOK:
            return
        self._looked = now
        used = budget.tree_memory(budget.tree(self.process.pid), row.memory_mib)
        self.outcome.peak_mib = max(self.outcome.peak_mib, used)
        if used > row.memory_mib:
            stop([self], "memory")
            self.outcome.message = (
                f"used {used:.0f} MiB, the budget is {row.memory_mib} MiB"
            )
        elif self.seconds > self.limit_seconds:
            stop([self], "timeout")
            factor = budget.TOLERANCE * self.settings.timeout_factor
            self.outcome.message = (
                f"stopped after {self.seconds:.0f} s: {factor:g} times the stated "
                f"{self.budget_seconds:g} s; --timeout-factor 2 gives twice as long"
            )

    def finish(self) -> Outcome:
        """Collect the end of a worker that is gone and clear what it left."""
        for _ in self.events():
            pass
        assert self.process.stdin is not None and self.process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.stdout.close()
        self.outcome.seconds = self.seconds
        if self.stopped:
            self.outcome.status = self.stopped
        elif self.last.get("event") != "end":
            self.outcome.message = (
                f"the worker process died (exit code {self.process.returncode}); "
                f"see {self.log}"
            )
        self.outcome.leftovers = not budget.end([], [self.marker])
        return self.outcome


def stop(workers: Sequence[Worker], reason: str) -> None:
    """End workers with all they started; each gets a moment to save its notebook."""
    processes: list[psutil.Process] = []
    for worker in workers:
        worker.stopped = reason
        processes += budget.tree(worker.process.pid)
        worker.process.send_signal(signal.SIGTERM)
    deadline = time.monotonic() + _GRACE
    for worker in workers:
        try:
            worker.process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            worker.process.kill()
    budget.end(processes, [worker.marker for worker in workers])
    for worker in workers:
        worker.process.wait()


Listener = Callable[[Worker, dict[str, Any]], None]


def run_all(
    jobs: Sequence[Job],
    settings: Settings,
    tell: Listener,
    interrupted: Callable[[], bool],
) -> Iterator[tuple[Job, Outcome]]:
    """Run the jobs, longest budget first, and yield each as it ends.

    A job starts when a worker is free and its memory budget fits beside those of the
    jobs that run. Once ``interrupted()`` is true every worker is stopped and yielded
    as ``interrupted``; jobs that were not started yet are not yielded.
    """
    waiting = sorted(jobs, key=lambda job: -job.row.seconds)
    running: list[Worker] = []
    memory = machine.available_mib()
    try:
        while waiting or running:
            while waiting and len(running) < settings.workers:
                taken = sum(w.job.row.memory_mib for w in running)
                if running and taken + waiting[0].row.memory_mib > memory:
                    break
                running.append(Worker(waiting.pop(0), settings))
                tell(running[-1], {"event": "start"})
            time.sleep(_TICK)
            if interrupted():
                waiting.clear()
                stop(running, "interrupted")
            for worker in list(running):
                for event in worker.events():
                    tell(worker, event)
                if worker.process.poll() is None:
                    worker.check_budgets()
                    tell(worker, {"event": "tick"})
                if worker.process.poll() is not None:
                    running.remove(worker)
                    yield worker.job, worker.finish()
    finally:
        stop(running, "interrupted")
