"""The operations on lists of integers of the generated programming problems."""

from __future__ import annotations

from itertools import accumulate, combinations, pairwise

from helpers.adaptive_temperature.problem_steps import (
    Change,
    Condition,
    Ending,
    Loop,
    Step,
    choose_step,
    filter_step,
    map_step,
    whole,
)

EVEN = Condition(
    "even",
    "x % 2 == 0",
    "x % 2 == 1",
    lambda x: x % 2 == 0,
    ("even numbers",),
    ("odd numbers",),
)
ODD = Condition(
    "odd",
    "x % 2 == 1",
    "x % 2 == 0",
    lambda x: x % 2 == 1,
    ("odd numbers",),
    ("even numbers",),
)
POSITIVE = Condition(
    "positive", "x > 0", "x <= 0", lambda x: x > 0, ("positive numbers",)
)
NEGATIVE = Condition(
    "negative", "x < 0", "x >= 0", lambda x: x < 0, ("negative numbers",)
)
NOT_NEGATIVE = Condition(
    "at least 0",
    "x >= 0",
    "x < 0",
    lambda x: x >= 0,
    ("numbers of at least 0",),
    ("negative numbers",),
)


def greater(k: int) -> Condition:
    """Numbers greater than ``k``."""
    phrases = (f"numbers greater than {k}", f"numbers above {k}")
    opposite = (f"numbers up to {k}",)
    name = f"above {k}"
    return Condition(name, f"x > {k}", f"x <= {k}", lambda x: x > k, phrases, opposite)


def less(k: int) -> Condition:
    """Numbers less than ``k``."""
    phrases = (f"numbers less than {k}", f"numbers below {k}")
    opposite = (f"numbers of at least {k}",)
    name = f"below {k}"
    return Condition(name, f"x < {k}", f"x >= {k}", lambda x: x < k, phrases, opposite)


def multiple(k: int) -> Condition:
    """Numbers divisible by ``k``."""
    phrases = (f"multiples of {k}", f"numbers divisible by {k}")
    test, unless = f"x % {k} == 0", f"x % {k} != 0"
    return Condition(
        f"multiple of {k}", test, unless, lambda x: x % k == 0, phrases, phrases[:0]
    )


