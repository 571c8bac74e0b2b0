"""Programming problems with their tests, and what the sandbox is to run of them."""

from __future__ import annotations

import ast
import re
import sys
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from helpers.adaptive_temperature.json_lines import read_json_lines, text_fields
from helpers.sandbox.jobs import Cases, Check, Job

# Canonical solutions that do not pass, each with the reason. A completion for these
# problems can, and should, return a bool.
CANONICAL_FAILURES = {
    f"MbppEval/{number}": "returns an `re.Match`, which its tests take for true; "
    "nothing but plain data leaves the sandbox"
    for number in (737, 787, 794)
}
_EMPTY = ast.Module([], [])


@dataclass(frozen=True)
class Problem:
    """One problem of a data set.

    Attributes
    ----------
    task_id : str
        Unique in its data set, such as ``HumanEval/0``.
    prompt : str
        What the model sees: imports, signature, docstring.
    entry_point : str
        The function that the tests call.
    test : str or Cases
        The data set's own test code, which defines ``check(candidate)``, or pairs of
        arguments and expected values.
    solution : str or None
        Canonical completion of the prompt; see `reference_program`.
    """

    task_id: str
    prompt: str
    entry_point: str
    test: str | Cases
    solution: str | None = None

    @property
    def names_entry(self) -> bool:
        """Whether the prompt names the function that the tests call.

        Where it does not, as in eleven problems of sanitized MBPP in HumanEval format,
        a model can pass by luck only.
        """
        return bool(re.search(rf"\bdef\s+{self.entry_point}\b", self.prompt))


def read_humaneval(path: str | Path) -> list[Problem]:
    """HumanEval's problems, in the order of the file (``.jsonl`` or ``.jsonl.gz``).

    Raises
    ------
    ValueError
        With file and line: missing fields, a repeated ``task_id``, a prompt that does
        not define the entry point, tests that do not define ``check`` or do not call
        the candidate.
    """
    found = []
    for place, problem in _read(path):
        if "candidate" not in names_used(str(problem.test)):
            raise ValueError(f"{place}: the test does not call `candidate`")
        if not problem.names_entry:
            raise ValueError(f"{place}: the prompt lacks `def {problem.entry_point}`")
        found.append(problem)
    return found


def read_mbpp(path: str | Path) -> list[Problem]:
    """MBPP in HumanEval format (``def name(args):`` and a docstring), as in the file.

    Its tests call functions by name. Where that is not the stated entry point but
    another function of the canonical solution, that one becomes the ``entry_point``.

    Raises
    ------
    ValueError
        As `read_humaneval`; also if the tests call neither the entry point nor a
        function of the canonical solution.
    """
    found = []
    for place, problem in _read(path):
        used = names_used(str(problem.test))
        if not used & {"candidate", problem.entry_point}:
            called = [name for name in _functions(problem) if name in used]
            if len(called) != 1:
                raise ValueError(
                    f"{place}: the test calls neither `candidate`, nor "
                    f"`{problem.entry_point}`, nor one function of the solution"
                )
            problem = replace(problem, entry_point=called[0])
        found.append(problem)
    return found


def reference_program(problem: Problem) -> str:
    """The canonical solution as a whole program.

    It is prompt and solution. In MBPP's HumanEval format the added docstring is
    indented by four spaces and many a solution by two or a tab; the docstring is left
    out where the two do not compile together.

    Raises
    ------
    ValueError
        If there is no solution, or none that compiles.
    """
    if problem.solution is None:
        raise ValueError(f"{problem.task_id} has no canonical solution")
    signature = problem.prompt
    for quotes in ("'''", '"""'):
        signature = signature.partition(quotes)[0]
    head = signature.rstrip(" \t")
    for program in (problem.prompt + problem.solution, head + problem.solution):
        if _tree(program) is not None:
            return program
    raise ValueError(f"{problem.task_id}: the canonical solution does not compile")


def job(problem: Problem, completion: str, *, whole: bool = False) -> Job:
    """What the sandbox runs to judge one completion.

    Parameters
    ----------
    problem : Problem
        Its tests stay with the judge.
    completion : str
        Continuation of the prompt, as sampled.
    whole : bool
        ``completion`` is a whole program, which the prompt is not put in front of.
    """
    source = completion if whole else problem.prompt + completion
    return Job(source, problem.entry_point, _tests(problem))


