"""Processor seconds of a fit, without what numba spends on compiling itself.

umap-learn compiles its loops on their first call (about 10 s), and the loop of
AlignedUMAP on every call. That is no cost of a method, so it is left out. Processor
time of all threads, not wall time: other programs then change little.
"""

from __future__ import annotations

import time
from types import TracebackType
from typing import Any


class ProcessorTime:
    """Context that measures its body.

    Attributes
    ----------
    seconds : float
        Processor time of this process, all threads, less ``compiling``.
    compiling : float
        Processor time of numba's compilations inside the body.

    Examples
    --------
    >>> with ProcessorTime() as watch:
    ...     _ = sum(range(1000))
    >>> watch.seconds >= 0
    True
    """

    def __init__(self) -> None:
        self.seconds = 0.0
        self.compiling = 0.0

    def __enter__(self) -> ProcessorTime:
        from numba.core import event

        watch = self

        class Compilations(event.Listener):
            """One compilation starts others: only the outermost is counted."""

            depth = 0
            begun = 0.0

            def on_start(self, event: Any) -> None:
                if not self.depth:
                    self.begun = time.process_time()
                self.depth += 1

            def on_end(self, event: Any) -> None:
                self.depth -= 1
                if not self.depth:
                    watch.compiling += time.process_time() - self.begun

        self._installed = event.install_listener("numba:compile", Compilations())
        self._installed.__enter__()
        self._begun = time.process_time()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.seconds = time.process_time() - self._begun - self.compiling
        self._installed.__exit__(kind, error, trace)
