"""The filter, run by an interpreter of BPF written here, for every system call."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from helpers.sandbox import seccomp
from helpers.sandbox.seccomp import ALLOWED, RESTRICTED

ALLOW, EPERM = 0x7FFF0000, 0x00050001
PID = 4321
ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}


def verdict(arch: str, number: int, *arguments: int, audit: int | None = None) -> int:
    """What the filter returns for a system call."""
    audit = ARCHITECTURES[arch] if audit is None else audit
    words = {0: number, 4: audit}
    for i in range(6):
        value = arguments[i] if i < len(arguments) else 0
        words[16 + 8 * i] = value & 0xFFFFFFFF
        words[20 + 8 * i] = value >> 32
    code = seccomp.program(arch)
    accumulator, at = 0, 0
    while True:
        operation, if_true, if_false, constant = code[at]
        assert max(if_true, if_false) < 256  # a byte
        if constant == 0xFFFFFFFF:
            constant = PID
        at += 1
        if operation == 0x20:
            accumulator = words[constant]
        elif operation == 0x15:
            at += if_true if accumulator == constant else if_false
        elif operation == 0x35:
            at += if_true if accumulator >= constant else if_false
        elif operation == 0x45:
            at += if_true if accumulator & constant else if_false
        else:
            assert operation == 0x06
            return constant


def number_of(name: str, arch: str) -> int | None:
    """Number of a system call of the tables."""
    return (ALLOWED | RESTRICTED)[name][list(ARCHITECTURES).index(arch)]


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_only_the_listed_calls(arch):
    """With arguments that are harmless everywhere: exactly the table is allowed."""
    numbers = {number_of(name, arch) for name in ALLOWED} - {None}
    for number in range(1024):
        expected = ALLOW if number in numbers else EPERM
        if number not in {number_of(name, arch) for name in RESTRICTED}:
            assert verdict(arch, number) == expected, number
    assert len(numbers) == sum(number_of(name, arch) is not None for name in ALLOWED)


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_arguments(arch):
    """Files for reading only, descriptors unchanged, signals to itself alone."""
    openat, fcntl = number_of("openat", arch), number_of("fcntl", arch)
    for flags, good in [
        (os.O_RDONLY, True),
        (os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY, True),
        (os.O_WRONLY, False),
        (os.O_RDWR, False),
        (os.O_RDONLY | os.O_CREAT, False),
        (os.O_RDONLY | os.O_TRUNC, False),
        (os.O_RDONLY | os.O_APPEND, False),
        (os.O_TMPFILE | os.O_RDWR, False),
    ]:
        assert verdict(arch, openat, 5, 7, flags) == (ALLOW if good else EPERM)
        if (number := number_of("open", arch)) is not None:
            assert verdict(arch, number, 7, flags) == (ALLOW if good else EPERM)
    for command in range(2048):
        good = command in (1, 2, 3, 1030)
        assert verdict(arch, fcntl, 3, command) == (ALLOW if good else EPERM)
    for name in ("kill", "tgkill"):
        number = number_of(name, arch)
        assert verdict(arch, number, PID, 9) == ALLOW
        for other in (0, 1, PID + 1, 2**64 - 1, 2**32 - PID):
            assert verdict(arch, number, other, 9) == EPERM
    limits = number_of("prlimit64", arch)
    assert verdict(arch, limits, 0, 7, 0, 2**40) == ALLOW
    for arguments in [(1, 7, 0), (0, 7, 2**40), (0, 7, 8), (PID, 7, 0)]:
        assert verdict(arch, limits, *arguments) == EPERM
    ioctl = number_of("ioctl", arch)
    assert verdict(arch, ioctl, 1, 0x5401) == ALLOW
    for request in (0x5412, 0x8901, 0x8902, 0x5452):  # TIOCSTI, owners of signals
        assert verdict(arch, ioctl, 1, request) == EPERM


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_other_architectures(arch):
    """Numbers of i386, of the other table and of x32 are refused."""
    for audit in {0x40000003, *ARCHITECTURES.values()} - {ARCHITECTURES[arch]}:
        assert verdict(arch, number_of("read", arch), audit=audit) == EPERM
    for number in range(600):
        assert verdict(arch, 0x40000000 + number) == EPERM


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_numbers(arch):
    """The tables agree with the kernel's headers, where they are installed."""
    places = {
        "x86_64": "/usr/include/x86_64-linux-gnu/asm/unistd_64.h",
        "aarch64": "/usr/include/asm-generic/unistd.h",
    }
    header = Path(places[arch])
    if not header.exists():
        pytest.skip(f"{header} is not installed")
    pattern = r"#define __NR(?:_|3264_)(\w+) (\d+)"
    defined = dict(re.findall(pattern, header.read_text()))
    defined["newfstatat"] = defined.get("newfstatat", defined.get("fstatat"))
    for name in ALLOWED | RESTRICTED:
        if (number := number_of(name, arch)) is not None:
            assert int(defined[name]) == number, name


@pytest.mark.skipif(not seccomp.available(), reason="no seccomp here")
def test_available_means_a_table():
    """Where the filter can be had, there is a table."""
    assert seccomp.architecture() in ARCHITECTURES
