"""The live table on a terminal and the lines elsewhere, without running anything."""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from helpers.curriculum.jobs import make_job
from helpers.curriculum.pool import Settings, environment
from helpers.curriculum.runner import side_by_side
from helpers.curriculum.status import Status
from helpers.scales import find_spec

CELL = {"event": "cell", "cell": 3, "total": 9, "section": "A [b] c", "index": 2}


def worker(job: Any) -> Any:
    return SimpleNamespace(
        job=job, seconds=12.3, outcome=SimpleNamespace(peak_mib=456.0)
    )


@pytest.fixture
def running(project: Any) -> Any:
    project.add("01_one")
    return worker(make_job(find_spec("01"), "smoke", {"gamma": 0.25}))


def test_plain_lines_per_section(running: Any) -> None:
    stream = io.StringIO()
    with Status(stream) as status:
        for event in ({"event": "start"}, CELL, {**CELL, "cell": 4}, {"event": "tick"}):
            status.told(running, event)
    assert stream.getvalue().splitlines() == [
        "01_one smoke gamma=0.25: started",
        "01_one smoke gamma=0.25: A [b] c (cell 3/9, 12 s)",
    ]


def test_without_a_stream_nothing_is_written(
    running: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    Status(None).told(running, {"event": "start"})
    assert capsys.readouterr().out == ""


def test_one_live_line_per_notebook(running: Any) -> None:
    status = Status(io.StringIO())
    status.told(running, CELL)
    status.told(running, {**CELL, "cell": 4})
    console = Console(file=io.StringIO(), width=120)
    console.print(status.shown())
    shown = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert len(shown) == 1
    for words in ("01_one smoke gamma=0.25", "12 s", "456 MiB", "A [b] c · 4/9"):
        assert words in shown[0]


def test_threads_are_pinned_to_cores_over_workers(
    project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("helpers.processors.cores", lambda: 8)
    monkeypatch.setenv("OMP_NUM_THREADS", "64")
    for workers, threads in ((1, "8"), (2, "4"), (3, "2"), (20, "1")):
        env = environment("mark", Settings(workers))
        for name in ("OMP", "MKL", "OPENBLAS", "NUMBA"):
            assert env[f"{name}_NUM_THREADS"] == threads
    assert "CURRICULUM_OFFLINE" not in env
    offline = environment("mark", Settings(1, offline=True))
    assert offline["PYTHONPATH"].split(":")[0].endswith("guard")
    assert offline["HF_HUB_OFFLINE"] == offline["TRANSFORMERS_OFFLINE"] == "1"


@pytest.mark.parametrize(
    ("cores", "most", "stretch"),
    [(1, 1, 1), (2, 2, 2), (3, 2, 2), (4, 3, 1.5), (8, 5, 1.25)],
)
def test_one_notebook_more_than_pairs_of_cores_and_time_for_it(
    monkeypatch: pytest.MonkeyPatch, cores: int, most: int, stretch: float
) -> None:
    monkeypatch.setattr("helpers.processors.cores", lambda: cores)
    assert side_by_side(10) == most
    assert side_by_side(1) == side_by_side(0) == 1
    assert Settings(most).stretch == stretch
    assert Settings(1).stretch == 1
