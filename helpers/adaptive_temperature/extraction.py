"""From what a model wrote to the program that is scored.

Three rules that can be read off their results: where a base model's continuation ends
(stop strings, then the released program's own rule), which fenced block of a chat
model's answer counts, and what a repeated prompt does. Nothing is mended: a missing
import stays missing.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

STOPS: dict[str, tuple[str, ...]] = {
    # of the paper's released runs on its two data sets
    "adapt-humaneval": ("\nclass", "\ndef", "\n#"),
    "adapt-mbpp": ("\nclass", "\ndef", "<|endoftext|>", "'''", '"""'),
    # of the paper that introduced HumanEval
    "codex": ("\nclass", "\ndef", "\n#", "\nif", "\nprint"),
}


@dataclass(frozen=True)
class Extracted:
    """A completion, and what was done to get it.

    Attributes
    ----------
    text : str
        To be appended to the prompt.
    stopped : bool
        A stop string, or the released rule, cut text off.
    repeats_prompt : bool
        The model began with the prompt, or with its function's head, once more.
    cut : bool
        The text breaks off, as at the limit of tokens.
    """

    text: str
    stopped: bool
    repeats_prompt: bool
    cut: bool


def extract(
    answer: str,
    prompt: str,
    entry_point: str,
    *,
    stops: Sequence[str] = STOPS["adapt-humaneval"],
    released: bool = True,
    chat: bool = False,
    finished: bool | None = None,
) -> Extracted:
    """The completion in one answer of a model.

    A prompt that is repeated word for word is taken off. Where the answer defines the
    function anew, the definition stays, behind the prompt's own, which it replaces;
    stop strings are then looked for behind its head.

    Parameters
    ----------
    answer : str
        As decoded, without the prompt's tokens.
    prompt, entry_point : str
        Of the problem.
    stops : sequence of str
        The first of them ends the completion.
    released : bool
        Apply `truncate` after the stop strings, as the released program does.
    chat : bool
        The answer is prose with fenced code; neither stop strings nor ``released``
        apply to it.
    finished : bool, optional
        Whether the model ended by itself and not at the limit of tokens, if that is
        known; else it is judged from the text by `ends_early`.
    """
    text = code_block(answer, entry_point) if chat else answer
    bare = text.lstrip()
    repeats = bool(prompt.strip()) and bare.startswith(prompt.strip())
    if repeats:
        text = bare[len(prompt.strip()) :]
        if prompt.endswith("\n"):
            text = text.removeprefix("\n")
    head = 0
    if again := re.match(_HEAD.format(re.escape(entry_point)), text):
        repeats, text = True, _behind(prompt, text.lstrip("\n"))
        head = text.index(again[1]) + len(again[1])
    kept = text
    if not chat:
        kept = text[:head] + cut_at_stop(text[head:], stops)
        kept = truncate(kept) if released else kept
    stopped = kept != text
    if finished is None:
        finished = not ends_early(prompt + kept)
    return Extracted(kept, stopped, repeats, not (stopped or finished))


def tally(found: Iterable[Extracted]) -> dict[str, int]:
    """How many were stopped, repeat the prompt, are cut, or hold no code at all."""
    rows = list(found)
    return {
        "answers": len(rows),
        "stopped": sum(row.stopped for row in rows),
        "repeats_prompt": sum(row.repeats_prompt for row in rows),
        "cut": sum(row.cut for row in rows),
        "empty": sum(not _code(row.text) for row in rows),
    }


def cut_at_stop(text: str, stops: Sequence[str]) -> str:
    """``text`` before the first occurrence of any stop string.

    Examples
    --------
    >>> cut_at_stop("    return x\\n\\ndef g():", STOPS["codex"])
    '    return x\\n'
    """
    places = [place for stop in stops if (place := text.find(stop)) >= 0]
    return text[: min(places, default=len(text))]


def truncate(text: str) -> str:
    """The released program's second cut, made after the stop strings.

    The second top-level ``print``, the second top-level ``def``, a line that begins
    with ``#`` or triple quotes, end-of-text or two blank lines: the first of these ends
    the text.

    Examples
    --------
    >>> truncate("    return x\\nprint(f(1))\\nprint(f(2))\\n")
    '    return x\\nprint(f(1))\\n'
    """
    for word in ("print", "def"):
        starts = [m.start() for m in re.finditer(f"^{word}", text, re.MULTILINE)]
        text = text[: starts[1]] if len(starts) > 1 else text
    end = re.search(r"""^(?:\#|'''|\"{3})|<\|endoftext\|>|\n\n\n""", text, re.MULTILINE)
    return text[: end.start()] if end else text


