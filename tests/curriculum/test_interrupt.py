"""Ctrl-C and kill -9: nothing survives, and the next run goes on from there."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from typing import Any

import pytest

# A notebook that leaves a child in a session of its own, then sleeps, unless told.
SLEEPER = """\
import pathlib
import subprocess
import time

if not pathlib.Path("../awake").exists():
    child = subprocess.Popen(["sleep", "600"], start_new_session=True)
    time.sleep(600)
"""


def read_until(process: subprocess.Popen[str], words: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    assert process.stdout is not None
    for line in process.stdout:
        if words in line:
            return
        assert time.monotonic() < deadline, f"no {words!r} in {seconds} s"
    assert process.stderr is not None
    pytest.fail(f"ended before {words!r}: {process.stderr.read()}")


def wait_for_child(project: Any) -> None:
    """The grandchild runs, so the sleeping cell has been reached."""
    deadline = time.monotonic() + 30
    while not any(p.name() == "sleep" for p in project.processes()):
        assert time.monotonic() < deadline, "the notebook never started its child"
        time.sleep(0.1)


def test_stop_and_resume(new_project: Callable[[], Any]) -> None:
    project = new_project()
    project.add("01_quick", "x = 1", seconds=200)
    project.add("02_sleeps", "## Night", SLEEPER, "x = 1", seconds=100)
    project.add("03_waits", "x = 1", seconds=50)
    run = ("run", "--scale", "smoke", "--jobs", "1")

    # kill -9 of the command alone: worker, kernel and grandchild end by themselves.
    process = project.start(*run)
    read_until(process, "02_sleeps smoke: Night")
    wait_for_child(project)
    assert len(project.processes()) >= 4
    process.kill()
    process.wait()
    kernels = [p for p in project.processes() if p.name() != "sleep"]
    deadline = time.monotonic() + 10
    while any(p.is_running() and p.status() != "zombie" for p in kernels):
        assert time.monotonic() < deadline, "the kernel outlived the command"
        time.sleep(0.1)
    for left in project.processes():
        left.kill()
    assert not (project.folder("02_sleeps") / "results.json").exists()

    # Ctrl-C: within five seconds, with the truth written and nothing left.
    process = project.start(*run)
    read_until(process, "02_sleeps smoke: Night")
    wait_for_child(project)
    started = time.monotonic()
    os.kill(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert time.monotonic() - started < 5
    assert process.returncode == 130
    assert project.wait_until_empty(0.5) == []
    result = project.result("02_sleeps")
    assert result.status == "interrupted"
    assert result.failure.section == "Night"
    cells = project.executed("02_sleeps")["cells"]
    statuses = [cell["metadata"]["papermill"]["status"] for cell in cells]
    assert statuses[-2:] == ["interrupted", "not run"]
    assert "02_sleeps smoke: INTERRUPTED" in err
    assert not project.folder("03_waits").exists()

    # The next run takes up what was done and runs the rest.
    (project.root / "awake").touch()
    again = project.command(*run)
    assert again.returncode == 0, again.stderr
    assert "01_quick smoke: up to date" in again.stdout
    assert "01_quick smoke: started" not in again.stdout
    assert "02_sleeps smoke: passed" in again.stdout
    assert "03_waits smoke: passed" in again.stdout
    assert project.result("02_sleeps").passed
