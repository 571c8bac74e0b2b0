"""Memory of a process tree, and the certain end of all its processes."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable

import psutil

MARKER = "CURRICULUM_RUN"
TOLERANCE = 3.0  # a run is failed at this many times its stated seconds
_MIB = 2**20


def tree(pid: int) -> list[psutil.Process]:
    """The process and all its descendants that still exist."""
    try:
        root = psutil.Process(pid)
        return [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def tree_memory(processes: Iterable[psutil.Process], budget: float) -> float:
    """Memory in MiB of ``processes``.

    The resident sizes are added up, which counts pages shared between processes
    several times. Where that sum is above ``budget`` (MiB), the proportional sizes
    are added instead, which is exact and slower.
    """
    alive = list(processes)
    total = sum(_resident(process) for process in alive) / _MIB
    if total > budget and len(alive) > 1:
        total = sum(_proportional(process) for process in alive) / _MIB
    return total


def _resident(process: psutil.Process) -> int:
    with contextlib.suppress(psutil.Error):
        return int(process.memory_info().rss)
    return 0


def _proportional(process: psutil.Process) -> int:
    with contextlib.suppress(psutil.Error):
        full = process.memory_full_info()
        return int(getattr(full, "pss", 0) or full.rss)
    return 0


def marked(marker: str) -> list[psutil.Process]:
    """Processes whose environment holds ``CURRICULUM_RUN=marker``.

    Finds what left the tree: kernels start a session of their own, and children
    whose parent died are adopted by the system.
    """
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.environ().get(MARKER) == marker:
                found.append(process)
    return found


def end(processes: Iterable[psutil.Process], markers: Iterable[str]) -> bool:
    """Kill ``processes`` and everything marked; True when nothing is left."""
    queue = list(processes)
    wanted = list(markers)
    for _ in range(5):
        for process in queue:
            with contextlib.suppress(psutil.Error):
                process.kill()
        psutil.wait_procs(queue, timeout=1)
        queue = [p for marker in wanted for p in marked(marker) if _alive(p)]
        if not queue:
            return True
        time.sleep(0.02)
    return False


def _alive(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.Error):
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    return False
