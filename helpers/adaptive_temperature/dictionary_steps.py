"""Counting and grouping: the dictionaries of the generated programming problems."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from helpers.adaptive_temperature.problem_steps import Ending, Step, whole


def _counts(kind: str, item: str, one: str) -> Step:
    return whole(
        "count",
        f"{kind} counts",
        (f"count each {one}", f"count how often each {one} occurs"),
        lambda v: dict(Counter(v)),
        f"""
counts = {{}}
for {item} in {kind}:
    counts[{item}] = counts.get({item}, 0) + 1""",
        f"""
counts = {{}}
for {item} in {kind}:
    if {item} in counts:
        counts[{item}] += 1
    else:
        counts[{item}] = 1""",
        f"""
counts = {{}}
for {item} in {kind}:
    if {item} not in counts:
        counts[{item}] = 0
    counts[{item}] += 1""",
    )


NUMBER_COUNTS = _counts("numbers", "x", "number")
WORD_COUNTS = _counts("words", "w", "word")
TEXT_COUNTS = _counts("text", "c", "character")


def _groups(
    kind: str,
    item: str,
    name: str,
    wordings: tuple[str, ...],
    key: str,
    call: Callable[[Any], object],
) -> Step:
    def apply(values: Any) -> dict:
        groups: dict = {}
        for value in values:
            groups.setdefault(call(value), []).append(value)
        return groups

    return whole(
        name,
        f"{kind} groups",
        wordings,
        apply,
        f"""
groups = {{}}
for {item} in {kind}:
    groups.setdefault({key}, []).append({item})""",
        f"""
groups = {{}}
for {item} in {kind}:
    if {key} not in groups:
        groups[{key}] = []
    groups[{key}].append({item})""",
        f"""
groups = {{}}
for {item} in {kind}:
    if {key} in groups:
        groups[{key}].append({item})
    else:
        groups[{key}] = [{item}]""",
    )


def _remainder(k: int) -> Callable[[int], int]:
    return lambda x: x % k


def _more_than(k: int) -> Callable[[dict], dict]:
    return lambda counts: {key: n for key, n in counts.items() if n > k}


WORD_GROUPS = (
    _groups(
        "words",
        "w",
        "group by length",
        ("group the words by length", "group by length"),
        "len(w)",
        len,
    ),
    _groups(
        "words",
        "w",
        "group by first letter",
        ("group the words by first letter", "group by first letter"),
        "w[0]",
        lambda w: w[0],
    ),
    _groups(
        "words",
        "w",
        "group by last letter",
        ("group the words by last letter", "group by last letter"),
        "w[-1]",
        lambda w: w[-1],
    ),
)
NUMBER_GROUPS = tuple(
    _groups(
        "numbers",
        "x",
        f"group by modulo {k}",
        (f"group the numbers modulo {k}", f"group by modulo {k}"),
        f"x % {k}",
        _remainder(k),
    )
    for k in (2, 3, 4, 5)
)
OFTEN = tuple(
    whole(
        f"more than {k}",
        "counts",
        (f"keep counts above {k}", f"keep what occurs more than {k} times"),
        _more_than(k),
        f"counts = {{k: v for k, v in counts.items() if v > {k}}}",
        f"""
result = {{}}
for k, v in counts.items():
    if v > {k}:
        result[k] = v
counts = result""",
    )
    for k in (1, 2)
)
SIZES = whole(
    "sizes",
    "groups counts",
    ("count each group", "take the size of each group"),
    lambda v: {key: len(group) for key, group in v.items()},
    "counts = {k: len(v) for k, v in groups.items()}",
    """
counts = {}
for k, v in groups.items():
    counts[k] = len(v)""",
)

COUNT_ENDINGS = (
    Ending(
        "counts",
        "counts",
        ("return the counts", "return the dictionary"),
        lambda v: v,
        ("return counts",),
    ),
    Ending(
        "size",
        "counts",
        ("return how many there are", "return the count"),
        len,
        ("return len(counts)",),
    ),
    Ending(
        "top",
        "counts",
        ("return the largest count", "return the highest count"),
        lambda v: max(v.values()),
        ("return max(counts.values())",),
    ),
    Ending(
        "mode",
        "counts",
        ("return the one with the largest count", "return the most common one"),
        lambda v: max(v, key=lambda k: v[k]),
        ("return max(counts, key=counts.get)",),
    ),
    Ending(
        "keys",
        "counts",
        ("return the sorted keys", "return the keys in order"),
        sorted,
        ("return sorted(counts)", "return sorted(counts.keys())"),
    ),
)
GROUP_ENDINGS = (
    Ending(
        "groups",
        "groups",
        ("return the groups", "return the dictionary"),
        lambda v: v,
        ("return groups",),
    ),
    Ending(
        "number of groups",
        "groups",
        ("return the number of groups", "return how many there are"),
        len,
        ("return len(groups)",),
    ),
    Ending(
        "largest group",
        "groups",
        ("return the largest group",),
        lambda v: max(v.values(), key=len),
        ("return max(groups.values(), key=len)",),
    ),
    Ending(
        "group keys",
        "groups",
        ("return the sorted keys", "return the keys in order"),
        sorted,
        ("return sorted(groups)", "return sorted(groups.keys())"),
    ),
)
