"""What the characters of Python source are: prose or code, which syntax, which depth.

The standard library's tokenizer reads as far as the source is Python; a few regular
expressions read the rest of a text that breaks off or was never right, as models write
it, so that every text gets an answer.
"""

from __future__ import annotations

import io
import re
import token
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from keyword import iskeyword

KEYWORDS = {
    "definition": ("def", "class", "lambda", "async"),
    "branch": ("if", "elif", "else"),
    "loop": ("for", "while", "break", "continue"),
    "exception": ("try", "except", "finally", "raise", "with", "assert"),
    "return": ("return", "yield", "await"),
    "import": ("import", "from", "as"),
    "logic": ("and", "or", "not", "in", "is"),
    "constant": ("None", "True", "False"),
    "statement": ("pass", "del", "global", "nonlocal"),
}
PROSE_NODES = ("comment", "docstring")
NODES = (
    *PROSE_NODES,
    *KEYWORDS,
    "defined name",
    "assigned name",
    "called name",
    "attribute",
    "keyword argument",
    "name",
    "number",
    "string",
    "operator",
    "bracket",
    "punctuation",
    "other",
)
"""What a lexeme can be."""

_NODE_OF = {word: node for node, words in KEYWORDS.items() for word in words}
_LAYOUT = (
    token.NEWLINE,
    token.NL,
    token.INDENT,
    token.DEDENT,
    token.ENDMARKER,
    token.ENCODING,
)
_ANYTHING = re.compile(
    r"""
    (?P<COMMENT> \#[^\n]* )
    | (?P<STRING> [rRbBfFuU]{0,2} (?:
        (?P<quotes> \'{3} | "{3} ) (?s:.)*? (?: (?P=quotes) | \Z )
        | (?P<quote> ['"] ) (?: \\. | (?!(?P=quote)|\\)[^\n] )* (?P=quote)?
      ) )
    | (?P<NUMBER> \.?\d[\w.]* )
    | (?P<NAME> \w+ )
    | (?P<OP> (?: \*\* | // | >> | << )=? | -> | [-+*/%@&|^=!<>:]= | [^\s\w] )
    """,
    re.VERBOSE,
)
_ASSIGNS = re.compile(r"(?!==|!=|<=|>=).*=$")


@dataclass(frozen=True)
class Lexeme:
    """One comment, string, name, number or sign.

    Attributes
    ----------
    start, end : int
        Characters of the source, ``source[start:end]``.
    node : str
        One of `NODES`.
    depth : int
        Blocks around it. A comment of its own line has the depth of the line before.
    starts_line, starts_block : bool
        Whether it is the first code of a physical line, continuation lines included;
        and also of a block, after its docstring and comments. Prose starts neither.
    """

    start: int
    end: int
    node: str
    depth: int
    starts_line: bool
    starts_block: bool

    @property
    def prose(self) -> bool:
        """Whether people are to read it, a comment or a docstring."""
        return self.node in PROSE_NODES


@dataclass
class _Raw:
    """A piece before its neighbours are known; ``kind`` as in `token`."""

    kind: int
    text: str
    start: int
    depth: int
    indented: bool  # first of a block, which may yet be its docstring
    opens: bool  # first of its logical line

    @property
    def end(self) -> int:
        return self.start + len(self.text)


def lexemes(source: str) -> list[Lexeme]:
    r"""Everything but blanks, in order.

    Examples
    --------
    >>> source = "def f(x):\n    'Double.'\n    return 2 * x"
    >>> for found in lexemes(source)[-5:]:
    ...     start = "block" if found.starts_block else "-"
    ...     print(source[found.start : found.end], found.node, found.depth, start)
    'Double.' docstring 1 -
    return return 1 block
    2 number 1 -
    * operator 1 -
    x name 1 -
    """
    pieces: list[_Raw] = []
    lines = _line_starts(source)
    try:
        for piece in _tokenized(source, lines):
            pieces.append(piece)
    except (tokenize.TokenError, SyntaxError, UnicodeError, SystemError):
        pass  # the rest is read without it; the last two: NUL, lone surrogates (3.12)
    read = pieces[-1].end if pieces else 0
    pieces.extend(_matched(source, read, pieces[-1].depth if pieces else 0))
    return _labelled(source, pieces)


