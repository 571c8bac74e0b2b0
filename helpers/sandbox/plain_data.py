"""Plain Python values as text and back: all that crosses the wall around a program.

JSON with one tag per type that JSON lacks: null, booleans, whole numbers of up to 63
bits, finite floats, strings and lists stand for themselves; anything else is an object
with a single key, as ``{"t": [1, 2]}`` for a tuple. Only *exact* types pass: an
instance of a subclass brings its own ``__eq__`` and is refused.

The zygote loads this file by its path, so it imports nothing but the standard library.
"""

from __future__ import annotations

import json
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable
from json.encoder import encode_basestring_ascii as quoted
from typing import Any

MAX_DEPTH = 100
MAX_SIZE = 1 << 30

_SMALL = 1 << 63
_ITEMS: dict[type, str] = {tuple: "t", set: "s", frozenset: "z", deque: "q"}
_PAIRS: dict[type, str] = {dict: "d", Counter: "n", OrderedDict: "o", defaultdict: "e"}
# the scanner is written in C and keeps its own references: a program that replaces
# parts of the json module does not change it
_scan: Callable[[str, int], tuple[Any, int]] = json.JSONDecoder().scan_once  # type: ignore[attr-defined]


class TooLarge(ValueError):
    """A value whose text would be longer than allowed."""


