"""The rules on token numbers against the same rules on text, and the released loop."""

from __future__ import annotations

from functools import cache

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.adaptive_temperature.rules import (
    RULES,
    WINDOW,
    RuleTable,
    ends_first_docstring,
    hot,
    temperature_for,
)
from helpers.adaptive_temperature.token_flags import BLANKS, TokenFlags
from tests.adaptive_temperature.token_kinds import CODE, KINDS, tokenizer

TEXT_RULES = ("line", "line-word", "block", "anti")


def is_blank(text: str) -> bool:
    return all(character in BLANKS for character in text)


def oracle(text: str, rule: str) -> bool:
    """The rules as they are told, on a text, slowly."""
    lines = text.split("\n")
    *before, current = lines
    line = bool(before) and is_blank(current)
    if rule in ("line", "anti"):
        return line == (rule == "line")
    word = line and current != ""
    if rule == "line-word" or not word:
        return word
    while before and is_blank(before[-1]):
        before.pop()
    if before and before[-1].rstrip(BLANKS).endswith(":"):
        return True
    return any(
        head.rstrip(BLANKS).endswith(":") and is_docstring(before[place + 1 :])
        for place, head in enumerate(before)
    )


def is_docstring(lines: list[str]) -> bool:
    """Whether the lines are one string and nothing else, read from its beginning."""
    text = "\n".join(lines).strip(BLANKS + "\n")
    text = text[1:] if text[:1] in tuple("rRuU") else text
    for quote in ('"""', "'''", '"', "'"):
        if text.startswith(quote):
            end = text.find(quote, len(quote))
            whole = end == len(text) - len(quote)
            return end > 0 and whole and (len(quote) == 3 or "\n" not in text)
    return False


def released(ids: list[int], newline: int, indents: set[int]) -> bool:
    """State machine of the released sampling loop; True where T is t_1."""
    position, is_hot = 0, False
    for token in ids:
        if token == newline:
            is_hot, position = False, 1
        elif token in indents:
            is_hot = is_hot or position == 1
        else:
            is_hot, position = False, position + 1
    return is_hot


@cache
def flags_of(kind: str) -> TokenFlags:
    return TokenFlags.of(tokenizer(kind))


@cache
def table(kind: str, rule: str) -> RuleTable:
    return RuleTable(flags_of(kind), rule)


def answers(table: RuleTable, ids: torch.Tensor) -> torch.Tensor:
    """`RuleTable.hot`; row by row on the CPU, it agrees with the way of a GPU."""
    found = table.hot(ids)
    assert torch.equal(found, table._hot_on_device(ids))
    return found


def decoded(kind: str, ids: list[int]) -> str:
    """Text of the tokens by the tokenizer itself, special ones spelt out."""
    words = tokenizer(kind)
    anchor = words.convert_tokens_to_ids("f" if kind == "metaspace" else "<bos>")
    return words.decode([anchor, *ids], clean_up_tokenization_spaces=False)


def streams(kind: str) -> st.SearchStrategy[list[int]]:
    """Token numbers, rich in those that a rule looks at."""
    flags = flags_of(kind)
    rich = flags.newline_then_blank | flags.blank_without_newline
    rich |= flags.ends_with_colon | flags.ends_with_quote
    some = st.sampled_from(rich.nonzero()[:, 0].tolist())
    return st.lists(some | st.integers(0, len(flags) - 1), max_size=24)


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
@settings(max_examples=100)
def test_rules_agree_with_the_text(kind: str, data: st.DataObject) -> None:
    ids = data.draw(streams(kind))
    text = decoded(kind, ids)
    for rule in TEXT_RULES:
        row = torch.tensor([ids], dtype=torch.long)
        assert bool(answers(table(kind, rule), row)) == oracle(text, rule), (rule, text)


def code_streams() -> st.SearchStrategy[str]:
    pieces = ("def f(x):", "x = 1", '"""Text."""', "'''", '"""', "'a'", '"', "if x:")
    blanks = ("\n", "\n    ", "\n        ", "\n\n    ", "    ", "\r\n\t", " ", "# :")
    return st.lists(st.sampled_from(pieces + blanks), max_size=16).map("".join)


@given(text=code_streams())
@settings(max_examples=200)
def test_docstrings_agree_with_the_text(text: str) -> None:
    text += "\n    "
    flags = TokenFlags(tuple(sorted(set(text))))
    ids = torch.tensor([[flags.texts.index(c) for c in text]])
    assert bool(answers(RuleTable(flags, "block"), ids)) == oracle(text, "block")


@pytest.mark.parametrize("kind", ["words", "merged"])
@given(data=st.data())
@settings(max_examples=100)
def test_release_agrees_with_the_released_loop(kind: str, data: st.DataObject) -> None:
    """Its state starts with the prompt's last token, a newline in HumanEval."""
    flags = flags_of(kind)
    newline = flags.texts.index("\n")
    indents = {flags.texts.index(t) for t in ("\t", "    ") if t in flags.texts}
    special = st.sampled_from([newline, *indents])
    ids = [
        newline,
        *data.draw(
            st.lists(
                special | streams(kind).map(lambda s: s[-1] if s else newline),
                max_size=12,
            )
        ),
    ]
    found = bool(answers(table(kind, "release"), torch.tensor([ids])))
    assert found == released(ids, newline, indents)