def _line_starts(source: str) -> list[int]:
    return [0, *(found.end() for found in re.finditer("\n", source))]


def _tokenized(source: str, lines: list[int]) -> Iterator[_Raw]:
    """The pieces that `tokenize` finds before it meets an error."""
    depth, indented, opens = 0, False, True
    string_start, nested = 0, 0
    for found in tokenize.generate_tokens(io.StringIO(source).readline):
        kind, name = found.type, token.tok_name[found.type]
        if kind in (token.INDENT, token.DEDENT):
            depth += 1 if kind == token.INDENT else -1
            indented = kind == token.INDENT
        elif kind == token.NEWLINE:
            opens = True
        if kind in _LAYOUT:  # the last ones lie behind the source
            continue
        start = lines[found.start[0] - 1] + found.start[1]
        end = lines[found.end[0] - 1] + found.end[1]
        # from Python 3.12 on, the parts of an f-string are tokens
        if name.endswith("STRING_START"):
            string_start = string_start if nested else start
            nested += 1
        elif name.endswith("STRING_END"):
            nested -= 1
            if not nested:
                text = source[string_start:end]
                yield _Raw(token.STRING, text, string_start, depth, indented, opens)
                indented = opens = False
        elif not nested and source[start:end].strip():
            yield _Raw(kind, source[start:end], start, depth, indented, opens)
            if kind != token.COMMENT:
                indented = opens = False


def _matched(source: str, start: int, depth: int) -> Iterator[_Raw]:
    """The pieces after ``start`` by pattern; four blanks are a level of depth."""
    for found in _ANYTHING.finditer(source, start):
        kind = getattr(token, str(found.lastgroup))
        line = source.rfind("\n", 0, found.start()) + 1
        blanks = source[line : found.start()]
        indented = opens = not blanks.strip()
        if opens:
            level = len(blanks.expandtabs(4)) // 4
            indented = level > depth
            depth = level
        yield _Raw(kind, found.group(), found.start(), depth, indented, opens)


def _labelled(source: str, pieces: list[_Raw]) -> list[Lexeme]:
    out: list[Lexeme] = []
    brackets = 0
    block = 0  # depth of the block whose code is still to come
    for i, piece in enumerate(pieces):
        before = pieces[i - 1] if i and not piece.opens else None
        after = pieces[i + 1] if i + 1 < len(pieces) else None
        if piece.opens and piece.kind != token.COMMENT:
            brackets = 0
        if piece.kind == token.OP:
            brackets += (piece.text in "([{") - (piece.text in ")]}")
        node = _node(piece, before, after, brackets > 0)
        line = source.rfind("\n", 0, piece.start) + 1
        code = node not in PROSE_NODES
        first = code and not source[line : piece.start].strip()
        if piece.indented:
            block = piece.depth
        elif piece.depth < block:  # it held a docstring alone
            block = 0
        out.append(
            Lexeme(
                start=piece.start,
                end=piece.end,
                node=node,
                depth=piece.depth,
                starts_line=first,
                starts_block=first and block > 0,
            )
        )
        block = 0 if code else block
    return out


def _node(
    piece: _Raw, before: _Raw | None, after: _Raw | None, inside_brackets: bool
) -> str:
    """One of `NODES`, by a piece and its neighbours."""
    text = piece.text
    if piece.kind == token.COMMENT:
        return "comment"
    if piece.kind == token.STRING:
        alone = after is None or after.opens or after.kind == token.COMMENT
        return "docstring" if piece.opens and alone else "string"
    if piece.kind == token.NUMBER:
        return "number"
    if piece.kind == token.OP:
        if text in "()[]{}":
            return "bracket"
        return "punctuation" if text in (",", ":", ".", ";") else "operator"
    if piece.kind != token.NAME:
        return "other"
    if iskeyword(text):
        return _NODE_OF[text]
    last = before.text if before else ""
    following = after.text if after and not after.opens else ""
    if last in ("def", "class"):
        return "defined name"
    if last == ".":
        return "attribute"
    if following == "(":
        return "called name"
    if inside_brackets and following == "=" and last in ("(", ","):
        return "keyword argument"
    if not inside_brackets and last != ":" and _ASSIGNS.match(following):
        return "assigned name"
    if last in ("for", "as") or (piece.opens and following == ":"):
        return "assigned name"
    return "name"
