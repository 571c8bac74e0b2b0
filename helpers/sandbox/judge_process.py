"""A judge as the notebook sees it: a process that takes jobs and gives outcomes."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from helpers.sandbox.frames import Frames, frame
from helpers.sandbox.jobs import Cases, Job
from helpers.sandbox.verdicts import Outcome, Verdict

_ROOT = Path(__file__).resolve().parents[2]
_START_SECONDS = 120.0
_START = (
    "import sys; sys.path.insert(0, sys.argv.pop(1)); "
    "from helpers.sandbox.judge import main; main()"
)


class JudgeProcess:
    """One judge, started here.

    Parameters
    ----------
    settings : dict
        For `helpers.sandbox.judge.main`.

    Attributes
    ----------
    jobs : deque of Job
        Handed in and not decided; the first one is running.
    since : float
        When the first one began, by time.monotonic.
    error : str
        Why the judge can decide nothing any more; empty while it can.
    ready : bool
        Whether it and its zygote have started.
    unsent : bytearray
    """

    def __init__(self, settings: dict) -> None:
        self.jobs: deque[Job] = deque()
        self.since = time.monotonic()
        self.error = ""
        self.ready = False
        self.unsent = bytearray()
        self._frames = Frames()
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  (closed by kill)
        self._socket, other = socket.socketpair()
        with other:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-c", _START, str(_ROOT), json.dumps(settings)],
                stdin=other.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=self._log,
                # no secrets, and no threads of numerical libraries
                env={"PATH": os.defpath, "OMP_NUM_THREADS": "1", "LC_ALL": "C.UTF-8"}
                | {"OPENBLAS_NUM_THREADS": "1", "HOME": "/"},
                process_group=0,  # Ctrl-C in a terminal goes to the notebook
            )
        self._socket.setblocking(False)

    def submit(self, job: Job) -> None:
        """Hand in a job; what the socket does not take now waits in ``unsent``."""
        if not self.jobs:
            self.since = time.monotonic()
        self.jobs.append(job)
        message: dict = {"source": job.source, "entry": job.entry}
        if isinstance(job.tests, Cases):
            message |= {"cases": job.tests.encoded, "policy": job.tests.policy}
        else:
            message |= {"check": job.tests.source, "context": job.tests.context}
        self.unsent += frame(message)
        self._send()

    def _send(self) -> None:
        try:
            while self.unsent:
                del self.unsent[: self._socket.send(self.unsent)]
        except BlockingIOError:
            pass
        except OSError as error:
            self.error = self.error or f"the judge is gone: {error}"

    def fileno(self) -> int:
        """Descriptor to wait on, as of select.poll."""
        return self._socket.fileno()

    def collect(self) -> Iterator[tuple[Job, Outcome]]:
        """Outcomes that have arrived; sets ``error`` if the judge has failed."""
        if self.unsent:
            self._send()
        try:
            while data := self._socket.recv(1 << 16):
                for message in self._frames.feed(data):
                    if isinstance(message, dict):
                        self.error = message["error"]
                        return
                    self.since = time.monotonic()
                    if message == "ready":
                        self.ready = True
                        continue
                    verdict, detail, seconds = message
                    yield (
                        self.jobs.popleft(),
                        Outcome(Verdict(verdict), detail, seconds),
                    )
        except BlockingIOError:
            return
        except OSError:
            pass
        self.error = self.error or f"the judge has ended. {self._last_words()}"

    def _last_words(self) -> str:
        """End of what the judge wrote on its standard error."""
        self._log.seek(max(0, self._log.seek(0, os.SEEK_END) - 2000))
        return self._log.read().decode(errors="replace").strip()

    def stuck(self, seconds: float) -> bool:
        """Whether the running job began so long ago; sets ``error`` if none could."""
        age = time.monotonic() - self.since
        if not self.ready and age > _START_SECONDS:
            self.error = self.error or "the judge does not start"
        return self.ready and bool(self.jobs) and age > seconds

    def kill(self) -> None:
        """End the judge; its zygote and program end with it."""
        self._process.kill()
        self._process.wait()
        self._socket.close()
        self._log.close()
