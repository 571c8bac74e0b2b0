"""Twenty real runs on a Ray cluster that loses a node, by a driver that is killed.

The notebook simulates what the template's does, without its figures and exercises, so
that a run costs two processor seconds.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import psutil
import pytest

pytest.importorskip("ray", reason="needs the extra called cluster")

import ray

from helpers.spot_tuning.ray_machines import LocalMachines

PARAMETERS = """\
scale: str = "smoke"  # how large
seed: int = 0  # first seed
gamma: float = 0.5  # size of a group, in hundreds of people
days: int = 365  # birthdays
"""
BIRTHDAYS = """\
import os
import time

import numpy as np

from helpers import begin, near, record
from helpers.curriculum.template import share_with_match

run = begin("01_birthdays", globals())
with open("../starts", "a") as file:  # the test counts how often each cell began
    print(run.gamma, run.days, run.seed, os.getpid(), file=file)
while os.path.exists("../hold"):  # until the test has killed somebody
    time.sleep(0.05)
people, even = int(100 * run.gamma), np.full(run.days, 1 / run.days)
shares = [share_with_match(people, even, 200, s) for s in run.seeds]
"""
CLAIMS = """\
for name, value in (("match", np.mean(shares)), ("people", people)):
    record(
        name, value, low=0.9 * value, high=1.1 * value, statement="A number.",
        expect=near(0.5, absolute=0.1), null=0.0,
    )
"""
SWEEP = (
    *("sweep", "01", "--scale", "smoke", "--seeds", "2"),
    *("-g", "gamma=0.1,0.2,0.3,0.4,0.5", "-g", "days=100,365"),
)
CELLS = 20
# What may differ between two runs of the same cell.
MEASURED = ["seconds", "peak_memory_mib", "started", "hardware"]


@pytest.fixture(scope="module")
def project(new_project: Callable[[], Any]) -> Any:
    project = new_project()
    project.add(
        "01_birthdays", BIRTHDAYS, CLAIMS, parameters=PARAMETERS, memory_mib=1500
    )
    path = project.root / "notebooks" / "01_birthdays.toml"
    text = path.read_text().replace("[limits.gamma]\nge = 0\nle = 1\n", "")
    path.write_text(text + "cores = 1\njudge = false\n")
    return project


@pytest.fixture(scope="module")
def machines(project: Any) -> Iterator[LocalMachines]:
    """Two nodes with one core each; their processes see the project as their own."""
    with pytest.MonkeyPatch.context() as patch:
        # As for the drivers: a node with other data would refuse their cells.
        for name in os.environ:
            if name.startswith("CURRICULUM_"):
                patch.delenv(name)
        for name in ("CURRICULUM_ROOT", "PYTHONPATH"):
            patch.setenv(name, project.environment()[name])
        # Ray's switch for "loopback only": the drivers' counterpart of LocalMachines.
        patch.setenv("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
        with LocalMachines() as started:
            yield started


@contextlib.contextmanager
def driver(project: Any, *words: str) -> Iterator[subprocess.Popen[str]]:
    """A running ``curriculum sweep``, killed at the latest at the end."""
    process = project.start(*words)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def read_until(process: subprocess.Popen[str], wanted: Callable[[str], bool]) -> str:
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if wanted(line):
            return line
    assert process.stderr is not None
    pytest.fail(f"ended after {''.join(said)} {process.stderr.read()}")


def kernels(root: Path) -> list[psutil.Process]:
    """Kernels and runners of cells, not Ray's own processes."""
    found = []
    for process in psutil.process_iter():
        try:
            words = " ".join(process.cmdline())
            mine = process.environ().get("CURRICULUM_ROOT") == str(root)
        except (psutil.Error, OSError):
            continue
        if mine and ("ipykernel" in words or "curriculum.worker" in words):
            found.append(process)
    return found


def is_kernel(process: psutil.Process) -> bool:
    try:
        return "ipykernel" in " ".join(process.cmdline())
    except psutil.Error:
        return False


def wait(until: Callable[[], Any], otherwise: str, seconds: float = 300) -> Any:
    """What ``until`` returns once that is true."""
    deadline = time.monotonic() + seconds
    while not (found := until()):
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.05)
    return found


def starts(project: Any) -> list[tuple[str, int]]:
    """Every beginning of a cell: its values and the kernel's process."""
    lines = (project.root / "starts").read_text().splitlines()
    return [(line.rsplit(" ", 1)[0], int(line.rsplit(" ", 1)[1])) for line in lines]


@contextlib.contextmanager
def held(project: Any) -> Iterator[None]:
    """Cells that begin meanwhile wait for the end of the block."""
    hold = project.root / "hold"
    hold.touch()
    try:
        yield
    finally:
        hold.unlink()


def begun_on(project: Any, machines: LocalMachines, names: list[str]) -> str:
    """Values of a cell that is held on one of these nodes."""
    raylets = {
        entry.process.pid
        for name in names
        for entry in machines._nodes[name].all_processes["raylet"]
    }

    def waiting() -> str | None:
        for cell, pid in starts(project):
            with contextlib.suppress(psutil.Error):
                if raylets & {parent.pid for parent in psutil.Process(pid).parents()}:
                    return cell
        return None

    return str(wait(waiting, "no cell began on the node"))


