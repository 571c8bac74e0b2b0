"""Notebooks that go wrong in every known way, each reported as what it is."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

import pytest

from helpers.claims import MIME, Claim
from helpers.curriculum.jobs import make_job
from helpers.curriculum.pool import Settings
from helpers.curriculum.runner import run_notebooks
from helpers.notebook_files import read_notebook, write_notebook
from helpers.scales import find_spec

SIDE_BY_SIDE = Settings(workers=3)
CLAIM = "record('a', {value}, statement='s', expect={expect}, null=0.0, exact=True)"
IMPORTS = "from helpers import at_most, near, record"
NEAR_ONE = "near(1.0, absolute=0.1)"


@dataclass
class Ran:
    """All notebooks below, run once by the command."""

    project: Any
    outcome: subprocess.CompletedProcess[str]

    def result(self, name: str) -> Any:
        return self.project.result(name)

    def statuses(self, name: str) -> list[str]:
        return [
            cell["metadata"]["papermill"]["status"]
            for cell in self.project.executed(name)["cells"]
            if "curriculum-marker" not in cell["metadata"].get("tags", [])
        ]


def add_notebooks(project: Any) -> None:
    failing = "def share(n):\n    whole = 1\n    # all of it\n    return whole / n\n"
    project.add("10_raises", "## Theory", "x = 1", failing + "\n\nshare(0)", "x = 2")
    interact = (
        "from ipywidgets import interact\n\n\ndef draw(x=2):\n    return 1 / (x - x)"
        "\n\n\ninteract(draw)"
    )
    project.add("11_interact", "## Explore", interact, "x = 2")
    project.add(
        "12_output",
        "## Explore",
        "import ipywidgets\n\nout = ipywidgets.Output()\nwith out:\n    {}['gone']",
        "## Later",
        "out",
    )
    slow, seconds = "import time\n\ntime.sleep(600)", 1.7 / SIDE_BY_SIDE.stretch
    project.add("20_slow", "## Long", slow, "x = 2", seconds=seconds)
    hungry = "import time\n\nblock = b'x' * (700 * 2**20)\ntime.sleep(60)"
    project.add("21_hungry", "## Big", hungry, "x = 2", memory_mib=500)
    killed = "import os\n\nos.kill(os.getpid(), 9)"
    project.add("22_killed", "## Dead", killed, "x = 2")
    project.add("23_leaves", "import sys\n\nsys.exit(0)", "x = 2")
    nan = CLAIM.format(value="float('nan')", expect=NEAR_ONE)
    project.add("30_nan", IMPORTS, nan)
    hollow = CLAIM.format(value="1.0", expect="at_most(5.0, floor=-1.0)")
    project.add("31_hollow", IMPORTS, hollow)
    good = CLAIM.format(value="1.0", expect=NEAR_ONE)
    project.add("33_worse", IMPORTS, CLAIM.format(value="-7.0", expect=NEAR_ONE))
    project.expect("33_worse", a="reproduced", b="direction only")
    project.add(
        "40_explorer",
        "import matplotlib.pyplot as plt\nfrom helpers import explore",
        "def draw(x):\n    1 / (x - 9)\n    return plt.figure(figsize=(1, 1))\n\n\n"
        "explore(draw, x=(0, 9))",
    )
    raising = {
        "cell_type": "code",
        "execution_count": None,
        "metadata": {"tags": ["raises-exception"]},
        "outputs": [],
        "source": "1 / 0",
    }
    project.add("50_good", IMPORTS, good, "print(scale, gamma)", raising)
    project.expect("50_good", a="reproduced")


@pytest.fixture(scope="module")
def ran(new_project: Callable[[], Any]) -> Ran:
    project = new_project()
    add_notebooks(project)
    jobs = str(SIDE_BY_SIDE.workers)
    return Ran(project, project.command("run", "--scale", "smoke", "--jobs", jobs))


def test_the_command_fails_and_shows_every_notebook(ran: Ran) -> None:
    assert ran.outcome.returncode == 1, ran.outcome.stderr
    for path in (ran.project.root / "notebooks").glob("*.ipynb"):
        assert f"{path.stem} smoke: " in ran.outcome.stdout
    # Longest budget first, and the short one last.
    starts = [x for x in ran.outcome.stdout.splitlines() if x.endswith(": started")]
    assert starts[-1] == "20_slow smoke: started"


def test_a_raised_error_is_located(ran: Ran) -> None:
    result = ran.result("10_raises")
    assert result.status == "failed"
    assert result.failure.section == "Theory"
    assert result.failure.cell == 5
    assert result.failure.message == "ZeroDivisionError: division by zero"
    assert result.failure.code.splitlines()[-1] == "> share(0)"
    assert len(result.failure.code.splitlines()) == 5
    assert ran.statuses("10_raises") == [*["completed"] * 5, "failed", "not run"]
    executed = ran.project.executed("10_raises")["cells"]
    assert "This run: failed." in executed[0]["source"]
    # Found again by the anchor above the cell.
    anchors = [i for i, c in enumerate(executed) if "<a id=" in c["source"]]
    assert [executed[i + 1]["source"][:9] for i in anchors] == ["def share"]


def test_the_report_on_stderr_says_where(ran: Ran) -> None:
    block = ran.outcome.stderr[ran.outcome.stderr.index("10_raises smoke: FAILED") :]
    lines = block.split("\n\n")[0].splitlines()
    assert lines[1].strip() == "where: Theory, cell 5"
    assert "error: ZeroDivisionError: division by zero" in block
    copy = ran.project.folder("10_raises") / "executed.ipynb"
    assert f"executed copy: {copy}" in block


@pytest.mark.parametrize(
    ("name", "section", "cell", "message"),
    [
        ("11_interact", "Explore", 4, "ZeroDivisionError: division by zero"),
        ("12_output", "Later", 6, "KeyError: 'gone'"),
    ],
)
def test_a_swallowed_error_is_found(
    ran: Ran, name: str, section: str, cell: int, message: str
) -> None:
    result = ran.result(name)
    assert result.status == "swallowed error"
    assert result.failure.message == message
    assert (result.failure.section, result.failure.cell) == (section, cell)
    assert set(ran.statuses(name)) == {"completed"}


def test_a_timeout_is_the_truth_in_both_files(ran: Ran) -> None:
    result = ran.result("20_slow")
    assert result.status == "timeout"
    assert "3 times the stated 1.7 s" in result.failure.message
    assert result.failure.section == "Long"
    assert 5.1 <= result.seconds < 20
    assert ran.statuses("20_slow")[-2:] == ["timeout", "not run"]
    executed = ran.project.executed("20_slow")
    assert executed["metadata"]["papermill"]["status"] == "timeout"
    assert "This run: timeout." in executed["cells"][0]["source"]


def test_memory_over_budget_is_stopped_and_recorded(ran: Ran) -> None:
    result = ran.result("21_hungry")
    assert result.status == "memory"
    assert result.peak_memory_mib > 500
    assert "the budget is 500 MiB" in result.failure.message
    assert result.failure.cell == 4
    assert ran.statuses("21_hungry")[-2:] == ["memory", "not run"]


def test_a_killed_kernel_is_no_ordinary_failure(ran: Ran) -> None:
    result = ran.result("22_killed")
    assert result.status == "killed"
    assert result.failure.message == "the kernel died"
    assert result.failure.code == "import os\n\nos.kill(os.getpid(), 9)"
    assert ran.statuses("22_killed")[-2:] == ["killed", "not run"]


def test_leaving_early_is_a_failure(ran: Ran) -> None:
    result = ran.result("23_leaves")
    assert result.status == "failed"
    assert result.failure.message.startswith("SystemExit")
    assert ran.statuses("23_leaves")[-2:] == ["failed", "not run"]


@pytest.mark.parametrize(
    ("name", "error", "words"),
    [
        ("30_nan", "ClaimError", "value is nan, not a number"),
        ("31_hollow", "HollowExpectationError", "is satisfied by 0"),
        ("40_explorer", "ZeroDivisionError", "division by zero"),
    ],
)
def test_bad_claims_and_explorers_fail_by_name(
    ran: Ran, name: str, error: str, words: str
) -> None:
    result = ran.result(name)
    assert result.status == "failed"
    assert result.failure.message.startswith(f"{error}: ")
    assert words in result.failure.message


def test_worse_claims_fail_although_every_cell_ran(ran: Ran) -> None:
    result = ran.result("33_worse")
    assert result.status == "claims worse"
    assert result.worse == [
        "claim 'a' got worse: reproduced -> not reproduced",
        "claim 'b' is expected (direction only) but was not recorded",
    ]
    assert [c.verdict for c in result.claims] == ["not reproduced"]
    for line in result.worse:
        assert line in ran.outcome.stderr


def test_a_good_notebook_passes_with_its_facts(ran: Ran) -> None:
    result = ran.result("50_good")
    assert result.status == "passed", result.failure
    assert result.failure is None
    assert result.parameters == {"scale": "smoke", "seed": 0, "gamma": 0.5}
    assert 30 < result.peak_memory_mib < 2000
    assert result.claims[0].id == "a"
    assert {"python", "numpy"} <= set(result.versions)
    assert int(result.hardware["cores"]) >= 1
    assert "curriculum-marker" not in str(ran.project.executed("50_good"))


def test_junit_names_each_fault(ran: Ran) -> None:
    root = ElementTree.parse(ran.project.root / "build" / "junit.xml").getroot()
    suite = root[0]
    assert suite.tag == "testsuite"
    faults = {
        case.attrib["classname"].removeprefix("notebooks."): fault.attrib["type"]
        for case in suite
        for fault in case.findall("failure")
    }
    assert suite.attrib["tests"] == str(len(list(suite)))
    assert suite.attrib["failures"] == str(len(faults))
    assert faults["20_slow"] == "timeout"
    assert faults["11_interact"] == "swallowed error"
    assert "50_good" not in faults


def test_nothing_is_left_running(ran: Ran) -> None:
    assert ran.project.wait_until_empty(1) == []


def test_a_run_that_saves_nothing_is_not_told_by_an_earlier_copy(
    project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.add("50_good", "x = 1")
    job = make_job(find_spec("50"), "smoke")
    earlier = read_notebook(job.spec.path)
    stated = Claim("a", "s", 1.0, 1.0, 1.0, "", None, "none", "", "≥ 1", [0.0], "–")
    data = {MIME: stated.to_json()}
    output = {"output_type": "display_data", "data": data, "metadata": {}}
    earlier["cells"][-1]["outputs"] = [output]
    write_notebook(earlier, job.executed)
    monkeypatch.setattr(sys, "executable", shutil.which("false"))
    (result,) = run_notebooks([job], force=True)
    assert (result.status, result.claims) == ("killed", [])
    assert MIME not in job.executed.read_text()
