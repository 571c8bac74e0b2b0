"""`Sandbox`: hand in programs with their tests, get verdicts.

>>> from helpers.sandbox.jobs import Cases, Job
>>> job = Job("def double(x):\\n    return 2 * x", "double", Cases((((3,), 6),)))
>>> with Sandbox(workers=1) as sandbox:  # doctest: +SKIP
...     print(sandbox.run(job))
PASS
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import tempfile
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import asdict
from types import TracebackType

from tqdm import tqdm

from helpers.processors import cores
from helpers.progress import progress_bar
from helpers.sandbox import landlock
from helpers.sandbox.bubblewrap import work_folder
from helpers.sandbox.jobs import Job
from helpers.sandbox.judge_process import JudgeProcess
from helpers.sandbox.limits import MAX_EXTENSION, Limits
from helpers.sandbox.tiers import (
    available_tiers,
    banner,
    choose,
    command,
    interpreter,
)
from helpers.sandbox.verdicts import Outcome, SandboxError, Verdict

__all__ = ["Sandbox", "available_tiers", "banner"]

_AHEAD = 2  # jobs that a judge holds: the next one is there when one is done
_PATIENCE = 15.0  # s beyond the longest wall time until a judge counts as stuck


class Sandbox:
    """Judges and their zygotes, started when first needed.

    Parameters
    ----------
    workers : int, optional
        Programs that run at once; by default the processors this process may use.
    limits : Limits
    tier : str, optional
        ``"process"``, ``"seccomp"`` or ``"bubblewrap"``; by default the strongest that
        works here, and never ``"process"``.
    hash_seed : int
        Pins the order of sets of texts, from 0 to 2^32 - 1, so that a program has the
        same verdict each time. A program that depends on the order passes under some
        seeds only: run what passes under a second seed to find it. (0 and 1 are each
        the luck of one published sample for HumanEval/158.)

    Raises
    ------
    ValueError
        If ``workers`` is below 1, the tier has no such name or the seed is outside.
    RuntimeError
        If the tier cannot be had on this machine.
    """

    def __init__(
        self,
        workers: int | None = None,
        limits: Limits = Limits(),  # noqa: B008  (frozen)
        tier: str | None = None,
        hash_seed: int = 2,
    ) -> None:
        if not 0 <= hash_seed < 1 << 32:
            raise ValueError(f"hash_seed is {hash_seed}; allowed: 0 to 2^32 - 1")
        if workers is None:
            workers = cores()
        if isinstance(workers, bool) or not isinstance(workers, int) or workers < 1:
            raise ValueError(f"workers is {workers!r}; allowed: 1 or more")
        self.tier = choose(tier)
        self.limits = limits
        self.workers = workers
        self.hash_seed = hash_seed
        self._folder = tempfile.mkdtemp(prefix="sandbox-")
        inside = self.tier == "bubblewrap"
        hardened = self.tier != "process"
        self._settings = {
            "limits": asdict(limits),
            "command": command(self.tier),
            "zygote": {
                "name": self._folder,  # to be told apart in a list of processes
                "hash_seed": hash_seed,
                "folder": work_folder(interpreter()) if inside else self._folder,
                "seccomp": hardened,
                "landlock": hardened and landlock.version() > 0,
                "memory_mib": limits.memory_mib,
                "cpu_seconds": limits.cpu_seconds,
                "output_bytes": limits.output_bytes,
                # bubblewrap ends its process with the judge by itself
                "parent": 0 if inside else None,
            },
        }
        self._judges: list[JudgeProcess] = []
        self._lock = threading.Lock()
        self._closed = False
        self._finalizer = weakref.finalize(
            self, _clean, self._judges, self._folder, os.getpid()
        )

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End all processes; the sandbox cannot be used afterwards."""
        self._closed = True
        self._finalizer()

    def run(self, job: Job) -> Outcome:
        """Verdict on one job; errors as of `run_many`."""
        return self.run_many([job])[0]

    def run_many(
        self,
        jobs: Sequence[Job],
        *,
        progress: str | None = None,
        done: Callable[[Job, Outcome], object] | None = None,
    ) -> list[Outcome]:
        """Verdicts on jobs, in their order; equal jobs run once.

        It may be interrupted: running programs are killed, the sandbox stays usable.

        Parameters
        ----------
        jobs : sequence of Job
        progress : str, optional
            Label of a progress bar; without it there is none.
        done : callable, optional
            Gets every distinct job with its verdict as soon as there is one, so that
            an interruption loses none.

        Raises
        ------
        SandboxError
            If the sandbox failed twice on the same job: no verdict.
        """
        if self._closed:
            raise ValueError("this sandbox is closed")
        unique = list(dict.fromkeys(jobs))
        bar = progress_bar(total=len(unique), desc=progress, disable=not progress)
        with self._lock, bar:
            try:
                found = self._run(unique, bar, done or (lambda *_: None))
            except BaseException:
                self._end_busy()
                raise
        return [found[job] for job in jobs]

    def _run(
        self,
        jobs: list[Job],
        bar: tqdm,
        tell: Callable[[Job, Outcome], object],
    ) -> dict[Job, Outcome]:
        """Keep the judges busy until every job has its verdict."""
        waiting = deque(jobs)
        failed: set[Job] = set()
        done: dict[Job, Outcome] = {}
        while len(self._judges) < min(self.workers, len(jobs)):
            self._judges.append(JudgeProcess(self._settings))
        while len(done) < len(jobs):
            for held in range(_AHEAD):  # one each first, then the ones ahead
                for judge in self._judges:
                    if waiting and len(judge.jobs) <= held:
                        judge.submit(waiting.popleft())
            self._wait()
            new: dict[Job, Outcome] = {}
            for number, judge in enumerate(self._judges):
                new.update(judge.collect())
                stuck = judge.stuck(
                    MAX_EXTENSION * self.limits.wall_seconds + _PATIENCE
                )
                if judge.error or stuck:
                    judge.kill()
                    self._judges[number] = JudgeProcess(self._settings)
                    self._take_back(judge, waiting, failed, new)
            for job, outcome in new.items():
                tell(job, outcome)
            done.update(new)
            bar.update(len(new))
        return done

    def _take_back(
        self,
        judge: JudgeProcess,
        waiting: deque[Job],
        failed: set[Job],
        done: dict[Job, Outcome],
    ) -> None:
        """Have the jobs of a judge that was killed done by others."""
        if judge.jobs:
            job = judge.jobs.popleft()
            if not judge.error:
                # stuck, as test code can be that is given the program's answers
                done[job] = Outcome(Verdict.TIMEOUT, "wall")
            elif job in failed:
                raise SandboxError(f"{judge.error} ({self.tier} tier)")
            else:
                failed.add(job)
                judge.jobs.appendleft(job)
        waiting.extendleft(reversed(judge.jobs))
        judge.jobs.clear()

    def _wait(self) -> None:
        """Until some judge has something to say, can take more, or may be stuck."""
        poll = select.poll()
        for judge in self._judges:
            poll.register(judge, select.POLLIN | (select.POLLOUT * bool(judge.unsent)))
        limit = MAX_EXTENSION * self.limits.wall_seconds + _PATIENCE
        begun = min(judge.since for judge in self._judges if judge.jobs)
        poll.poll(1000 * max(begun + limit - time.monotonic(), 0.01))

    def _end_busy(self) -> None:
        """Kill judges that have jobs: their answers would belong to no call."""
        for judge in self._judges:
            if judge.jobs:
                judge.kill()
        self._judges[:] = [judge for judge in self._judges if not judge.jobs]


def _clean(judges: list[JudgeProcess], folder: str, owner: int) -> None:
    """End processes and remove the work folder; also runs when Python ends."""
    if os.getpid() != owner:
        return  # a fork of the notebook: the judges are not its own
    for judge in judges:
        judge.kill()
    judges.clear()
    with contextlib.suppress(OSError):
        shutil.rmtree(folder)
