"""A run's key changes exactly when its result could."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest

from helpers import code_hash, paths
from helpers.curriculum.jobs import make_job, make_jobs
from helpers.curriculum.keys import modules_in
from helpers.parameters import ParameterError
from helpers.scales import find_spec

CELL = "from helpers import record"


def key(overrides: dict[str, Any] | None = None) -> str:
    return make_job(find_spec("01"), "smoke", overrides).key


@pytest.fixture
def notebook(project: Any) -> Callable[..., str]:
    """Writes the notebook anew and gives its key."""
    (project.root / "data").mkdir()
    (project.root / "data" / "table.csv").write_text("1")
    head = 'data = ["data/table.csv"]'

    def write(*cells: str, **options: Any) -> str:
        options = {"head": head, **options}
        project.add("01_one", *(cells or ("# A", CELL)), **options)
        return key()

    return write


def test_text_and_budgets_do_not_count(notebook: Callable[..., str]) -> None:
    first = notebook()
    assert notebook("# B", CELL) == first
    assert notebook(seconds=7, memory_mib=900) == first


def test_code_parameters_data_and_lock_count(
    notebook: Callable[..., str], project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = [notebook(), notebook("# A", CELL + "\n"), notebook("# A", CELL, CELL)]
    notebook()
    keys.append(key({"gamma": 0.25}))
    (project.root / "data" / "table.csv").write_text("2")
    keys.append(key())
    paths.LOCK.write_text("numpy==2.0\n")
    keys.append(key())
    (project.root / "mine").mkdir()
    (project.root / "mine" / "a.csv").write_text("1")
    monkeypatch.setenv("CURRICULUM_DATA", str(project.root / "mine"))
    keys.append(key())
    (project.root / "mine" / "a.csv").write_text("12")
    keys.append(key())
    assert len(set(keys)) == len(keys)


def test_a_value_equal_to_the_default_is_the_same_run(
    notebook: Callable[..., str],
) -> None:
    assert notebook() == key({"gamma": 0.5})


def test_imported_modules_count_and_others_do_not(
    notebook: Callable[..., str], monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    first = notebook()
    original = code_hash.dependencies

    def edited(name: str) -> str:
        copy = tmp_path / "edited.py"
        copy.write_text("# edited")
        monkeypatch.setattr(
            code_hash,
            "dependencies",
            lambda modules: {
                k: copy if k == name else v for k, v in original(modules).items()
            },
        )
        return key()

    assert edited("helpers.claims") != first
    assert edited("helpers.expectations") != first  # imported by claims
    assert edited("helpers.explorer") == first  # not used by this notebook


def test_modules_behind_public_names_magics_and_broken_cells() -> None:
    cells = ["%matplotlib inline\nfrom helpers import explore", "!ls", "x ="]
    found = code_hash.dependencies(modules_in(cells))
    assert "helpers.explorer" in found


def test_the_sandbox_counts_whole_once_it_is_reached() -> None:
    found = code_hash.dependencies({"helpers.sandbox.limits"})
    for name in ("judge", "zygote", "answering", "seccomp"):
        assert f"helpers.sandbox.{name}" in found
    assert not any("sandbox" in n for n in code_hash.dependencies({"helpers.claims"}))


def test_what_the_simulated_markets_are_read_from_is_declared() -> None:
    for number in ("02", "07"):
        assert "spot_tuning/market_parameters.json" in find_spec(number).data


def test_missing_data_is_bad_input(project: Any) -> None:
    project.add("01_one", "x = 1", head='data = ["data/gone.csv"]')
    with pytest.raises(ParameterError, match=r"gone\.csv' does not exist"):
        key()


def test_jobs_keep_the_order_given_and_drop_repetitions(project: Any) -> None:
    project.add("01_one")
    project.add("02_two")
    assert [j.name for j in make_jobs(["02", "01", "two"], "smoke")] == [
        "02_two",
        "01_one",
    ]
    assert [j.name for j in make_jobs([], "smoke")] == ["01_one", "02_two"]


def test_runs_with_values_have_a_folder_of_their_own(project: Any) -> None:
    project.add("01_one")
    spec = find_spec("01")
    folders = {
        make_job(spec, "smoke", v).folder for v in ({}, {"gamma": 0.1}, {"seed": 1})
    }
    assert len(folders) == 3
    assert all(
        os.path.relpath(f, paths.BUILD).startswith("runs/01_one") for f in folders
    )
