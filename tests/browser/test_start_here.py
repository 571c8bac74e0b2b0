"""Start here in JupyterLab: the swarm, the verdicts and the scoreboard answer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.browser.explorer_checks import BOTH, Explorer

FIGURE_WIDTHS = """() => [...document.querySelectorAll(".jp-RenderedSVG img")].map(
    figure => [figure.offsetWidth, figure.parentElement.clientWidth])"""


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
        widths = notebook.page.evaluate(FIGURE_WIDTHS)
        assert widths and all(figure <= room for figure, room in widths)
    assert "exploring-costs" in notebook.verdicts("start-here-verdict")


MEASURED = """from helpers import explore, style
from helpers.claims import DIRECTION, NOT_TESTABLE, Claim
from helpers.curriculum.board import Board, Row

style.use()
claims = [
    Claim(
        id="saving by 50 % spare agents",
        statement="Half as many agents again shorten the work to a part of its steps.",
        value=0.4474,
        low=0.43,
        high=0.46,
        unit="share of steps",
        paper=0.5,
        paper_status="recalled",
        ref="Fig. 7",
        expected="< 0.7",
        null=None,
        verdict=verdict,
    )
    for verdict in (DIRECTION, NOT_TESTABLE)
]
papers = "01 Self-assembly", "02 SpotTune"
rows = tuple(Row(p, c.id, c.verdict, c) for p in papers for c in claims)
board = Board(papers, rows, dict.fromkeys(papers, "2026-03-01T12:30:00+00:00"))
explore(board.draw, paper=["all", *papers], verdict=["all", DIRECTION])
"""


def test_a_board_of_measured_claims_fits(
    lab_page: Callable[..., Any], write_notebook: Callable[..., Path]
) -> None:
    notebook = lab_page(write_notebook(MEASURED, name="measured"))
    notebook.run_all()
    board = Explorer.find(notebook)
    assert board.walk() == {"dropdown": BOTH}
    board.look("measured-board")
