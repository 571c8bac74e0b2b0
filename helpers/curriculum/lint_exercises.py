"""Rules about exercises, and their parts for the test that runs the solutions.

Exercise N is, under ``## Exercises``:

1. a Markdown cell ``### Exercise N: title (difficulty, M minutes)``;
2. a code cell tagged ``exercise``: imports of ``exercise`` and the check, a function
   that raises NotImplementedError, ``exercise(check_something, function)`` at the end;
3. a code cell tagged ``solution``, folded (``jupyter.source_hidden``): the same
   function written out, the same last line.

The section's first cell says where the solutions are in the words of ``FOLDED``, which
a set without solutions leaves out. Check functions live in
``helpers/<chapter>/exercises.py`` and raise AssertionError with a hint. Both code
cells run with nothing but the names that the notebook imports.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

import nbformat

from helpers.curriculum.lint_source import Finding, Source, called_name, tags

DIFFICULTIES = ("easy", "medium", "hard")
FOLDED = "; the solution is folded below it"  # what the section's first cell says
HEADING = re.compile(r"Exercise (\d+): (.+) \((\w+), (\d+) minutes\)")


@dataclass(frozen=True)
class Exercise:
    """An exercise as found in a notebook; cell indices are 0-based."""

    number: int
    title: str
    difficulty: str
    minutes: int
    cell: int
    stub: nbformat.NotebookNode | None
    solution: nbformat.NotebookNode | None


def exercises_in(source: Source) -> list[Exercise]:
    """The exercises of a notebook, in order; missing cells are None."""
    found = []
    section = source.section("Exercises")
    places = [h for h in source.headings if h.level == 3 and h.cell in section]
    ends = [*(h.cell for h in places[1:]), section.stop]
    for heading, end in zip(places, ends, strict=True):
        match = HEADING.fullmatch(heading.text)
        if match is None:
            continue
        cells = source.cells[heading.cell + 1 : end]
        tagged = {tag: cell for cell in reversed(cells) for tag in tags(cell)}
        found.append(
            Exercise(
                number=int(match[1]),
                title=match[2],
                difficulty=match[3],
                minutes=int(match[4]),
                cell=heading.cell,
                stub=tagged.get("exercise"),
                solution=tagged.get("solution"),
            )
        )
    return found


def import_statements(source: Source) -> str:
    """Source of all top-level imports of a notebook: what exercises may use."""
    statements = [
        ast.unparse(node)
        for tree in source.trees.values()
        for node in tree.body
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    return "\n".join(statements)


def exercises(source: Source) -> Iterator[Finding]:
    """3 to 5 exercises, numbered, each with a stub, a check and a folded solution."""
    found = exercises_in(source)
    if not 3 <= len(found) <= 5:
        yield source.finding("exercises", f"has {len(found)} exercises, not 3 to 5")
    section = source.section("Exercises")
    if section and FOLDED not in source.cells[section.start].source:
        yield source.finding("exercises", f"does not say {FOLDED!r}", section.start)
    for heading in source.headings:
        if heading.level != 3 or heading.cell not in section:
            continue
        if not HEADING.fullmatch(heading.text):
            yield source.finding(
                "exercises",
                f"{heading.text!r} is not 'Exercise N: title (easy, M minutes)'",
                heading.cell,
            )
    if [e.number for e in found] != list(range(1, len(found) + 1)):
        yield source.finding("exercises", "exercises are not numbered 1, 2, 3 ...")
    known = {id(cell) for e in found for cell in (e.stub, e.solution) if cell}
    for index, cell in source.code():
        if {"exercise", "solution"} & set(tags(cell)) and id(cell) not in known:
            yield source.finding("exercises", "belongs to no exercise", index)
    for exercise in found:
        for problem in _problems(source, exercise):
            yield source.finding(
                "exercises", f"exercise {exercise.number}: {problem}", exercise.cell
            )


def _problems(source: Source, exercise: Exercise) -> Iterator[str]:
    if exercise.difficulty not in DIFFICULTIES:
        yield f"difficulty {exercise.difficulty!r} is not {', '.join(DIFFICULTIES)}"
    if exercise.stub is None or exercise.solution is None:
        yield "lacks a code cell tagged 'exercise' or one tagged 'solution'"
        return
    if not exercise.solution.metadata.get("jupyter", {}).get("source_hidden"):
        yield "the solution is not folded (metadata jupyter.source_hidden)"
    stub, solution = (_last_call(c.source) for c in (exercise.stub, exercise.solution))
    if stub is None or solution is None:
        yield "stub and solution must end in exercise(check_..., function)"
        return
    if stub != solution:
        yield f"stub calls exercise{stub}, the solution exercise{solution}"
    check, function = stub
    if not check.startswith("check_") or check not in _checks(source):
        yield f"{check} is not imported from a module of exercises"
    for name, cell in (("stub", exercise.stub), ("solution", exercise.solution)):
        if function not in _functions(cell.source):
            yield f"the {name} does not define {function}"
    if not _unfinished(exercise.stub.source) or _unfinished(exercise.solution.source):
        yield "the stub, and only the stub, must raise NotImplementedError"


def _last_call(code: str) -> tuple[str, str] | None:
    """Names in the closing ``exercise(check, function)``, None when it is not one."""
    try:
        last = ast.parse(code).body[-1]
    except (SyntaxError, IndexError):
        return None
    if not (isinstance(last, ast.Expr) and isinstance(last.value, ast.Call)):
        return None
    names = [a.id for a in last.value.args if isinstance(a, ast.Name)]
    if called_name(last.value) != "exercise" or len(names) != 2:
        return None
    return names[0], names[1]


def _unfinished(code: str) -> bool:
    return "raise NotImplementedError" in ast.unparse(ast.parse(code))


def _functions(code: str) -> set[str]:
    return {n.name for n in ast.parse(code).body if isinstance(n, ast.FunctionDef)}


def _checks(source: Source) -> set[str]:
    """Names imported from modules called ``exercises`` or ``..._exercises``."""
    return {
        alias.asname or alias.name
        for tree in source.trees.values()
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        and (node.module or "").endswith("exercises")
        for alias in node.names
    }


RULES = (exercises,)
