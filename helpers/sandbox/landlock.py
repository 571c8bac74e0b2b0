"""Landlock: which files a process may read, by ctypes.

The rule set is made once and entered by every child: nothing may be written, made,
removed, executed, connected or signalled; only what is named may be read. It holds for
descriptors opened afterwards; ``stat`` stays allowed, so names and sizes can be asked
for, contents cannot. A process under Landlock can neither trace processes outside
nor read their folders in ``/proc``. The zygote loads this file by its path, so it
imports nothing but the standard library.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from collections.abc import Iterable

_CREATE, _ADD, _RESTRICT = 444, 445, 446  # the same on every architecture
_READ_FILE, _READ_DIR = 1 << 2, 1 << 3
_LIBC = ctypes.CDLL(None, use_errno=True)


def _call(number: int, *arguments: object) -> int:
    """A system call; OSError if it fails."""
    result = int(_LIBC.syscall(number, *arguments))
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"Landlock: {os.strerror(code)}")
    return result


def version() -> int:
    """Version of Landlock's interface here (1 from Linux 5.13), 0 for none."""
    if sys.platform != "linux":
        return 0
    try:
        return _call(_CREATE, None, 0, 1)
    except OSError:
        return 0


class ReadOnly:
    """Rules that let the named files and folders be read, and nothing else.

    Parameters
    ----------
    paths : iterable of str
        Those that do not exist are left out.

    Raises
    ------
    OSError
        If the kernel has no Landlock.
    """

    def __init__(self, paths: Iterable[str]) -> None:
        abi = version()
        handled = (1 << 13) - 1  # version 1: execute to make_sym
        for since, bit in ((2, 13), (3, 14), (5, 15)):  # refer, truncate, ioctl_dev
            handled |= (abi >= since) << bit
        network = 3 if abi >= 4 else 0  # bind and connect
        scope = 3 if abi >= 6 else 0  # abstract sockets and signals
        fields = (handled, network, scope)[: 1 + (abi >= 4) + (abi >= 6)]
        attributes = struct.pack(f"{len(fields)}Q", *fields)
        self._rules = _call(_CREATE, attributes, len(attributes), 0)
        for path in paths:
            self._allow(path)

    def _allow(self, path: str) -> None:
        try:
            found = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            return
        rights = _READ_FILE | (_READ_DIR if os.path.isdir(path) else 0)
        try:
            _call(_ADD, self._rules, 1, struct.pack("=Qi", rights, found), 0)
        finally:
            os.close(found)

    def enter(self) -> None:
        """Put this process under the rules, for good; needs no_new_privs.

        It closes its copy of the rules; that of the process that forked it stays.

        Raises
        ------
        OSError
            If the kernel refuses.
        """
        _call(_RESTRICT, self._rules, 0)
        os.close(self._rules)
