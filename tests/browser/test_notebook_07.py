"""Notebook 07 in JupyterLab: both its explorers answer, the job's and the film's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.browser.explorer_checks import BOTH, Explorer


def test_the_notebook_runs_and_its_explorers_answer(
    smoke_notebook: Callable[[str], Any],
) -> None:
    notebook = smoke_notebook("07")
    job = Explorer.find(notebook)
    job.wait_for_words("USD")
    assert job.walk() == {"slider": BOTH, "dropdown": BOTH}
    job.look("notebook-07-explorer")
    film = Explorer.find(notebook, ".tv-viewer")
    film.wait_for_data("loaded", "true")
    assert film.press_named("Last epoch", "Enter") == BOTH
    assert "bill, early shutdown / none" in notebook.verdicts("notebook-07-verdict")
