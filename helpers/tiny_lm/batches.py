"""Batches as a function of the step: what lets a training resume without a trace.

A *source* of batches is any callable ``source(step) -> Batch``. Those here take their
order from (seed, step) alone and keep nothing, so any step can be asked for any time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

IGNORED = -100  # label of a token that is not learnt, as everywhere in PyTorch


@dataclass(frozen=True)
class Batch:
    """Padded sequences, shape (b, t) both.

    Attributes
    ----------
    ids : Tensor
        Token numbers, padded on the right: a decoder never looks there.
    labels : Tensor
        The same numbers, `IGNORED` where a token is given and not learnt.
    weights : Tensor, optional
        How much each token counts, all the same by default.
    """

    ids: Tensor
    labels: Tensor
    weights: Tensor | None = None


Source = Callable[[int], Batch]


class Examples:
    """Sequences of unequal length, in batches of nearly equal ones.

    Each epoch shuffles sequences of equal length among themselves and then the batches;
    the number of batches per epoch stays the same.

    Parameters
    ----------
    sequences : sequence of sequences of int
    given : sequence of int
        How many tokens at the start of each are given and not learnt.
    batch_tokens : int
        Most tokens of a batch, padding included.
    seed : int
        Of the order.
    pad : int
        Token number used as padding.

    Raises
    ------
    ValueError
        If there is no sequence, one has nothing to learn, or one exceeds a batch.
    """

    def __init__(
        self,
        sequences: Sequence[Sequence[int]],
        given: Sequence[int],
        *,
        batch_tokens: int,
        seed: int,
        pad: int = 0,
    ) -> None:
        if not sequences or len(sequences) != len(given):
            raise ValueError(
                f"{len(sequences)} sequences and {len(given)} lengths of what is "
                "given; allowed: as many of either, at least one"
            )
        lengths = np.array([len(s) for s in sequences])
        self.given = np.maximum(1, np.asarray(given))  # nothing predicts the first
        if (empty := np.flatnonzero(self.given >= lengths)).size:
            raise ValueError(f"sequence {empty[0]} has no token to learn")
        if lengths.max() > batch_tokens:
            raise ValueError(
                f"the longest sequence has {lengths.max()} tokens, a batch at most "
                f"{batch_tokens}; allowed: batch_tokens of {lengths.max()} or more"
            )
        self.lengths, self.seed, self.pad = lengths, seed, pad
        # one flat array instead of many lists: a tenth of the memory
        self._flat = np.concatenate([np.asarray(s, np.int32) for s in sequences])
        self._start = np.concatenate([[0], np.cumsum(lengths)[:-1]])
        self._cuts = _cuts(np.sort(lengths), batch_tokens)
        self._epoch: tuple[int, np.ndarray, np.ndarray] | None = None

    def __len__(self) -> int:
        """Batches of an epoch."""
        return len(self._cuts) - 1

    def rows(self, step: int) -> np.ndarray:
        """Which sequences are in the batch of a step."""
        epoch, place = divmod(step, len(self))
        if self._epoch is None or self._epoch[0] != epoch:
            draw = np.random.default_rng((self.seed, epoch))
            ties = draw.permutation(len(self.lengths))
            self._epoch = (
                epoch,
                np.lexsort((ties, self.lengths)),
                draw.permutation(len(self)),
            )
        _, order, batches = self._epoch
        i = batches[place]
        return order[self._cuts[i] : self._cuts[i + 1]]

    def __call__(self, step: int) -> Batch:
        """The batch of a step, counted from 0."""
        rows = self.rows(step)
        column = np.arange(self.lengths[rows].max())
        inside = column < self.lengths[rows, None]
        where = np.where(inside, self._start[rows, None] + column, 0)
        ids = np.where(inside, self._flat[where], self.pad).astype(np.int64)
        learnt = inside & (column >= self.given[rows, None])
        labels = np.where(learnt, ids, IGNORED)
        return Batch(torch.from_numpy(ids), torch.from_numpy(labels))


class Windows:
    """Windows of equal length from one long row of tokens, all of it learnt.

    Epochs begin at different places, so the windows' borders move.

    Parameters
    ----------
    tokens : numpy.ndarray
        Token numbers, shape (n,).
    length : int
        Tokens of a window.
    batch_tokens : int
        Tokens of a batch: ``batch_tokens // length`` windows.
    seed : int
        Of the order.

    Raises
    ------
    ValueError
        If fewer than two batches fit, or a batch holds no window.
    """

    def __init__(
        self, tokens: np.ndarray, *, length: int, batch_tokens: int, seed: int
    ) -> None:
        self.rows = batch_tokens // length
        if self.rows < 1 or len(tokens) < length * (2 * self.rows + 1):
            raise ValueError(
                f"{len(tokens)} tokens do not give two batches of {batch_tokens} in "
                f"windows of {length}; allowed: batches between one window and less "
                "than half of the tokens"
            )
        self.tokens, self.length, self.seed = tokens, length, seed
        self._order: tuple[int, np.ndarray] | None = None

    def __len__(self) -> int:
        """Batches of an epoch."""
        return (len(self.tokens) // self.length - 1) // self.rows

    def __call__(self, step: int) -> Batch:
        """The batch of a step, counted from 0."""
        epoch, place = divmod(step, len(self))
        if self._order is None or self._order[0] != epoch:
            draw = np.random.default_rng((self.seed, epoch))
            first = draw.integers(self.length)
            windows = draw.permutation(len(self.tokens) // self.length - 1)
            self._order = epoch, first + windows * self.length
        starts = self._order[1][place * self.rows : (place + 1) * self.rows]
        picked = self.tokens[starts[:, None] + np.arange(self.length)]
        ids = torch.from_numpy(picked.astype(np.int64))
        labels = ids.clone()
        labels[:, 0] = IGNORED  # nothing predicts the first
        return Batch(ids, labels)


def _cuts(lengths: np.ndarray, batch_tokens: int) -> np.ndarray:
    """Borders of batches in rising lengths, each as full as padding allows."""
    cuts, first = [0], 0
    for i, length in enumerate(lengths.tolist()):
        if (i + 1 - first) * length > batch_tokens:
            cuts.append(i)
            first = i
    return np.array([*cuts, len(lengths)])