def only_table(folder: Path) -> pd.DataFrame:
    (path,) = folder.glob("sweeps/*/*/table.parquet")
    return pd.read_parquet(path)


def test_nothing_is_lost_or_counted_twice(
    project: Any, machines: LocalMachines
) -> None:
    address = ray.get_runtime_context().gcs_address
    names = [machines.get("worker") for _ in range(2)]
    results = project.root / "build" / "sweeps" / "01_birthdays" / "cells"

    # The driver is killed when some cells are done and one runs.
    with driver(project, *SWEEP, "--ray", address) as process:
        read_until(process, lambda line: "4 of 20 done" in line)
        with held(project):
            begun_on(project, machines, names)
            process.kill()
            process.wait()
            wait(lambda: not kernels(project.root), "a cell outlived its driver")
    before = {path: path.read_bytes() for path in results.glob("*/results.json")}
    assert 4 <= len(before) < CELLS

    # The next driver goes on from there; then a node is killed with its cell.
    with driver(project, *SWEEP, "--ray", address) as process:
        kept = f"{len(before)} of 20 cells are up to date"
        read_until(process, lambda line: kept in line)
        read_until(process, lambda line: "9 of 20 done" in line)
        with held(project):
            lost = begun_on(project, machines, names[:1])
            before_the_loss = starts(project)
            machines.kill(names[0])
        out, err = process.communicate(timeout=900)
        assert process.returncode == 0, out + err
    assert "a node is gone, 2 are left" in out
    assert "20 of 20 done, " in out
    for path, content in before.items():
        assert path.read_bytes() == content  # what was done was not done again

    # Every cell counts once, although some were begun twice.
    table = only_table(project.root / "build")
    assert len(table) == CELLS * 2
    assert not table.duplicated(["cell", "claim"]).any()
    assert not table.duplicated(["gamma", "days", "seed", "claim"]).any()
    assert set(table["status"]) == {"passed"}
    assert len(list(results.glob("*/executed.ipynb"))) == CELLS
    begun = Counter(cell for cell, _ in starts(project))
    assert len(begun) == CELLS
    # On the node that was killed, and on the other one.
    assert begun[lost] == Counter(cell for cell, _ in before_the_loss)[lost] + 1

    # The same sweep in processes of this machine gives the same table.
    environment = project.environment()
    local = project.root / "local"
    environment["CURRICULUM_BUILD"] = str(local)
    done = subprocess.run(
        [sys.executable, "-m", "helpers.curriculum", *SWEEP, "--jobs", "2"],
        cwd=project.root,
        env=environment,
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    pd.testing.assert_frame_equal(
        only_table(local).drop(columns=MEASURED), table.drop(columns=MEASURED)
    )


def test_a_node_with_other_code_runs_nothing(
    new_project: Any, machines: LocalMachines
) -> None:
    other = new_project()  # the nodes know the first one
    other.add("01_birthdays", "x = 1", parameters=PARAMETERS, memory_mib=1500)
    path = other.root / "notebooks" / "01_birthdays.toml"
    path.write_text(path.read_text() + "cores = 1\n")  # as a node here has
    address = ray.get_runtime_context().gcs_address
    machines.get("worker")
    words = ("sweep", "01", "-s", "smoke", "-g", "gamma=0.5,0.6", "--ray", address)
    refused = other.command(*words, "--retries", "0")
    assert refused.returncode == 1
    assert "the node differs from the driver in its notebook" in refused.stderr
    assert "2 failed" in refused.stdout


def test_ctrl_c_stops_the_cells_of_a_cluster(
    project: Any, machines: LocalMachines
) -> None:
    project.add("02_sleeps", "import time", "time.sleep(600)", memory_mib=1500)
    address = ray.get_runtime_context().gcs_address
    machines.get("worker")
    path = project.root / "notebooks" / "02_sleeps.toml"
    path.write_text(path.read_text() + "cores = 1\n")
    words = ("sweep", "02", "-s", "smoke", "-g", "gamma=0.5,0.6", "--ray", address)
    with driver(project, *words) as process:
        read_until(process, lambda line: "= 2 cells" in line)
        wait(lambda: any(map(is_kernel, kernels(project.root))), "no cell began")
        os.kill(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=120)
        assert process.returncode == 130, out + err
    wait(lambda: not kernels(project.root), "a kernel outlived Ctrl-C", 60)
    (table,) = project.root.glob("build/sweeps/02_sleeps/*/table.parquet")
    assert set(pd.read_parquet(table)["status"]) == {"not run"}


def test_a_cluster_that_is_not_there(new_project: Any) -> None:
    project = new_project()
    project.add("01_any", "x = 1", memory_mib=999_999_999)
    words = ("sweep", "01", "-s", "smoke", "-g", "gamma=0.5", "--ray")
    outcome = project.command(*words, "127.0.0.1:1")
    assert outcome.returncode == 2
    assert outcome.stderr.startswith("curriculum: --ray 127.0.0.1:1: ")