@lru_cache(maxsize=1024)
def _tests(problem: Problem) -> Cases | Check:
    """What a problem's completions have in common."""
    if isinstance(problem.test, Cases):
        return problem.test
    test = _BOUND.format(test=problem.test, entry=problem.entry_point)
    return Check(test, trusted_context(problem))


# MBPP's tests, and some of HumanEval's, call the function by its name, one of them by
# the name `check`. The seed makes tests of random inputs the same in every run.
_BOUND = """{test}

_tests = check

def check(candidate):
    import random
    random.seed(0)
    globals()[{entry!r}] = candidate
    _tests(candidate)
"""


def trusted_context(problem: Problem) -> str:
    """Imports and helper functions that the tests refer to, as code to run before them.

    HumanEval 32, 38 and 50 check results with a function of the prompt, and MBPP's
    tests use ``math`` and ``sys``. They get the prompt's own, whatever the completion
    defines under these names; a module of the standard library that neither prompt nor
    tests import is imported, since MBPP's HumanEval form has lost the field
    ``test_imports``.
    """
    # a prompt may end before its function has a body
    prompt = _tree(problem.prompt) or _tree(problem.prompt + "    pass\n") or _EMPTY
    used = names_used(str(problem.test))
    kept = [node for node in prompt.body if _bound(node) - {problem.entry_point}]
    code = [ast.unparse(node) for node in kept] if used & _all_bound(kept) else []
    tests = _tree(str(problem.test)) or _EMPTY
    bound = _all_bound([*kept, *ast.walk(tests)]) | {problem.entry_point}
    lost = (used - bound) & sys.stdlib_module_names
    code += [f"import {name}" for name in sorted(lost)]
    return "\n".join([*code, ""])


def names_used(source: str) -> set[str]:
    """Names that a data set's own source reads."""
    nodes = ast.walk(_tree(source) or _EMPTY)
    names = (node for node in nodes if isinstance(node, ast.Name))
    return {node.id for node in names if isinstance(node.ctx, ast.Load)}


def _read(path: str | Path) -> Iterator[tuple[str, Problem]]:
    seen: dict[str, str] = {}
    for place, row in read_json_lines(path):
        text = text_fields(place, row, ("task_id", "prompt", "entry_point", "test"))
        task = text["task_id"]
        if task in seen:
            raise ValueError(f"{place}: task_id {task!r} is also on {seen[task]}")
        seen[task] = place
        entry = text["entry_point"].strip()
        if not entry.isidentifier():
            raise ValueError(f"{place}: entry_point {entry!r} is no name of Python")
        tests = _tree(text["test"])
        if tests is None or "check" not in _all_bound(tests.body):
            raise ValueError(f"{place}: the test does not define `check(candidate)`")
        solution = row.get("canonical_solution")
        if solution is not None and not isinstance(solution, str):
            raise ValueError(f"{place}: canonical_solution is no text")
        yield place, Problem(task, text["prompt"], entry, text["test"], solution)


def _functions(problem: Problem) -> list[str]:
    """Functions at the top level of the reference program."""
    if problem.solution is None:
        return []
    tree = _tree(reference_program(problem)) or _EMPTY
    return [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]


def _bound(node: ast.AST) -> set[str]:
    """Names that an import, definition, assignment's target or parameter binds."""
    match node:
        case ast.Import() | ast.ImportFrom():
            names = (alias.asname or alias.name for alias in node.names)
            return {name.partition(".")[0] for name in names}
        case ast.FunctionDef():
            return {node.name}
        case ast.Name(ctx=ast.Store()):
            return {node.id}
        case ast.arg():
            return {node.arg}
    return set()


def _all_bound(nodes: Iterable[ast.AST]) -> set[str]:
    return set().union(*map(_bound, nodes))


def _tree(source: str) -> ast.Module | None:
    """Syntax tree of a data set's own source, None if it does not parse.

    Never for what a model wrote: Python's parser can be crashed.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # their docstrings hold odd escapes
        try:
            return ast.parse(source)
        except (SyntaxError, ValueError):
            return None
