"""The judge's side of one program: its channel, its time, and how it ended."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import time
from dataclasses import dataclass

from helpers.sandbox.answering import NONCE
from helpers.sandbox.limits import MAX_EXTENSION, Limits
from helpers.sandbox.plain_data import decode, encode
from helpers.sandbox.verdicts import Outcome, SandboxError, Verdict

WINDOW = 1 << 14  # characters of calls that may be sent ahead of their answers
_TICK = 0.02  # s; the least time between two looks at the processor's clock
_BUSY = 0.005  # share of the processor below which a program counts as waiting
_START = 60.0  # s; for the zygote's interpreter on a machine that is busy
_OBEY = 60.0  # s; for a fork, or for the end of a process that was killed
# Nothing of the notebook's; the seed of hashes is added.
_ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "HOME": "/",
    "LC_ALL": "C.UTF-8",
    "TZ": "UTC0",
}


class Ended(BaseException):
    """The program has ended; no test may catch this by accident."""

    def __init__(self, verdict: Verdict, detail: str = "") -> None:
        super().__init__(verdict, detail)
        self.outcome = Outcome(verdict, detail)


class ZygoteHandle:
    """A zygote as its judge sees it.

    Parameters
    ----------
    command : list of str
        Starts the zygote; ``{settings}`` in its last part is replaced.
    settings : dict
        For the zygote; its descriptor and parent are added here.

    Raises
    ------
    SandboxError
        If it does not start or does not obey.
    """

    def __init__(self, command: list[str], settings: dict) -> None:
        self.control, other = socket.socketpair()
        with other:
            settings = {**settings, "control": other.fileno()}
            if settings["parent"] is None:
                settings["parent"] = os.getpid()
            self._process = subprocess.Popen(
                [*command, json.dumps(settings)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[other.fileno()],
                cwd="/",
                env=_ENVIRONMENT | {"PYTHONHASHSEED": str(settings["hash_seed"])},
            )
        self.asking = False
        self.control.settimeout(_START)
        if self._receive(1) != b"R":
            raise SandboxError("the zygote did not start")
        self.control.settimeout(_OBEY)

    def _receive(self, size: int) -> bytes:
        try:
            return self.control.recv(size)
        except OSError as error:
            raise SandboxError(f"the zygote does not answer: {error}") from None

    def command(self, letter: bytes, *descriptors: int) -> None:
        """Send a command, and a descriptor with ``F``."""
        try:
            if descriptors:
                socket.send_fds(self.control, [letter], descriptors)
            else:
                self.control.send(letter)
        except OSError as error:
            raise SandboxError(f"the zygote is gone: {error}") from None

    def ask(self, letter: bytes) -> str:
        """Send a command and receive the line that answers it.

        ``asking`` is true until then: who interrupts it leaves the line for the next.
        """
        self.asking = True
        self.command(letter)
        answer = b""
        while not answer.endswith(b"\n"):
            data = self._receive(4096)
            if not data:
                raise SandboxError("the zygote has ended")
            answer += data
        self.asking = False
        return answer.decode().strip()


@dataclass
class _End:
    """How a child's process ended."""

    code: int
    seconds: float
    itself: bool
    hardened: bool


