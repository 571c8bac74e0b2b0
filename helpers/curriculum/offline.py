"""Proof that a run needs no network: two fences around every child process.

1. A Python audit hook (``guard/sitecustomize.py``) refuses every connection and name
   look-up that is not loopback, with a message that says so.
2. Where the system allows it (Linux, as root or with user namespaces), the worker
   moves into a network namespace of its own that has nothing but loopback, which
   also covers code that is not Python.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct
import sys
from pathlib import Path

GUARD = Path(__file__).with_name("guard")

_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000
_SIOCGIFFLAGS = 0x8913
_SIOCSIFFLAGS = 0x8914
_IFF_UP = 0x1

NAMESPACE = "network namespace with loopback only, and Python sockets"
PYTHON_ONLY = "Python sockets only"


def environment() -> dict[str, str]:
    """Variables that switch the first fence on in every Python below."""
    return {
        "CURRICULUM_OFFLINE": "1",
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_OFFLINE": "1",
        "HF_DATASETS_OFFLINE": "1",
    }


def isolate() -> str:
    """Put this process behind the second fence; say which fences stand.

    Must be called while the process has one thread.
    """
    if not sys.platform.startswith("linux"):
        return f"{PYTHON_ONLY} ({sys.platform} has no network namespaces)"
    try:
        _enter_namespace()
        _raise_loopback()
    except OSError as error:
        return f"{PYTHON_ONLY} (no network namespace: {error.strerror})"
    return NAMESPACE


def _unshare(flags: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(flags) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _enter_namespace() -> None:
    """A fresh network namespace, through a user namespace where that is needed."""
    try:
        _unshare(_CLONE_NEWNET)
        return
    except PermissionError:
        pass
    user, group = os.getuid(), os.getgid()
    _unshare(_CLONE_NEWUSER | _CLONE_NEWNET)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1")


def _raise_loopback() -> None:
    """Bring ``lo`` up: it is down in a new namespace, and kernels talk over it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = struct.pack("16sH14x", b"lo", 0)
        answer = fcntl.ioctl(control, _SIOCGIFFLAGS, request)
        flags = struct.unpack("16sH14x", answer)[1]
        up = struct.pack("16sH14x", b"lo", flags | _IFF_UP)
        fcntl.ioctl(control, _SIOCSIFFLAGS, up)
