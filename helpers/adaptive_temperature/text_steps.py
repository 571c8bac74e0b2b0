"""The operations on texts of the generated programming problems."""

from __future__ import annotations

from helpers.adaptive_temperature.problem_steps import (
    VOWELS,
    Condition,
    Ending,
    Loop,
    filter_step,
    whole,
)

VOWEL = Condition(
    "vowels",
    'c in "aeiou"',
    'c not in "aeiou"',
    lambda c: c in VOWELS,
    ("vowels",),
)
NO_VOWEL = Condition(
    "no vowels",
    'c not in "aeiou"',
    'c in "aeiou"',
    lambda c: c not in VOWELS,
    (),
    ("vowels",),
)
NOT_A = Condition(
    "not a",
    'c != "a"',
    'c == "a"',
    lambda c: c != "a",
    ("characters except a",),
    ("letter a",),
)
NOT_E = Condition(
    "not e",
    'c != "e"',
    'c == "e"',
    lambda c: c != "e",
    ("characters except e",),
    ("letter e",),
)

FILTERS = tuple(filter_step(c, "text") for c in (VOWEL, NO_VOWEL, NOT_A, NOT_E))

SPLIT = whole(
    "split",
    "text words",
    ("split the text into words", "take the words of the text"),
    str.split,
    "words = text.split()",
)
CHANGES = (
    whole(
        "reverse",
        "text",
        ("reverse the text",),
        lambda v: v[::-1],
        "text = text[::-1]",
        'text = "".join(reversed(text))',
        """
result = ""
for c in text:
    result = c + result
text = result""",
    ),
    whole(
        "upper",
        "text",
        ("write the text in capitals",),
        str.upper,
        "text = text.upper()",
    ),
    whole(
        "star",
        "text",
        ("write a star for each vowel", "replace vowels by stars"),
        lambda v: "".join("*" if c in VOWELS else c for c in v),
        'text = "".join("*" if c in "aeiou" else c for c in text)',
        """
result = ""
for c in text:
    if c in "aeiou":
        result += "*"
    else:
        result += c
text = result""",
    ),
    whole(
        "repeat",
        "text",
        ("repeat each character", "write each character twice"),
        lambda v: "".join(c * 2 for c in v),
        'text = "".join(c * 2 for c in text)',
        """
result = ""
for c in text:
    result += c + c
text = result""",
    ),
)


ENDINGS = (
    Ending(
        "text",
        "text",
        ("return the text", "return it"),
        lambda v: v,
        ("return text",),
        Loop('result = ""', "result += c", "return result"),
    ),
    Ending(
        "length",
        "text",
        ("return the length", "return the number of characters"),
        len,
        ("return len(text)",),
        Loop("count = 0", "count += 1", "return count"),
    ),
    Ending(
        "first character",
        "text",
        ("return the first character",),
        lambda v: v[0],
        ("return text[0]",),
    ),
    Ending(
        "last character",
        "text",
        ("return the last character",),
        lambda v: v[-1],
        ("return text[-1]",),
    ),
    Ending(
        "characters",
        "text",
        ("return the list of characters", "return all characters"),
        list,
        ("return list(text)", "return [c for c in text]"),
        Loop("result = []", "result.append(c)", "return result"),
    ),
    Ending(
        "sorted characters",
        "text",
        ("return the characters in order", "return the sorted characters"),
        sorted,
        ("return sorted(text)",),
    ),
)
