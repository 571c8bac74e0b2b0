"""What this machine has: cores, memory, disk, GPU, a way to the internet."""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import socket
import subprocess
import sys
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from helpers import paths, processors

_MIB = 2**20
_PROBE = ("huggingface.co", 443)


def memory_mib() -> float:
    """Memory that a run may use: the machine's, or the container's limit."""
    total = float(psutil.virtual_memory().total)
    with contextlib.suppress(OSError, ValueError):
        total = min(total, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    return total / _MIB


def available_mib() -> float:
    """Memory that is free now."""
    return min(psutil.virtual_memory().available / _MIB, memory_mib())


def disk_mib(folder: Path | None = None) -> float:
    """Free disk where runs keep their files."""
    place = folder or paths.BUILD
    while not place.exists():
        place = place.parent
    return shutil.disk_usage(place).free / _MIB


def processor() -> str:
    """The processor's name."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


@cache
def gpu() -> str:
    """Name of the CUDA device that torch can use; empty when there is none.

    Asked in a process of its own: importing torch takes seconds.
    """
    question = (
        "import torch; print(torch.cuda.get_device_name(0) "
        "if torch.cuda.is_available() else '')"
    )
    answer = subprocess.run(
        [sys.executable, "-c", question], capture_output=True, text=True, check=False
    )
    return answer.stdout.strip()


@cache
def internet(timeout: float = 2.0) -> bool:
    """True when a TCP connection outwards (or to the proxy) opens in time."""
    proxy = os.environ.get("https_proxy") or os.environ.get("HTTPS_PROXY")
    parts = urlsplit(proxy) if proxy else None
    target = (parts.hostname, parts.port or 80) if parts and parts.hostname else _PROBE
    try:
        socket.create_connection(target, timeout=timeout).close()
    except OSError:
        return False
    return True


def hardware() -> dict[str, str]:
    """What a result is measured on."""
    return {
        "system": f"{platform.system()} {platform.release()}",
        "processor": processor(),
        "cores": str(processors.cores()),
        "memory": f"{memory_mib() / 1024:.1f} GiB",
    }


def commit() -> str:
    """Commit of the sources, with ``-dirty`` where files differ from it."""
    answer = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"],
        cwd=paths.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return answer.stdout.strip() or "unknown"
