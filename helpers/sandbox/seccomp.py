"""A seccomp filter, built and installed with ctypes: which system calls are left.

An *allow list*: reading, memory, clocks and the process's own signals; every other
call, also those that kernels will have tomorrow, fails with EPERM. Some calls are
allowed for some arguments only:

* ``open``, ``openat``: for reading; what may be read is left to Landlock;
* ``fcntl``, ``ioctl``: what ``open()`` and ``isatty()`` need. Others would let a
  process choose who is signalled when a descriptor becomes ready (F_SETOWN);
* ``kill``, ``tgkill``: itself, so that ``abort()`` ends as SIGABRT;
* ``prlimit64``: asking for its own limits, not setting them.

Calls of another architecture (i386's) and x32's numbers fail as well. The zygote loads
this file by its path, so it imports nothing but the standard library.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
import sys

_SYSCALL_SECCOMP = {"x86_64": 317, "aarch64": 277}
_LIBC = ctypes.CDLL(None, use_errno=True)
_AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

# name -> numbers on x86-64 and on aarch64; None where the call does not exist
ALLOWED: dict[str, tuple[int | None, int | None]] = {
    # files that are open, and what a path is
    "read": (0, 63),
    "write": (1, 64),
    "close": (3, 57),
    "stat": (4, None),
    "fstat": (5, 80),
    "lstat": (6, None),
    "poll": (7, None),
    "lseek": (8, 62),
    "pread64": (17, 67),
    "readv": (19, 65),
    "writev": (20, 66),
    "access": (21, None),
    "select": (23, None),
    "getcwd": (79, 17),
    "readlink": (89, None),
    "getdents64": (217, 61),
    "newfstatat": (262, 79),
    "readlinkat": (267, 78),
    "faccessat": (269, 48),
    "pselect6": (270, 72),
    "ppoll": (271, 73),
    "statx": (332, 291),
    "faccessat2": (439, 439),
    # memory
    "mmap": (9, 222),
    "mprotect": (10, 226),
    "munmap": (11, 215),
    "brk": (12, 214),
    "mremap": (25, 216),
    "madvise": (28, 233),
    # signals of its own, waiting, locks
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "sched_yield": (24, 124),
    "nanosleep": (35, 101),
    "sigaltstack": (131, 132),
    "futex": (202, 98),
    "restart_syscall": (219, 128),
    "clock_nanosleep": (230, 115),
    "set_robust_list": (273, 99),
    "membarrier": (324, 283),
    "rseq": (334, 293),
    # who and when
    "getpid": (39, 172),
    "uname": (63, 160),
    "gettimeofday": (96, 169),
    "getrlimit": (97, 163),
    "getrusage": (98, 165),
    "sysinfo": (99, 179),
    "times": (100, 153),
    "getuid": (102, 174),
    "getgid": (104, 176),
    "geteuid": (107, 175),
    "getegid": (108, 177),
    "getppid": (110, 173),
    "getpgrp": (111, None),
    "getpgid": (121, 155),
    "getsid": (124, 156),
    "gettid": (186, 178),
    "time": (201, None),
    "sched_getaffinity": (204, 123),
    "clock_gettime": (228, 113),
    "clock_getres": (229, 114),
    "getcpu": (309, 168),
    "getrandom": (318, 278),
    # the end
    "exit": (60, 93),
    "exit_group": (231, 94),
}
RESTRICTED: dict[str, tuple[int | None, int | None]] = {
    "open": (2, None),
    "openat": (257, 56),
    "ioctl": (16, 29),
    "fcntl": (72, 25),
    "kill": (62, 129),
    "tgkill": (234, 131),
    "prlimit64": (302, 261),
}
_WRITING = 0o1 | 0o2 | os.O_CREAT | os.O_TRUNC | os.O_APPEND  # any of them is refused
_FCNTL = (1, 2, 3, 1030)  # F_GETFD, F_SETFD, F_GETFL, F_DUPFD_CLOEXEC
_IOCTL = (0x5401, 0x5413, 0x5450, 0x5451)  # TCGETS, TIOCGWINSZ, FIONCLEX, FIOCLEX

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
Code = list[tuple[int, int, int, int]]  # code, jump if true, jump if false, constant
_ALLOW, _EPERM = 0x7FFF0000, 0x00050000 | errno.EPERM
_OWN_PID = 0xFFFFFFFF  # a place for the pid of the process that installs the filter


def architecture() -> str | None:
    """Name of this machine's architecture if there is a table for it, else None."""
    if sys.platform != "linux" or struct.calcsize("P") != 8:
        return None
    machine = os.uname().machine
    return machine if machine in _AUDIT_ARCH else None


