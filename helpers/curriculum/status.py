"""What a person sees while notebooks run: live lines, or plain text in a log."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from helpers.curriculum.failures import report
from helpers.curriculum.jobs import Job
from helpers.curriculum.pool import Worker
from helpers.curriculum.results import RunResult
from helpers.curriculum.screen import Screen

SYMBOLS = {"passed": "✓", "up to date": "✓", "running": "…"}
_COLOURS = {"passed": "green", "up to date": "green", "running": "cyan"}


@dataclass
class _Line:
    """Latest state of one job."""

    job: Job
    state: str = "waiting"
    section: str = ""
    cell: int = 0
    total: int = 0
    seconds: float = 0.0
    memory: float = 0.0


class Status(Screen):
    """One line per notebook on a terminal; one line per section elsewhere."""

    def __init__(self, stream: TextIO | None = sys.stdout) -> None:
        super().__init__(stream)
        self._lines: dict[str, _Line] = {}

    def told(self, worker: Worker, event: dict[str, Any]) -> None:
        """Take one event of a running job."""
        line = self._lines.setdefault(str(worker.job), _Line(worker.job))
        line.state = "running"
        line.seconds = worker.seconds
        line.memory = worker.outcome.peak_mib
        if event["event"] == "start":
            self._plain(f"{worker.job}: started")
        elif event["event"] == "offline":
            self.note(f"offline: {event['fences']}")
        elif event["event"] == "cell":
            new = event["section"] != line.section
            line.section, line.cell = event["section"], event["cell"]
            line.total = event["total"]
            if new:
                self._plain(
                    f"{worker.job}: {line.section} "
                    f"(cell {line.cell}/{line.total}, {line.seconds:.0f} s)"
                )

    def ended(self, job: Job, result: RunResult, fresh: bool) -> None:
        """A job has its result; ``fresh`` is False when it was up to date."""
        line = self._lines.setdefault(str(job), _Line(job))
        line.state = result.status if fresh or not result.passed else "up to date"
        line.section = ""
        line.seconds, line.memory = result.seconds, result.peak_memory_mib
        self._plain(
            f"{job}: {line.state} ({line.seconds:.1f} s of {result.budget_seconds:g} s,"
            f" {line.memory:.0f} of {result.budget_memory_mib:.0f} MiB)"
        )

    def _plain(self, text: str) -> None:
        if self._live is None:
            self.say(text)
            self.console.file.flush()

    def shown(self) -> Table:
        table = Table.grid(padding=(0, 2))
        for line in self._lines.values():
            colour = _COLOURS.get(line.state, "red")
            where = line.section and f"{line.section} · {line.cell}/{line.total}"
            table.add_row(
                f"[{colour}]{SYMBOLS.get(line.state, '✗')}[/]",
                escape(str(line.job)),
                f"{line.seconds:.0f} s",
                f"{line.memory:.0f} MiB",
                escape(where) or f"[{colour}]{line.state}[/]",
            )
        return table


def print_failures(failed: list[tuple[RunResult, Path]]) -> None:
    """The failure reports on standard error."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    for result, folder in failed:
        text = report(result, folder)
        head, _, rest = text.partition("\n")
        console.print()
        console.print(head, markup=False, style="bold red")
        console.print(rest, markup=False)
