"""What a person sees while notebooks run: live lines, or plain text in a log."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from helpers.curriculum.failures import report
from helpers.curriculum.jobs import Job
from helpers.curriculum.pool import Worker
from helpers.curriculum.results import RunResult

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


@dataclass
class Status:
    """One line per notebook on a terminal; one line per section elsewhere."""

    stream: TextIO = field(default_factory=lambda: sys.stdout)

    def __post_init__(self) -> None:
        self.console = Console(file=self.stream, highlight=False, soft_wrap=True)
        self._lines: dict[str, _Line] = {}
        self._live: Live | None = None
        self._said: set[str] = set()

    def __enter__(self) -> Status:
        if self.console.is_terminal:
            self._live = Live(
                console=self.console, refresh_per_second=4, get_renderable=self._table
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

    def note(self, text: str) -> None:
        """Say something once."""
        if text not in self._said:
            self._said.add(text)
            self.console.print(text, markup=False)

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
            self.console.print(text, markup=False)
            self.stream.flush()

    def _table(self) -> Table:
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
