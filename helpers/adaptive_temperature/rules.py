r"""Which positions are sampled hot: AdapT's rule, its readings, and a control.

.. math:: T(t) = a \text{ if token } t \text{ begins a block of code, else } b

How a program knows that is left to the implementation. Let L be the text after the last
newline of prompt and output together; position t is decided by the text before it:

``release``
    The released code: L is a run of tokens that are each exactly four spaces or a tab,
    right after a token that is exactly a newline. Deeper indentation with tokens of its
    own (8, 12 spaces) and lines after a blank line with a token of its own are cold.
``line``
    L is empty or blank: indentation and first word of every line.
``line-word``
    L is blank and not empty: the first word of every indented line. The published rule
    is nearest to this one with depth set aside.
``block``
    As ``line-word``, and the line before it (blank ones left out) ends with a colon, or
    with the docstring that follows such a line. A comment is a line like any other.
``anti``
    Control: hot exactly where ``line`` is cold.

All are functions of the last tokens alone: nothing is kept between calls, so order and
number of the sequences may change from step to step, and padding on the left is as
invisible as any special token. In the released code the state starts with the output:
there, indentation at the very end of a prompt is sampled at a third temperature, and
indentation right after the first generated token is hot; here both are as above.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import torch
from torch import Tensor

from helpers.adaptive_temperature.token_flags import BLANKS, TokenFlags
from helpers.names import unknown_name

RULES = ("release", "line", "line-word", "block", "anti")
# Tokens that are looked at; indentation of more tokens than this counts as mid-line.
WINDOW = 64
_NEAR = 4
_SPARE = 8192
_MIDDLE, _BLANK, _NEWLINE, _INDENT = range(4)
_NONE, _OTHER, _COLON, _QUOTE = range(4)
_DOCSTRING = re.compile(
    rf"""
    : [{BLANKS}\n]* \n [{BLANKS}]* [rRuU]?
    (?: \"{{3}} (?: (?!\"{{3}}) . )* \"{{3}} | '{{3}} (?: (?!'{{3}}) . )* '{{3}}
      | \"[^\"\n]*\" | '[^'\n]*' )
    [{BLANKS}\n]* \Z
    """,
    re.DOTALL | re.VERBOSE,
)


def check_rule(rule: str) -> None:
    """Raise ValueError, with the nearest name, unless ``rule`` is one of `RULES`."""
    if rule not in RULES:
        raise unknown_name("rule", rule, RULES)


class RuleTable:
    """A rule prepared for one vocabulary: a code per token, on any device.

    Parameters
    ----------
    flags : TokenFlags
    rule : str
        One of `RULES`.

    Raises
    ------
    ValueError
        For an unknown rule, or ``release`` without a token of four spaces.
    """

    def __init__(self, flags: TokenFlags, rule: str) -> None:
        check_rule(rule)
        self.flags, self.rule = flags, rule
        if rule == "release":
            codes = {_BLANK: flags.is_four_spaces_or_tab, _NEWLINE: flags.is_newline}
        else:
            codes = {
                _BLANK: flags.blank_without_newline,
                _NEWLINE: flags.newline_then_blank,
                _INDENT: flags.newline_then_indent,
            }
        last = {
            _NONE: ~flags.visible,
            _COLON: flags.ends_with_colon,
            _QUOTE: flags.ends_with_quote,
        }
        self._codes, self._last = _table(codes, _MIDDLE), _table(last, _OTHER)
        self._code_list = next(iter(self._codes.values())).tolist()
        self._last_list = next(iter(self._last.values())).tolist()

    def hot(self, ids: Tensor) -> Tensor:
        """Whether the token after each sequence is sampled hot.

        Parameters
        ----------
        ids : Tensor
            Token numbers (m, t), int64; sequences end at the right.

        Returns
        -------
        Tensor
            (m,) bool, on the device of ``ids``. It is computed without waiting for the
            device, apart from ``block``, which reads text where a docstring has ended.
        """
        if ids.device.type == "cpu":
            return torch.tensor(self.hot_rows(ids), dtype=torch.bool)
        return self._hot_on_device(ids)

    def hot_rows(self, ids: Tensor) -> list[bool]:
        """`hot` as a list, row by row: on a processor tensor operations cost more."""
        near = ids[:, -_NEAR:].tolist()
        return [self._row_is_hot(tail, ids, i) for i, tail in enumerate(near)]

    def _row_is_hot(self, near: list[int], ids: Tensor, i: int) -> bool:
        """`hot` for row i, of which ``near`` are the last tokens."""
        code, back = _last_but(self._code_list, near, _BLANK)
        if code == _BLANK and ids.shape[1] > len(near):
            tail = ids[i, -WINDOW:].tolist()
            code, back = _last_but(self._code_list, tail, _BLANK)
        begins_indented = code == _INDENT or (code == _NEWLINE and back > 0)
        if self.rule in ("line", "anti"):
            return (begins_indented or code == _NEWLINE) == (self.rule == "line")
        if self.rule != "block" or not begins_indented:
            return begins_indented
        tokens = ids[i].tolist()
        last, _ = _last_but(self._last_list, tokens[-WINDOW:], _NONE)
        if last == _QUOTE:
            return ends_first_docstring(self.flags.text(tokens))
        return last == _COLON

    def _hot_on_device(self, ids: Tensor) -> Tensor:
        """`hot` for all sequences at once."""
        if not ids.shape[1]:
            return torch.full((len(ids),), self.rule == "anti", device=ids.device)
        state, back = _first(_on(self._codes, ids.device), ids, _BLANK)
        state = state + ((back > 0) & (state == _NEWLINE)).to(state.dtype)
        if self.rule == "line":
            return state >= _NEWLINE
        if self.rule == "anti":
            return state < _NEWLINE
        hot = state == _INDENT
        if self.rule == "block":
            rows = hot.nonzero()[:, 0]
            hot[rows] = self._follows_head(ids[rows])
        return hot

    def _follows_head(self, ids: Tensor) -> Tensor:
        """Whether a colon, or a block's docstring, comes before the last blanks."""
        last, _ = _first(_on(self._last, ids.device), ids, _NONE)
        follows = last == _COLON
        for row in (last == _QUOTE).nonzero()[:, 0].tolist():
            follows[row] = ends_first_docstring(self.flags.text(ids[row].tolist()))
        return follows


def hot(ids: Tensor, flags: TokenFlags, rule: str) -> Tensor:
    r"""Whether the next token of each sequence (m, t) is sampled hot: (m,) bool.

    `RuleTable` does the same for many calls with one preparation.

    Examples
    --------
    >>> flags = TokenFlags(("x", ":", "\n", "    "))
    >>> ids = torch.tensor([[0, 1, 2], [1, 2, 3], [0, 2, 3], [2, 3, 0]])
    >>> for rule in RULES:
    ...     print(f"{rule:9}", hot(ids, flags, rule).int().tolist())
    release   [0, 1, 1, 0]
    line      [1, 1, 1, 0]
    line-word [0, 1, 1, 0]
    block     [0, 1, 0, 0]
    anti      [0, 0, 0, 1]
    """
    return RuleTable(flags, rule).hot(ids)


def temperature_for(
    last_ids: Sequence[int], table: RuleTable, a: float, b: float
) -> float:
    """``a`` or ``b`` for the token that follows the last tokens of one sequence."""
    ids = torch.tensor([list(last_ids)], dtype=torch.long)
    return a if bool(table.hot(ids)) else b


def ends_first_docstring(text: str) -> bool:
    r'''Whether ``text`` ends, blanks aside, with the docstring of a block's head.

    Examples
    --------
    >>> ends_first_docstring('def f(x):\n    """Return x."""\n    ')
    True
    >>> ends_first_docstring('def f(x):\n    s = """text"""\n    ')
    False
    '''
    return _DOCSTRING.search(text) is not None


def _last_but(
    codes: Sequence[int], ids: Sequence[int], skipped: int
) -> tuple[int, int]:
    """As `_first`, for one row."""
    for back, number in enumerate(reversed(ids)):
        if codes[number] != skipped:
            return codes[number], back
    return skipped, 0


def _first(table: Tensor, ids: Tensor, skipped: int) -> tuple[Tensor, Tensor]:
    """Code of each row's last token that is not ``skipped``, and how far back it is.

    A row of nothing else gives that code and 0.
    """
    codes = table[ids[:, -WINDOW:].flip(1)]
    back = (codes != skipped).to(torch.uint8).argmax(dim=1)
    return codes.gather(1, back[:, None])[:, 0], back


def _table(codes: dict[int, Tensor], otherwise: int) -> dict[torch.device, Tensor]:
    """A code per entry, the last flag that holds deciding; more entries than V.

    Models have entries that their tokenizers do not know, and may sample them.
    """
    size = len(next(iter(codes.values())))
    table = torch.full((size + _SPARE,), otherwise, dtype=torch.int8)
    for code, flag in codes.items():
        table[:size].masked_fill_(flag, code)
    return {table.device: table}


def _on(tables: dict[torch.device, Tensor], device: torch.device) -> Tensor:
    """The table on this device, copied there once."""
    if device not in tables:
        tables[device] = next(iter(tables.values())).to(device)
    return tables[device]