DOUBLE = Change(
    "double", ("double {}", "multiply {} by 2"), ("x * 2", "x + x"), lambda x: x * 2
)
TRIPLE = Change(
    "triple", ("triple {}", "multiply {} by 3"), ("x * 3",), lambda x: x * 3
)
SQUARE = Change("square", ("square {}",), ("x * x", "x ** 2"), lambda x: x * x)
NEGATE = Change("negate", ("negate {}", "flip the sign of {}"), ("-x",), lambda x: -x)
HALVE = Change("halve", ("halve {}",), ("x // 2",), lambda x: x // 2)
ABSOLUTE = Change(
    "absolute", ("take the absolute value of {}",), ("abs(x)",), lambda x: abs(x)
)


def add(k: int) -> Change:
    """Add ``k``."""
    return Change(
        f"add {k}",
        (f"add {k} to {{}}", f"increase {{}} by {k}"),
        (f"x + {k}",),
        lambda x: x + k,
    )


def subtract(k: int) -> Change:
    """Subtract ``k``."""
    verbs = (f"subtract {k} from {{}}", f"decrease {{}} by {k}")
    return Change(f"subtract {k}", verbs, (f"x - {k}",), lambda x: x - k)


def remainder(k: int) -> Change:
    """The remainder of the division by ``k``."""
    verbs = (f"take {{}} modulo {k}",)
    return Change(f"modulo {k}", verbs, (f"x % {k}",), lambda x: x % k)


def replace(k: int) -> Change:
    """Put ``k`` instead."""
    verbs = (f"replace {{}} by {k}",)
    return Change(f"write {k}", verbs, (f"{k}",), lambda x: k)


CONDITIONS = (
    EVEN,
    ODD,
    POSITIVE,
    NEGATIVE,
    NOT_NEGATIVE,
    *(greater(k) for k in (2, 3, 4, 5, 6)),
    *(less(k) for k in (5, 6, 7, 8, 9)),
    *(multiple(k) for k in (3, 4, 5)),
)
CHANGES = (
    DOUBLE,
    TRIPLE,
    SQUARE,
    NEGATE,
    HALVE,
    ABSOLUTE,
    *(add(k) for k in (1, 2, 3, 4, 5)),
    *(subtract(k) for k in (1, 2, 3, 4, 5)),
    *(remainder(k) for k in (3, 4, 5)),
)
BRANCHES = (DOUBLE, SQUARE, NEGATE, HALVE, add(1), subtract(1), replace(0))

FILTERS = tuple(filter_step(c, "numbers") for c in CONDITIONS)
MAPS = tuple(map_step(c, "numbers") for c in CHANGES)
CHOICES = tuple(
    choose_step(condition, then, other, "numbers")
    for condition in (EVEN, ODD, POSITIVE, NEGATIVE, greater(5), multiple(3))
    for then in BRANCHES
    for other in (None, *BRANCHES)
    if then is not other and other is not BRANCHES[-1]
)


def _slice(name: str, wordings: tuple[str, ...], part: slice, code: str) -> Step:
    return whole(name, "numbers", wordings, lambda v: v[part], f"numbers = {code}")


SEQUENCES = (
    whole(
        "sort",
        "numbers",
        ("sort the numbers", "put the numbers in ascending order"),
        sorted,
        "numbers = sorted(numbers)",
        "numbers.sort()",
    ),
    whole(
        "sort down",
        "numbers",
        ("sort from large to small", "put the numbers in descending order"),
        lambda v: sorted(v, reverse=True),
        "numbers = sorted(numbers, reverse=True)",
        "numbers.sort(reverse=True)",
        "numbers = sorted(numbers)[::-1]",
    ),
    whole(
        "reverse",
        "numbers",
        ("reverse the numbers", "reverse the list"),
        lambda v: list(reversed(v)),
        "numbers = numbers[::-1]",
        "numbers.reverse()",
        "numbers = list(reversed(numbers))",
    ),
    _slice(
        "skip first",
        ("drop the first", "skip the first"),
        slice(1, None),
        "numbers[1:]",
    ),
    _slice("skip last", ("drop the last", "skip the last"), slice(-1), "numbers[:-1]"),
    _slice(
        "first 3", ("keep the first 3", "take the first 3"), slice(3), "numbers[:3]"
    ),
    _slice(
        "last 3",
        ("keep the last 3", "take the last 3"),
        slice(-3, None),
        "numbers[-3:]",
    ),
    _slice(
        "second",
        ("take every second one", "keep every second one"),
        slice(None, None, 2),
        "numbers[::2]",
    ),
    whole(
        "unique",
        "numbers",
        ("remove repeats", "keep each number once"),
        lambda v: list(dict.fromkeys(v)),
        "numbers = list(dict.fromkeys(numbers))",
        """
result = []
for x in numbers:
    if x not in result:
        result.append(x)
numbers = result""",
    ),
    whole(
        "running sums",
        "numbers",
        ("take running sums", "replace the numbers by running sums"),
        lambda v: list(accumulate(v)),
        """
result = []
total = 0
for x in numbers:
    total += x
    result.append(total)
numbers = result""",
        "numbers = [sum(numbers[:i + 1]) for i in range(len(numbers))]",
    ),
    whole(
        "differences",
        "numbers",
        ("take differences of neighbours", "subtract from each its left neighbour"),
        lambda v: [b - a for a, b in pairwise(v)],
        "numbers = [b - a for a, b in zip(numbers, numbers[1:])]",
        """
result = []
for i in range(1, len(numbers)):
    result.append(numbers[i] - numbers[i - 1])
numbers = result""",
    ),
    whole(
        "pair sums",
        "numbers",
        ("take the sums of all pairs", "add up every pair"),
        lambda v: [a + b for a, b in combinations(v, 2)],
        """
result = []
for i in range(len(numbers)):
    for j in range(i + 1, len(numbers)):
        result.append(numbers[i] + numbers[j])
numbers = result""",
        "numbers = [a + b for i, a in enumerate(numbers) for b in numbers[i + 1:]]",
    ),
)

ENDINGS = (
    Ending(
        "numbers",
        "numbers",
        ("return the list", "return the numbers"),
        lambda v: v,
        ("return numbers",),
        Loop("result = []", "result.append(x)", "return result"),
    ),
    Ending(
        "sum",
        "numbers",
        ("return the sum", "return the total"),
        sum,
        ("return sum(numbers)",),
        Loop("total = 0", "total += x", "return total"),
    ),
    Ending(
        "count",
        "numbers",
        ("return how many there are", "return the count"),
        len,
        ("return len(numbers)",),
        Loop("count = 0", "count += 1", "return count"),
    ),
    Ending(
        "largest",
        "numbers",
        ("return the largest", "return the maximum"),
        max,
        ("return max(numbers)", "return sorted(numbers)[-1]"),
        Loop(
            "best = None", "if best is None or x > best:\n    best = x", "return best"
        ),
    ),
    Ending(
        "smallest",
        "numbers",
        ("return the smallest", "return the minimum"),
        min,
        ("return min(numbers)", "return sorted(numbers)[0]"),
        Loop(
            "best = None", "if best is None or x < best:\n    best = x", "return best"
        ),
    ),
    Ending(
        "last number",
        "numbers",
        ("return the last one",),
        lambda v: v[-1],
        ("return numbers[-1]", "return numbers[len(numbers) - 1]"),
    ),
    Ending(
        "first number",
        "numbers",
        ("return the first one",),
        lambda v: v[0],
        ("return numbers[0]",),
    ),
    Ending(
        "range",
        "numbers",
        ("return the largest minus the smallest", "return the range"),
        lambda v: max(v) - min(v),
        ("return max(numbers) - min(numbers)",),
    ),
    Ending(
        "any even",
        "numbers",
        ("return whether any is even",),
        lambda v: any(x % 2 == 0 for x in v),
        (
            "return any(x % 2 == 0 for x in numbers)",
            "for x in numbers:\n    if x % 2 == 0:\n        return True\nreturn False",
        ),
    ),
    Ending(
        "all positive",
        "numbers",
        ("return whether all are positive",),
        lambda v: all(x > 0 for x in v),
        (
            "return all(x > 0 for x in numbers)",
            "for x in numbers:\n    if x <= 0:\n        return False\nreturn True",
        ),
    ),
)
