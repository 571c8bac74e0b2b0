"""Batches from documents that are drawn anew for every chunk of steps.

No document is seen twice, and still every batch depends on (seed, step) alone: a step
belongs to chunk ``step // batches``, and a chunk's documents to its number. Batches
have few shapes, because a compiled loss pays for each.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch

from helpers.tiny_lm.batches import IGNORED, Batch

Tokens = tuple[Sequence[int], Sequence[float]]
"""Token numbers of a document, and how much each counts: 0 if it is given."""

Draw = Callable[[int, np.random.Generator], Sequence[Tokens]]
"""Some documents for a step that is about to come."""


class Stream:
    """Batches of fresh documents, each batch of nearly equal lengths.

    Parameters
    ----------
    draw : callable
        ``draw(step, rng)`` gives a list of documents.
    lengths : sequence of int
        Allowed widths of a batch, rising; a document goes to the first that holds it,
        longer ones are an error.
    batch_tokens : int
        Tokens of a batch, padding included: ``batch_tokens // width`` rows.
    batches : int
        Batches of a chunk; documents are drawn until they fill so many.
    seed : int

    Raises
    ------
    ValueError
        If the widths do not rise or the last exceeds a batch.
    """

    def __init__(
        self,
        draw: Draw,
        *,
        lengths: Sequence[int],
        batch_tokens: int,
        batches: int = 100,
        seed: int = 0,
    ) -> None:
        if list(lengths) != sorted(set(lengths)) or lengths[-1] > batch_tokens:
            raise ValueError(
                f"widths {list(lengths)} for batches of {batch_tokens} tokens; "
                "allowed: rising, the last no longer than a batch"
            )
        self.draw, self.lengths, self.seed = draw, tuple(lengths), seed
        self.batch_tokens, self.batches = batch_tokens, batches
        self._chunk: tuple[int, list[Batch]] | None = None

    def __call__(self, step: int) -> Batch:
        """The batch of a step, counted from 0."""
        number, place = divmod(step, self.batches)
        if self._chunk is None or self._chunk[0] != number:
            self._chunk = number, self._filled(number)
        return self._chunk[1][place]

    def _filled(self, number: int) -> list[Batch]:
        rng = np.random.default_rng((self.seed, number))
        waiting: dict[int, list[Tokens]] = {width: [] for width in self.lengths}
        full: list[Batch] = []
        while len(full) < self.batches:
            for document in self.draw(number * self.batches, rng):
                width = self._width(len(document[0]))
                waiting[width].append(document)
                if len(waiting[width]) == self.batch_tokens // width:
                    full.append(_padded(waiting[width], width))
                    waiting[width] = []
        # what was complete first is short: all that were drawn, in random order
        order = rng.permutation(len(full))[: self.batches]
        return [full[i] for i in order]

    def _width(self, length: int) -> int:
        place = int(np.searchsorted(self.lengths, length))
        if place == len(self.lengths):
            raise ValueError(
                f"a document of {length} tokens; allowed: up to {self.lengths[-1]}"
            )
        return self.lengths[place]


def _padded(documents: Sequence[Tokens], width: int) -> Batch:
    ids = np.zeros((len(documents), width), np.int64)
    weights = np.zeros((len(documents), width), np.float32)
    for row, (tokens, counts) in enumerate(documents):
        ids[row, : len(tokens)] = tokens
        weights[row, : len(tokens)] = counts
    labels = np.where(weights > 0, ids, IGNORED)
    return Batch(*map(torch.from_numpy, (ids, labels, weights)))
