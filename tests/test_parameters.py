"""The parameters cell: what is read from it and what the shell may say."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.notebook_files import write_notebook
from helpers.parameters import (
    Parameter,
    ParameterError,
    check_values,
    parameters_cell,
    parse_assignments,
    parse_cell,
    read_parameters,
)

CELL = '''\
"""What this notebook can be told."""
from typing import Literal

scale: str = "default"  # smoke, default or paper
seed: int = 0  # first seed
gamma: float = 0.5  # early agents # (share)
rate: float | None = None  # by scale
rule: Literal["strict", "lazy"] = "strict"  # who moves first
verbose: bool = False
sides: list[int] = [10, 20]  # cells per side
names: list[str] = ["a=b", "c"]
label: str = "k = v"  # has an equals sign
limits: tuple[int, int] = (
    1,
    2,
)  # low and high
'''
PARAMETERS = parse_cell(CELL, {"gamma": {"ge": 0, "le": 1}, "sides": {"gt": 0}})


def one(name: str, text: str) -> Any:
    return parse_assignments(PARAMETERS, [f"{name}={text}"])[name]


def test_the_cell_is_read_without_running_it() -> None:
    assert list(PARAMETERS)[:3] == ["scale", "seed", "gamma"]
    gamma = PARAMETERS["gamma"]
    assert (gamma.annotation, gamma.default, gamma.help) == (
        "float",
        0.5,
        "early agents # (share)",
    )
    assert PARAMETERS["label"].default == "k = v"
    assert PARAMETERS["names"].default == ["a=b", "c"]
    assert PARAMETERS["limits"].default == (1, 2)
    assert PARAMETERS["limits"].help == "low and high"
    assert PARAMETERS["verbose"].help == ""


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("gamma", "1e-3", 1e-3),
        ("gamma", "1", 1.0),
        ("gamma", " 0.25 ", 0.25),
        ("rate", "none", None),
        ("rate", "None", None),
        ("rate", "null", None),
        ("rate", "2", 2.0),
        ("seed", "1e3", 1000),
        ("seed", "-4", -4),
        ("verbose", "true", True),
        ("verbose", "True", True),
        ("verbose", "false", False),
        ("verbose", "0", False),
        ("rule", "lazy", "lazy"),
        ("sides", "3", [3]),
        ("sides", "3,4", [3, 4]),
        ("sides", "[3, 4]", [3, 4]),
        ("names", "x", ["x"]),
        ("names", "x, y=z", ["x", "y=z"]),
        ("names", "12,x", ["12", "x"]),
        ("names", '["x, y"]', ["x, y"]),
        ("label", "a = b = c", "a = b = c"),
        ("label", "none", "none"),
        ("label", "12", "12"),
        ("label", "", ""),
    ],
)
def test_values_from_the_shell(name: str, text: str, value: Any) -> None:
    found = one(name, text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("gamma", "1.5", "less than or equal to 1"),
        ("gamma", "inf", "'gamma'"),
        ("gamma", "nan", "'gamma'"),
        ("gamma", "none", "valid number"),
        ("gamma", "true", "valid number"),
        ("seed", "1.5", "fractional"),
        ("seed", "true", "valid integer"),
        ("rule", "strikt", "did you mean 'strict'?"),
        ("verbose", "maybe", "valid boolean"),
        ("sides", "3,0", "greater than 0"),
        ("sides", "a", "'sides'"),
        ("gama", "1", "did you mean 'gamma'?"),
    ],
)
def test_what_is_refused(name: str, text: str, words: str) -> None:
    with pytest.raises(ParameterError) as error:
        one(name, text)
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_an_assignment_needs_an_equals_sign() -> None:
    with pytest.raises(ParameterError, match="not of the form name=value"):
        parse_assignments(PARAMETERS, ["gamma"])


finite = st.floats(allow_nan=False, allow_infinity=False)
# What a line of a shell can hold.
words = st.text(st.characters(blacklist_categories=["Cs", "Cc"]), max_size=20)


def parameter(annotation: str, default: str) -> Parameter:
    return parse_cell(f"x: {annotation} = {default}")["x"]


@given(st.integers())
def test_integers_round_trip(value: int) -> None:
    assert parameter("int", "0").parse(str(value)) == value


@given(finite)
def test_numbers_round_trip(value: float) -> None:
    for annotation, default in (("float", "0.0"), ("float | None", "None")):
        found = parameter(annotation, default).parse(repr(value))
        assert math.copysign(1, found) == math.copysign(1, value)
        assert found == value


@given(words)
def test_texts_round_trip(value: str) -> None:
    assert parameter("str", "''").parse(value) == value


@given(st.lists(st.integers(), min_size=1))
def test_lists_of_integers_round_trip(value: list[int]) -> None:
    declared = parameter("list[int]", "[1]")
    assert declared.parse(",".join(map(str, value))) == value
    assert declared.parse(json.dumps(value)) == value


@given(st.lists(words))
def test_lists_of_texts_round_trip_as_json(value: list[str]) -> None:
    assert parameter("list[str]", "['a']").parse(json.dumps(value)) == value


@given(
    st.one_of(
        st.none(), st.booleans(), st.integers(), finite, words, st.lists(st.integers())
    )
)
def test_defaults_round_trip_through_the_cell(value: Any) -> None:
    kind = "list[int]" if isinstance(value, list) else type(value).__name__
    kind = "str | None" if value is None else kind
    source = f"x: {kind} = {value!r}  # any = comment"
    found = parse_cell(source)["x"]
    assert found.default == value
    assert found.help == "any = comment"


@given(finite)
def test_limits_hold(value: float) -> None:
    declared = parse_cell("x: float | None = None", {"x": {"gt": 0, "le": 2}})["x"]
    if 0 < value <= 2:
        assert declared.parse(repr(value)) == value
    else:
        with pytest.raises(ParameterError):
            declared.parse(repr(value))


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("x = 1", "line 1"),
        ("x: int = 1\ny: int = x", "default of 'y' is not a literal"),
        ("x: int = 1.5", "'x'"),
        ("x: Path = 'a'", "type 'Path' is not allowed"),
        ("x: __import__('os') = 1", "not"),
        ("print(1)", "line 1"),
        ("x: int = ", "the parameters cell is not Python: invalid syntax"),
        ("x: int = (1\n", "the parameters cell is not Python: .* never closed"),
        (
            "x: int['a'] = 1",
            r"int\['a'\].* is no type of a parameter: .* sub",
        ),
        ("x: Literal = 1", "'Literal' is no type of a parameter"),
        ("x: 5 = 1", "'5' is no type of a parameter"),
        ("x: dict = {[]: 1}", "default of 'x' is not a literal"),
    ],
)
def test_cells_that_declare_badly(source: str, words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        parse_cell(source)


def test_limits_must_name_parameters() -> None:
    with pytest.raises(ParameterError, match="did you mean 'gamma'"):
        parse_cell("gamma: float = 0.5", {"gama": {"ge": 0}})


def test_values_from_python_are_strict() -> None:
    assert check_values(PARAMETERS, {"seed": 3}) == {"seed": 3}
    with pytest.raises(ParameterError, match="valid integer"):
        check_values(PARAMETERS, {"seed": "3"})
    with pytest.raises(ParameterError, match="unknown parameter 'sed'"):
        check_values(PARAMETERS, {"sed": 3})


def test_the_tagged_cell_is_found(tmp_path: Any) -> None:
    tagged = {
        "cell_type": "code",
        "metadata": {"tags": ["parameters"]},
        "source": ["a: int = 1\n", "b: int = 2"],
        "outputs": [],
        "execution_count": None,
    }
    notebook = {"cells": [tagged], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    path = tmp_path / "one.ipynb"
    write_notebook(notebook, path)
    assert list(read_parameters(path)) == ["a", "b"]
    with pytest.raises(ParameterError, match="found 0"):
        parameters_cell({"cells": []})
    with pytest.raises(ParameterError, match="found 2"):
        parameters_cell({"cells": [tagged, tagged]})
    for content in ("no json", '{"cells": []}', '{"nbformat": 3, "cells": []}'):
        path.write_text(content)
        with pytest.raises(ParameterError, match="is not a notebook"):
            read_parameters(path)
