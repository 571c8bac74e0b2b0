"""Solutions of a generated problem, in every style that means the same.

A step on elements is a comprehension, a loop (with ``if``, ``else`` or ``continue``),
``filter`` or ``map``, or a ``while`` loop; a chain of such steps with its ending may
also be fused into one loop. So the first words of lines and blocks carry real choices.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Protocol

from helpers.adaptive_temperature.problem_steps import (
    ITEM,
    Choose,
    Ending,
    Filter,
    Map,
    Step,
    Whole,
)

INDENT = "    "
DEEPEST = 1  # conditions nested within a fused loop; further ones `continue`


class Chooser(Protocol):
    """Picks one of ``len(weights)`` options and returns its index."""

    def __call__(self, weights: Sequence[float]) -> int: ...


def random_chooser(rng: Random) -> Chooser:
    """Options at random, in proportion to their weights."""
    return lambda weights: rng.choices(range(len(weights)), weights)[0]


def every_choice(write: Callable[[Chooser], str]) -> Iterator[str]:
    """All texts that can be drawn, by replaying ``write`` with every row of choices.

    An option of weight 0 is left out; the first has to have a weight.
    """
    rows: list[list[int]] = [[]]
    while rows:
        row = rows.pop()
        made: list[int] = []

        def follow(
            weights: Sequence[float],
            row: list[int] = row,
            made: list[int] = made,
        ) -> int:
            at = len(made)
            if at >= len(row):  # first visit: take 0 now, the others later
                rows.extend([*made, i] for i in range(1, len(weights)) if weights[i])
            made.append(row[at] if at < len(row) else 0)
            return made[at]

        yield write(follow)


def write_solution(steps: Sequence[Step], ending: Ending, choose: Chooser) -> str:
    """Body of the function, indented by four spaces, with a newline at the end."""
    fused = 0
    if ending.loop is not None:
        while fused < len(steps) and _on_elements(steps[-1 - fused], ending.takes):
            fused += 1
    if fused and choose((0.65, 0.35)):
        head, tail = steps[: len(steps) - fused], steps[len(steps) - fused :]
        lines = _fused(tail, ending, choose)
    else:
        head = steps
        lines = ending.forms[_even(choose, ending.forms)].split("\n")
    body = [line for step in head for line in _separate(step, choose)] + lines
    return "".join(f"{INDENT}{line}\n" for line in body)


def _on_elements(step: Step, kind: str) -> bool:
    same = step.takes == step.gives == kind
    return same and not isinstance(step.shape, Whole)


def _even(choose: Chooser, options: Sequence[object]) -> int:
    return choose((1.0,) * len(options)) if len(options) > 1 else 0


def _nest(lines: Sequence[str]) -> list[str]:
    return [f"{INDENT}{line}" for line in lines]


def _separate(step: Step, choose: Chooser) -> list[str]:
    """Lines of a step on its own, from variable to variable."""
    shape, source, target = step.shape, step.takes, step.gives
    if isinstance(shape, Whole):
        form = shape.forms[_even(choose, shape.forms)]
        return form.strip("\n").split("\n")
    x = ITEM[source]
    text = target == "text"
    put = (lambda e: f"result += {e}") if text else (lambda e: f"result.append({e})")
    if isinstance(shape, Filter):
        style = choose((0.4, 0.25, 0.12, 0.15, 0.0 if text else 0.08))
        inside = f"{x} for {x} in {source} if {shape.test}"
        called = f"filter(lambda {x}: {shape.test}, {source})"
        body = [f"if {shape.test}:", *_nest([put(x)])]
        if style == 2:
            body = [f"if {shape.unless}:", *_nest(["continue"]), put(x)]
    elif isinstance(shape, Map):
        form = shape.forms[_even(choose, shape.forms)]
        style = (0, 1, 3, 4)[choose((0.45, 0.3, 0.17, 0.0 if text else 0.08))]
        inside = f"{form} for {x} in {source}"
        called = f"map(lambda {x}: {form}, {source})"
        body = [put(form)]
    else:
        then, other = _branches(shape, choose)
        style = (0, 1, 2)[choose((0.4, 0.4, 0.2))]
        inside = f"{then} if {shape.test} else {other} for {x} in {source}"
        called = ""
        test, first, second = shape.test, then, other
        if style == 2:
            test, first, second = shape.unless, other, then
        body = [f"if {test}:", *_nest([put(first)]), "else:", *_nest([put(second)])]
    if style == 0:
        wrapped = f'"".join({inside})' if text else f"[{inside}]"
        return [f"{target} = {wrapped}"]
    if style == 3:
        wrapped = f'"".join({called})' if text else f"list({called})"
        return [f"{target} = {wrapped}"]
    start = 'result = ""' if text else "result = []"
    if style == 4:
        loop = ["i = 0", f"while i < len({source}):"]
        body = [f"{x} = {source}[i]", *body, "i += 1"]
    else:
        loop = [f"for {x} in {source}:"]
    return [start, *loop, *_nest(body), f"{target} = result"]


def _branches(shape: Choose, choose: Chooser) -> tuple[str, str]:
    then = shape.then[_even(choose, shape.then)]
    return then, shape.other[_even(choose, shape.other)]


def _fused(steps: Sequence[Step], ending: Ending, choose: Chooser) -> list[str]:
    """One loop that does all ``steps`` to an element and then the ending's line."""
    loop = ending.loop
    assert loop is not None
    x = ITEM[ending.takes]
    body: list[str] = []
    depth = 0
    for step in steps:
        lines, deeper = _in_loop(step, x, depth, choose)
        body += [f"{INDENT * depth}{line}" for line in lines]
        depth += deeper
    body += [f"{INDENT * depth}{line}" for line in loop.each.split("\n")]
    return [loop.start, f"for {x} in {ending.takes}:", *_nest(body), loop.last]


def _in_loop(step: Step, x: str, depth: int, choose: Chooser) -> tuple[list[str], int]:
    """Lines for one element, and by how much what follows is nested deeper."""
    shape = step.shape
    if isinstance(shape, Filter):
        if depth < DEEPEST and choose((0.4, 0.6)):
            return [f"if {shape.test}:"], 1
        return [f"if {shape.unless}:", *_nest(["continue"])], 0
    if isinstance(shape, Map):
        form = shape.forms[_even(choose, shape.forms)]
        return [f"{x} = {form}"], 0
    assert isinstance(shape, Choose)
    then, other = _branches(shape, choose)
    lines = [f"if {shape.test}:", *_nest([f"{x} = {then}"])]
    if other != x:
        lines += ["else:", *_nest([f"{x} = {other}"])]
    return lines, 0
