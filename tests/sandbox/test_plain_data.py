"""The codec of plain data: round trips, refusals, equality."""

from __future__ import annotations

from collections import Counter, OrderedDict, defaultdict, deque
from enum import IntEnum

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.sandbox.plain_data import MAX_DEPTH, TooLarge, decode, encode, equal

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**200), 2**200)
    | st.floats()
    | st.complex_numbers()
    | st.text(st.characters(exclude_categories=()), max_size=8)
    | st.binary(max_size=8)
)
KEYS = SCALARS | st.tuples(SCALARS, SCALARS) | st.frozensets(SCALARS, max_size=2)
VALUES = st.recursive(
    SCALARS,
    lambda v: (
        st.lists(v, max_size=4)
        | st.tuples(v, v)
        | st.dictionaries(KEYS, v, max_size=3)
        | st.sets(KEYS, max_size=3)
        | st.lists(v, max_size=3).map(deque)
        | st.dictionaries(KEYS, v, max_size=3).map(OrderedDict)
        | st.dictionaries(KEYS, v, max_size=3).map(Counter)
    ),
    max_leaves=8,
)
few = settings(max_examples=60)


def canonical(value):
    """A value with its types as nested tuples; sets and dicts in a fixed order."""
    kind = type(value).__name__
    if isinstance(value, dict):
        pairs = [(canonical(key), canonical(item)) for key, item in value.items()]
        return (kind, tuple(sorted(pairs, key=repr)))
    if isinstance(value, set | frozenset):
        return (kind, tuple(sorted(map(canonical, value), key=repr)))
    if isinstance(value, list | tuple | deque):
        return (kind, tuple(map(canonical, value)))
    return (kind, hex(value) if kind == "int" else repr(value))  # tells -0.0 from 0.0


@few
@given(VALUES)
def test_round_trip(value):
    """Every plain value comes back, with exactly its types, as one line of ASCII."""
    text = encode(value)
    assert text.isascii() and "\n" not in text
    assert canonical(decode(text)) == canonical(value)


@few
@given(VALUES)
def test_size_is_that_of_the_text(value):
    """A limit of the text's own length is enough, one less is not."""
    text = encode(value)
    assert encode(value, max_size=len(text)) == text
    with pytest.raises(TooLarge):
        encode(value, max_size=len(text) - 1)


@few
@given(st.text(max_size=40) | VALUES.map(encode).map(lambda t: t[:-1] + "x"))
def test_any_text_is_a_value_or_a_value_error(text):
    """Whatever a program sends, decoding ends in ValueError or plain data."""
    try:
        value = decode(text)
    except ValueError:
        return
    encode(value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[",
        "[1]]",
        '{"t":1}',
        '{"t":[1],"s":[2]}',
        "{}",
        '{"x":[]}',
        '{"s":[[1]]}',
        '{"d":[[1]]}',
        '{"d":[[[1],2]]}',
        '{"c":[1]}',
        '{"b":"0"}',
        '{"i":"g"}',
        '{"f":"1e999"}',
        '{"z":5}',
        "[" * 100_000,
        '{"t":[' * 5000 + "]}" * 5000,
        "9" * 5000,
    ],
)
def test_bad_texts(text):
    """Malformed texts of every kind."""
    with pytest.raises(ValueError):
        decode(text)


class Whole(int):
    """A subclass."""


class Level(IntEnum):
    """Another one."""

    LOW = 1


@pytest.mark.parametrize(
    "value",
    [
        Whole(1),
        Level.LOW,
        np.int64(1),
        np.float64(1.0),
        np.array([1]),
        object(),
        len,
        int,
        range(3),
        iter([]),
        {1}.__iter__(),
        {}.keys(),
        bytearray(b"a"),
        type("D", (dict,), {})(),
        [Whole(1)],
        {Whole(1): 1},
    ],
)
def test_other_types_are_refused(value):
    """Exact types only."""
    with pytest.raises(TypeError, match="not plain data"):
        encode(value)


def test_depth():
    """Up to the limit, not beyond; a list in itself is an error, not a loop."""
    value: list = []
    for _ in range(MAX_DEPTH - 1):
        value = [value]
    assert decode(encode(value)) == value
    loop: list = []
    loop.append(loop)
    for deep in ([[value]], loop):
        with pytest.raises(ValueError, match="nested"):
            encode(deep)


def test_defaultdict_loses_its_factory():
    """What a program could put there does not come through."""
    back = decode(encode(defaultdict(list, a=1)))
    assert type(back) is defaultdict and back.default_factory is None
    assert back == {"a": 1}


@few
@given(VALUES, VALUES)
def test_strict_equality(a, b):
    """Equal to its copy; equal to another only if nothing tells them apart."""
    copy = decode(encode(a))
    if "nan" not in repr(canonical(a)):
        assert equal(copy, a, "strict") and equal(copy, a, "python")
    if equal(a, b, "strict") and "-0.0" not in repr(canonical([a, b])):
        assert canonical(a) == canonical(b)


def test_policies():
    """What the two policies tell apart, inside containers too."""
    pairs = [(True, 1), (2.0, 2), ({1: [True]}, {1: [1]}), ({True: 1}, {1: 1})]
    pairs += [({(1, 2.0)}, {(1, 2)}), (Counter(a=1), {"a": 1})]
    for a, b in pairs:
        assert equal(a, b, "python") and not equal(a, b, "strict")
        assert equal(a, a, "strict")
    assert not equal([1], (1,), "python")
    assert equal([float("nan")], [float("nan")], "strict")
    assert not equal({1, 2}, {1}, "strict") and not equal([1], [1, 2], "strict")
    assert not equal({1: 1}, {2: 1}, "strict") and not equal(1j, 1j + 1, "strict")
