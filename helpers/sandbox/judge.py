"""The judge: a process that holds the tests and decides, one program at a time.

It is started with its notebook's end of a socket as standard input, and with its
settings as the only argument. What programs return is compared here; a program's
process never holds an expected value.
"""

from __future__ import annotations

import builtins
import contextlib
import json
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from functools import lru_cache
from types import CodeType
from typing import Any

from helpers.sandbox import hardening
from helpers.sandbox.child_process import Child, Ended, ZygoteHandle
from helpers.sandbox.frames import Frames, frame
from helpers.sandbox.limits import Limits
from helpers.sandbox.plain_data import decode, encode, equal
from helpers.sandbox.verdicts import Outcome, SandboxError, Verdict

_WINDOW = 1 << 14  # characters of calls that are sent ahead of their answers
_MEMORY = 4 << 30  # of the judge: test code may compute with any value it is given


class _Late(BaseException):
    """Test code took longer than a program may."""


def judge(job: dict, child: Child) -> Outcome:
    """Verdict on one job; ``seconds`` is left to the caller."""
    child.load(job["source"], job["entry"])
    try:
        with _alarm(job["wall_seconds"], child.zygote):
            if "cases" in job:
                return _cases(job["cases"], job["policy"], child)
            return _check(job, child)
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
                if calls and size > _WINDOW:
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


@lru_cache(1024)
def _compiled(source: str, name: str) -> CodeType:
    return compile(source, name, "exec", dont_inherit=True)


def _check(job: dict, child: Child) -> Outcome:
    """Run a data set's test code with a stand-in for the program's function."""
    candidate = _Candidate(child)
    names: dict[str, Any] = {"__name__": "tests"}
    try:
        exec(_compiled(job["context"], "<context>"), names)
        exec(_compiled(job["check"], "<tests>"), names)
        check: Callable[[Any], object] = names["check"]
        # some tests (HumanEval 33) call it by its name, which may be "check" (MBPP 56)
        names[job["entry"]] = candidate
    except Exception as error:
        raise SandboxError(f"the tests do not run: {error!r}") from None
    try:
        check(candidate)
    except Exception as error:
        if candidate.ended is not None:
            return candidate.ended
        if error is candidate.raised:
            return candidate.raised_outcome
        name = type(error).__name__
        return Outcome(Verdict.WRONG, "" if name == "AssertionError" else name)
    finally:
        if candidate.unasked:
            raise SandboxError(f"the tests cannot be run here: {candidate.unasked}")
    if candidate.ended is not None:
        return candidate.ended
    if not candidate.called:
        child.answer(child.post([""])[0])
    if child.surplus():
        return Outcome(Verdict.VIOLATION, "unasked answer")
    return Outcome(Verdict.PASS)


class _Candidate:
    """Stands for the program's function in test code."""

    def __init__(self, child: Child) -> None:
        self._child = child
        self.called = False
        self.unasked = ""
        self.raised: Exception | None = None
        self.raised_outcome = Outcome(Verdict.EXC)
        self.ended: Outcome | None = None

    def __call__(self, *arguments: object, **keywords: object) -> object:
        self.called = True
        try:
            call = encode([list(arguments), keywords])
        except (TypeError, ValueError) as error:
            self.unasked = f"as an argument, {error}"
            raise
        try:
            return self._child.answer(self._child.post([call])[0])
        except Ended as ended:
            if ended.outcome.verdict is not Verdict.EXC:
                self.ended = ended.outcome
                raise
            self.raised_outcome = ended.outcome
            self.raised = _exception(ended.outcome.detail)
            raise self.raised from None


def _exception(name: str) -> Exception:
    """An exception of the built-in type of that name, as test code may expect it."""
    kind = getattr(builtins, name, None)
    if not (isinstance(kind, type) and issubclass(kind, Exception)):
        kind = RuntimeError
    error = kind.__new__(kind)  # without the arguments that some types need
    error.args = (f"the program raised {name}",)
    return error


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
                child = Child(zygote, limits, notebook.fileno())
                try:
                    outcome = judge(job, child)
                finally:
                    seconds = child.close()
            except SandboxError as error:
                notebook.sendall(frame({"error": str(error)}))
                return
            verdict = [str(outcome.verdict), outcome.detail, seconds]
            notebook.sendall(frame(verdict))


if __name__ == "__main__":
    main()
