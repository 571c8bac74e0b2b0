"""Every exercise: the solution passes its check, the stub and nonsense do not."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import nbformat
import numpy as np
import pytest

from helpers.curriculum.lint_exercises import (
    Exercise,
    exercises_in,
    import_statements,
)
from helpers.curriculum.lint_source import Source
from helpers.paths import NOTEBOOKS

SOURCES = [
    Source(path, nbformat.read(path, as_version=4))
    for path in sorted(NOTEBOOKS.glob("*.ipynb"))
]
ALL = [
    pytest.param(source, exercise, id=f"{source.path.stem}-{exercise.number}")
    for source in SOURCES
    for exercise in exercises_in(source)
]


class Passed(Exception):
    """The check accepted the attempt."""


Function = Callable[..., Any]


def run(
    source: Source,
    cell: nbformat.NotebookNode | None,
    change: Callable[[Function], Function] = lambda attempt: attempt,
) -> None:
    """Run a cell with the notebook's imports only; raises Passed when the check does.

    ``change`` may put another function in the place of the one that the cell defines.
    """
    assert cell is not None

    def exercise(check: Callable[..., None], attempt: Function) -> None:
        check(change(attempt))
        raise Passed

    namespace: dict[str, Any] = {"__name__": "exercise"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("helpers.exercises.exercise", exercise)
        exec(import_statements(source), namespace)
        with contextlib.redirect_stdout(io.StringIO()):
            exec(compile(cell.source, "<exercise>", "exec"), namespace)


def careless(attempt: Function) -> Function:
    """The same function, which spoils its arguments once it has its result."""

    def spoiling(*given: Any) -> Any:
        result = deepcopy(attempt(*given))
        for part in given:
            if isinstance(part, list | dict | set):
                part.clear()
            elif isinstance(part, np.ndarray) and part.flags.writeable:
                part[...] = 0
        return result

    return spoiling


@pytest.mark.parametrize(("source", "exercise"), ALL)
def test_solution_passes(source: Source, exercise: Exercise) -> None:
    with pytest.raises(Passed):
        run(source, exercise.solution)


@pytest.mark.parametrize(("source", "exercise"), ALL)
def test_stub_fails(source: Source, exercise: Exercise) -> None:
    with pytest.raises(NotImplementedError):
        run(source, exercise.stub)


@pytest.mark.parametrize("result", [None, 0, 1.0, True, [], (0, 0), (0,) * 4], ids=repr)
@pytest.mark.parametrize(("source", "exercise"), ALL)
def test_constant_is_turned_down(
    source: Source, exercise: Exercise, result: object
) -> None:
    with pytest.raises((AssertionError, TypeError)):
        run(source, exercise.stub, lambda _: lambda *_, **__: result)


@pytest.mark.parametrize(("source", "exercise"), ALL)
def test_an_attempt_may_change_what_it_gets(source: Source, exercise: Exercise) -> None:
    with pytest.raises(Passed):
        run(source, exercise.solution, careless)


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.path.stem)
def test_every_notebook_has_exercises(source: Source) -> None:
    assert 3 <= len(exercises_in(source)) <= 5
