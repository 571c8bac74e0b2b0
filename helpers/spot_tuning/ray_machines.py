"""Local Ray nodes that play a provider's machines: started on demand, taken by force.

One computer holds the whole cluster, on loopback only. Every machine is a Ray node of
its own with two custom resources: its instance type and its name. Killing it is real:
all of its processes die at once, as they do when a provider takes a machine.
"""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from contextlib import ExitStack
from types import TracebackType
from typing import Any
from unittest import mock

import psutil

try:
    import ray
    from ray._private import ray_constants, worker
    from ray.cluster_utils import Cluster
except ImportError as error:
    raise ImportError(
        "Ray is missing; install it with: pip install -e '.[cluster]'"
    ) from error

OBJECT_STORE = 80 * 2**20  # bytes per node; Ray takes no less
# A dead node is noticed after five seconds, a busy one is waited for.
HEALTH_CHECKS = {
    "health_check_initial_delay_ms": 1000,
    "health_check_period_ms": 500,
    "health_check_failure_threshold": 10,
}
QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_AIR_NEW_OUTPUT": "0",  # the new one prints at every verbosity
    "RAY_TQDM_PATCH_PRINT": "0",  # or Ray replaces `print`, which numba cannot compile
    "TUNE_PRINT_ALL_TRIAL_ERRORS": "0",  # a lost machine is no error
}


class LocalMachines:
    """A cluster of Ray nodes on this computer; use it in a ``with`` block.

    Machines that were given back stay idle and are used again. Nodes must be started
    in the main thread.

    Parameters
    ----------
    cpus : float
        Ray's CPU count of each machine; any number, since nothing enforces it.

    Raises
    ------
    RuntimeError
        On entry, if this process is connected to a Ray cluster already.

    Examples
    --------
    >>> with LocalMachines() as machines:  # doctest: +SKIP
    ...     name = machines.get("m4.4xlarge")
    ...     machines.kill(name)
    """

    def __init__(self, cpus: float = 1.0) -> None:
        self.cpus = cpus
        self._cluster: Any = None
        self._nodes: dict[str, Any] = {}
        self._types: dict[str, str] = {}
        self._idle: list[str] = []
        self._started = 0
        self._exit = ExitStack()

    def __enter__(self) -> LocalMachines:
        if ray.is_initialized():
            raise RuntimeError(
                "this process is connected to a Ray cluster; call ray.shutdown() first"
            )
        with ExitStack() as stack:
            # Sockets have short paths only, so this cannot be below a test's folder.
            folder = tempfile.mkdtemp(prefix="ray-")
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
            variables = {**QUIET, "RAY_TMPDIR": folder}
            stack.enter_context(mock.patch.dict(os.environ, variables))
            # Ray's own switch for "loopback only": Ray replaces 127.0.0.1 otherwise.
            stack.enter_context(
                mock.patch.object(ray_constants, "ENABLE_RAY_CLUSTER", False)
            )
            # A killed node is no news here, so the driver need not print it.
            stack.enter_context(mock.patch.object(worker, "print_to_stdstream"))
            self._cluster = Cluster(
                initialize_head=True,
                head_node_args=self._arguments(
                    num_cpus=0, _system_config=HEALTH_CHECKS
                ),
            )
            stack.callback(self._cluster.shutdown)
            ray.init(
                address=self._cluster.address,
                log_to_driver=False,
                logging_level=logging.ERROR,
                configure_logging=False,
            )
            stack.callback(ray.shutdown)
            self._exit = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for name in list(self._nodes):
            self.kill(name)
        self._exit.close()

    def __reduce__(self) -> tuple[type[LocalMachines], tuple[float]]:
        """Tune writes its settings to disk; a copy from there holds no machine."""
        return LocalMachines, (self.cpus,)

    def _arguments(self, **more: Any) -> dict[str, Any]:
        return {
            "node_ip_address": "127.0.0.1",
            "object_store_memory": OBJECT_STORE,
            "include_dashboard": False,
            "include_log_monitor": False,
            "no_monitor": True,
            **more,
        }

    def get(self, instance_type: str) -> str:
        """Name of a machine of that type: an idle one, or a node started now."""
        for name in self._idle:
            if self._types[name] == instance_type:
                self._idle.remove(name)
                return name
        self._started += 1
        name = f"machine-{self._started}"
        self._nodes[name] = self._cluster.add_node(
            **self._arguments(num_cpus=self.cpus, resources={instance_type: 1, name: 1})
        )
        self._types[name] = instance_type
        return name

    def give_back(self, name: str) -> None:
        """The machine is free for another trial."""
        if name in self._nodes:
            self._idle.append(name)

    def kill(self, name: str) -> None:
        """Take a machine: all of its processes die now. Twice is once."""
        node = self._nodes.pop(name, None)
        if node is None:
            return
        if name in self._idle:
            self._idle.remove(name)
        for process in self._processes(node):
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
        self._cluster.remove_node(node, allow_graceful=False)

    def alive(self, name: str) -> bool:
        return name in self._nodes

    @staticmethod
    def _processes(node: Any) -> list[psutil.Process]:
        """All that the raylet started, then the raylet: none of them can tell of it."""
        found = []
        for entries in node.all_processes.values():
            for entry in entries:
                try:
                    process = psutil.Process(entry.process.pid)
                    found += [*process.children(recursive=True), process]
                except psutil.NoSuchProcess:
                    continue
        return found
