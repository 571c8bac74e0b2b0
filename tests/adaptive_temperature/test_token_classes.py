"""Classes of a model's tokens, whatever its tokenizer does with blanks."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

from helpers.adaptive_temperature.token_classes import (
    BLANK,
    BLOCK,
    CODE,
    LINE,
    PROSE,
    token_classes,
    tokenized,
)

SOURCE = """\
def f(x):
    # Twice.
    if x:
        y = 2 * x

    return y
"""
STARTS = {"def": LINE, "if": BLOCK, "y": BLOCK, "return": LINE}


def cut(source, places):
    edges = sorted({0, len(source), *places})
    return list(itertools.pairwise(edges))


def pieces(source, *texts):
    spans, at = [], 0
    for text in texts:
        assert source[at:].startswith(text)
        spans.append((at, at + len(text)))
        at += len(text)
    return spans


def test_tokens_that_hold_their_indentation() -> None:
    spans = pieces(
        SOURCE, "def", " f", "(", "x", "):\n    ", "# Tw", "ice.", "\n    ", "if",
        " x", ":\n        y", " =", " 2", " *", " x", "\n\n", "    return", " y", "\n",
    )  # fmt: skip
    found = token_classes(SOURCE, spans)
    assert found["class"].tolist() == [
        LINE, CODE, CODE, CODE, CODE, PROSE, PROSE, BLANK, BLOCK,
        CODE, BLOCK, CODE, CODE, CODE, CODE, BLANK, LINE, CODE, BLANK,
    ]  # fmt: skip
    assert found["position"].tolist() == [
        0, 1, 2, 3, 4, 0, 1, -1, 0, 1, 0, 1, 2, 3, 4, -1, 0, 1, -1,
    ]  # fmt: skip
    assert found["node"][[0, 4, 5, 8, 10, 15]].tolist() == [
        "definition", "bracket", "comment", "branch", "assigned name", "blank",
    ]  # fmt: skip
    assert found["depth"].tolist() == [0] * 5 + [0] * 2 + [1] * 3 + [2] * 5 + [
        1
    ] * 3 + [0]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, len(SOURCE))))
def test_every_start_belongs_to_the_token_that_holds_it(places) -> None:
    spans = cut(SOURCE, places)
    found = token_classes(SOURCE, spans)
    marks = {SOURCE.index(f"{text}"): kind for text, kind in STARTS.items()}
    marks[SOURCE.index("y =")] = marks.pop(SOURCE.index("y"), BLOCK)
    for (start, end), kind in zip(spans, found["class"], strict=True):
        held = [marks[at] for at in sorted(marks) if start <= at < end]
        if held:  # the first one, if a token should hold several
            assert kind == held[0]
        else:
            assert kind not in (LINE, BLOCK)
        assert (kind == BLANK) == (not SOURCE[start:end].strip())


def test_parts_of_one_letter_start_a_line_once() -> None:
    source = "é = 1\nö = 2\n"
    spans = [(0, 1), (0, 1), (1, 5), (5, 6), (6, 7), (6, 7), (7, 12)]
    kinds = token_classes(source, spans)["class"].tolist()
    assert kinds == [LINE, CODE, CODE, BLANK, LINE, CODE, CODE]


def test_offsets_without_blanks_count_as_well() -> None:
    """As tokenizers with ``trim_offsets`` give them: a lone blank has no characters."""
    core = Tokenizer(models.BPE(unk_token=None))
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.add_tokens(["return", "def"])
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    core.model = models.BPE({c: i for i, c in enumerate(sorted(alphabet))}, [])
    core.post_processor = processors.ByteLevel(trim_offsets=True)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=core)
    ids, offsets = tokenized("a:\n  bc\n", tokenizer)
    assert len(ids) == 8 and any(start == end for start, end in offsets)
    kinds = token_classes("a:\n  bc\n", offsets)["class"].tolist()
    assert kinds == [LINE, CODE, BLANK, BLANK, BLANK, BLOCK, CODE, BLANK]


def test_nothing_gives_nothing() -> None:
    assert len(token_classes("", [])) == 0
    assert token_classes("  \n", [(0, 3)])["class"].tolist() == [BLANK]


@pytest.mark.parametrize("spans", [[(0, 9)], [(2, 1)], [(2, 3), (0, 2)], [(-1, 2)]])
def test_offsets_of_another_text_are_refused(spans) -> None:
    with pytest.raises(ValueError, match="return_offsets_mapping=True"):
        token_classes("a = 1", spans)


def test_slow_tokenizers_are_refused() -> None:
    with pytest.raises(ValueError, match="object does not tell the characters"):
        tokenized("a", object())