class Child:
    """One program while it runs.

    Parameters
    ----------
    zygote : ZygoteHandle
    limits : Limits
    notebook : int
        Descriptor whose other end is the notebook's; when that is gone, so are we.
    """

    def __init__(self, zygote: ZygoteHandle, limits: Limits, notebook: int) -> None:
        self.zygote, self._limits = zygote, limits
        self._channel, other = socket.socketpair()
        with other:
            zygote.command(b"F", other.fileno())
        self._channel.setblocking(False)
        now = time.monotonic()
        self._deadline = now + limits.wall_seconds
        self._latest = now + MAX_EXTENSION * limits.wall_seconds
        self._used = 0.0  # processor time when the deadline was set
        # one thread cannot use more processor time than has passed
        self._look = now + limits.cpu_seconds
        self._poll = select.poll()
        self._poll.register(self._channel, select.POLLIN)
        self._poll.register(notebook, 0)
        self._notebook = notebook
        self._buffer = bytearray()
        self._allowed = limits.output_bytes  # bytes that may still arrive
        self._ended: Ended | None = None
        self._end: _End | None = None

    def load(self, source: str, entry: str) -> None:
        """Send the program; whether it could be loaded shows in the first answer."""
        self._send(encode([source, entry]).encode() + b"\n")

    def post(self, calls: list[str]) -> list[bytes]:
        """Send calls, each as text; their nonces, for `answer`."""
        nonces = [os.urandom(NONCE // 2).hex().encode() for _ in calls]
        lines = [n + call.encode() for n, call in zip(nonces, calls, strict=True)]
        self._allowed += (NONCE + 2) * len(calls) + 1
        self._send(b"\n".join(lines) + b"\n")
        return nonces

    def answer(self, nonce: bytes) -> object:
        """The value that answers a call, or True for an empty call.

        Raises
        ------
        Ended
            If the program raised, or has ended in any way.
        """
        if self._ended:
            raise self._ended
        try:
            return self._answer(nonce)
        except Ended as ended:
            if ended.outcome.verdict is not Verdict.EXC:
                self._ended = ended
            raise

    def _answer(self, nonce: bytes) -> object:
        while True:
            begin = bytes(self._buffer[:NONCE])
            if begin != nonce[: len(begin)]:
                raise Ended(Verdict.VIOLATION, "forged answer")
            end = self._buffer.find(b"\n")
            if end >= 0:
                break
            self._receive()
        line = bytes(self._buffer[NONCE:end])
        del self._buffer[: end + 1]
        kind, text = line[:1], line[1:].decode("ascii", "replace")
        if kind == b"V":
            try:
                return decode(text)
            except ValueError:
                raise Ended(Verdict.VIOLATION, "not plain data") from None
        if kind == b"P" and not text:
            return True
        if kind == b"L":
            raise Ended(Verdict.LIMIT, "output")
        if kind in b"XC" and kind:
            name = text if text.isidentifier() else "Exception"
            raise Ended(Verdict.EXC if kind == b"X" else Verdict.COMPILE, name)
        raise Ended(Verdict.VIOLATION, "forged answer")

    def _send(self, data: bytes) -> None:
        """Write all of it, within the program's time."""
        view = memoryview(data)
        while view:
            try:
                view = view[self._channel.send(view) :]
            except BlockingIOError:
                self._poll.modify(self._channel, select.POLLOUT)
                self._wait()
                self._poll.modify(self._channel, select.POLLIN)
            except OSError:
                return  # the program has ended: the next answer says how

    def _receive(self) -> None:
        """Add what has arrived to the buffer, waiting for some."""
        while True:
            try:
                data = self._channel.recv(1 << 16)
                break
            except BlockingIOError:
                self._wait()
            except ConnectionError:
                data = b""
                break
        if not data:
            raise self._died()
        self._allowed -= len(data)
        if self._allowed < 0:
            raise Ended(Verdict.LIMIT, "output")
        self._buffer += data

    def _wait(self) -> None:
        """Until the channel is ready; raise Ended when time is over."""
        while True:
            now = time.monotonic()
            if now >= min(self._look, self._deadline):
                used = float(self.zygote.ask(b"T"))
                left = self._limits.cpu_seconds - used
                if left <= 0:
                    raise Ended(Verdict.TIMEOUT, "cpu")
                self._look = now + max(left, _TICK)
                if now >= self._deadline:
                    self._extend(used)
            until = min(self._look, self._deadline)
            for found, _ in self._poll.poll(1000 * (until - now) + 1):
                if found == self._notebook:
                    os._exit(0)  # nobody waits for the verdict; the others follow
                return

    def _extend(self, used: float) -> None:
        """More wall time for a program that is busy, where others are as well."""
        wall = self._limits.wall_seconds
        idle = used - self._used < _BUSY * wall
        if idle or self._deadline >= self._latest:
            raise Ended(Verdict.TIMEOUT, "wall")
        self._used = used
        self._deadline += wall

    def _died(self) -> Ended:
        """The channel has ended: say why."""
        self._end = end = self._close(b"E")
        if not end.itself:
            return Ended(Verdict.VIOLATION, "closed its channel")
        if end.code >= 0:
            return Ended(Verdict.DIED, f"exit {end.code}")
        name = signal.Signals(-end.code).name
        if name in ("SIGXCPU", "SIGKILL") and end.seconds >= self._limits.cpu_seconds:
            return Ended(Verdict.TIMEOUT, "cpu")
        return Ended(Verdict.DIED, name)

    def _close(self, letter: bytes) -> _End:
        report = self.zygote.ask(letter)
        try:
            code, seconds, itself, hardened = report.split()
            end = _End(int(code), float(seconds), itself == "1", hardened == "1")
        except ValueError:
            raise SandboxError(report) from None
        waited = letter == b"E" or self._ended is not None
        if waited and not end.hardened:
            raise SandboxError(
                f"a child was not hardened (exit code {end.code}): this machine lacks "
                "something that its tier needs, or is much too busy"
            )
        return end

    def close(self) -> float:
        """Kill the process if it lives, reap it, and say what processor time it used.

        Raises
        ------
        SandboxError
            If there never was a process, or time ran out before it was hardened.
        """
        self._channel.close()
        if self._end is None:
            self._end = self._close(b"K")
        return self._end.seconds

    def surplus(self) -> bool:
        """Whether there is more on the channel than was asked for."""
        return bool(self._buffer)
