"""The small decoder as a backend: prompts in, replies out, a few hundred at a time.

Sampling is exact: the softmax of the logits over the temperature, inverted at a uniform
number of the request's own stream. What a request gets depends on its seed alone and on
nothing asked beside it, as far as sums in float32 are the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from helpers.graph_generation.graph_tokenizer import decoded, encoded
from helpers.llm.backend import BackendError, Completion, Request
from helpers.tiny_lm import checkpoint
from helpers.tiny_lm.config import BOS, EOS, SPECIAL
from helpers.tiny_lm.row_decoder import RowDecoder
from helpers.torch_threads import single_thread

ROWS = 256  # under way at once
GROUP = 2048  # requests whose replies are given before the next are begun
_BOS, _EOS = SPECIAL.index(BOS), SPECIAL.index(EOS)


class Grammar(Protocol):
    """Which tokens may come next; see `graph_grammar.GraphGrammar`."""

    @property
    def name(self) -> str: ...

    def start(self, prompt: str) -> int: ...

    def allowed(self, states: np.ndarray) -> np.ndarray: ...

    def next(self, states: np.ndarray, tokens: np.ndarray) -> np.ndarray: ...


@dataclass
class _Row:
    """A request under way in a slot."""

    number: int
    request: Request
    prompt: list[int]
    uniform: np.ndarray
    state: int = 0
    reply: list[int] = field(default_factory=list)

    @property
    def limit(self) -> int:
        return len(self.uniform)


class GraphDecoder:
    """A checkpoint of `helpers.graph_generation.training` as a `llm.backend.Backend`.

    Parameters
    ----------
    folder : Path
        Of the checkpoint.
    grammar : Grammar, optional
        Constrained decoding: tokens that it forbids have probability 0, the others
        keep their proportions.
    rows : int
        Replies written at the same time.

    Raises
    ------
    FileNotFoundError, ValueError
        As `helpers.tiny_lm.checkpoint.load`.
    """

    def __init__(
        self, folder: Path, *, grammar: Grammar | None = None, rows: int = ROWS
    ) -> None:
        model, self.tokenizer, self.card = checkpoint.load(folder)
        self.grammar, self.rows = grammar, rows
        self._decoder = RowDecoder(model, rows)
        self._label = folder.name

    @property
    def name(self) -> str:
        """Folder, hash of the weights, and the grammar if there is one."""
        constrained = f"+{self.grammar.name}" if self.grammar else ""
        return f"{self._label}@{self.card.sha256[:16]}{constrained}"

    def complete(self, requests: Sequence[Request]) -> Iterator[Completion]:
        """One completion per request, in order.

        Raises
        ------
        BackendError
            If a prompt has a piece that the decoder never read, or is longer than its
            context; before anything is generated.
        """
        rows = [self._row(i, request) for i, request in enumerate(requests)]
        for first in range(0, len(rows), GROUP):
            group = rows[first : first + GROUP]
            with single_thread():
                self._generate(group)
            yield from (self._completion(row) for row in group)

    def _row(self, number: int, request: Request) -> _Row:
        try:
            prompt = [_BOS, *encoded(self.tokenizer, request.prompt)]
        except ValueError as error:
            raise BackendError(str(error)) from None
        limit = min(request.sampling.max_tokens, self._decoder.positions - len(prompt))
        if limit < 1:
            raise BackendError(
                f"the prompt has {len(prompt)} tokens; allowed: fewer than "
                f"{self._decoder.positions}"
            )
        stream = np.random.default_rng(request.seed)
        state = self.grammar.start(request.prompt) if self.grammar else 0
        return _Row(number, request, prompt, stream.random(limit), state)

    def _generate(self, rows: Sequence[_Row]) -> None:
        """Write every reply; a slot that is done takes up the next request."""
        # long ones first, so that the last steps are not for a few rows alone
        waiting = sorted(rows, key=lambda row: (len(row.prompt), row.number))
        free = list(range(self.rows))
        busy: dict[int, _Row] = {}
        while waiting or busy:
            fresh = {
                free.pop(): waiting.pop() for _ in range(min(len(free), len(waiting)))
            }
            if fresh:
                self._read(fresh)
                busy |= fresh
            slots = np.fromiter(busy, np.int64, len(busy))
            under_way = list(busy.values())
            last = [(row.reply or row.prompt)[-1] for row in under_way]
            at = [len(row.prompt) + len(row.reply) - 1 for row in under_way]
            hidden = self._decoder.hidden(np.array(last), slots, np.array(at))
            tokens = self._draw(self._decoder.logits(hidden), under_way)
            for slot, row, token in zip(slots.tolist(), under_way, tokens, strict=True):
                row.reply.append(token)
                if token == _EOS or len(row.reply) == row.limit:
                    del busy[slot]
                    free.append(slot)

    def _read(self, fresh: dict[int, _Row]) -> None:
        """Prompts but for their last token, which the first step takes."""
        heads = {slot: row.prompt[:-1] for slot, row in fresh.items()}
        self._decoder.hidden(
            np.concatenate([np.array(head) for head in heads.values()]),
            np.concatenate([np.full(len(head), slot) for slot, head in heads.items()]),
            np.concatenate([np.arange(len(head)) for head in heads.values()]),
        )

    def _draw(self, logits: Tensor, rows: Sequence[_Row]) -> list[int]:
        if self.grammar:
            states = np.array([row.state for row in rows])
            barred = torch.from_numpy(~self.grammar.allowed(states))
            logits = logits.masked_fill(barred, -torch.inf)
        uniform = np.array([row.uniform[len(row.reply)] for row in rows])
        tokens = drawn(
            logits,
            np.array([row.request.sampling.temperature for row in rows]),
            np.array([row.request.sampling.top_p for row in rows]),
            uniform,
        )
        if self.grammar:
            states = self.grammar.next(states, tokens)
            for row, state in zip(rows, states.tolist(), strict=True):
                row.state = state
        found: list[int] = tokens.tolist()
        return found

    def _completion(self, row: _Row) -> Completion:
        ended = row.reply[-1] == _EOS
        return Completion(
            text=decoded(self.tokenizer, row.reply),
            finish_reason="stop" if ended else "length",
            prompt_tokens=len(row.prompt),
            completion_tokens=len(row.reply),
            model=self.name,
        )


def drawn(
    logits: Tensor, temperature: np.ndarray, top_p: np.ndarray, uniform: np.ndarray
) -> np.ndarray:
    """Tokens (m,) drawn from logits (m, V), one temperature, top p and number a row.

    Temperature 0 takes the likeliest token. Top p below 1 keeps the likeliest tokens
    up to the first at which their probabilities sum to it.

    Examples
    --------
    >>> logits = torch.log(torch.tensor([[0.5, 0.3, 0.2]])).repeat(3, 1)
    >>> drawn(logits, np.ones(3), np.ones(3), np.array([0.4, 0.6, 0.9])).tolist()
    [0, 1, 2]
    >>> drawn(logits, np.array([0, 1, 1]), np.array([1, 0.7, 1]), np.full(3, 0.99))
    array([0, 1, 2])
    """
    greedy = torch.from_numpy(temperature == 0)
    scale = np.where(temperature == 0, 1, temperature)[:, None]
    shares = torch.softmax(logits.double() / torch.from_numpy(scale), -1)
    if (cut := torch.from_numpy(top_p < 1)).any():
        shares[cut] = _nucleus(shares[cut], torch.from_numpy(top_p)[cut])
    sums = shares.cumsum(-1)
    target = torch.from_numpy(uniform)[:, None] * sums[:, -1:]
    tokens = torch.searchsorted(sums, target, right=True)[:, 0]
    # the largest number below 1 may round to the whole sum
    tokens = tokens.clamp(max=logits.shape[1] - 1)
    tokens = torch.where(greedy, logits.argmax(-1), tokens)
    found: np.ndarray = tokens.numpy()
    return found


def _nucleus(shares: Tensor, top_p: Tensor) -> Tensor:
    ranked, order = shares.sort(-1, descending=True)
    before = ranked.cumsum(-1) - ranked
    ranked = ranked.masked_fill(before >= top_p[:, None], 0)
    return torch.zeros_like(shares).scatter(-1, order, ranked)