def encode(value: object, *, max_size: int = MAX_SIZE) -> str:
    """Text of a plain value, ASCII without line ends.

    Plain are None, bool, int, float, complex, str, bytes, list, tuple, set, frozenset,
    dict and, from collections, Counter, OrderedDict, defaultdict (as a dict without its
    factory) and deque, all exactly of that type.

    Raises
    ------
    TypeError
        If a part of the value is of another type.
    ValueError
        If it is nested deeper than ``MAX_DEPTH``, or contains itself.
    TooLarge
        If the text is longer than ``max_size``.

    Examples
    --------
    >>> encode([1, (2.5, None), {"a": {3}}])
    '[1,{"t":[2.5,null]},{"d":[["a",{"s":[3]}]]}]'
    """
    parts: list[str] = []
    left = max_size

    def put(text: str) -> None:
        nonlocal left
        left -= len(text)
        if left < 0:
            raise TooLarge(f"longer than {max_size} characters")
        parts.append(text)

    def put_all(
        items: Iterable[object], opening: str, closing: str, depth: int
    ) -> None:
        put(opening)
        separator = ""
        for item in items:
            if separator:
                put(separator)
            separator = ","
            walk(item, depth)
        put(closing)

    def walk(item: Any, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise ValueError(f"nested deeper than {MAX_DEPTH} levels, or in itself")
        kind = type(item)
        if kind is int:
            if -_SMALL < item < _SMALL:
                put(str(item))
            elif item.bit_length() > 4 * left:
                raise TooLarge(f"longer than {max_size} characters")
            else:
                put(f'{{"i":"{item:x}"}}')
        elif kind is str:
            if len(item) > left:
                raise TooLarge(f"longer than {max_size} characters")
            put(_string(item))
        elif item is None or kind is bool:
            put("null" if item is None else "true" if item else "false")
        elif kind is float:
            put(_number(item))
        elif kind is list:
            put_all(item, "[", "]", depth + 1)
        elif kind in _ITEMS:
            put_all(item, f'{{"{_ITEMS[kind]}":[', "]}", depth + 1)
        elif kind in _PAIRS:
            pairs = [[key, item[key]] for key in item]
            put_all(pairs, f'{{"{_PAIRS[kind]}":[', "]}", depth + 1)
        elif kind is bytes:
            if 2 * len(item) > left:
                raise TooLarge(f"longer than {max_size} characters")
            put(f'{{"b":"{item.hex()}"}}')
        elif kind is complex:
            put(f'{{"c":[{_number(item.real)},{_number(item.imag)}]}}')
        else:
            raise TypeError(f"a value of type {kind.__name__} is not plain data")

    walk(value, 0)
    return "".join(parts)


def _string(value: str) -> str:
    """A JSON string; tagged if it has lone surrogates, which JSON would pair up."""
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            return f'{{"u":"{value.encode("utf-8", "surrogatepass").hex()}"}}'
    return quoted(value)


def _number(value: float) -> str:
    """A float's shortest exact text; tagged if JSON has no number for it."""
    if value - value == 0.0:
        return repr(value)
    return f'{{"f":"{value!r}"}}'


def decode(text: str) -> Any:
    """The value of a text by `encode`, of exactly the same types.

    Raises
    ------
    ValueError
        If the text is no such encoding, whatever it is: it may come from a program.

    Examples
    --------
    >>> decode(encode({(1, 2): {b"x"}, "n": -0.0}))
    {(1, 2): {b'x'}, 'n': -0.0}
    """
    try:
        tree, end = _scan(text, 0)
        if end != len(text):
            raise ValueError("text after the value")
        return _value(tree)
    except (StopIteration, TypeError, KeyError, RecursionError) as error:
        raise ValueError(f"not the text of a plain value ({error!r:.80})") from None


def _value(tree: Any) -> Any:
    """The value of a parsed text."""
    kind = type(tree)
    if kind is list:
        return [_value(item) for item in tree]
    if kind is not dict:
        return tree
    ((tag, content),) = tree.items()
    return _BUILD[tag](content)


def _set(items: list) -> set:
    """A set, built in steps that a signal's handler can interrupt.

    Numbers chosen to collide make each step linear.
    """
    built = set()
    for item in items:
        built.add(_value(item))
    return built


def _pairs(items: list) -> dict:
    """A dict; like `_set`."""
    built = {}
    for key, value in items:
        built[_value(key)] = _value(value)
    return built


def _special_float(text: str) -> float:
    if text not in ("nan", "inf", "-inf"):
        raise ValueError("a tagged float that is finite")
    return float(text)


def _complex(parts: list) -> complex:
    real, imaginary = parts
    return complex(_value(real), _value(imaginary))


_BUILD: dict[str, Callable[[Any], Any]] = {
    "t": lambda items: tuple([_value(item) for item in items]),
    "s": _set,
    "z": lambda items: frozenset(_set(items)),
    "q": lambda items: deque([_value(item) for item in items]),
    "d": _pairs,
    "n": lambda items: Counter(_pairs(items)),
    "o": lambda items: OrderedDict(_pairs(items)),
    "e": lambda items: defaultdict(None, _pairs(items)),
    "i": lambda text: int(text, 16),
    "f": _special_float,
    "c": _complex,
    "b": bytes.fromhex,
    "u": lambda text: bytes.fromhex(text).decode("utf-8", "surrogatepass"),
}

POLICIES = ("python", "strict")


def equal(answer: Any, expected: Any, policy: str) -> bool:
    """Whether an answer counts as the expected value.

    ``"python"`` is ``==``: True passes for 1 and 2.0 for 2, as in HumanEval's own
    tests. ``"strict"`` asks for the same types all the way down, and lets NaN equal
    NaN; an order of dict keys or set items never counts.

    Examples
    --------
    >>> equal([True, 2.0], [1, 2], "python"), equal([True, 2.0], [1, 2], "strict")
    (True, False)
    """
    if policy == "python":
        return bool(answer == expected)
    return _same(answer, expected)


def _same(a: Any, b: Any) -> bool:
    """Equality of types and values."""
    kind = type(a)
    if kind is not type(b):
        return False
    if kind is float:
        return a == b or (a != a and b != b)
    if kind is complex:
        return _same(a.real, b.real) and _same(a.imag, b.imag)
    if kind in (list, tuple, deque):
        return len(a) == len(b) and all(map(_same, a, b))
    if kind in (set, frozenset) or kind in _PAIRS:
        if len(a) != len(b):
            return False
        own = {key: key for key in b}
        if not all(key in own and _same(key, own[key]) for key in a):
            return False
        return kind not in _PAIRS or all(_same(a[key], b[key]) for key in a)
    return bool(a == b)
