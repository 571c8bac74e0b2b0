"""Replies as models write them, and as nobody should."""

from __future__ import annotations

import random
import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.graph_generation.graphs import Graph
from helpers.graph_generation.reply_parser import (
    SHOWN,
    parse_molecules,
    parse_reply,
)

A, B, C = "(3, [(1, 2), (2, 3)])", "(4, [(1, 2), (3, 4)])", "(2, [(1, 2)])"


def wide(text: str) -> str:
    """The text in the full-width signs of East Asian keyboards."""
    return "".join(chr(ord(c) + 0xFEE0) if c != " " else "\u3000" for c in text)


def arabic(text: str) -> str:
    """The text with Arabic-Indic digits."""
    return "".join(chr(0x660 + int(c)) if c.isdigit() else c for c in text)


GRAPH = st.builds(
    Graph,
    st.integers(-9, 9999),
    st.lists(st.tuples(st.integers(-9, 9999), st.integers(-9, 9999))).map(tuple),
)


def texts(reply: str | None, amount: int, base: int = 1) -> list[str | None]:
    parsed = parse_reply(reply, amount, base=base)
    return [graph.text if graph else None for graph in parsed.graphs]


@settings(max_examples=50, deadline=None)
@given(st.lists(GRAPH, min_size=1, max_size=10))
def test_the_asked_notation_comes_back_exactly(graphs: list[Graph]) -> None:
    text = "\n".join(f"Answer {i}: {g.text}" for i, g in enumerate(graphs, 1))
    reply = parse_reply(text, len(graphs))
    assert list(reply.graphs) == graphs
    assert all(a and a.exact == a.graph and not a.notes for a in reply.answers)


def test_zero_based_replies_are_shifted_to_one() -> None:
    assert texts("Answer 1: (3, [(0, 1), (1, 2)])", 1, base=0) == [A]


@pytest.mark.parametrize(
    "reply",
    [
        f"Answer 1: {A}\nAnswer 2: {B}",
        f"answer 1 : {A} Answer 2:{B}",
        f"**Answer 1:** {A}\n\n**Answer 2:** {B}",
        f"### Answer 1\n```\n{A}\n```\n### Answer 2\n```python\n{B}\n```",
        f"Answer 1: `{A}`\nAnswer 2: ${B}$",
        f"Answer 2: {B}\nAnswer 1: {A}",
        f"Answer #1 - {A}\nAnswer #2 = {B}",
        f"Sure! Here you are.\n> Answer 1: {A}.\n> Answer 2: {B}\nHope (5, 6) helps.",
        "Answer 1:\n(3,[(1,2),\n(2,3)])\nAnswer 2:\t( 4 , [ (1,2) , ( 3,4 ) ] )",
        f"Answer 1: {wide(A)}\nAnswer 2: {arabic(B)}",
        f"Answer 1: \u200b{A}\nAnswer\u00a02\uff1a{B}",
        f"Answer 1: {A}\nAnswer 2: {B}\nAnswer 3: {C}\nAnswer 0: {C}",
        f"Answer 1: {C}\nAnswer 2: {B}\nSorry, that was wrong.\nAnswer 1: {A}",
        f"Answer 1: {A}\nAnswer 2: {B}\nAnswer 1: fine as it is.",
        # drafts: in a scratchpad line, and in words behind the label
        f"Steps 1: try {C}\nAnswer 1: {A}\nSteps 2: try {C}, then {A}\nAnswer 2: {B}",
        f"1. Draft {C}\n2. Answer 1: first {C} then, closing it, {A}\nAnswer 2: {B}",
        f"Answer 1: {A}\nNow a draft: {C}\nAnswer 2: {B}",
        # base models go on behind "Answer 1:"
        f" {A}\nAnswer 2: {B}",
        f"Graph 1: {A}\nGraph 2: {B}",
        f"- {A}\n- {B}",
    ],
)
def test_both_graphs_are_found(reply: str) -> None:
    assert texts(reply, 2) == [A, B]


