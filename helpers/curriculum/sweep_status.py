"""One line on screen while a sweep runs: cells done, running, failed, time left."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TextIO

from rich.console import Console
from rich.live import Live
from rich.text import Text

from helpers.curriculum.report_templates import duration
from helpers.curriculum.results import RunResult
from helpers.curriculum.sweep_grid import Cell


class SweepStatus:
    """Live on a terminal; elsewhere one line per cell that ended.

    Parameters
    ----------
    stream : text stream or None
        Where to write; None writes nothing.
    """

    def __init__(self, stream: TextIO | None = sys.stdout) -> None:
        self.console = Console(
            file=stream or sys.stdout,
            highlight=False,
            soft_wrap=True,
            quiet=stream is None,
        )
        self.total = self.passed = self.running = 0
        self.failed: set[str] = set()
        self._seconds: list[float] = []
        self._started: float | None = None  # when the first cell was seen to run
        self._live: Live | None = None
        self._said: set[str] = set()

    def __enter__(self) -> SweepStatus:
        if self.console.is_terminal:
            self._live = Live(
                console=self.console,
                refresh_per_second=4,
                get_renderable=lambda: Text(self.line()),
            )
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def begin(self, total: int, reused: int) -> None:
        """The number of cells, and of those that were done before."""
        self.total, self.passed = total, reused
        if reused:
            self._say(f"{reused} of {total} cells are up to date")

    def retry(self, count: int) -> None:
        """Cells that failed are waiting again."""
        self.failed.clear()
        self._say(f"running {count} failed cell{'s' * (count > 1)} again")

    def tell(self, running: int, note: str = "") -> None:
        """How many cells run now, and something to say once."""
        self.running = running
        if running and self._started is None:
            self._started = time.monotonic()
        if note and note not in self._said:
            self._said.add(note)
            self._say(note)

    def ended(self, cell: Cell, result: RunResult) -> None:
        """A cell has its result."""
        if result.passed:
            self.passed += 1
            self.failed.discard(cell.id)
        elif result.status != "interrupted":
            self.failed.add(cell.id)
        self._seconds.append(result.seconds)
        text = f"{cell}: {result.status} ({result.seconds:.1f} s)"
        if self._live is None:
            self._say(f"{text}; {self.line()}")
        elif not result.passed:
            self._say(text)

    def line(self) -> str:
        """``12 of 40 done, 2 running, 0 failed, about 1 min 20 s left``."""
        parts = [
            f"{self.passed} of {self.total} done",
            f"{self.running} running",
            f"{len(self.failed)} failed",
        ]
        left = self.left()
        if left is not None:
            parts.append(f"about {duration(left)} left")
        return ", ".join(parts)

    def left(self) -> float | None:
        """Seconds that the remaining cells need at the speed seen so far."""
        rest = self.total - self.passed - len(self.failed)
        if rest <= 0 or not self._seconds or self._started is None:
            return None
        speed = len(self._seconds) / max(time.monotonic() - self._started, 1e-9)
        return rest / speed

    def _say(self, text: str) -> None:
        self.console.print(text, markup=False)
        if self._live is None:
            self.console.file.flush()
