"""papermill engine ``reprise``: reports progress and never calls an unrun cell done.

papermill's own engine marks every cell "completed" after a timeout or a dead kernel.
Here each cell keeps what really happened: ``completed``, ``failed``, ``timeout``,
``killed`` or ``not run``. Saving is atomic and at most once in two seconds.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import traitlets
import zmq
from nbclient.exceptions import (
    CellExecutionError,
    CellTimeoutError,
    DeadKernelError,
)
from nbclient.output_widget import OutputWidget
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, NotebookExecutionManager

from helpers.curriculum.sections import (
    NOT_RUN,
    heading,
    source_number,
    source_total,
)
from helpers.paths import write_atomic

Progress = Callable[[dict[str, Any]], None]


class Manager(NotebookExecutionManager):  # type: ignore[misc]
    """Keeps each cell's true status and saves the executed copy atomically."""

    seconds_between_saves = 2.0

    def __init__(self, nb: nbformat.NotebookNode, output_path: Any = None) -> None:
        super().__init__(nb, output_path=output_path, progress_bar=False)
        self._saved_at = 0.0

    def save(self, nb: Any = None, force: bool = False, **_: Any) -> None:
        """Write the executed copy, unless that was done a moment ago."""
        if nb is not None:
            self.nb = nb
        now = time.monotonic()
        if self.output_path and (
            force or now - self._saved_at > self.seconds_between_saves
        ):
            write_atomic(Path(self.output_path), nbformat.writes(self.nb))
            self._saved_at = time.monotonic()
        self.last_save_time = self.now()

    def cell_stopped(self, cell: nbformat.NotebookNode, status: str) -> None:
        """The cell did not finish, for a reason that is no exception of its own."""
        cell.metadata.papermill["exception"] = True
        cell.metadata.papermill["status"] = status
        cell.metadata.papermill["end_time"] = self.now().isoformat()
        self.nb.metadata.papermill["exception"] = True

    def notebook_complete(self, **_: Any) -> None:
        """Close the record; cells that never started are ``not run``."""
        self.end_time = self.now()
        record = self.nb.metadata.papermill
        record["end_time"] = self.end_time.isoformat()
        record["duration"] = (self.end_time - self.start_time).total_seconds()
        for cell in self.nb.cells:
            if cell.metadata.papermill["status"] == self.PENDING:
                cell.metadata.papermill["status"] = NOT_RUN
        self.save(force=True)


class AttentiveOutputWidget(OutputWidget):
    """An ``Output`` widget's mimic that never makes nbclient miss a cell's reply.

    Its message to the kernel leaves by the socket on which nbclient waits for the
    reply, and a reply that comes in during that call is announced to nobody
    (nbclient issue 312). Asking an asyncio socket for its events announces it.
    """

    def send(self, *args: Any, **kwargs: Any) -> None:
        super().send(*args, **kwargs)
        self.kernel_client.shell_channel.socket.get(zmq.EVENTS)


class Client(PapermillNotebookClient):  # type: ignore[misc]
    """nbclient that says which cell it is at."""

    progress = traitlets.Any()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        outputs = {"OutputModel": AttentiveOutputWidget}
        self.widget_registry["@jupyter-widgets/output"] = outputs

    def papermill_execute_cells(self) -> None:
        """Run the cells in order until one does not finish."""
        cells = self.nb.cells
        total = source_total(cells)
        section = ""
        for index, cell in enumerate(cells):
            section = heading(cell) or section
            if self.progress is not None:
                self.progress(
                    {
                        "event": "cell",
                        "index": index,
                        "cell": source_number(cells, index),
                        "total": total,
                        "section": section,
                    }
                )
            self.nb_man.cell_start(cell, index)
            try:
                self.execute_cell(cell, index)
            except CellExecutionError as error:
                self.nb_man.cell_exception(cell, cell_index=index, exception=error)
                self.nb_man.cell_complete(cell, cell_index=index)
                return
            except CellTimeoutError:
                self.nb_man.cell_stopped(cell, "timeout")
                raise
            except DeadKernelError:
                self.nb_man.cell_stopped(cell, "killed")
                raise
            self.nb_man.cell_complete(cell, cell_index=index)


class RepriseEngine(NBClientEngine):  # type: ignore[misc]
    """``papermill --engine reprise`` and the engine of ``curriculum run``.

    Takes the extra argument ``progress``, a function that is called with one
    dictionary per cell, and ``on_manager``, called with the :class:`Manager`.
    """

    @classmethod
    def execute_notebook(
        cls,
        nb: nbformat.NotebookNode,
        kernel_name: str,
        output_path: Any = None,
        progress: Progress | None = None,
        on_manager: Callable[[Manager], None] | None = None,
        **kwargs: Any,
    ) -> nbformat.NotebookNode:
        """Execute ``nb`` in place and return it; see the class for the arguments."""
        manager = Manager(nb, output_path)
        if on_manager is not None:
            on_manager(manager)
        manager.notebook_start()
        try:
            cls._execute(manager, kernel_name, progress, kwargs)
        finally:
            manager.notebook_complete()
        return manager.nb

    @staticmethod
    def _execute(
        manager: Manager,
        kernel_name: str,
        progress: Progress | None,
        kwargs: dict[str, Any],
    ) -> None:
        Client(
            manager,
            kernel_name=kernel_name,
            progress=progress,
            timeout=kwargs.get("execution_timeout"),
            startup_timeout=kwargs.get("start_timeout", 60),
            iopub_timeout=60,
            # All outputs are in by then; asking politely costs two seconds.
            shutdown_kernel="immediate",
            log_output=kwargs.get("log_output", False),
            stdout_file=kwargs.get("stdout_file"),
            stderr_file=kwargs.get("stderr_file"),
        ).execute()