@pytest.mark.parametrize(
    ("reply", "notes"),
    [
        (f"Answer 1: {A}", ()),
        ("Answer 1: ('3', [('1', '2'), (\"2\", 3)])", ("quoted",)),
        ("Answer 1: [3, [[1, 2], [2, 3]]]", ("notation",)),
        ("Answer 1: (3, [(1, 2) (2, 3)])", ("notation",)),
        ("Answer 1: (3, [(1, 2), (2, 3)]\nDone", ("notation",)),
        (r"Answer 1: \(3, \[(1, 2), (2, 3)\]\)", ()),
        (f"Example: {C}\nFinal: {A}", ("unlabelled",)),
        (f"Answer: {A}", ()),
    ],
)
def test_departures_from_the_notation_are_named(
    reply: str, notes: tuple[str, ...]
) -> None:
    answer = parse_reply(reply, 1).answers[0]
    assert answer is not None and answer.graph is not None
    assert answer.graph.text == A and answer.notes == notes
    assert (answer.exact is None) == bool(notes)


@pytest.mark.parametrize(
    "reply",
    [
        None,
        "",
        "Answer 1:",
        "I cannot do that (see [1], [2]).",
        "Answer 1: (3, [(1, 2), (2, 3)",  # cut
        "Answer 1: (3, [(1, 2), (2, 3",
        "Answer 1: (3, [(1, 2, 3), (2, 3)])",
        "Answer 1: (3, [((1, 2), (2, 3))])",
        "Answer 1: (3, [(1, a)])",
        "Answer 1: (3.5, [(1, 2)])",
        f"Answer 1: ({'9' * 5000}, [(1, 2)])",
        "Answer 1: (3, [(1, 123456)])",
        f"Steps 1: {A}\nAnswer 1: (3, [(1, 2), (2,\nAnswer 2: {A}"[:-9],
    ],
)
def test_what_is_no_graph_is_none(reply: str | None) -> None:
    assert texts(reply, 2) == [None, None]


def test_a_failed_answer_is_kept_as_text_and_does_not_take_the_next_draft() -> None:
    reply = parse_reply(f"Answer 1: (3, [(1, x)])\nDraft {C}\nAnswer 2: {B}", 2)
    failed, other = reply.answers
    assert failed is not None and failed.graph is None
    assert failed.text.startswith("(3, [(1, x)])")
    assert other is not None and other.graph is not None
    long = parse_reply("Answer 1: " + "word " * 9999, 1).answers[0]
    assert long is not None and len(long.text) <= SHOWN


def test_of_many_unlabelled_graphs_the_last_count() -> None:
    assert texts(f"Examples {C} {C}. Mine: {A} and {B}.", 2) == [A, B]
    assert texts(f"only {A}", 2) == [A, None]


@pytest.mark.parametrize(
    ("reply", "p"),
    [
        ("p = 0.4", 0.4),
        ("p=.4", 0.4),
        ("**p = 0.40**, since 4 of 10 are trees", 0.4),
        ("P: 40 %", 0.4),
        ("p ≈ 0.4.", 0.4),
        ("p = 4/10 = 0.4", 0.4),
        ("p = (number of trees)/10 = 4 / 10", 0.4),
        (r"\hat{p} = 0.4 and step = 0.9", 0.4),
        ("If p = 0.5 we would see 5 trees; so p = 0.4\nAnswer 1: x\np = 0.9", 0.4),
        ("Answer 1: x\np = 0.4", 0.4),
        ("With p = 0.5 we had 5, so p = 0.4 it is", 0.4),
        ("p = 1", 1.0),
        ("p = 0", 0.0),
        ("p = 4", None),
        ("p = 1/0", None),
        ("p = -0.4", None),
        ("p = x\n0.4", None),
        ("step = 0.4", None),
        ("p = 0.4.1", None),
        (f"p = {'1' * 5000}", None),
        ("", None),
    ],
)
def test_stated_probability(reply: str, p: float | None) -> None:
    assert parse_reply(reply, 1).p == p


@pytest.mark.parametrize(
    ("reply", "molecules"),
    [
        ("Answer 1: CCO\nAnswer 2: c1ccccc1", ("CCO", "c1ccccc1")),
        ("**Answer 1:** `CCO` (ethanol).\nAnswer 2:\nc1ccccc1.", ("CCO", "c1ccccc1")),
        (
            "Answer 1:\n```smiles\nCCO\n```\nAnswer 2: ```c1ccccc1```",
            ("CCO", "c1ccccc1"),
        ),
        ("Answer 2: [Na+].[Cl-]\n", (None, "[Na+].[Cl-]")),
        (r"Answer 1: C/C=C\C", ("C/C=C\\C", None)),
        ("Answer 1:\nAnswer 2: N#N", (None, "N#N")),
        (None, (None, None)),
    ],
)
def test_molecules(reply: str | None, molecules: tuple[str | None, ...]) -> None:
    assert parse_molecules(reply, 2) == molecules


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match="amount must be at least 1, got 0"):
        parse_reply("", 0)
    with pytest.raises(ValueError, match="amount must be at least 1"):
        parse_molecules("", -1)
    with pytest.raises(ValueError, match="base must be 0 or 1, got 2"):
        parse_reply("", 1, base=2)


