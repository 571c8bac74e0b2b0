"""What the doctor finds missing, on a machine that is made up here."""

from __future__ import annotations

from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from helpers import paths
from helpers.assets import Locked, file_hash, lock_asset
from helpers.curriculum import doctor, fetch, machine
from helpers.curriculum.jobs import Job
from helpers.parameters import ParameterError
from helpers.scales import NotebookSpec, Scale, find_spec


def row(**needs: Any) -> Scale:
    return Scale(**{"seeds": 1, "seconds": 10, "memory_mib": 100, **needs})


def job(**needs: Any) -> Job:
    spec = NotebookSpec(
        name="01_first",
        path=Path("01_first.ipynb"),
        title="First",
        paper="none",
        chapter="none",
        scales={"smoke": row(**needs)},
    )
    return Job(spec, "smoke")


@pytest.fixture(autouse=True)
def _small_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "memory_mib", lambda: 2000.0)
    monkeypatch.setattr(machine, "disk_mib", lambda: 5000.0)
    monkeypatch.setattr(machine, "gpu", lambda: "")
    monkeypatch.setattr(machine, "internet", lambda: True)


def test_only_what_is_lacking_is_named() -> None:
    assert doctor.missing([job(memory_mib=2000, disk_mib=5000, internet=True)]) == []
    assert doctor.missing([job(memory_mib=2001)]) == [
        "2001 MiB of memory (this machine has 2000 MiB)"
    ]
    assert doctor.missing([job(disk_mib=6000, gpu=True)]) == [
        "6000 MiB of free disk (there is 5000 MiB)",
        "a GPU that torch can use",
    ]


def test_offline_and_unreachable_are_different_faults(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert "--offline" in doctor.missing([job(internet=True)], offline=True)[0]
    monkeypatch.setattr(machine, "internet", lambda: False)
    assert "cannot be reached" in doctor.missing([job(internet=True)])[0]


def test_the_network_is_left_alone_when_nothing_needs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse() -> bool:
        raise AssertionError("asked without need")

    monkeypatch.setattr(machine, "internet", refuse)
    monkeypatch.setattr(machine, "gpu", refuse)
    assert doctor.missing([job()]) == []
    checks = {c.item: c for c in doctor.machine_checks([row()])}
    assert checks["internet"].ok is None
    assert checks["GPU"].ok is None


ASSETS = """
[[assets]]
id = "small"
kind = "model"
source = "org/small"
licence = "MIT"
used_by = "tests"
parameters = ["hub_model"]
"""
PARAMETERS = (
    'scale: str = "smoke"  # a\nseed: int = 0  # b\nhub_model: str = "x"  # c\n'
)


def test_what_other_values_need_is_named_with_them(project: Any) -> None:
    parameters = f"{PARAMETERS}gamma: float = 0.5  # d\n"
    table = ASSETS.replace(
        "parameters =", "when = { gamma = [0.25, 0.75] }\nparameters ="
    )
    project.add("01_first", parameters=parameters, table=table)
    spec = find_spec("01", project.root / "notebooks")
    assert doctor.unfetched(Job(spec, "smoke", {"gamma": 0.75})) == [
        "small (with --all)"
    ]
    assert doctor.unfetched(Job(spec, "smoke")) is None
    assert fetch.assets_of([spec], extras=False) == []
    assert fetch.assets_of([spec], extras=True) == spec.assets


@pytest.mark.parametrize(
    ("when", "words"),
    [("gama = [0.5]", "did you mean 'gamma'"), ("gamma = [2]", "less than or equal")],
)
def test_a_condition_must_be_possible(project: Any, when: str, words: str) -> None:
    parameters = f"{PARAMETERS}gamma: float = 0.5  # d\n"
    table = f"{ASSETS}when = {{ {when} }}\n"
    project.add("01_first", parameters=parameters, table=table)
    with pytest.raises(ParameterError, match=words):
        find_spec("01", project.root / "notebooks")


def test_what_is_fetched_needs_no_network(
    project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "internet", lambda: False)
    parameters = f"{PARAMETERS}gamma: float = 0.5  # d\n"
    project.add("01_first", parameters=parameters, table=ASSETS)
    spec = find_spec("01", project.root / "notebooks")
    scales = {"smoke": row(internet=True, disk_mib=6000)}
    spec = spec.model_copy(update={"scales": scales})
    usual = Job(spec, "smoke")
    assert doctor.missing([usual], True)[-1] == "what curriculum fetch brings: small"
    other = replace(usual, overrides={"hub_model": "org/other"})
    assert "cannot be reached" in doctor.missing([other])[-1]
    for place in (str(project.root), "http://localhost:8000/v1"):
        local = replace(usual, overrides={"hub_model": place})
        assert doctor.missing([local]) == []
        # of a sweep every cell counts, not the first one
        disk, small = doctor.missing([local, usual, usual])
        assert disk.startswith("6000 MiB") and small.endswith("brings: small")
    assert len(doctor.missing([usual, other])) == 3
    folder = paths.store() / "small"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    files = {"config.json": file_hash(folder / "config.json")}
    entry = Locked(source="org/small", folder="small", files=files)
    lock_asset(paths.store(), "small", entry)
    assert doctor.missing([usual], True) == []


def test_the_lock_is_compared(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    needs = ["numpy", "No_Such.package[x]>=1", 'of-an-extra>=1; extra == "dev"']
    monkeypatch.setattr(doctor, "requires", lambda name: needs)
    assert doctor.lock_check().ok is None
    paths.LOCK.write_text(f"# tested\nnumpy=={version('numpy')}\n")
    assert doctor.lock_check() == doctor.Check("packages", "all 1 as tested")
    paths.LOCK.write_text(f"numpy=={version('numpy')}\nof-an-extra==1.0\n")
    assert doctor.lock_check() == doctor.Check("packages", "all 1 as tested")
    paths.LOCK.write_text("numpy==0.1\nno-such-package==1.0+cpu ; python_version>'3'\n")
    check = doctor.lock_check()
    assert check.ok is False
    assert f"numpy {version('numpy')}, tested 0.1" in check.found
    assert "no-such-package is missing" in check.found
    assert doctor.read_lock(paths.LOCK)["no-such-package"] == "1.0"


def test_needs_are_words() -> None:
    words = doctor.needs(row(gpu=True, internet=True, disk_mib=30))
    assert words == "10 s, 100 MiB, 30 MiB disk, internet, gpu"
