"""Notebook 05 in JupyterLab: its explorer samples anew, and runs a sample."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.browser.explorer_checks import BOTH, TEXT, Explorer


def test_the_notebook_runs_and_its_explorer_answers(
    smoke_notebook: Callable[[str], Any],
) -> None:
    notebook = smoke_notebook("05")
    explorer = Explorer.find(notebook)
    explorer.wait_for_words("seed 0")
    typed = {"prompt": "def solve(xs):\n    unheard = "}
    changed = explorer.walk(typed=typed)
    # A run in the sandbox is said, not drawn; the coloured tokens are the picture.
    assert changed == dict.fromkeys(("slider", "dropdown", "text area"), BOTH) | {
        "button": {TEXT}
    }
    assert "seed 1" in explorer.says() and "does not know" in explorer.says()
    assert "of 10 tests pass" in explorer.says()
    explorer.look("notebook-05-explorer")
    wanted = "AdapT - best uniform temperature"
    assert wanted in notebook.verdicts("notebook-05-verdict")