def available() -> bool:
    """Whether this kernel, on this architecture, can answer a call with an error."""
    arch = architecture()
    if arch is None:
        return False
    action = ctypes.c_uint32(0x00050000)  # SECCOMP_RET_ERRNO
    asked = _LIBC.syscall(_SYSCALL_SECCOMP[arch], 2, 0, ctypes.byref(action))
    return asked == 0


def _argument(number: int, high: bool = False) -> tuple[int, int, int, int]:
    """Load half of a system call's argument (little endian)."""
    return (_LOAD, 0, 0, 16 + 8 * number + 4 * high)


def _one_of(argument: int, values: tuple[int, ...]) -> Code:
    """Allow if an argument is one of the values, else refuse."""
    tests = [(_EQUAL, len(values) - i, 0, value) for i, value in enumerate(values)]
    return [
        _argument(argument),
        *tests,
        (_RETURN, 0, 0, _EPERM),
        (_RETURN, 0, 0, _ALLOW),
    ]


def _for_reading(argument: int) -> Code:
    """Allow flags without a writing bit."""
    return [
        _argument(argument),
        (_ANY_BIT, 0, 1, _WRITING),
        (_RETURN, 0, 0, _EPERM),
        (_RETURN, 0, 0, _ALLOW),
    ]


def _all_zero(*halves: tuple[int, int, int, int]) -> Code:
    """Allow if every one of these halves of arguments is zero."""
    block = []
    for load in halves:
        block += [load, (_EQUAL, 1, 0, 0), (_RETURN, 0, 0, _EPERM)]
    return [*block, (_RETURN, 0, 0, _ALLOW)]


def program(arch: str) -> Code:
    """The filter as instructions (code, jump if true, jump if false, constant)."""
    column = list(_AUDIT_ARCH).index(arch)
    blocks = {
        "open": _for_reading(1),
        "openat": _for_reading(2),
        "ioctl": _one_of(1, _IOCTL),
        "fcntl": _one_of(1, _FCNTL),
        "kill": _one_of(0, (_OWN_PID,)),
        "tgkill": _one_of(0, (_OWN_PID,)),
        "prlimit64": _all_zero(_argument(0), _argument(2), _argument(2, high=True)),
    }
    actions: dict[int, Code] = {}
    for name, numbers in (ALLOWED | RESTRICTED).items():
        number = numbers[column]
        if number is not None:
            actions[number] = blocks.get(name, [(_RETURN, 0, 0, _ALLOW)])
    refuse = [(_RETURN, 0, 0, _EPERM)]
    # where numbers with another action begin
    steps: list[tuple[int, Code]] = [(0, refuse)]
    for number in sorted(actions):
        for start, action in ((number, actions[number]), (number + 1, refuse)):
            if steps[-1][0] == start:
                steps.pop()
            if not steps or steps[-1][1] != action:
                steps.append((start, action))
    code = [
        (_LOAD, 0, 0, 4),
        (_EQUAL, 1, 0, _AUDIT_ARCH[arch]),
        *refuse,
        (_LOAD, 0, 0, 0),
    ]
    if arch == "x86_64":
        code += [(_ANY_BIT, 0, 1, 0x40000000), *refuse]
    return code + _search(steps)


def _search(steps: list[tuple[int, Code]]) -> Code:
    """Binary search: the kernel tries every number when a filter is installed."""
    if len(steps) == 1:
        return steps[0][1]
    middle = len(steps) // 2
    below, above = _search(steps[:middle]), _search(steps[middle:])
    return [(_AT_LEAST, len(below), 0, steps[middle][0]), *below, *above]


class Filter:
    """The filter of this machine, built once, for processes that are forked later."""

    def __init__(self) -> None:
        arch = architecture()
        if arch is None:
            raise OSError("no table of system calls for this machine")
        instructions = program(arch)
        self._code = ctypes.create_string_buffer(
            b"".join(struct.pack("HBBI", *row) for row in instructions),
        )
        self._own = [
            8 * i + 4 for i, row in enumerate(instructions) if row[3] == _OWN_PID
        ]
        header = struct.pack(
            "HxxxxxxP", len(instructions), ctypes.addressof(self._code)
        )
        self._header = ctypes.create_string_buffer(header)
        self._call = _LIBC.syscall
        self._number = _SYSCALL_SECCOMP[arch]

    def install(self) -> None:
        """Put this process under the filter, for good; needs no_new_privs.

        Raises
        ------
        OSError
            If the kernel refuses.
        """
        pid = os.getpid()
        for offset in self._own:
            struct.pack_into("I", self._code, offset, pid)
        if self._call(self._number, 1, 0, self._header):
            number = ctypes.get_errno()
            raise OSError(number, f"seccomp: {os.strerror(number)}")
