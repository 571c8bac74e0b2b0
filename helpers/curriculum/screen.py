"""What a run shows: something redrawn on a terminal, plain lines everywhere else."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Self, TextIO

from rich.console import Console, RenderableType
from rich.live import Live


class Screen:
    """Base of `status.Status` and `sweep_status.SweepStatus`; a context manager.

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
        self._live: Live | None = None
        self._said: set[str] = set()

    def shown(self) -> RenderableType:
        """What stands on a terminal now."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        if self.console.is_terminal:
            self._live = Live(
                console=self.console, refresh_per_second=4, get_renderable=self.shown
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

    def say(self, text: str) -> None:
        """One line, as it stands."""
        self.console.print(text, markup=False)

    def note(self, text: str) -> None:
        """Say something once."""
        if text not in self._said:
            self._said.add(text)
            self.say(text)
