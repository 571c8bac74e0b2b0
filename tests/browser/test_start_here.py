"""Start here in JupyterLab: the swarm, the verdicts and the scoreboard answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.browser.explorer_checks import BOTH, Explorer


def test_the_notebook_runs_and_its_explorers_answer(
    smoke_notebook: Callable[[str], Any],
) -> None:
    notebook = smoke_notebook("00")
    swarm = Explorer.find(notebook)
    assert swarm.press(swarm.root.locator(".noUi-handle").first, "ArrowRight") == BOTH
    assert swarm.walk() == {"slider": BOTH}
    swarm.look("start-here-swarm")
    verdicts = Explorer.find(notebook, number=1)
    verdicts.wait_for_words("reproduced")
    assert verdicts.walk() == {"slider": BOTH}
    verdicts.look("start-here-verdicts")
    board = Explorer.find(notebook, number=2)
    assert board.walk() == {"dropdown": BOTH}
    board.look("start-here-board")
    for view in swarm.views():
        notebook.settle(notebook.page.locator("body"))
        notebook.screenshot(f"start-here-page-{view}")
    assert "exploring-costs" in notebook.verdicts("start-here-verdict")
