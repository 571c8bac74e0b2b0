"""The operations on words, texts and dictionaries of the programming problems."""

from __future__ import annotations

from collections import Counter
from typing import Any

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

VOWELS = "aeiou"


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
WORD_CONDITIONS = (
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
FIRST = Change("first letter", ("take the first letter of {}",), ("w[0]",), lambda w: w[0])
LAST = Change("last letter", ("take the last letter of {}",), ("w[-1]",), lambda w: w[-1])
WORD_CHANGES = (UPPER, CAPITAL, FLIP, TWICE, CUT, FIRST, LAST)

LENGTH = Change("length", ("take the length of {}",), ("len(w)",), len)
VOWEL_COUNT = Change(
    "vowels",
    ("count the vowels of {}",),
    ('sum(c in "aeiou" for c in w)',),
    lambda w: sum(c in VOWELS for c in w),
)

VOWEL = Condition(
    "vowels",
    'c in "aeiou"',
    'c not in "aeiou"',
    lambda c: c in VOWELS,
    ("vowels",),
)
NO_VOWEL = Condition(
    "consonants",
    'c not in "aeiou"',
    'c in "aeiou"',
    lambda c: c not in VOWELS,
    ("consonants",),
    ("vowels",),
)
NOT_A = Condition(
    "not a",
    'c != "a"',
    'c == "a"',
    lambda c: c != "a",
    ("letters except a",),
    ("letter a",),
)
NOT_E = Condition(
    "not e",
    'c != "e"',
    'c == "e"',
    lambda c: c != "e",
    ("letters except e",),
    ("letter e",),
)

WORD_FILTERS = tuple(filter_step(c, "words") for c in WORD_CONDITIONS)
WORD_MAPS = tuple(map_step(c, "words") for c in WORD_CHANGES)
WORD_CHOICES = tuple(
    choose_step(condition, then, other, "words")
    for condition in (longer(3), longer(4), has("a"), INITIAL_VOWEL)
    for then in WORD_CHANGES[:5]
    for other in (None, *WORD_CHANGES[:5])
    if then is not other
)
WORD_NUMBERS = (
    map_step(LENGTH, "words", "numbers"),
    map_step(VOWEL_COUNT, "words", "numbers"),
)
TEXT_FILTERS = tuple(filter_step(c, "text") for c in (VOWEL, NO_VOWEL, NOT_A, NOT_E))

WORD_SEQUENCES = (
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
TEXT_STEPS = (
    whole(
        "split",
        "text words",
        ("split the text into words", "take the words of the text"),
        str.split,
        "words = text.split()",
    ),
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
    whole("upper", "text", ("write the text in capitals",), str.upper, "text = text.upper()"),
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
        ("repeat each letter", "write each letter twice"),
        lambda v: "".join(c * 2 for c in v),
        'text = "".join(c * 2 for c in text)',
        """
result = ""
for c in text:
    result += c + c
text = result""",
    ),
)


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


COUNTS = (
    _counts("numbers", "x", "number"),
    _counts("words", "w", "word"),
    _counts("text", "c", "letter"),
)


def _groups(
    kind: str, item: str, name: str, wordings: tuple[str, ...], key: str, call: Any
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


GROUPS = (
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
    *(
        _groups(
            "numbers",
            "x",
            f"group by modulo {k}",
            (f"group the numbers modulo {k}", f"group by modulo {k}"),
            f"x % {k}",
            lambda x, k=k: x % k,
        )
        for k in (2, 3, 4, 5)
    ),
)
DICTIONARIES = (
    *(
        whole(
            f"more than {k}",
            "counts",
            (f"keep counts above {k}", f"keep what occurs more than {k} times"),
            lambda v, k=k: {key: n for key, n in v.items() if n > k},
            f"counts = {{k: v for k, v in counts.items() if v > {k}}}",
            f"""
result = {{}}
for k, v in counts.items():
    if v > {k}:
        result[k] = v
counts = result""",
        )
        for k in (1, 2)
    ),
    whole(
        "sizes",
        "groups counts",
        ("count each group", "take the size of each group"),
        lambda v: {key: len(group) for key, group in v.items()},
        "counts = {k: len(v) for k, v in groups.items()}",
        """
counts = {}
for k, v in groups.items():
    counts[k] = len(v)""",
    ),
)

WORD_ENDINGS = (
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
TEXT_ENDINGS = (
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
        ("return the length", "return the number of letters"),
        len,
        ("return len(text)",),
        Loop("count = 0", "count += 1", "return count"),
    ),
    Ending(
        "first letter",
        "text",
        ("return the first letter",),
        lambda v: v[0],
        ("return text[0]",),
    ),
    Ending(
        "last letter",
        "text",
        ("return the last letter",),
        lambda v: v[-1],
        ("return text[-1]",),
    ),
    Ending(
        "letters",
        "text",
        ("return the list of letters", "return all letters"),
        list,
        ("return list(text)", "return [c for c in text]"),
        Loop("result = []", "result.append(c)", "return result"),
    ),
    Ending(
        "sorted letters",
        "text",
        ("return the letters in order", "return the sorted letters"),
        sorted,
        ("return sorted(text)",),
    ),
)
DICTIONARY_ENDINGS = (
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
