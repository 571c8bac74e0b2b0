"""Scale tables: read strictly, and how a parameter gets its value."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from helpers.notebook_files import write_notebook
from helpers.parameters import ParameterError
from helpers.scales import Scale, all_specs, find_spec, load_spec, resolve

CELL = (
    'scale: str = "smoke"\nseed: int = 0\nside: int | None = None\ngamma: float = 0.5'
)
TABLE = """\
title = "Light"
paper = "none"
chapter = "none"
[limits.side]
ge = 3
[scales.smoke]
seeds = 2
seconds = 10
memory_mib = 500
parameters = { side = 7 }
[scales.default]
seeds = 5
seconds = 60
memory_mib = 900
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("01_first_light", "02_second"):
        add(tmp_path, name, TABLE)
    return tmp_path


def add(folder: Path, name: str, table: str) -> Path:
    cell = {
        "cell_type": "code",
        "metadata": {"tags": ["parameters"]},
        "source": CELL,
        "outputs": [],
        "execution_count": None,
    }
    path = folder / f"{name}.ipynb"
    notebook = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    write_notebook(notebook, path)
    path.with_suffix(".toml").write_text(table)
    return path


@pytest.mark.parametrize(
    "name", ["01", "first_light", "01_first_light", "notebooks/01_first_light.ipynb"]
)
def test_a_notebook_has_many_names(folder: Path, name: str) -> None:
    spec = find_spec(name, folder)
    assert (spec.name, spec.number, spec.title) == ("01_first_light", "01", "Light")


def test_unknown_names_are_answered_with_the_nearest(folder: Path) -> None:
    with pytest.raises(ParameterError, match="did you mean 'first_light'"):
        find_spec("first_lite", folder)
    with pytest.raises(ParameterError, match="did you mean 'default'"):
        find_spec("01", folder).scale("defualt")


def test_a_number_that_two_notebooks_share_names_both(folder: Path) -> None:
    add(folder, "01_other_light", TABLE)
    with pytest.raises(ParameterError, match="01_first_light, 01_other_light"):
        find_spec("01", folder)
    assert find_spec("other_light", folder).name == "01_other_light"


def test_the_numbers_of_our_notebooks_are_unique() -> None:
    numbers = [spec.number for spec in all_specs()]
    assert len(numbers) == len(set(numbers))
    assert find_spec("00").name == "00_start_here"


def test_all_specs_are_in_order(folder: Path) -> None:
    assert [s.number for s in all_specs(folder)] == ["01", "02"]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("seeds = 2", "seeds = 0", "greater than or equal to 1"),
        ("seconds = 10", "seconds = 0", "greater than 0"),
        ("memory_mib = 500", "", "memory_mib"),
        ("seeds = 2", "seeds = 2\nsedes = 3", "sedes"),
        ('title = "Light"', "title = ", "first.toml"),
        ("side = 7", "sid = 7", "did you mean 'side'"),
        ("side = 7", "side = 2", "greater than or equal to 3"),
        ("side = 7", 'side = "7"', "valid integer"),
        ("[limits.side]", "[limits.sides]", "did you mean 'side'"),
    ],
)
def test_bad_tables_are_refused(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert old in TABLE
    path = add(tmp_path, "03_first", TABLE.replace(old, new))
    with pytest.raises(ParameterError, match=words):
        load_spec(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    path = add(tmp_path, "03_first", TABLE)
    path.unlink()
    with pytest.raises(ParameterError, match=r"no notebook 03_first\.ipynb"):
        load_spec(path)
    path.with_suffix(".toml").unlink()
    with pytest.raises(ParameterError, match=r"no scale table 03_first\.toml"):
        load_spec(path)


@pytest.mark.parametrize(
    ("scale", "given", "expected"),
    [
        ("smoke", {}, {"side": 7, "gamma": 0.5}),
        ("smoke", {"side": 9}, {"side": 9, "gamma": 0.5}),
        ("smoke", {"side": None}, {"side": 7, "gamma": 0.5}),
        ("default", {"gamma": 0.0}, {"side": None, "gamma": 0.0}),
    ],
)
def test_values_come_from_the_reader_then_the_scale_then_the_cell(
    folder: Path, scale: str, given: dict[str, Any], expected: dict[str, Any]
) -> None:
    found = resolve(find_spec("01", folder), scale, given)
    assert {name: found[name] for name in expected} == expected


def test_rows_cannot_be_changed() -> None:
    row = Scale(seeds=1, seconds=1, memory_mib=1)
    with pytest.raises(ValidationError):
        row.seeds = 2
