"""Notebook 06 in JupyterLab: its explorers ask anew, and score an edited reply."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.browser.explorer_checks import BOTH, Explorer

REPLY = "Answer 1: (7, [(1, 2), (1, 3), (1, 4), (1, 5), (1, 6), (1, 7)])"
KINDS = ("slider", "dropdown", "text area")


def temperature(explorer: Explorer) -> Any:
    """The handle of its slider."""
    row = explorer.root.locator(".widget-inline-hbox", has_text="temperature")
    return row.locator(".noUi-handle")


def test_the_notebook_runs_and_its_explorers_answer(
    smoke_notebook: Callable[[str], Any],
) -> None:
    notebook = smoke_notebook("06")
    rules, shares = (Explorer.find(notebook, number=n) for n in range(2))
    rules.wait_for_words("of 3 valid")
    rules.look("notebook-06-rules")
    # Some replies stay what they are when it gets a little warmer.
    assert rules.press(temperature(rules), "End") == BOTH
    warm = {"temperature"}
    assert rules.walk(typed={"reply": REPLY}, skip=warm) == dict.fromkeys(KINDS, BOTH)
    assert "0 of 3 valid, 1 distinct" in rules.says()  # six edges make no cycle
    shares.wait_for_words("targets among the given graphs")
    shares.look("notebook-06-shares")
    assert shares.press(temperature(shares), "End") == BOTH
    assert shares.walk(typed={"reply": REPLY}, skip=warm) == dict.fromkeys(KINDS, BOTH)
    assert "planar" in notebook.verdicts("notebook-06-verdict")
