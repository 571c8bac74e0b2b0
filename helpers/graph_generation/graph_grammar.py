r"""Constrained decoding: an automaton that allows well-formed replies and no others.

It knows the format alone, ``(n, [(u, v), ...])`` with any numbers, as many answers as
were asked for, each after its label; what the graphs are is left to the model. So
errors of format vanish and errors of structure stay, which tells the two apart.

>>> grammar = GraphGrammar()
>>> state = grammar.start("Give me 2 distinct graphs. Every graph must ...")
>>> [grammar.words[i] for i in np.flatnonzero(grammar.allowed(np.array([state]))[0])]
['Answer 1:']
"""

from __future__ import annotations

import re

import numpy as np

from helpers.graph_generation.distributions import KINDS
from helpers.graph_generation.graph_tokenizer import SCRATCHPAD_WORDS, graph_tokenizer
from helpers.tiny_lm.config import EOS

_AMOUNT = re.compile(r"[Gg]ive me (\d+)")
_OPEN, _FIRST = r" \(\d+, \[", r"\(\d+,"
_NEXT, _SECOND, _CLOSE = r", \(\d+,", r" \d+\)", r"\]\)"
_STEP = "|".join([r"[ -]\d+", ";", *map(re.escape, SCRATCHPAD_WORDS)])
_KIND = r",| \d+|" + "|".join(
    re.escape(f" {kind}") for kinds in KINDS.values() for kind in kinds
)
_SHARE = r" [01]\.\d+"


class GraphGrammar:
    """Well-formed replies to the prompts of rules and distributions.

    Attributes
    ----------
    name : str
        Part of a backend's name.
    words : list of str
        The tokens.
    """

    name = "grammar"

    def __init__(self) -> None:
        tokenizer = graph_tokenizer()
        words = tokenizer.convert_ids_to_tokens(list(range(len(tokenizer))))
        self.words = [str(word) for word in words]
        self._begun: dict[tuple[int, bool, bool], int] = {}
        # row per state: allowed tokens, and the state after each
        self._allowed = np.zeros((0, len(self.words)), bool)
        self._next = np.zeros((0, len(self.words)), np.int64)

    def start(self, prompt: str) -> int:
        """State before the first token of a reply.

        Raises
        ------
        ValueError
            If the prompt does not say how many graphs it wants.
        """
        amount = _AMOUNT.search(prompt)
        if amount is None:
            raise ValueError(
                "the prompt asks for no number of graphs; allowed: 'Give me 10 ...'"
            )
        steps, infer = "Think step by step" in prompt, prompt.startswith("Infer p")
        key = (int(amount[1]), steps, infer)
        if key not in self._begun:
            self._begun[key] = self._build(*key)
        return self._begun[key]

    def allowed(self, states: np.ndarray) -> np.ndarray:
        """Tokens that may follow, shape (m, V)."""
        mask: np.ndarray = self._allowed[states]
        return mask

    def next(self, states: np.ndarray, tokens: np.ndarray) -> np.ndarray:
        """States after these tokens, shape (m,)."""
        after: np.ndarray = self._next[states, tokens]
        return after

    def _build(self, amount: int, steps: bool, infer: bool) -> int:
        """Add the states of a kind of reply; the first of them."""
        base = len(self._allowed)
        rules: list[dict[str, int]] = []  # of each state: tokens, state after them
        line = ""  # before the label of the first line is no line break
        if infer:
            own = base
            if steps:
                rules += [{"Kinds:": own + 1}, {_KIND: own + 1, r"\np =": own + 2}]
            else:
                rules += [{"p =": own + 1}]
            rules += [{_SHARE: base + len(rules) + 1}]
            line = r"\n"
        for i in range(1, amount + 1):
            own = base + len(rules)
            if steps and not infer:
                rules += [
                    {rf"{line}Steps {i}:": own + 1},
                    {_STEP: own + 1, rf"\nAnswer {i}:": own + 2},
                ]
            else:
                rules += [{rf"{line}Answer {i}:": own + 1}]
            own = base + len(rules)
            rules += [
                {_OPEN: own + 1},
                {_FIRST: own + 2, _CLOSE: own + 4},
                {_SECOND: own + 3},
                {_NEXT: own + 2, _CLOSE: own + 4},
            ]
            line = r"\n"
        rules += [{re.escape(EOS): base + len(rules)}]
        allowed = [self._row(rule, -1) >= 0 for rule in rules]
        self._allowed = np.vstack([self._allowed, *allowed])
        self._next = np.vstack([self._next, *[self._row(rule, 0) for rule in rules]])
        return base

    def _row(self, rule: dict[str, int], default: int) -> np.ndarray:
        row = np.full(len(self.words), default)
        for pattern, after in rule.items():
            matches = re.compile(pattern).fullmatch
            row[[i for i, word in enumerate(self.words) if matches(word)]] = after
        return row
