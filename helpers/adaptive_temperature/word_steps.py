"""The operations on lists of words of the generated programming problems."""

from __future__ import annotations

from helpers.adaptive_temperature.problem_steps import (
    VOWELS,
    Change,
    Condition,
    Ending,
    Loop,
    choose_step,
    filter_step,
    map_step,
    whole,
)


def longer(k: int) -> Condition:
    """Words of more than ``k`` letters."""
    phrases = (f"words longer than {k}", f"words with more than {k} letters")
    test, unless = f"len(w) > {k}", f"len(w) <= {k}"
    return Condition(f"longer than {k}", test, unless, lambda w: len(w) > k, phrases)


def shorter(k: int) -> Condition:
    """Words of fewer than ``k`` letters."""
    phrases = (f"words shorter than {k}", f"words with less than {k} letters")
    test, unless = f"len(w) < {k}", f"len(w) >= {k}"
    return Condition(f"shorter than {k}", test, unless, lambda w: len(w) < k, phrases)


def has(letter: str) -> Condition:
    """Words that contain a letter."""
    phrases = (f"words with {letter}", f"words that contain {letter}")
    test, unless = f'"{letter}" in w', f'"{letter}" not in w'
    opposite = (f"words without {letter}",)
    drop = Condition(
        f"with {letter}", test, unless, lambda w: letter in w, phrases, opposite
    )
    return drop


INITIAL_VOWEL = Condition(
    "vowel first",
    'w[0] in "aeiou"',
    'w[0] not in "aeiou"',
    lambda w: w[0] in VOWELS,
    ("words that start with a vowel",),
)
FINAL_VOWEL = Condition(
    "vowel last",
    'w[-1] in "aeiou"',
    'w[-1] not in "aeiou"',
    lambda w: w[-1] in VOWELS,
    ("words that end with a vowel",),
)
CONDITIONS = (
    *(longer(k) for k in (2, 3, 4)),
    *(shorter(k) for k in (4, 5, 6)),
    *(has(letter) for letter in "aeo"),
    INITIAL_VOWEL,
    FINAL_VOWEL,
)

UPPER = Change("upper", ("write {} in capitals",), ("w.upper()",), lambda w: w.upper())
CAPITAL = Change(
    "capitalize", ("capitalize {}",), ("w.capitalize()",), lambda w: w.capitalize()
)
FLIP = Change("reverse", ("reverse {}",), ("w[::-1]",), lambda w: w[::-1])
TWICE = Change("repeat", ("repeat {}",), ("w * 2", "w + w"), lambda w: w * 2)
CUT = Change("cut", ("cut the first letter of {}",), ("w[1:]",), lambda w: w[1:])
FIRST = Change(
    "first letter", ("take the first letter of {}",), ("w[0]",), lambda w: w[0]
)
LAST = Change(
    "last letter", ("take the last letter of {}",), ("w[-1]",), lambda w: w[-1]
)
CHANGES = (UPPER, CAPITAL, FLIP, TWICE, CUT, FIRST, LAST)

LENGTH = Change("length", ("take the length of {}",), ("len(w)",), len)
VOWEL_COUNT = Change(
    "vowels",
    ("count the vowels of {}",),
    ('sum(c in "aeiou" for c in w)',),
    lambda w: sum(c in VOWELS for c in w),
)

FILTERS = tuple(filter_step(c, "words") for c in CONDITIONS)
MAPS = tuple(map_step(c, "words") for c in CHANGES)
CHOICES = tuple(
    choose_step(condition, then, other, "words")
    for condition in (longer(3), longer(4), has("a"), INITIAL_VOWEL)
    for then in CHANGES[:5]
    for other in (None, *CHANGES[:5])
    if then is not other
)
TO_NUMBERS = (
    map_step(LENGTH, "words", "numbers"),
    map_step(VOWEL_COUNT, "words", "numbers"),
)
SEQUENCES = (
    whole(
        "sort",
        "words",
        ("sort the words", "put the words in alphabetical order"),
        sorted,
        "words = sorted(words)",
        "words.sort()",
    ),
    whole(
        "sort by length",
        "words",
        ("sort by length", "put short words first"),
        lambda v: sorted(v, key=len),
        "words = sorted(words, key=len)",
        "words.sort(key=len)",
    ),
    whole(
        "reverse",
        "words",
        ("reverse the list", "reverse the order of the words"),
        lambda v: list(reversed(v)),
        "words = words[::-1]",
        "words.reverse()",
        "words = list(reversed(words))",
    ),
    whole(
        "skip first",
        "words",
        ("drop the first", "skip the first"),
        lambda v: v[1:],
        "words = words[1:]",
    ),
    whole(
        "skip last",
        "words",
        ("drop the last", "skip the last"),
        lambda v: v[:-1],
        "words = words[:-1]",
    ),
    whole(
        "first 3",
        "words",
        ("keep the first 3", "take the first 3"),
        lambda v: v[:3],
        "words = words[:3]",
    ),
    whole(
        "unique",
        "words",
        ("remove repeats", "keep each word once"),
        lambda v: list(dict.fromkeys(v)),
        "words = list(dict.fromkeys(words))",
        """
result = []
for w in words:
    if w not in result:
        result.append(w)
words = result""",
    ),
)
ENDINGS = (
    Ending(
        "words",
        "words",
        ("return the list", "return the words"),
        lambda v: v,
        ("return words",),
        Loop("result = []", "result.append(w)", "return result"),
    ),
    Ending(
        "count",
        "words",
        ("return how many there are", "return the count"),
        len,
        ("return len(words)",),
        Loop("count = 0", "count += 1", "return count"),
    ),
    Ending(
        "join",
        "words",
        ("join them with spaces", "return a text with spaces"),
        " ".join,
        ('return " ".join(words)',),
    ),
    Ending(
        "dash",
        "words",
        ("join them with dashes", "return a text with dashes"),
        "-".join,
        ('return "-".join(words)',),
    ),
    Ending(
        "glue",
        "words",
        ("join them", "return one text"),
        "".join,
        ('return "".join(words)',),
        Loop('result = ""', "result += w", "return result"),
    ),
    Ending(
        "letters",
        "words",
        ("return the total length", "return the number of letters"),
        lambda v: sum(map(len, v)),
        ("return sum(len(w) for w in words)", "return sum(map(len, words))"),
        Loop("total = 0", "total += len(w)", "return total"),
    ),
    Ending(
        "longest",
        "words",
        ("return the longest", "return the longest word"),
        lambda v: max(v, key=len),
        ("return max(words, key=len)",),
        Loop('best = ""', "if len(w) > len(best):\n    best = w", "return best"),
    ),
    Ending(
        "first word",
        "words",
        ("return the first one",),
        lambda v: v[0],
        ("return words[0]",),
    ),
    Ending(
        "last word",
        "words",
        ("return the last one",),
        lambda v: v[-1],
        ("return words[-1]", "return words[len(words) - 1]"),
    ),
    Ending(
        "all vowels",
        "words",
        ("return the number of vowels", "count all vowels"),
        lambda v: sum(c in VOWELS for w in v for c in w),
        ('return sum(c in "aeiou" for w in words for c in w)',),
        Loop(
            "count = 0",
            'for c in w:\n    if c in "aeiou":\n        count += 1',
            "return count",
        ),
    ),
)
