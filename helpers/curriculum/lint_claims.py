"""Rules about claims: no id twice, no number typed by hand, nothing hollow.

The same checks run again inside ``record``; here they cost no kernel.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from typing import Any

from helpers.claims import PAPER_STATUS
from helpers.curriculum.lint_source import Finding, Source, called_name
from helpers.expectations import BUILDERS, Expectation, reject_hollow

_COMPUTED = object()


def claims(source: Source) -> Iterator[Finding]:
    """Every ``record(...)`` has a literal id and an expectation that can fail."""
    calls = list(source.calls("record"))
    if not calls:
        yield source.finding("claims", "records no claim")
    ids = Counter(repr(_value(_arguments(call).get("id"))) for _, call in calls)
    for index, call in calls:
        given = _arguments(call)
        id = _value(given.get("id"))
        if not isinstance(id, str):
            yield source.finding("claim-id", "a claim's id is no literal text", index)
            id = "?"
        elif ids[repr(id)] > 1:
            problem = f"id {id!r} is used {ids[repr(id)]} times"
            yield source.finding("claim-id", problem, index)
        for rule, problem in _problems(given):
            yield source.finding(rule, f"claim {id!r}: {problem}", index)


def _problems(given: dict[str, ast.expr]) -> Iterator[tuple[str, str]]:
    """Rule and message for everything wrong with one call's arguments."""
    for name in ("statement", "expect", "null"):
        if name not in given:
            yield "claim-arguments", f"{name}= is missing"
    for name in ("value", "seeds", "low", "high"):
        # None means "not given"; any other literal is a result typed by hand.
        if _value(given.get(name)) not in (_COMPUTED, None):
            yield "typed-result", f"{name}= is typed by hand, not computed"
    status = _value(given.get("paper_status"))
    if status not in (_COMPUTED, None, *PAPER_STATUS):
        allowed = ", ".join(PAPER_STATUS)
        yield "claim-arguments", f"paper_status {status!r} is not one of {allowed}"
    null = _value(given.get("null"))
    if null is None or null == [] or null == ():
        if "null" in given:
            yield "hollow", "null= names no value that doing nothing would give"
        null = []
    if "expect" not in given:
        return
    try:
        expect = expectation(given["expect"])
        values = null if isinstance(null, list | tuple) else [null]
        reject_hollow(expect, [float(v) for v in values if v is not _COMPUTED])
    except (ValueError, TypeError) as error:
        yield "hollow", str(error)


def expectation(node: ast.expr) -> Expectation:
    """Build the expectation that a literal call such as ``at_least(0.9)`` describes.

    Raises
    ------
    ValueError
        If it is no call of a known builder, has arguments that are computed, or
        could never be met.
    """
    if not isinstance(node, ast.Call) or called_name(node) not in BUILDERS:
        raise ValueError(f"expect= is not a call of {', '.join(BUILDERS)}")
    arguments = [_value(argument) for argument in node.args]
    named = {k.arg: _value(k.value) for k in node.keywords if k.arg}
    if _COMPUTED in (*arguments, *named.values()) or len(named) < len(node.keywords):
        raise ValueError(f"{ast.unparse(node)} has arguments that are no literals")
    built: Expectation = BUILDERS[called_name(node)](*arguments, **named)
    return built


def _arguments(call: ast.Call) -> dict[str, ast.expr]:
    """Arguments of ``record`` by name, the positional ones too."""
    positional = dict(zip(("id", "value", "unit"), call.args, strict=False))
    return positional | {k.arg: k.value for k in call.keywords if k.arg}


def _value(node: ast.expr | None) -> Any:
    """Literal value, ``_COMPUTED`` for an expression, None for nothing."""
    if node is None:
        return None
    try:
        return ast.literal_eval(node)
    except ValueError:
        return _COMPUTED


RULES = (claims,)