PIECES = (
    *("(", ")", "[", "]", ",", ";", ":", "=", " ", "\n", "'", '"', "\\", "`", "```"),
    *("Answer 1: ", "Answer 2:", "Answer ", "Steps 1: ", "p = ", "p", "0.4", "%", "/"),
    *(
        "1",
        "2",
        "37",
        "-",
        "9" * 6,
        arabic("3"),
        wide("("),
        "\u200b",
        "\ud800",
        "\x00",
        "word ",
    ),
    *(A, B, "(3, [", "(1, 2)", "('1', '2'), "),
)


def sound(text: str, amount: int) -> None:
    """What holds for every reply."""
    reply = parse_reply(text, amount)
    assert len(reply.answers) == amount
    assert reply.p is None or 0 <= reply.p <= 1
    for answer in reply.answers:
        if answer is not None and answer.exact is not None:
            numbers = [int(number) for number in re.findall(r"-?\d+", answer.text)]
            edges = tuple(zip(numbers[1::2], numbers[2::2], strict=True))
            assert answer.exact == Graph(numbers[0], edges)
    assert len(parse_molecules(text, amount)) == amount


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=60).map("".join), st.integers(1, 4))
def test_no_mixture_of_pieces_breaks_the_parser(text: str, amount: int) -> None:
    sound(text, amount)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=300), st.integers(1, 3))
def test_no_text_breaks_the_parser(text: str, amount: int) -> None:
    sound(text, amount)


def mutated(text: str, rng: random.Random) -> str:
    """A reply with a few characters or lines lost, doubled, replaced or moved."""
    for _ in range(rng.randint(1, 4)):
        i, j = sorted(rng.randrange(len(text) + 1) for _ in range(2))
        j = min(j, i + rng.choice((1, 1, 3, 40)))
        text = text[:i] + rng.choice(("", text[i:j] * 2, rng.choice(PIECES))) + text[j:]
    return text[: rng.randrange(len(text) + 1)] if rng.random() < 0.2 else text


def test_a_hundred_thousand_random_and_mutated_replies() -> None:
    rng = random.Random(0)
    whole = "p = 0.4\n" + "\n".join(
        f"Steps {i}: 1 2 3\nAnswer {i}: {A}" for i in (1, 2)
    )
    found = 0
    for number in range(100_000):
        if number % 2:
            text = "".join(rng.choices(PIECES, k=rng.randrange(30)))
        else:
            text = mutated(whole, rng)
        reply = parse_reply(text, 2)
        assert len(reply.answers) == 2
        found += sum(graph is not None for graph in reply.graphs)
    assert 70_000 < found < 200_000  # most mutations leave a graph whole


HOSTILE = (
    *(
        "(",
        "[",
        "[(",
        "(1, [",
        "(1, [(1, 2)",
        "(1, [(1, 2)]",
        "(1, [(1, 2)],",
        "((1, 2), ",
    ),
    *(" ", "\n", "( ", "(1 ", "(1, [ ", "1", "9", "'", "-", "`", "```", "*", "\\", "$"),
    *("Answer 1:", "Answer 1: (1, [", "Answer 1: (1, [(1, 2)", "Answer 1 ", "answer "),
    *(
        "p = ",
        "p=",
        "p: 1/",
        "p = 0.",
        "p",
        "=",
        "p = =",
        "0",
        arabic("3"),
        wide("(1"),
        "\u200b",
    ),
)


@pytest.mark.parametrize("start", ["", "Answer 1: ", "Answer 1: (3, [(1, 2)", "p = "])
def test_time_is_linear_on_hostile_replies(start: str) -> None:
    def seconds(text: str) -> float:
        begin = time.process_time()
        parse_reply(text, 10)
        parse_molecules(text, 10)
        return time.process_time() - begin

    for piece in HOSTILE:
        text = start + piece * (100_000 // len(piece))
        assert seconds(text) < 10, (start, piece)  # quadratic time would be minutes
