"""Notebook 02 in JupyterLab: its explorer runs another job for every control."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.browser.explorer_checks import BOTH, Explorer


def test_the_notebook_runs_and_its_explorer_answers(
    smoke_notebook: Callable[[str], Any],
) -> None:
    notebook = smoke_notebook("02")
    explorer = Explorer.find(notebook)
    explorer.wait_for_words("USD")
    assert explorer.walk() == {"slider": BOTH, "dropdown": BOTH}
    explorer.look("notebook-02-explorer")
    assert "PCR, SpotTune / Cheapest" in notebook.verdicts("notebook-02-verdict")
