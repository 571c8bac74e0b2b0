"""How many processors there are to use."""

from __future__ import annotations

import os
from pathlib import Path


def cores() -> int:
    """Cores this process may use: affinity and the container's quota."""
    count = os.cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        count = len(os.sched_getaffinity(0))
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        count = min(count, max(1, round(int(quota) / int(period))))
    except (OSError, ValueError):
        pass  # no container, or a quota of "max"
    return count
