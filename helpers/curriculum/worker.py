"""Child process that executes one notebook.

Reads its job as one JSON line from standard input, writes events as JSON lines to
standard output. When standard input closes, its parent is gone: it then ends its
kernel and itself, so that nothing survives a ``kill -9`` of the command.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterator
from typing import Any

from helpers.curriculum import offline


def main() -> None:
    job = json.loads(os.fdopen(os.dup(0), closefd=True).readline())
    # The kernel inherits file descriptor 1; its noise must not mix with events.
    events = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)

    def emit(event: dict[str, Any]) -> None:
        events.write(json.dumps(event) + "\n")

    if job["offline"]:
        emit({"event": "offline", "fences": offline.isolate()})
    threading.Thread(target=_end_with_parent, daemon=True).start()
    emit({"event": "end", **_execute(job, emit)})


def _execute(job: dict[str, Any], emit: Any) -> dict[str, Any]:
    # An optional check of jsonschema that takes a second to import and is not used.
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    import papermill
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from papermill.engines import papermill_engines
    from papermill.exceptions import PapermillExecutionError

    from helpers.curriculum.engine import Manager, RepriseEngine
    from helpers.curriculum.sections import COMPLETED

    papermill_engines.register("reprise", RepriseEngine)
    running: list[Manager] = []

    def save_and_leave(*_: Any) -> None:
        for manager in running:
            manager.save(force=True)
        os._exit(128 + signal.SIGTERM)

    message = ""
    signal.signal(signal.SIGTERM, save_and_leave)
    try:
        papermill.execute_notebook(
            job["notebook"],
            job["executed"],
            parameters=job["parameters"],
            engine_name="reprise",
            progress_bar=False,
            cwd=job["cwd"],
            start_timeout=120,
            progress=emit,
            on_manager=running.append,
        )
    except PapermillExecutionError as error:
        # papermill also raises for a cell whose tag allows its exception.
        message = f"{error.ename}: {error.evalue}"
    except CellTimeoutError as error:
        return {"outcome": "timeout", "message": str(error)}
    except DeadKernelError:
        return {"outcome": "killed", "message": "the kernel died"}
    except Exception as error:
        traceback.print_exc()  # into worker.log
        return {"outcome": "failed", "message": f"{type(error).__name__}: {error}"}
    # papermill takes SystemExit(0) for the end of a good notebook.
    done = all(status in (None, COMPLETED) for status in _statuses(running[0]))
    return {"outcome": "passed" if done else "failed", "message": message}


def _statuses(manager: Any) -> Iterator[str | None]:
    """Status of each cell; None for the marker cells that papermill inserted."""
    for cell in manager.nb.cells:
        yield cell.metadata.get("papermill", {}).get("status")


def _end_with_parent() -> None:
    """Wait for standard input to close, then end the kernel and this process."""
    while os.read(0, 1024):
        pass
    import psutil

    for child in psutil.Process().children(recursive=True):
        child.kill()
    os._exit(1)


if __name__ == "__main__":
    main()
