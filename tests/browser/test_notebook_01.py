"""Notebook 01 in JupyterLab: its explorer steps, plays and runs other shapes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.browser.explorer_checks import BOTH, PICTURE, Explorer

# In an order in which each has something to do.
STEPPING = ("Last step", "Step back", "First step", "Step forward")
# Moved above, covered by the viewer's own tests, or without effect on what is shown.
OTHERS = (
    *(*STEPPING, "Play", "Form", "Draw", "Speed, 1 to 10"),
    "morph: start from the agents on screen",
    "geodesic repair of stalled runs (ours)",
    "omega, late phase below this fraction",
)


def test_the_notebook_runs_and_its_explorer_answers(
    smoke_notebook: Callable[[str], Any],
) -> None:
    notebook = smoke_notebook("01")
    explorer = Explorer.find(notebook, ".rp-viewer")
    explorer.wait_for_data("busy", "false")
    for label in STEPPING:
        assert explorer.press_named(label, "Enter") == BOTH, label
    explorer.press_named("Play", "Enter")
    explorer.wait_for_data("playing", "false")
    assert explorer.says().endswith("complete")
    explorer.press_named("First step", "Enter")
    changed = explorer.walk(skip=OTHERS)
    assert changed["slider"] == changed["dropdown"] == BOTH
    # Another seed starts from other places; light is drawn, not said.
    assert {"number", "button", "choice"} < changed.keys()
    assert all(PICTURE in what for what in changed.values())
    explorer.look("notebook-01-explorer")
    assert "headline" in notebook.verdicts("notebook-01-verdict")
