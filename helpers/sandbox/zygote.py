"""The process that forks one child per program. A script, run by its path.

    python -s -S -B -P zygote.py '{"control": 3, ...}'

It starts with a clean environment, no site packages and the modules that programs use
most, gives up what it does not need, and obeys single bytes from the judge:

* ``F`` with a descriptor: fork a child that answers on it;
* ``T``: processor seconds of the child;
* ``E``: the child's channel has ended; wait a moment for it, else kill; report;
* ``K``: kill the child; report.

The child hardens itself while the program's source is still unread, notes that where
only the zygote can read it afterwards, and goes on in `helpers.sandbox.answering`.
Nothing here decides a verdict.
"""

from __future__ import annotations

import builtins
import contextlib
import gc
import json
import mmap
import os
import resource
import signal
import sys
import time
import types
from _socket import CMSG_LEN, socket
from typing import Any, NoReturn

HERE = os.path.dirname(os.path.abspath(__file__))
GRACE = 0.2  # seconds between the end of a channel and that of its process
WARM = (
    "abc bisect cmath collections contextlib copy dataclasses datetime decimal enum "
    "fractions functools hashlib heapq io itertools math numbers operator random re "
    "statistics string textwrap typing"
)


def load(name: str) -> Any:
    """A file beside this one, as a namespace with builtins of its own."""
    path = os.path.join(HERE, f"{name}.py")
    with open(path, encoding="utf-8") as file:
        source = file.read()
    names = {"__name__": f"zygote_{name}", "__builtins__": dict(vars(builtins))}
    exec(compile(source, path, "exec"), names)
    return types.SimpleNamespace(**names)


def readable(folder: str) -> list[str]:
    """What a child may read: its empty folder, the interpreter's libraries, devices."""
    return [
        folder,
        *(path for path in sys.path if path),
        os.path.join(sys.base_prefix, "lib"),
        *("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache"),
        *("/usr/share/zoneinfo", "/dev/null", "/dev/zero", "/dev/urandom"),
    ]


def warm_up() -> None:
    """Import what programs use most, and pin the state of the random module."""
    register = os.register_at_fork
    os.register_at_fork = lambda **_: None  # random would seed itself anew in a child
    for name in WARM.split():
        __import__(name)
    os.register_at_fork = register
    sys.modules["random"].seed(0)
    sys.argv[:] = ["program"]


class Zygote:
    """The forking process: prepared once, then `serve`."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self.hardening = load("hardening")
        self.data = load("plain_data")
        self.answer = load("answering").answer
        self.parent = settings["parent"]
        self.output_bytes = settings["output_bytes"]
        self.control = socket(fileno=settings["control"])
        warm_up()
        os.chdir(settings["folder"])
        self.hardening.renounce_privileges()
        self.hardening.hide()
        if self.parent:
            self.hardening.die_with(self.parent)
        self.filter = self.rules = None
        if settings["seccomp"]:
            self.filter = load("seccomp").Filter()
        if settings["landlock"]:
            self.rules = load("landlock").ReadOnly(readable(settings["folder"]))
        self.hardening.limit_resources(settings["memory_mib"])
        self.limits = self.hardening.limits_of_child(settings["cpu_seconds"])
        # a page that a child shares until its program begins, and cannot find later
        self.hardened = mmap.mmap(-1, 1)
        self.pid = 0
        self.problem = ""

    def serve(self) -> None:
        """Obey until the judge is gone."""
        gc.collect()
        gc.freeze()  # the collector would touch, and so copy, every object's page
        self.control.send(b"R")
        space = CMSG_LEN(4)
        while True:
            message, ancillary, *_ = self.control.recvmsg(1, space)
            if message == b"F":
                self.fork(int.from_bytes(ancillary[0][2], sys.byteorder))
            elif message == b"T":
                self.control.sendall(b"%.6f\n" % self.seconds())
            elif message in (b"E", b"K"):
                self.control.sendall(self.report(message == b"K"))
            else:
                if self.pid:
                    os.kill(self.pid, signal.SIGKILL)
                os._exit(0)

    def fork(self, channel: int) -> None:
        """A child that answers on a channel."""
        self.hardened[0] = 0
        try:
            self.pid = os.fork()
        except OSError as error:
            self.pid, self.problem = 0, f"fork: {error}"
        if self.pid == 0 and not self.problem:
            self.child(channel)
        os.close(channel)

    def seconds(self) -> float:
        """Processor time of the child so far; 0 where the system cannot tell."""
        try:
            # Linux's clock of another process, as clock_getcpuclockid computes it
            return time.clock_gettime((~self.pid << 3) | 2)
        except (OSError, AttributeError):
            return 0.0

    def report(self, kill: bool) -> bytes:
        """End the child, and say how it ended.

        Its exit code, processor seconds, whether it ended by itself, and whether it was
        hardened; or why there was none.
        """
        if not self.pid:
            problem, self.problem = self.problem or "no child", ""
            return f"{problem}\n".encode()
        patience = time.monotonic() + GRACE
        ended = 0
        while not kill and not ended and time.monotonic() < patience:
            ended, status, usage = os.wait4(self.pid, os.WNOHANG)
            if not ended:
                time.sleep(0.001)
        if not ended:
            os.kill(self.pid, signal.SIGKILL)
            _, status, usage = os.wait4(self.pid, 0)
        if not self.filter:  # without it, it may have started others
            with contextlib.suppress(OSError):
                os.killpg(self.pid, signal.SIGKILL)
        self.pid = 0
        code = os.waitstatus_to_exitcode(status)
        seconds = usage.ru_utime + usage.ru_stime
        facts = (code, seconds, ended != 0, self.hardened[0])
        # as short as can be: after a fork every page that is touched is copied
        return b"%d %.6f %d %d\n" % facts

    def child(self, channel: int) -> NoReturn:
        """What the forked process does; it never returns."""
        try:
            self.harden()
            self.hardened[0] = 1
            self.hardened.close()
            self.answer(channel, self.data, self.output_bytes)
        finally:
            os._exit(70)

    def harden(self) -> None:
        """Give up everything, before anything of the program is read."""
        zygote = os.getppid()
        os.setpgid(0, 0)  # not setsid: Linux makes a scheduling group per session
        self.hardening.die_with(zygote)
        self.control.close()
        if self.rules:
            self.rules.enter()
        for kind, values in self.limits:
            resource.setrlimit(kind, values)
        if self.filter:
            self.filter.install()


if __name__ == "__main__":
    Zygote(json.loads(sys.argv[1])).serve()
