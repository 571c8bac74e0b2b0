"""The papermill engine: progress as it goes, and the truth about each cell."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import papermill
import pytest
from nbclient.exceptions import CellTimeoutError
from papermill.engines import papermill_engines

from helpers.curriculum.engine import RepriseEngine
from helpers.curriculum.sections import section_of, source_number, source_total


@pytest.fixture(autouse=True)
def _registered() -> None:
    papermill_engines.register("reprise", RepriseEngine)


def test_progress_and_statuses_after_a_timeout(project: Any, tmp_path: Path) -> None:
    path = project.add("01_one", "## Wait", "import time\n\ntime.sleep(60)", "x = 1")
    events: list[dict[str, Any]] = []
    executed = tmp_path / "executed.ipynb"
    with pytest.raises(CellTimeoutError):
        papermill.execute_notebook(
            path,
            executed,
            parameters={"scale": "smoke"},
            engine_name="reprise",
            progress_bar=False,
            progress=events.append,
            execution_timeout=1,
        )
    notebook = nbformat.read(executed, as_version=4)
    statuses = [cell.metadata.papermill.status for cell in notebook.cells]
    assert statuses == [*["completed"] * 4, "timeout", "not run"]
    assert notebook.metadata.papermill.exception is True
    assert [(e["cell"], e["total"], e["section"]) for e in events] == [
        (1, 5, "01_one"),
        (2, 5, "01_one"),
        (2, 5, "01_one"),  # the cell that papermill injects
        (3, 5, "Wait"),
        (4, 5, "Wait"),
    ]


def markdown(source: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": source}


def code(*tags: str) -> dict[str, Any]:
    return {"cell_type": "code", "metadata": {"tags": list(tags)}, "source": "# no"}


def test_sections_and_numbers() -> None:
    cells = [
        code(),
        markdown("# One\ntext\n## Two ##x"),
        code("parameters"),
        code("injected-parameters"),
        markdown("#hash\n```\n# in a fence\n```"),
        code(),
    ]
    titles = [section_of(cells, i) for i in range(len(cells))]
    assert titles == ["", *["Two ##x"] * 5]
    numbers = [source_number(cells, i) for i in range(len(cells))]
    assert numbers == [1, 2, 3, 3, 4, 5]
    assert source_total(cells) == 5
