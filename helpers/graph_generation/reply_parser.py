"""Reads the answers out of a reply, whatever the reply looks like.

Rules, in this order:

1. ``Answer i:`` labels an answer. A graph (or a failed attempt at one) directly after
   the label is the answer; after other words it is the last graph before the next
   label, so that drafts inside an explanation do not count. ``Steps i:`` is a label
   too, of text that is never an answer.
2. Of several answers labelled i the last that holds a graph counts: models correct
   themselves. Labels beyond ``amount`` are ignored.
3. Without any such label the last ``amount`` graphs of the reply are taken in
   order and marked ``"unlabelled"``: repeated examples and drafts come first.

Each answer says how it departs from ``(n, [(u, v), ...])``; nothing is mended, a cut
graph is no graph. All patterns are possessive or bounded, so the time is linear in
the length of the reply, also for hostile ones.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from helpers.graph_generation.graphs import Graph

LONGEST = 4  # digits of a number; more is no node id or size of any task
SHOWN = 2000  # characters of a failed answer that are kept

_SPACE = "".join(map(chr, (*range(0x2000, 0x2010), 0xA0, 0x202F, 0x3000, 0xFEFF)))
_PLAIN = str.maketrans(
    {chr(c): chr(c - 0xFEE0) for c in range(0xFF01, 0xFF5F)}
    | dict.fromkeys(_SPACE, " ")
    | {"“": '"', "”": '"', "\u2018": "'", "\u2019": "'", "\u2212": "-"}
    | {"\u2248": "=", "、": ","}
)
_NUMBER = rf"['\"]?+-?+\d{{1,{LONGEST}}}+(?!\d)['\"]?+"
_PAIR = rf"[(\[]\s*+{_NUMBER}\s*+,\s*+{_NUMBER}\s*+[)\]]"
_START = re.compile(rf"[(\[]\s*+({_NUMBER})\s*+,\s*+\[")
_PAIRS = re.compile(rf"((?:[\s,;]*+{_PAIR})*+)[\s,;]*+\]")
# The last bracket may be missing where other text follows, not inside a structure.
_END = re.compile(r"\s*+[)\]]|(?=\s*+(?:\Z|[\w*`#]))")
_INTEGER = re.compile(r"-?\d+")
_ASKED_PAIR = r"\(\s*+-?+\d++\s*+,\s*+-?+\d++\s*+\)"
_ASKED = re.compile(
    rf"\(\s*+-?+\d++\s*+,\s*+\[\s*+(?:{_ASKED_PAIR}(?:\s*+,\s*+{_ASKED_PAIR})*+)?+"
    r"(?:\s*+,)?+\s*+\]\s*+\)"
)
_LABEL = re.compile(
    r"(?<![^\W\d_])(answer|steps)[ \t#*_]{0,4}(\d{1,4}(?!\d))?"
    r"[ \t*_.)=-]{0,4}(?::|(?=[\s`*]{0,8}(?:[a-z]{1,12}\n)?[(\[]))",
    re.IGNORECASE,
)
# Marks between a label and its graph, such as bold type and code fences.
_MARKS = re.compile(r"(?:```[a-z]{0,12}[ \t]{0,4}\n|[\s*`_>~$])*+")
_SHARE_NAME = re.compile(r"(?<!\w)(?:hat\{)?p\}?(?:_\w{1,9})?\s{0,4}[=:]", re.I)
_SHARE = re.compile(
    r"[\s*$`(~]{0,8}(\d{0,6}\.?\d{1,9})(?!\w|\.\d)\s?(%|/\s?(\d{1,6})(?!\d))?"
)


@dataclass(frozen=True)
class Answer:
    """One answer of a reply.

    Attributes
    ----------
    text : str
        What was read: the graph's text, or the start of a failed answer.
    graph : Graph or None
        On nodes from 1; None if what stands there is no graph.
    notes : tuple of str
        How the notation departs from the asked one: ``"quoted"`` (node ids in quotes),
        ``"notation"`` (brackets, separators), ``"unlabelled"``.
    """

    text: str
    graph: Graph | None
    notes: tuple[str, ...] = ()

    @property
    def exact(self) -> Graph | None:
        """The graph if it is written exactly as asked: the strict reading."""
        return None if self.notes else self.graph


@dataclass(frozen=True)
class Reply:
    """All asked answers of a reply, and the stated probability.

    Attributes
    ----------
    answers : tuple of (Answer or None)
        One place per asked answer; None if there is no such answer.
    p : float or None
        Value of ``p = ...`` in [0, 1].
    """

    answers: tuple[Answer | None, ...]
    p: float | None

    @property
    def graphs(self) -> tuple[Graph | None, ...]:
        """The graphs of the answers, None where there is none."""
        return tuple(answer.graph if answer else None for answer in self.answers)


@dataclass(frozen=True)
class _Segment:
    """Text of one labelled answer: from behind its label to the next label."""

    number: int
    start: int
    stop: int


def _plain(text: str | None) -> str:
    """The text with plain digits, brackets and blanks in place of their variants."""
    text = text or ""
    return text if text.isascii() else text.translate(_PLAIN)


def _segments(text: str, amount: int) -> list[_Segment]:
    labels = list(_LABEL.finditer(text))
    stops = [*(label.start() for label in labels[1:]), len(text)]
    found = []
    for label, stop in zip(labels, stops, strict=False):  # there may be no label
        number = int(label[2]) if label[2] else 1 if amount == 1 else 0
        if label[1][0] in "Aa" and 1 <= number <= amount:
            found.append(_Segment(number, label.end(), stop))
    return found


def _graph_at(text: str, start: re.Match[str], stop: int, base: int) -> Answer | None:
    """The graph whose ``(n, [`` was found, or None if it is not complete."""
    pairs = _PAIRS.match(text, start.end(), stop)
    end = _END.match(text, pairs.end(), stop) if pairs else None
    if pairs is None or end is None:
        return None
    written = text[start.start() : end.end()]
    shift = 1 - base
    ids = [int(number) + shift for number in _INTEGER.findall(pairs[1])]
    n = int(start[1].strip("'\""))
    graph = Graph(n, tuple(zip(ids[::2], ids[1::2], strict=True)))
    notes: tuple[str, ...] = ()
    if not _ASKED.fullmatch(written):
        notes = ("quoted",) if "'" in written or '"' in written else ("notation",)
    return Answer(written, graph, notes)


def graphs_in(text: str, start: int, stop: int, base: int) -> list[Answer]:
    """Every graph that stands complete in ``text[start:stop]``, in order."""
    found = []
    while match := _START.search(text, start, stop):
        answer = _graph_at(text, match, stop, base)
        start = match.end()
        if answer is not None:
            found.append(answer)
            start = match.start() + len(answer.text)
    return found


def _labelled(text: str, segment: _Segment, base: int) -> Answer:
    start, stop = segment.start, segment.stop
    marks = _MARKS.match(text, start, stop)
    first = marks.end() if marks else start
    if match := _START.match(text, first, stop):
        answer = _graph_at(text, match, stop, base)
    else:
        answer = next(reversed(graphs_in(text, first, stop, base)), None)
    return answer or Answer(text[first : min(stop, first + SHOWN)].strip(), None)


def _unlabelled(answer: Answer) -> Answer:
    return Answer(answer.text, answer.graph, (*answer.notes, "unlabelled"))


def parse_reply(text: str | None, amount: int, *, base: int = 1) -> Reply:
    """Graphs and stated p of a reply; never fails on a reply.

    Parameters
    ----------
    text : str or None
        The reply; None (an empty message) reads as an empty text.
    amount : int
        Graphs that were asked for.
    base : {1, 0}
        Number of the first node in the reply; 0 for recorded answers of other
        projects. The graphs returned always count from 1.

    Raises
    ------
    ValueError
        For ``amount`` below 1 or another ``base``.

    Examples
    --------
    >>> reply = parse_reply("p = 0.4\\nAnswer 2: (3, [(1, 2), (2, '3')])", 2)
    >>> reply.p, reply.answers[0]
    (0.4, None)
    >>> reply.answers[1].graph.text, reply.answers[1].notes
    ('(3, [(1, 2), (2, 3)])', ('quoted',))
    """
    _check(amount)
    if base not in (0, 1):
        raise ValueError(f"base must be 0 or 1, got {base}")
    text = _plain(text).replace("\\", " ")
    answers: list[Answer | None] = [None] * amount
    segments = _segments(text, amount)
    for segment in segments:
        new, old = _labelled(text, segment, base), answers[segment.number - 1]
        if new.graph is not None or old is None or old.graph is None:
            answers[segment.number - 1] = new
    if not segments:
        last = graphs_in(text, 0, len(text), base)[-amount:]
        answers[: len(last)] = map(_unlabelled, last)
    elif answers[0] is None:  # a continuation of a prompt that ends in "Answer 1:"
        lead = _labelled(text, _Segment(1, 0, segments[0].start), base)
        answers[0] = (
            _unlabelled(lead) if lead.graph and text.lstrip()[:1] == "(" else None
        )
    first = min((s.start for s in segments), default=len(text))
    return Reply(tuple(answers), _share(text, first))


def _share(text: str, before: int) -> float | None:
    """The last stated p before the answers, else the last anywhere."""
    value, position = None, 0
    while name := _SHARE_NAME.search(text, position):
        if value is not None and name.start() >= before:
            break
        position = name.end()
        for piece in text[position : position + 200].split("\n", 1)[0].split("="):
            position += len(piece) + 1
            if match := _SHARE.match(piece):
                whole = 100 if match[2] == "%" else int(match[3] or 1)
                share = float(match[1]) / whole if whole else 2.0
                value = share if share <= 1 else value
                if piece[match.end() :].strip(" *$`)"):
                    position += match.end() - len(piece) - 1
                    break  # only p = 4/10 = 0.4 goes on
    return value


def parse_molecules(text: str | None, amount: int) -> tuple[str | None, ...]:
    """The SMILES behind the labels ``Answer i:``; None where there is none.

    Taken is the first word of the line, or of the next one, without quotes, code marks
    and final punctuation. Whether it is a molecule is for a chemistry library to say.

    Examples
    --------
    >>> parse_molecules("Answer 1: CCO\\nAnswer 3: **`C/C=C\\\\C`**, an alkene", 3)
    ('CCO', None, 'C/C=C\\\\C')
    """
    _check(amount)
    text = _plain(text)
    found: list[str | None] = [None] * amount
    for segment in _segments(text, amount):
        marks = _MARKS.match(text, segment.start, segment.stop)
        start = marks.end() if marks else segment.start
        words = text[start : min(segment.stop, start + SHOWN)].split(None, 1)
        word = words[0].strip("*`_\"'").rstrip(".,;:").strip("*`_\"'") if words else ""
        if word:
            found[segment.number - 1] = word
    return tuple(found)


def _check(amount: int) -> None:
    if amount < 1:
        raise ValueError(f"amount must be at least 1, got {amount}")
