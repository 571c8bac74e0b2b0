"""What a process gives up, apart from system calls and files.

Linux's prctl and capset by ctypes, and POSIX resource limits. The zygote loads this
file by its path, so it imports nothing but the standard library.
"""

from __future__ import annotations

import contextlib
import ctypes
import math
import os
import resource
import signal
import struct
import sys

_LINUX = sys.platform == "linux"
_PDEATHSIG, _DUMPABLE, _NO_NEW_PRIVS, _AMBIENT = 1, 4, 38, 47
_STACK = 8 << 20
# looked up once: a child has no time for it
_LIBC = ctypes.CDLL(None, use_errno=True)


def _check(result: int) -> None:
    """OSError if a call of libc failed."""
    if result:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def _prctl(option: int, value: int) -> None:
    zero = ctypes.c_ulong(0)
    _check(_LIBC.prctl(option, ctypes.c_ulong(value), zero, zero, zero))


def hide() -> None:
    """Keep processes of the same user from tracing this one or reading its /proc."""
    if _LINUX:
        _prctl(_DUMPABLE, 0)


def die_with(parent: int) -> None:
    """End when the parent ends, also if that has happened already."""
    if _LINUX:
        _prctl(_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def renounce_privileges() -> None:
    """Drop all capabilities, as of root, and every way to regain one."""
    if not _LINUX:
        return
    _prctl(_NO_NEW_PRIVS, 1)
    with contextlib.suppress(OSError):  # kernels before 4.3 have no ambient set
        _prctl(_AMBIENT, 4)
    header = struct.pack("Ii", 0x20080522, 0)
    _check(_LIBC.capset(header, bytes(24)))


def limit_resources(memory_mib: int) -> None:
    """Limits that a zygote and its children share: memory, files, cores."""
    limits = {
        "RLIMIT_AS": memory_mib << 20,
        "RLIMIT_FSIZE": 0,
        "RLIMIT_CORE": 0,
        "RLIMIT_NOFILE": 32,
        "RLIMIT_STACK": _STACK,
        "RLIMIT_MEMLOCK": 0,
        "RLIMIT_MSGQUEUE": 0,
    }
    for name, value in limits.items():
        if hasattr(resource, name):
            kind = getattr(resource, name)
            ceiling = resource.getrlimit(kind)[1]
            if ceiling != resource.RLIM_INFINITY:
                value = min(value, ceiling)
            with contextlib.suppress(ValueError):  # macOS cannot lower every limit
                resource.setrlimit(kind, (value, value))


def limits_of_child(cpu_seconds: float) -> list[tuple[int, tuple[int, int]]]:
    """Limits for setrlimit in one child: processor time (a backstop), no processes."""
    # the soft limit's signal can be ignored, the hard limit's cannot
    seconds = math.ceil(cpu_seconds) + 1
    limits = [(resource.RLIMIT_NPROC, (0, 0))]
    ceiling = resource.getrlimit(resource.RLIMIT_CPU)[1]
    if ceiling == resource.RLIM_INFINITY or ceiling > seconds:
        limits.append((resource.RLIMIT_CPU, (seconds, seconds + 1)))
    return limits
