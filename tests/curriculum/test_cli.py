"""The command's words: lists, bad input, and what it refuses to start."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from helpers import __version__

PARAMETERS = """\
scale: str = "smoke"  # how large
seed: int = 0  # first seed
gamma: float = 0.5  # share of early agents
rule: Literal["strict", "lazy"] = "strict"  # who moves first
side: int | None = None  # cells per side
"""


@pytest.fixture(scope="module")
def project(new_project: Callable[[], Any]) -> Any:
    project = new_project()
    project.add(
        "01_first_light",
        "x = 1",
        parameters=PARAMETERS,
        table="parameters = { side = 20 }\n[scales.paper]\nseeds = 1\nseconds = 10\n"
        "memory_mib = 999999999\n",
    )
    return project


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["run", "1st"], "unknown notebook '1st'"),
        (["run", "first_lite"], "did you mean 'first_light'?"),
        (["run", "01", "--scale", "smok"], "did you mean 'smoke'?"),
        (["run", "01", "-p", "gama=1"], "did you mean 'gamma'?"),
        (["run", "01", "-p", "gamma=2"], "less than or equal to 1"),
        (["run", "01", "-p", "gamma=-0.1"], "greater than or equal to 0"),
        (["run", "01", "-p", "gamma=nan"], "parameter 'gamma'"),
        (["run", "01", "-p", "gamma=much"], "valid number"),
        (["run", "01", "-p", "side=3.5"], "parameter 'side'"),
        (["run", "01", "-p", "rule=strickt"], "did you mean 'strict'?"),
        (["run", "01", "-p", "gamma"], "not of the form name=value"),
        (["run", "01", "-p", "scale=smoke"], "--scale"),
        (["run", "--scale", "paper"], "needs 999999999 MiB of memory"),
        (["bless", "01", "--why", " "], "--why"),
        (["bless", "01", "--why", "first"], "has not been run"),
        (["bless", "01", "--why", "x", "--lower", "a"], "CLAIM=VERDICT"),
        (["bless", "01", "--why", "x", "--lower", "a=direction only"], "one --scale"),
        (["doctor", "--scale", "papr"], "did you mean 'paper'?"),
    ],
)
def test_bad_input_is_one_line_and_nothing_starts(
    project: Any, words: list[str], message: str
) -> None:
    if words[0] == "run" and "--scale" not in words:
        words = [*words, "--scale", "smoke"]
    outcome = project.command(*words)
    assert outcome.returncode == 2
    assert message in outcome.stderr
    assert outcome.stderr.startswith("curriculum: ")
    assert outcome.stderr.count("\n") == 1
    assert outcome.stdout == ""
    assert not (project.root / "build").exists()


def test_options_that_do_not_exist_and_a_missing_reason(project: Any) -> None:
    assert project.command("run", "--fast").returncode == 2
    assert project.command("bless", "01").returncode == 2


def test_params_lists_name_type_default_limits_comment(project: Any) -> None:
    lines = project.command("params", "first_light").stdout.splitlines()
    rows = [line.split("\t") for line in lines]
    assert rows[0] == ["name", "type", "default", "limits", "meaning"]
    assert ["gamma", "float", "0.5", "≥ 0, ≤ 1", "share of early agents"] in rows
    assert [
        "rule",
        "Literal['strict', 'lazy']",
        "'strict'",
        "–",
        "who moves first",
    ] in rows
    side = ["side", "int | None", "by scale: smoke 20", "–", "cells per side"]
    assert side in rows


def test_list_and_version(project: Any) -> None:
    rows = [x.split("\t") for x in project.command("list").stdout.splitlines()]
    assert rows[1][:4] == ["01_first_light", "01_first_light", "smoke", "60 s"]
    assert [row[2] for row in rows[1:]] == ["smoke", "paper"]
    assert project.command("--version").stdout == f"curriculum {__version__}\n"


def test_doctor_says_what_is_missing(project: Any) -> None:
    fine = project.command("doctor", "--scale", "smoke")
    assert "01_first_light\tsmoke\t60 s, 2000 MiB\tnothing" in fine.stdout
    assert "internet\tnot tested" in fine.stdout
    lacking = project.command("doctor", "--scale", "paper")
    assert lacking.returncode == 2
    assert "999999999 MiB of memory (this machine has" in lacking.stdout


def test_bless_commits_verdicts_and_spares_the_next_run(
    new_project: Callable[[], Any],
) -> None:
    project = new_project()
    source = (
        "from helpers import near, record\n\nrecord('a', 2.0, statement='s', "
        "expect=near(2.0, absolute=0.5), null=0.0, exact=True)"
    )
    project.add("01_claims", "# Read me", source)
    run = ("run", "--scale", "smoke")
    first = project.command(*run)
    assert first.returncode == 1
    assert "curriculum bless 01 --scale smoke" in first.stderr
    assert "This run: claims worse" in str(project.executed("01_claims"))

    blessed = project.command("bless", "01", "--why", "first run")
    assert blessed.returncode == 0, blessed.stderr
    assert "smoke\ta\t–\treproduced\tchanged" in blessed.stdout
    path = project.root / "data" / "expected" / "01_claims.json"
    content = json.loads(path.read_text())
    assert content["verdicts"] == {"smoke": {"a": "reproduced"}}
    entry = content["history"][0]
    assert entry["why"] == "first run"
    assert entry["scale"] == "smoke"
    assert entry["changes"] == {"a": [None, "reproduced"]}

    # The stored run is judged by the new expectation; new text needs no run either.
    project.add("01_claims", "# Read this", source)
    again = project.command(*run)
    assert again.returncode == 0
    assert "01_claims smoke: up to date" in again.stdout
    shown = str(project.executed("01_claims"))
    assert "Read this" in shown
    assert "Read me" not in shown
    assert "claims worse" not in shown
    assert "application/vnd.reprise.claim+json" in shown

    # A worse expectation shows up without a run; changed code cannot be blessed.
    project.expect("01_claims", a="reproduced", b="reproduced")
    worse = project.command(*run)
    assert worse.returncode == 1
    assert "claim 'b' is expected (reproduced) but was not recorded" in worse.stderr
    project.add("01_claims", "# Read this", source, "x = 1")
    stale = project.command("bless", "01", "--why", "again")
    assert stale.returncode == 2
    assert "has changed since its last run" in stale.stderr
