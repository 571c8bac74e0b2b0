"""Steps and endings of the generated programming problems: wording and meaning.

A problem is a chain of steps, each from one kind of value to a kind, and an ending
that returns something. A step says three things independently: its English wordings,
its meaning as a Python function (the reference), and the shape of its code, which
:mod:`helpers.adaptive_temperature.code_styles` writes out in several styles.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

#: The variable for one element of a kind of value, by the name of its variable.
ITEM = {"numbers": "x", "words": "w", "text": "c"}
VOWELS = "aeiou"


@dataclass(frozen=True)
class Filter:
    """Keep the elements for which ``test`` holds; ``unless`` is its negation."""

    test: str
    unless: str


@dataclass(frozen=True)
class Map:
    """Replace each element by one of the equivalent expressions ``forms``."""

    forms: tuple[str, ...]


@dataclass(frozen=True)
class Choose:
    """Replace elements by ``then`` where ``test`` holds and by ``other`` elsewhere."""

    test: str
    unless: str
    then: tuple[str, ...]
    other: tuple[str, ...]


@dataclass(frozen=True)
class Whole:
    """Equivalent ways to write the step, each a block of lines."""

    forms: tuple[str, ...]


Shape = Filter | Map | Choose | Whole


@dataclass(frozen=True)
class Step:
    """One operation.

    Attributes
    ----------
    name : str
        Its part of a problem's key.
    takes, gives : str
        Kinds of value, ``numbers``, ``words``, ``text``, ``counts`` or ``groups``:
        also the names of the variables that hold them.
    wordings : tuple of str
        English imperatives, all of the same meaning.
    apply : callable
        The meaning, from value to value.
    shape : Filter, Map, Choose or Whole
        What its code looks like.
    """

    name: str
    takes: str
    gives: str
    wordings: tuple[str, ...]
    apply: Callable[[Any], Any]
    shape: Shape


@dataclass(frozen=True)
class Loop:
    """An ending as a loop over elements: lines before, per element, and after it."""

    start: str
    each: str
    last: str


@dataclass(frozen=True)
class Ending:
    """What a problem returns; ``loop`` is its form in one pass over the elements."""

    name: str
    takes: str
    wordings: tuple[str, ...]
    apply: Callable[[Any], Any]
    forms: tuple[str, ...]
    loop: Loop | None = None


@dataclass(frozen=True)
class Condition:
    """A property of an element: code and phrases, each also for its opposite."""

    name: str
    test: str
    unless: str
    holds: Callable[[Any], bool]
    phrases: tuple[str, ...]
    opposite: tuple[str, ...] = ()


@dataclass(frozen=True)
class Change:
    """A change of one element: verbs with ``{}`` for their object, and code."""

    name: str
    verbs: tuple[str, ...]
    forms: tuple[str, ...]
    call: Callable[[Any], Any]


def filter_step(condition: Condition, kind: str) -> Step:
    """Keep what fulfils the condition, worded as keeping or as dropping."""
    keep = ("keep the", "select the", "take only the")
    drop = ("drop the", "remove the")
    wordings = [f"{verb} {phrase}" for phrase in condition.phrases for verb in keep]
    wordings += [f"{verb} {phrase}" for phrase in condition.opposite for verb in drop]

    def apply(values: Any) -> Any:
        kept = [value for value in values if condition.holds(value)]
        return "".join(kept) if kind == "text" else kept

    shape = Filter(condition.test, condition.unless)
    name = f"keep {kind} {condition.name}"
    return Step(name, kind, kind, tuple(wordings), apply, shape)


def map_step(change: Change, kind: str, gives: str = "") -> Step:
    """Change every element."""
    one = {"numbers": "number", "words": "word", "text": "letter"}[kind]
    wordings = [v.format(f"{d} {one}") for v in change.verbs for d in ("each", "every")]

    def apply(values: Any) -> Any:
        return [change.call(value) for value in values]

    name = f"map {kind} {change.name}"
    return Step(name, kind, gives or kind, tuple(wordings), apply, Map(change.forms))


def choose_step(
    condition: Condition, then: Change, other: Change | None, kind: str
) -> Step:
    """Change the elements that fulfil a condition one way and the others another."""
    wordings = []
    for phrase in condition.phrases:
        for verb in then.verbs:
            if other is None:
                wordings.append(verb.format(f"only the {phrase}"))
            else:
                rest = [v.format("the others") for v in other.verbs]
                wordings += [f"{verb.format(phrase)} but {r}" for r in rest]

    def apply(values: Any) -> Any:
        return [
            then.call(v) if condition.holds(v) else other.call(v) if other else v
            for v in values
        ]

    shape = Choose(
        condition.test,
        condition.unless,
        then.forms,
        other.forms if other else (ITEM[kind],),
    )
    name = f"change {kind} {condition.name} {then.name} {other.name if other else '-'}"
    return Step(name, kind, kind, tuple(wordings), apply, shape)


def whole(
    name: str,
    kinds: str,
    wordings: Iterable[str],
    apply: Callable[[Any], Any],
    *forms: str,
) -> Step:
    """A step on the whole value; ``kinds`` is ``"takes gives"`` or one kind."""
    takes, gives = (kinds.split() * 2)[:2]
    step_name = f"{name} {takes}"
    return Step(step_name, takes, gives, tuple(wordings), apply, Whole(forms))
