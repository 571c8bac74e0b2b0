"""Programs that attack the sandbox, all at once; afterwards nothing has happened."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

import pytest

from helpers.sandbox import landlock
from helpers.sandbox.jobs import Check, Job
from helpers.sandbox.limits import Limits
from helpers.sandbox.sandbox import Sandbox, available_tiers
from tests.sandbox import (
    hostile_files,
    hostile_programs,
    hostile_resources,
    hostile_system,
    odd_programs,
)
from tests.sandbox.hostile_programs import PLAIN, RIGHT, Hostile

PROGRAMS: list[Hostile] = [
    *hostile_programs.ANSWERS,
    *hostile_resources.TIME,
    *hostile_resources.MEMORY,
    *hostile_files.FILES,
    *hostile_files.SECRETS,
    *hostile_system.EVERYTHING,
    *odd_programs.ODD,
]
VARIABLE, SECRET = "REPRISE_TEST_SECRET", "do-not-read-me"
LIMITS = Limits(memory_mib=256, cpu_seconds=1.0, wall_seconds=2.5)
TIERS = ["seccomp", "bubblewrap"]


@pytest.fixture(scope="module", params=TIERS)
def tier(request):
    """Every tier that holds; one that this machine lacks is skipped, not passed."""
    if request.param not in available_tiers():
        pytest.skip(f"the sandbox's tier {request.param} cannot be had here")
    return request.param


def snapshot(folder: Path) -> dict[str, tuple]:
    """Everything below a folder: names, contents, times of change."""
    return {
        str(path): (
            path.read_bytes() if path.is_file() else b"",
            path.stat().st_mtime_ns,
            path.stat().st_mode,
        )
        for path in sorted(folder.rglob("*"))
    }


def processes_named(text: str) -> list[int]:
    """Processes whose command line, that forks inherit, contains a text."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                if text.encode() in (folder / "cmdline").read_bytes():
                    found.append(int(folder.name))
            except OSError:
                continue
    return found


@pytest.fixture(scope="module")
def aftermath(tier, tmp_path_factory):
    """Outcomes of all programs, and what the machine looked like around them."""
    folder = tmp_path_factory.mktemp("canary")
    for name in ("a", "b/c"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(SECRET)
    (folder / "a").chmod(0o666)
    places = {"FILE": str(folder / "a"), "FOLDER": str(folder), "VARIABLE": VARIABLE}
    before, here = snapshot(folder), set(os.listdir("."))
    os.environ[VARIABLE] = SECRET
    try:
        with Sandbox(workers=4, limits=LIMITS, tier=tier) as sandbox:
            outcomes = sandbox.run_many([p.job(places) for p in PROGRAMS])
            name = sandbox._settings["zygote"]["name"]
            work = os.listdir(name)
            idle = len(processes_named(name))
            began = time.monotonic()
            after = sandbox.run(Job(RIGHT, "double", PLAIN))
            seconds = time.monotonic() - began
    finally:
        del os.environ[VARIABLE]
    deadline = time.monotonic() + 10
    while processes_named(name) and time.monotonic() < deadline:
        time.sleep(0.05)
    return {
        "outcomes": dict(zip(PROGRAMS, outcomes, strict=True)),
        "changed": snapshot(folder) != before or set(os.listdir(".")) != here,
        "work": work,
        "idle": idle,
        "after": after,
        "seconds": seconds,
        "left": processes_named(name),
        "folder": Path(name),
    }


@pytest.mark.parametrize(
    "program", PROGRAMS, ids=[f"{p.row}-{p.name}"[:60] for p in PROGRAMS]
)
def test_verdict(aftermath, program):
    """Every program has the verdict it deserves."""
    if program.row == 36 and not landlock.version():
        pytest.skip("this kernel has no Landlock: files can be read")
    outcome = aftermath["outcomes"][program]
    allowed = re.findall(r"\w+(?:\([^)]*\))?", program.verdicts)
    assert str(outcome) in allowed or str(outcome.verdict) in allowed, (
        f"{outcome}, not {program.verdicts}"
    )


def test_all_rows():
    """Rows 1 to 54 each have a program; 49 is tested below."""
    assert {p.row for p in PROGRAMS} | {49} == set(range(1, 55))


def test_nothing_changed(aftermath):
    """No file outside was touched, and none was left in the work folder."""
    assert not aftermath["changed"]
    assert aftermath["work"] == []
    assert not aftermath["folder"].exists()


def test_no_process_survives(aftermath, tier):
    """Only judges and zygotes remain while it is open, and nothing afterwards."""
    per_worker = 2 if tier == "seccomp" else 4  # bubblewrap has two of its own
    assert aftermath["idle"] <= 4 * per_worker
    assert aftermath["left"] == []


def test_machine_responds(aftermath):
    """The sandbox that ran them all still judges, and soon."""
    assert aftermath["after"].passed
    assert aftermath["seconds"] < 10


def test_same_each_time(tier):
    """Row 49: random numbers and the order of sets are pinned."""
    source = (
        "import random\ndef double(x):\n"
        "    return [random.random(), list(set('abcdefgh')), hash('a')]\n"
    )
    # an answer can leave the judge as the name of an exception of the tests
    tests = Check(
        "import hashlib\ndef check(f):\n"
        "    digest = hashlib.md5(repr(f(1)).encode()).hexdigest()\n"
        "    raise type('Digest' + digest, (Exception,), {})\n"
    )
    jobs = [Job(f"# {number}\n{source}", "double", tests) for number in range(6)]
    with Sandbox(workers=2, limits=LIMITS, tier=tier) as sandbox:
        seen = {outcome.detail for outcome in sandbox.run_many(jobs)}
    assert len(seen) == 1
    assert seen.pop().startswith("Digest")
