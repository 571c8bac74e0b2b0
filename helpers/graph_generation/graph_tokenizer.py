r"""Tokens of the graph decoder: an edge is two of them, a line of a prompt is one.

A text is divided into: line labels (``\nAnswer 2:``), the number of nodes with the
bracket that opens the edges (`` (6, [``), first and second end of an edge (``(1,`` or
``, (1,`` and `` 4)``), the closing ``])``, numbers, words and signs of a scratchpad,
and the runs of text without digits that the prompts consist of. A run is a single
token, as byte-pair encoding would make it after enough merges, because the prompts'
wording is fixed: a request for ten graphs is some fifteen tokens. The vocabulary is
closed; decoding gives the text back.

>>> tokenizer = graph_tokenizer()
>>> text = "\nAnswer 1: (4, [(1, 2), (3, 4)])"
>>> tokenizer.tokenize(text)
['\nAnswer 1:', ' (4, [', '(1,', ' 2)', ', (3,', ' 4)', '])']
>>> decoded(tokenizer, encoded(tokenizer, text)) == text
True
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from helpers.graph_generation import prompts
from helpers.graph_generation.graphs import Graph
from helpers.graph_generation.tasks import PAIRS, RULES, preset
from helpers.tiny_lm.config import SPECIAL, UNKNOWN
from helpers.tiny_lm.tokenizers import wrapped

LARGEST = 20  # nodes; the sizes of the paper's tasks end there
MOST_ANSWERS = 20
CONTEXT = 1536  # tokens that a graph decoder reads at most
MOST_EDGES = 3 * LARGEST - 6  # of a planar graph of that size
LABELS = ("Answer", "Graph", "Steps")
HUNDREDTHS = 100

_LABEL = rf"\n?(?:{'|'.join(LABELS)}) \d+:"
_GRAPH = r" \(\d+, \[|(?:, )?\(\d+,| \d+\)|\]\)"
_SHARE = r" [01]\.\d+"
_GROUP = r";(?= \d| ring)"
_SPECIFIC = rf"{_LABEL}|{_GRAPH}|{_SHARE}|{_GROUP}|[ -]?\d+"
# A kind is a word of its own; other text runs on until a digit, a line or a graph.
_KIND = r" (?:tree|cycle|ladder|wheel)(?:[-+](?:tree|cycle|house|crane))?(?=,|\n|$)"
_PIECES = rf"{_SPECIFIC}|{_KIND}|\n?(?:(?!{_SPECIFIC}|{_KIND})[^\n])+|\n"


@lru_cache(maxsize=1)
def graph_tokenizer() -> PreTrainedTokenizerFast:
    """The tokenizer of every graph decoder; made from the prompts' wording."""
    split = pre_tokenizers.Split(Regex(_PIECES), behavior="isolated")
    words = dict.fromkeys((*SPECIAL, *_numbers(), *_signs()))
    for text in _wordings():
        words.update(dict.fromkeys(piece for piece, _ in split.pre_tokenize_str(text)))
    core = Tokenizer(
        models.WordLevel({word: i for i, word in enumerate(words)}, unk_token=UNKNOWN)
    )
    core.pre_tokenizer = split
    core.decoder = decoders.Fuse()
    return wrapped(core, CONTEXT, begins=False)


def encoded(tokenizer: PreTrainedTokenizerFast, text: str) -> list[int]:
    """Token numbers of a text.

    Raises
    ------
    ValueError
        If a piece of it is no token: the decoder has never read it.
    """
    core: Any = tokenizer.backend_tokenizer
    found = core.encode(text, add_special_tokens=False)
    unknown = SPECIAL.index(UNKNOWN)
    if unknown in found.ids:
        first, last = found.offsets[found.ids.index(unknown)]
        raise ValueError(
            f"the graph decoder does not know {text[first:last]!r}; allowed: the "
            f"prompts of helpers.graph_generation.prompts, nodes up to {LARGEST}"
        )
    ids: list[int] = found.ids
    return ids


def encoded_all(
    tokenizer: PreTrainedTokenizerFast, texts: Sequence[str]
) -> list[list[int]]:
    """Token numbers of many texts that are known to have no unknown piece."""
    core: Any = tokenizer.backend_tokenizer
    found = core.encode_batch(list(texts), add_special_tokens=False)
    return [one.ids for one in found]


def decoded(tokenizer: PreTrainedTokenizerFast, ids: Sequence[int]) -> str:
    """The text of token numbers, special ones left out."""
    return str(tokenizer.decode(list(ids), skip_special_tokens=True))


def _numbers() -> Iterator[str]:
    yield "])"
    for i in range(LARGEST + 1):
        yield from (f" ({i}, [", f"({i},", f", ({i},", f" {i})", f"-{i}")
    for i in range(MOST_EDGES + 1):
        yield f" {i}"
    for i in range(1, MOST_ANSWERS + 1):
        for label in LABELS:
            yield from (f"{label} {i}:", f"\n{label} {i}:")
    for i in range(HUNDREDTHS + 1):
        yield f" {prompts.share_text(i / HUNDREDTHS)}"


def _signs() -> Iterator[str]:
    yield from (*SCRATCHPAD_WORDS, "\n", ",", "Kinds:", "p =", "\np =")


SCRATCHPAD_WORDS = (" hub", " ring", ";", " U", " V", " without", " pairs")


def _wordings() -> Iterator[str]:
    """Every wording of the prompts; sizes do not matter, they are tokens apart."""
    graph = Graph.of(3, [(1, 2), (2, 3)])
    for amount in (1, 2):
        for method in prompts.METHODS:
            given = (graph,) if method.startswith("few-shot") else ()
            for rule in RULES:
                yield prompts.rule_prompt(preset(rule), method, amount, given)
            for pair in PAIRS:
                yield prompts.pair_prompt(pair.kinds, method, amount, given)
        for name in prompts.DISTRIBUTION_METHODS:
            for task, kind in (
                ("trees-or-cycles", "tree"),
                ("union", "tree+tree"),
                ("motif", "tree-cycle"),
            ):
                example = prompts.Worked((graph,), 0.5, (kind,))
                for shown in (None, example):
                    if (name, shown is None) in (
                        ("zero-shot", False),
                        ("few-shot", True),
                    ):
                        continue
                    yield prompts.distribution_prompt(
                        task, name, (graph,), amount, shown
                    )
    for task in ("trees-or-cycles", "union", "motif"):
        yield prompts.kinds_line(_kinds(task))


def _kinds(task: str) -> tuple[str, ...]:
    from helpers.graph_generation.distributions import KINDS

    return KINDS[task]
