"""Jobs as tasks of a Ray cluster: Ray places them and runs again what a node lost."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from helpers.curriculum.executors import Tell
from helpers.curriculum.jobs import Job
from helpers.curriculum.pool import Outcome, Settings
from helpers.curriculum.ray_cell import Order, Parcel, UnfitNodeError, run_cell
from helpers.curriculum.results import RunResult, now
from helpers.curriculum.runner import judge
from helpers.parameters import ParameterError
from helpers.scales import Scale

MAX_LOST = 20  # nodes or worker processes that one cell may lose
MAX_SUBMITTED = 1000  # tasks that wait in Ray's queue at a time
_TICK = 0.25
_GRACE = 5.0  # seconds that stopped cells get to end their kernels
_MIB = 2**20


@dataclass
class RayExecutor:
    """A Ray cluster; connects on entry.

    Parameters
    ----------
    address : str
        ``local`` starts Ray on this machine, ``auto`` finds the cluster that this
        machine belongs to, anything else is a cluster's ``host:port``.
    row : Scale
        What each job reserves: cores, memory and, where it says so, one GPU.
    settings : Settings
        Offline and the time factor; ``settings.workers`` bounds the jobs at a time.

    Raises
    ------
    ParameterError
        If Ray is missing, the cluster cannot be reached, or no node is large enough.
    """

    address: str
    row: Scale
    settings: Settings

    def __enter__(self) -> RayExecutor:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        # Ray would replace `print` for the whole process, which numba cannot compile.
        os.environ.setdefault("RAY_TQDM_PATCH_PRINT", "0")
        try:
            import ray
        except ImportError:
            raise ParameterError(
                "--ray needs Ray; install it with: pip install -e '.[cluster]'"
            ) from None
        self.ray = ray
        self._reach()
        where: dict[str, Any] = {"address": self.address}
        if self.address == "local":
            where["include_dashboard"] = False
        try:
            ray.init(**where, log_to_driver=False, logging_level=logging.ERROR)
        except (ConnectionError, RuntimeError, ValueError, OSError) as error:
            first = str(error).strip().splitlines()[0]
            raise ParameterError(f"--ray {self.address}: {first}") from None
        if self.address == "local" and not self._fits():
            self.ray.shutdown()
            raise ParameterError(f"--ray local: no node has {self._wanted()}")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.ray.shutdown()

    def _reach(self) -> None:
        """Refuse an address where nobody listens; Ray itself tries on and on."""
        host, colon, port = self.address.rpartition(":")
        if not colon or "://" in self.address:
            return
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout=10).close()
        except (OSError, ValueError) as error:
            raise ParameterError(
                f"--ray {self.address}: no cluster there ({error}); allowed: local, "
                "auto, HOST:PORT of a running cluster"
            ) from None

    @property
    def resources(self) -> dict[str, float]:
        """What one job reserves, in Ray's words."""
        return {
            "CPU": self.row.cores,
            "GPU": int(self.row.gpu),
            "memory": self.row.memory_mib * _MIB,
        }

    def _wanted(self) -> str:
        gpu = ", a GPU" if self.row.gpu else ""
        return f"{self.row.cores} CPU, {self.row.memory_mib} MiB of memory{gpu}"

    def _fits(self) -> bool:
        """Whether some node could ever hold one job."""
        return any(
            all(node["Resources"].get(k, 0) >= v for k, v in self.resources.items())
            for node in self._alive()
        )

    def _alive(self) -> list[dict[str, Any]]:
        return [node for node in self.ray.nodes() if node["Alive"]]

    def run(
        self, jobs: Sequence[Job], tell: Tell, interrupted: Callable[[], bool]
    ) -> Iterator[tuple[Job, RunResult]]:
        """Run ``jobs`` on the cluster; a lost node's jobs run again elsewhere."""
        task = self.ray.remote(run_cell).options(
            num_cpus=self.resources["CPU"],
            num_gpus=self.resources["GPU"],
            memory=self.resources["memory"],
            max_retries=MAX_LOST,
            retry_exceptions=False,
        )
        waiting = sorted(jobs, key=lambda job: -job.row.seconds)
        pending: dict[Any, Job] = {}
        started = now()
        if not self._fits():
            tell(0, f"waiting for a node with {self._wanted()}")
        nodes = len(self._alive())
        try:
            while (waiting or pending) and not interrupted():
                while waiting and len(pending) < self.settings.workers:
                    job = waiting.pop(0)
                    pending[task.remote(Order.of(job, self.settings))] = job
                done, _ = self.ray.wait(list(pending), timeout=_TICK)
                for ref in done:
                    job = pending.pop(ref)
                    yield job, self._receive(ref, job, started)
                alive = len(self._alive())
                lost = "" if alive >= nodes else f"a node is gone, {alive} are left"
                nodes = alive
                tell(self._running(len(pending)), lost)
        finally:
            self._cancel(pending)

    def _receive(self, ref: Any, job: Job, started: str) -> RunResult:
        """The result of a task, its files written; what Ray gave up is ``killed``."""
        errors = self.ray.exceptions
        try:
            parcel: Parcel = self.ray.get(ref)
        except errors.RayTaskError as error:
            unfit = isinstance(error.cause, UnfitNodeError)
            name = "" if unfit else f"{type(error.cause).__name__}: "
            outcome = Outcome("failed", f"{name}{error.cause}")
        except errors.RayError as error:
            outcome = Outcome("killed", str(error).strip().splitlines()[0])
        else:
            parcel.unpack(job.folder)
            return RunResult.model_validate_json(parcel.result)
        job.executed.unlink(missing_ok=True)  # of an earlier run
        return judge(job, outcome, self.settings, started)

    def _running(self, pending: int) -> int:
        """Jobs that run now: what is reserved, in jobs, and never more than there are.

        Ray tells a driver nothing else about tasks that have no result yet.
        """
        total = self.ray.cluster_resources().get("CPU", 0.0)
        free = self.ray.available_resources().get("CPU", 0.0)
        return min(pending, round((total - free) / self.row.cores))

    def _cancel(self, pending: dict[Any, Job]) -> None:
        """Stop what runs: a cancelled task ends its kernel before it goes."""
        for ref in pending:
            with contextlib.suppress(Exception):
                self.ray.cancel(ref)
        if pending:
            with contextlib.suppress(Exception):
                refs = list(pending)
                self.ray.wait(refs, num_returns=len(refs), timeout=_GRACE)