def test_the_rules_on_a_program() -> None:
    """Which words of a program are hot, with whole indentations as tokens."""
    words = tokenizer("words")
    flags = flags_of("words")
    ids = words(CODE)["input_ids"]
    found = {
        rule: [
            flags.texts[ids[t]]
            for t in range(1, len(ids))
            if answers(table("words", rule), torch.tensor([ids[:t]]))
        ]
        for rule in RULES
    }
    indents = ["    ", "        ", "            ", "\t", "\t\t"]
    assert found["release"] == ['"""', "total", "for", "return", "def"]
    assert found["line-word"] == [
        *('"""', "total", "for", "if", "total", "else", "total", "return"),
        *("def", "return"),
    ]
    # bodies of the function after its docstring, of the loop, if, else, class, method
    assert found["block"] == ['"""', "total", "if", "total", "total", "def", "return"]
    first = [t for t in found["line"] if t not in (*indents, "\n", "\r")]
    assert first == [*found["line-word"][:-2], "class", "def", "return"]
    assert len(found["anti"]) + len(found["line"]) == len(ids) - 1


@pytest.mark.parametrize("rule", RULES)
def test_padding_on_the_left_and_order_change_nothing(rule: str) -> None:
    kind = "merged"
    rng = torch.Generator().manual_seed(1)
    pad = tokenizer(kind).pad_token_id
    rows = [
        torch.randint(len(flags_of(kind)), (n,), generator=rng).tolist()
        + tokenizer(kind)(tail)["input_ids"]
        for n, tail in enumerate(("\n", "if x:\n    ", "\n    ", ":\n\n    ", "a", ""))
    ]
    width = max(map(len, rows)) + 3
    padded = torch.tensor([[pad] * (width - len(row)) + row for row in rows])
    alone = [
        bool(answers(table(kind, rule), torch.tensor([row]).long())) for row in rows
    ]
    assert answers(table(kind, rule), padded).tolist() == alone
    assert answers(table(kind, rule), padded.flip(0)).tolist() == alone[::-1]
    if rule != "release":
        assert 0 < sum(alone) < len(alone)


def test_no_line_starts_after_a_special_token() -> None:
    words = tokenizer("words")
    indent = words.convert_tokens_to_ids("    ")
    newline = words.convert_tokens_to_ids("\n")
    ids = torch.tensor([[newline, words.bos_token_id, indent]])
    assert not any(answers(table("words", rule), ids) for rule in TEXT_RULES[:3])


def test_deep_indentation_of_single_blanks() -> None:
    flags = TokenFlags((":", "\n", " "))
    for blanks, expected in ((1, True), (WINDOW - 1, True), (WINDOW, False)):
        ids = torch.tensor([[0, 1] + [2] * blanks])
        assert bool(answers(RuleTable(flags, "line-word"), ids)) is expected


def test_no_tokens_and_unknown_tokens() -> None:
    flags = TokenFlags(("a", '"', "\n", " "))
    none = torch.zeros(2, 0, dtype=torch.long)
    unknown = torch.tensor([[2, 3, 99], [99, 2, 3]])
    for rule in TEXT_RULES:
        assert answers(RuleTable(flags, rule), none).tolist() == [rule == "anti"] * 2
        assert answers(RuleTable(flags, rule), unknown).shape == (2,)
    assert answers(RuleTable(flags, "line-word"), unknown).tolist() == [False, True]
    assert hot(torch.tensor([[99, 1, 2, 3]]), flags, "block").tolist() == [False]


def test_temperature_for_one_sequence() -> None:
    flags = TokenFlags(("a", "\n", " "))
    table = RuleTable(flags, "line-word")
    assert temperature_for([0, 1, 2], table, 0.8, 0.2) == 0.8
    assert temperature_for([1, 2, 0], table, 0.8, 0.2) == 0.2
    assert temperature_for([], table, 0.8, 0.2) == 0.2


def test_unknown_rule_and_release_without_its_tokens() -> None:
    flags = TokenFlags(("a", "\n", " "))
    with pytest.raises(ValueError, match="did you mean 'line-word'"):
        RuleTable(flags, "line_word")
    with pytest.raises(ValueError, match=r"exactly four spaces.*allowed here: line"):
        RuleTable(flags, "release")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("def f():\n  r'''a\n b'''\n\n  ", True),
        ("if x :\n 'a'\n ", True),
        ('a:\n """"x"""\n ', True),
        ("f():\n x = 'a'\n ", False),
        (":\n 'a' 'b'\n ", False),
        ('a:\n """a\n ', False),
        ("a\n 'b'\n ", False),
    ],
)
def test_docstring_forms(text: str, expected: bool) -> None:
    assert ends_first_docstring(text) is expected
