"""One line on screen while a sweep runs: cells done, running, failed, time left."""

from __future__ import annotations

import sys
import time
from typing import TextIO

from rich.text import Text

from helpers.curriculum.report_templates import duration
from helpers.curriculum.results import RunResult
from helpers.curriculum.screen import Screen
from helpers.curriculum.sweep_grid import Cell


class SweepStatus(Screen):
    """Live on a terminal; elsewhere one line per cell that ended."""

    def __init__(self, stream: TextIO | None = sys.stdout) -> None:
        super().__init__(stream)
        self.total = self.passed = self.running = 0
        self.failed: set[str] = set()
        self._seconds: list[float] = []
        self._started: float | None = None  # when the first cell was seen to run

    def shown(self) -> Text:
        return Text(self.line())

    def begin(self, total: int, reused: int) -> None:
        """The number of cells, and of those that were done before."""
        self.total, self.passed = total, reused
        if reused:
            self.say(f"{reused} of {total} cells are up to date")

    def retry(self, count: int) -> None:
        """Cells that failed are waiting again."""
        self.failed.clear()
        self.say(f"running {count} failed cell{'s' * (count > 1)} again")

    def tell(self, running: int, note: str = "") -> None:
        """How many cells run now, and something to say once."""
        self.running = running
        if running and self._started is None:
            self._started = time.monotonic()
        if note:
            self.note(note)

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
            self.say(f"{text}; {self.line()}")
        elif not result.passed:
            self.say(text)

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
