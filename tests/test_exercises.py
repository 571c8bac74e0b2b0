"""Every exercise: the solution passes its check, the stub and nonsense do not."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable
from typing import Any

import nbformat
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


def run(
    source: Source,
    cell: nbformat.NotebookNode | None,
    replace: Callable[..., Any] | None = None,
) -> None:
    """Run a cell with the notebook's imports only; raises Passed when the check does.

    ``replace`` takes the place of the function that the cell defines.
    """
    assert cell is not None

    def exercise(check: Callable[..., None], attempt: Callable[..., Any]) -> None:
        check(replace or attempt)
        raise Passed

    namespace: dict[str, Any] = {"__name__": "exercise"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("helpers.exercises.exercise", exercise)
        exec(import_statements(source), namespace)
        with contextlib.redirect_stdout(io.StringIO()):
            exec(compile(cell.source, "<exercise>", "exec"), namespace)


@pytest.mark.parametrize(("source", "exercise"), ALL)
def test_solution_passes(source: Source, exercise: Exercise) -> None:
    with pytest.raises(Passed):
        run(source, exercise.solution)


@pytest.mark.parametrize(("source", "exercise"), ALL)
def test_stub_fails(source: Source, exercise: Exercise) -> None:
    with pytest.raises(NotImplementedError):
        run(source, exercise.stub)


@pytest.mark.parametrize("result", [None, 0, 1.0, True, []], ids=repr)
@pytest.mark.parametrize(("source", "exercise"), ALL)
def test_constant_is_turned_down(
    source: Source, exercise: Exercise, result: object
) -> None:
    with pytest.raises(Exception) as caught:
        run(source, exercise.stub, lambda *_, **__: result)
    assert not isinstance(caught.value, Passed)


def test_there_are_exercises() -> None:
    assert len(ALL) >= 3 * len(SOURCES)
