"""Notebook 04 in JupyterLab: its explorer draws another p and another N."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.browser.explorer_checks import BOTH, Explorer


def test_the_notebook_runs_and_its_explorer_answers(
    smoke_notebook: Callable[[str], Any],
) -> None:
    notebook = smoke_notebook("04")
    explorer = Explorer.find(notebook)
    explorer.wait_for_words("p = ")
    assert explorer.walk() == {"slider": BOTH}
    explorer.look("notebook-04-explorer")
    assert "loss gap of LoRA" in notebook.verdicts("notebook-04-verdict")
