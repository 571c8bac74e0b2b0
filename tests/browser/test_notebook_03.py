"""Notebook 03 in JupyterLab: its explorer plays the film, filters and selects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.browser.explorer_checks import BOTH, PICTURE, Explorer

STEPPING = ("Last epoch", "Epoch back", "First epoch", "Epoch forward")
OTHERS = (*STEPPING, "Play", "None", "All", "Clear", "Speed, 1 to 10")


def test_the_notebook_runs_and_its_explorer_answers(
    smoke_notebook: Callable[[str], Any],
) -> None:
    notebook = smoke_notebook("03")
    explorer = Explorer.find(notebook, ".tv-viewer")
    explorer.wait_for_data("loaded", "true")
    for label in STEPPING:
        assert explorer.press_named(label, "Enter") == BOTH, label
    explorer.press_named("Play", "Enter")
    explorer.wait_for_data("playing", "false")
    assert (
        explorer.press(explorer.root.locator("canvas.tv-points"), "ArrowLeft") == BOTH
    )
    for classes in ("None", "All"):
        button = explorer.root.get_by_role("button", name=classes, exact=True)
        assert explorer.press(button, "Enter") == BOTH
    changed = explorer.walk(skip=OTHERS)
    assert changed["slider"] == changed["checkbox"] == BOTH
    assert changed["number"] == {PICTURE}  # the chosen sample is drawn and described
    explorer.look("notebook-03-explorer")
    assert "boundary, DVI - UMAP" in notebook.verdicts("notebook-03-verdict")
