"""Which tokens of a model start a line or a block of Python, are prose, or blank.

The paper's preliminary study splits the tokens of code by their place and finds the
hard ones at the beginning of blocks; its exact classes are not known here. A model's
tokens follow no syntax: one may hold an indentation and a word, or a part of a letter.
Each gets the class of its first character that is not blank, unless a line starts
inside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from helpers.adaptive_temperature.lexemes import lexemes

PROSE, BLANK = "prose", "whitespace"
LINE, BLOCK, CODE = "first of a line", "first of a block", "other code"
CLASSES = (PROSE, BLANK, LINE, BLOCK, CODE)
CODE_CLASSES = (LINE, BLOCK, CODE)


def token_classes(source: str, offsets: Sequence[tuple[int, int]]) -> pd.DataFrame:
    r"""Class and place of every token of a text.

    Parameters
    ----------
    source : str
        Python; the rest of a text that cannot be read as such is read by patterns.
    offsets : sequence of (int, int)
        Characters of each token, ``source[start:end]``, in order, as a fast tokenizer
        returns them.

    Returns
    -------
    DataFrame
        A row a token: ``start`` and ``end`` in characters; ``class``, one of `CLASSES`
        (a first of a block is no first of a line); ``node``, one of
        `helpers.adaptive_temperature.lexemes.NODES` or ``blank``; ``position``, how
        many tokens of the same physical line come before, blank ones left out, and -1
        for a blank one; ``depth``, the blocks around it, for blanks those around what
        follows.

    Raises
    ------
    ValueError
        If the offsets are not in order or reach beyond the source.

    Examples
    --------
    >>> source = "def f():\n    return 1\n"
    >>> pieces = [(0, 3), (3, 5), (5, 8), (8, 13), (13, 19), (19, 21), (21, 22)]
    >>> found = token_classes(source, pieces)
    >>> found["text"] = [source[a:b] for a, b in pieces]
    >>> print(found[["text", "class", "position"]].loc[2:5].to_string(index=False))
      text            class  position
       ():       other code         2
    \n           whitespace        -1
    return first of a block         0
         1       other code         1
    """
    spans = np.asarray(offsets, dtype=np.int64).reshape(-1, 2)
    starts, ends = spans[:, 0], spans[:, 1]
    _check_offsets(starts, ends, len(source))
    found = lexemes(source)
    # of every character: the lexeme that it belongs to, or the next one
    owner = np.full(len(source) + 1, len(found), dtype=np.int64)
    first = np.zeros(len(source), dtype=bool)
    for i, lexeme in enumerate(found):
        owner[lexeme.start : lexeme.end] = i
        first[lexeme.start] = lexeme.starts_line
    owner = np.minimum.accumulate(owner[::-1])[::-1]
    blank = np.array([c.isspace() for c in source], dtype=bool)

    start_at = _next(first)[starts]  # first start of a line that a token holds
    starts_line = start_at < ends
    # of the pieces of a single character only one starts the line
    starts_line[1:] &= ~(starts_line[:-1] & (start_at[1:] == start_at[:-1]))
    visible = _next(~blank)[starts]
    is_blank = visible >= ends
    at = np.where(starts_line, start_at, visible)

    nodes = [lexeme.node for lexeme in found] + ["blank"]
    depths = np.array([lexeme.depth for lexeme in found] + [0])
    prose = np.array([lexeme.prose for lexeme in found] + [False])
    block = np.array([lexeme.starts_block for lexeme in found] + [False])
    lexeme_of = owner[np.where(is_blank, starts, at)]
    line = np.concatenate(([0], np.cumsum([c == "\n" for c in source])))[at]
    position = pd.Series(line[~is_blank]).groupby(line[~is_blank]).cumcount()
    positions = np.full(len(spans), -1, dtype=np.int64)
    positions[~is_blank] = position
    kind = np.select(
        [is_blank, prose[lexeme_of], starts_line & block[lexeme_of], starts_line],
        [BLANK, PROSE, BLOCK, LINE],
        CODE,
    )
    return pd.DataFrame(
        {
            "start": starts,
            "end": ends,
            "class": pd.Categorical(kind, categories=list(CLASSES)),
            "node": np.where(is_blank, "blank", np.array(nodes)[lexeme_of]),
            "position": positions,
            "depth": depths[lexeme_of],
        }
    )


def tokenized(source: str, tokenizer: Any) -> tuple[list[int], list[tuple[int, int]]]:
    """Token ids of a text, without special tokens, and the characters of each.

    Raises
    ------
    ValueError
        If the tokenizer is a slow one, which does not know the characters.
    """
    if not getattr(tokenizer, "is_fast", False):
        raise ValueError(
            f"{type(tokenizer).__name__} does not tell the characters of its tokens; "
            "allowed: a fast tokenizer, AutoTokenizer.from_pretrained(use_fast=True)"
        )
    coded = tokenizer(
        source,
        add_special_tokens=False,
        return_offsets_mapping=True,
        return_attention_mask=False,
        verbose=False,  # texts longer than the model's context are cut later
    )
    return coded["input_ids"], coded["offset_mapping"]


def _next(flags: np.ndarray) -> np.ndarray:
    """Of every place 0..n the next flag at or after it, n where there is none."""
    n = len(flags)
    places = np.append(np.where(flags, np.arange(n), n), n)
    return np.minimum.accumulate(places[::-1])[::-1]


def _check_offsets(starts: np.ndarray, ends: np.ndarray, length: int) -> None:
    wrong = (starts < 0) | (ends < starts) | (ends > length)
    wrong[1:] |= starts[1:] < starts[:-1]
    if wrong.any():
        i = int(np.argmax(wrong))
        raise ValueError(
            f"token {i} has the characters {starts[i]} to {ends[i]}; allowed: pairs in "
            f"order within 0 to {length}, as return_offsets_mapping=True gives them"
        )
