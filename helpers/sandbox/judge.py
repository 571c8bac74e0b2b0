"""The judge: a process that holds the tests and decides, one program at a time.

It is started with its notebook's end of a socket as standard input, and with its
settings as the only argument. What programs return is compared here; a program's
process never holds an expected value.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from helpers.sandbox import checks, hardening
from helpers.sandbox.child_process import WINDOW, Child, Ended, ZygoteHandle
from helpers.sandbox.frames import Frames, frame
from helpers.sandbox.limits import Limits
from helpers.sandbox.plain_data import decode, equal
from helpers.sandbox.verdicts import Outcome, SandboxError, Verdict

_MEMORY = 4 << 30  # of the judge: test code may compute with any value it is given


class _Late(BaseException):
    """Test code took longer than a program may."""


def judge(job: dict, child: Child, foresee: bool = True) -> Outcome:
    """Verdict on one job; ``seconds`` is left to the caller.

    ``foresee``: see `helpers.sandbox.checks.run`.
    """
    child.load(job["source"], job["entry"])
    try:
        with _alarm(job["wall_seconds"], child.zygote):
            if "cases" in job:
                return _cases(job["cases"], job["policy"], child)
            return checks.run(job, child, foresee)
    except Ended as ended:
        return ended.outcome
    except _Late:
        return Outcome(Verdict.TIMEOUT, "wall")


@contextlib.contextmanager
def _alarm(seconds: float, zygote: ZygoteHandle) -> Iterator[None]:
    """Raise `_Late` after so much processor time of this process, outside questions."""

    def late(*_: object) -> None:
        if not zygote.asking:
            raise _Late
        signal.setitimer(signal.ITIMER_PROF, 0.05)

    signal.signal(signal.SIGPROF, late)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _cases(cases: list[list[str]], policy: str, child: Child) -> Outcome:
    """Compare the answers to all calls, in order."""
    nonces: list[bytes] = []
    for number, (_, expected) in enumerate(cases):
        if number == len(nonces):  # all that were sent are answered: some more
            calls: list[str] = []
            size = 0
            for call, _ in cases[number:]:
                size += len(call)
                if calls and size > WINDOW:
                    break
                calls.append(call)
            nonces += child.post(calls)
        answer = child.answer(nonces[number])
        if not equal(answer, _expected(expected), policy):
            return Outcome(Verdict.WRONG, f"case {number + 1}")
    if child.surplus():
        return Outcome(Verdict.VIOLATION, "unasked answer")
    return Outcome(Verdict.PASS)


@lru_cache(4096)
def _expected(text: str) -> Any:
    """A value that tests expect; nothing changes it."""
    return decode(text)


def decide(job: dict, start: Callable[[], Child]) -> list:
    """Verdict, detail and processor seconds of a job in a process of its own."""
    foresee = True
    while True:
        child = start()
        try:
            outcome = judge(job, child, foresee)
        except checks.Unforeseen:  # its tests called something else: once more
            foresee = False
            continue
        finally:
            seconds = child.close()
        return [str(outcome.verdict), outcome.detail, seconds]


def main() -> None:
    """Serve the notebook at standard input until it is gone."""
    settings = json.loads(sys.argv[1])
    notebook = socket.socket(fileno=os.dup(0))
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the notebook's to handle
    hardening.hide()
    limits = Limits(**settings["limits"])
    try:
        zygote = ZygoteHandle(settings["command"], settings["zygote"])
    except (SandboxError, OSError) as error:
        notebook.sendall(frame({"error": str(error)}))
        return
    with contextlib.suppress(ValueError):
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    notebook.sendall(frame("ready"))
    frames = Frames()
    while data := notebook.recv(1 << 16):
        for job in frames.feed(data):
            job["wall_seconds"] = limits.wall_seconds
            try:
                verdict = decide(job, lambda: Child(zygote, limits, notebook.fileno()))
            except SandboxError as error:
                notebook.sendall(frame({"error": str(error)}))
                return
            notebook.sendall(frame(verdict))


if __name__ == "__main__":
    main()