def code_block(answer: str, entry_point: str) -> str:
    """The fenced block that defines ``entry_point``, else the longest one.

    A fence that is never closed runs to the end of the answer. An answer without
    fences is returned as it is.

    Examples
    --------
    >>> code_block("Sure!\\n```python\\ndef f(x):\\n    return x\\n```\\nDone.", "f")
    'def f(x):\\n    return x\\n'
    """
    blocks = [match["code"] for match in _FENCE.finditer(answer)]
    define = re.compile(rf"^\s*(?:async\s+)?def\s+{re.escape(entry_point)}\b", re.M)
    named = [block for block in blocks if define.search(block)]
    return named[0] if named else max(blocks, key=len, default=answer)


def ends_early(program: str) -> bool:
    """Whether the program's text breaks off in the middle of a statement.

    True for an open bracket or string, a last line that an operator or keyword ends,
    and a block's head without a body. A line that stops between two complete words
    cannot be told from a finished one: where the model's reason to stop is known, that
    is better.

    The text is only scanned: Python's parser can be crashed by its input, and its
    tokenizer takes minutes for some.

    Examples
    --------
    >>> [ends_early(end) for end in ("f(1)", "f(1", "x = 'a", "if x", "if x:")]
    [False, True, True, True, True]
    """
    first = last = ""
    depth, fresh, headed = 0, True, False
    for match in _TOKEN.finditer(program):
        kind, token = match.lastgroup, match[0]
        if kind == "open" and match.end() == len(program):
            return True
        if kind == "newline":
            fresh = fresh or not depth
        elif kind != "comment":
            if depth and token in _STATEMENTS:  # a bracket was forgotten before it
                depth, fresh = 0, True
            if fresh:
                first, fresh, headed = token, False, False
            headed = headed or (token == ":" and not depth)
            depth += (token in _OPENING) - (token in _CLOSING and depth > 0)
            last = token
    open_head = first == "@" or (first in _HEADS and not headed)
    return depth > 0 or open_head or last in _DEMANDING


def _behind(prompt: str, definition: str) -> str:
    """A second definition of the prompt's function, which may lack a body so far."""
    body = "    pass\n" if prompt.rstrip().endswith(":") else ""
    return ("" if prompt.endswith("\n") or not prompt else "\n") + body + definition


def _code(text: str) -> bool:
    lines = (line.strip() for line in text.splitlines())
    return any(line and not line.startswith("#") for line in lines)


_FENCE = re.compile(
    r"^[ \t]*(?P<fence>`{3,}|~{3,})[^\n`]*\n(?P<code>.*?)(?:^[ \t]*(?P=fence)|\Z)",
    re.MULTILINE | re.DOTALL,
)
# imports and blank lines may stand before the function's head
_HEAD = r"(?:[ \t]*\n|(?:import|from)\b[^\n]*\n)*((?:async +)?def[ ]+{}\b)"
_HEADS = {"if", "elif", "while", "for", "def", "class", "with", "async"}
# no expression holds these words
_STATEMENTS = {"assert", "break", "class", "continue", "def", "del", "import", "pass"}
_STATEMENTS |= {"raise", "return", "try", "while", "with"}
_OPENING, _CLOSING = set("([{"), set(")]}")
# a program does not end with these, in a line that is whole
_DEMANDING = {*"+-*/%=<>&|^~.:@!", "\\\n", *keyword.kwlist}
_DEMANDING -= {"return", "pass", "break", "continue", "yield", "raise"}
_DEMANDING -= {"None", "True", "False"}
_TOKEN = re.compile(
    r"""(?P<comment>\#[^\n]*)
    | (?P<string>\'{3}(?:[^\\]|\\.)*?\'{3} | "{3}(?:[^\\]|\\.)*?"{3}
        | (?!\'{3})'(?:[^'\\\n]|\\.)*' | (?!"{3})"(?:[^"\\\n]|\\.)*")
    | (?P<open>\'{3}.* | "{3}.* | ['"][^\n]*)
    | (?P<newline>\n)
    | (?P<word>\d[\w.]* | \w+ | \.{3})
    | (?P<sign>\\\n | \S)""",
    re.VERBOSE | re.DOTALL,
)
