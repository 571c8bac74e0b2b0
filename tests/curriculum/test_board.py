"""The map and the scoreboard of the start-here notebook say what the files say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from helpers import paths
from helpers.claims import REPRODUCED, VERDICTS, Claim
from helpers.curriculum import results
from helpers.curriculum.board import ALL, FILTERS, read_board
from helpers.curriculum.paper_map import (
    cost_figure,
    paper_map,
    paper_specs,
    short_title,
    stated_time,
)
from helpers.curriculum.results import RunResult

CLAIM = Claim(
    id="faster",
    statement="A < B & faster.",
    value=2.5,
    low=2.0,
    high=3.0,
    unit="times",
    paper=2.0,
    paper_status="recalled",
    ref="Table 1",
    expected="≥ 2",
    null=[1.0],
    verdict=REPRODUCED,
)


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A build folder without runs."""
    monkeypatch.setattr(paths, "BUILD", tmp_path)
    return tmp_path


def add_run(name: str) -> None:
    folder = results.run_folder(name, "default", {})
    folder.mkdir(parents=True)
    RunResult(
        notebook=name,
        title="-",
        scale="default",
        key="-",
        parameters={},
        status="passed",
        seconds=1,
        budget_seconds=1,
        peak_memory_mib=1,
        budget_memory_mib=1,
        started="2026-03-01T12:30:00+00:00",
        commit="-",
        versions={},
        hardware={},
        executed="executed.ipynb",
        claims=[CLAIM],
    ).save(folder)


def test_without_runs_the_committed_verdicts_stand_in_and_say_so(build: Path) -> None:
    board = read_board()
    expected = {}
    for spec in paper_specs():
        text = (paths.DATA / "expected" / f"{spec.name}.json").read_text("utf-8")
        for id, verdict in json.loads(text)["verdicts"]["default"].items():
            expected[short_title(spec), id] = verdict
    assert {(row.paper, row.id): row.verdict for row in board.rows} == expected
    assert "No paper has been run here yet" in board.note()
    assert "make run" in board.note()
    figure, _ = board.draw()
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels == [f"{paper} (expected)" for paper in reversed(board.papers)]


def test_a_run_takes_the_place_of_the_committed_verdicts(build: Path) -> None:
    spec = paper_specs()[1]
    add_run(spec.name)
    board = read_board()
    title = short_title(spec)
    (row,) = board.select(paper=title)
    assert row.claim == CLAIM
    assert f"Measured here: {title} (newest 2026-03-01 12:30 UTC)" in board.note()
    figure, said = board.draw(paper=title)
    text = said.data
    assert "1 of " in text
    assert "A &lt; B &amp; faster." in text
    assert "2.5 times" in text
    assert "2 (recalled)" in text
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert title in labels


def test_filters_choose_by_paper_and_verdict(build: Path) -> None:
    board = read_board()
    assert list(FILTERS) == [ALL, *reversed(VERDICTS)]
    counts = [len(board.select(verdict=verdict)) for verdict in VERDICTS]
    assert sum(counts) == len(board.select()) == len(board.rows) > 100
    paper = board.papers[0]
    both = board.select(paper, REPRODUCED)
    assert both
    assert {(row.paper, row.verdict) for row in both} == {(paper, REPRODUCED)}
    figure, said = board.draw(paper, REPRODUCED)
    bright = [line for line in figure.axes[0].lines if line.get_alpha() == 1.0]
    assert sum(len(line.get_xdata()) for line in bright) == len(both)
    pale = [line for line in figure.axes[0].lines if line.get_alpha() != 1.0]
    assert sum(len(line.get_xdata()) for line in pale) == len(board.rows) - len(both)
    assert f"<b>{len(both)} of {len(board.rows)} claims</b>" in said.data
    with pytest.raises(ValueError, match="did you mean 'reproduced'"):
        board.draw(verdict="reprodused")
    with pytest.raises(ValueError, match=f"did you mean '{paper}'"):
        board.draw(paper=paper[:-2])


def test_the_map_has_every_paper_with_its_cost() -> None:
    specs = paper_specs()
    assert [spec.number for spec in specs] == ["01", "02", "03", "04", "05", "06"]
    rows = paper_map().data.splitlines()[2:]
    labels = [label.get_text() for label in cost_figure().axes[0].get_yticklabels()]
    for spec, row, label in zip(specs, rows, reversed(labels), strict=True):
        assert len(spec.question) > 20
        assert len(spec.idea) > 20
        cost = spec.scale("default")
        time = stated_time(cost.seconds).replace(" ", "&nbsp;")
        for part in (
            spec.path.name,
            spec.paper,
            spec.question[1:],
            spec.idea[1:],
            time,
            f"{cost.memory_mib / 1024:.1f}&nbsp;GiB",
        ):
            assert part in row
        assert label == short_title(spec)
