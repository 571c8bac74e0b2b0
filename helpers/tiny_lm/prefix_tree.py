"""Exact samples of many samplers at once: every distinct prefix is computed once.

Drawing n texts from a prompt with several samplers visits the same prefixes again and
again. Here the live nodes of one depth are the distinct prefixes of all samples of all
samplers, and one forward pass serves them all: the cost is the number of distinct
prefixes instead of the number of samples, and a cool sampler is almost free beside a
hot one.

Sample j of a prompt turns the same uniform numbers into tokens under every sampler, by
the inverse of the distribution function. Within a sampler the n samples are
independent, and each has exactly the sampler's distribution; samples of equal number
under two samplers are as alike as the samplers are (common random numbers), which
narrows paired comparisons and makes the prefixes fewer. No sample depends on which
other samplers or prompts are drawn with it, nor on n.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
import torch
from numba import njit
from torch import Tensor
from transformers import LlamaForCausalLM

from helpers.progress import progress_bar
from helpers.tiny_lm.draws import Draws, Tree
from helpers.tiny_lm.path_decoder import PathDecoder
from helpers.torch_threads import single_thread


class Sampler(Protocol):
    """What turns logits into the distribution that the next token is drawn from."""

    def probabilities(self, logits: Tensor, ids: Tensor) -> Tensor:
        """Next-token distribution (m, V), from logits (m, V) after ids (m, t).

        ``ids`` are prompt and tokens so far, padded on the left with the end token.
        """
        ...

    def hot_share(self, logits: Tensor, ids: Tensor) -> Tensor:
        """Probability (m,) that the next token is drawn at the high temperature."""
        ...


def draw(
    model: LlamaForCausalLM,
    prompts: Sequence[Sequence[int]],
    samplers: Mapping[str, Sampler],
    n: int,
    *,
    eos: int,
    max_new_tokens: int,
    seed: int,
    batch_prompts: int = 8,
    progress: bool = True,
) -> Draws:
    """Draw n samples per prompt with every sampler.

    Deterministic for a seed. Other batches round the logits otherwise, by some 1e-7,
    which changes about one token in a million.

    Parameters
    ----------
    model : LlamaForCausalLM
        In float32 on the CPU.
    prompts : sequence of sequences of int
        Token ids. Equal prompts get different samples.
    samplers : mapping from name to Sampler
    n : int
        Samples per prompt and sampler.
    eos : int
        Token that ends a sample.
    max_new_tokens : int
        Draws at most, that of the end token counted.
    batch_prompts : int
        Prompts computed together: more take memory, fewer take time.
    progress : bool
        Show a bar.

    Raises
    ------
    ValueError
        If a prompt is empty, too long or holds no tokens of the model, a number is
        below 1, there is no sampler, or a sampler returns no distribution.
    TypeError
        If the model is not a float32 `LlamaForCausalLM` on the CPU.
    """
    decoder = PathDecoder(model)
    _check(decoder, prompts, samplers, n, eos, max_new_tokens, batch_prompts)
    uniforms = _uniforms(prompts, n, max_new_tokens, seed)
    shape = (len(samplers), len(prompts), n)
    leaves = np.empty(shape, dtype=np.int64)
    finished = np.zeros(shape, dtype=bool)
    hot = np.zeros(shape[:2])
    tree = Tree()
    bar = progress_bar(total=len(prompts), desc="sampling", disable=not progress)
    with bar, single_thread(), torch.inference_mode():
        for start in range(0, len(prompts), batch_prompts):
            chunk = slice(start, start + batch_prompts)
            batch = _Batch(decoder, prompts[chunk], list(samplers.values()), tree, eos)
            parts = leaves[:, chunk], finished[:, chunk], hot[:, chunk]
            batch.run(uniforms[chunk], *parts)
            bar.update(len(prompts[chunk]))
    parents, tokens = tree.arrays()
    return Draws(tuple(samplers), parents, tokens, leaves, finished, hot)


class _Batch:
    """The live nodes of some prompts, one depth after the other.

    ``ids`` (m, t) are the nodes' texts padded on the left, ``paths`` and ``lengths``
    their cache entries, ``nodes`` their numbers in the tree, ``prompt`` (m,) theirs.
    """

    def __init__(
        self,
        decoder: PathDecoder,
        prompts: Sequence[Sequence[int]],
        samplers: Sequence[Sampler],
        tree: Tree,
        eos: int,
    ) -> None:
        self.decoder, self.samplers, self.tree, self.eos = decoder, samplers, tree, eos
        roots = np.full(len(prompts), -1)
        self.nodes = tree.add(roots, roots)
        self.lengths = np.array([len(prompt) for prompt in prompts])
        longest = int(self.lengths.max())
        self.ids = np.full((len(prompts), longest), eos, dtype=np.int64)
        for row, prompt in zip(self.ids, prompts, strict=True):
            row[longest - len(prompt) :] = prompt
        self.prompt = np.arange(len(prompts))
        self.logits = self._read_prompts(prompts)

    def _read_prompts(self, prompts: Sequence[Sequence[int]]) -> Tensor:
        """Logits after each prompt: its tokens are rows whose paths grow by one."""
        self.paths = self.decoder.begin(self.lengths)
        ends = np.cumsum(self.lengths)
        starts = ends - self.lengths
        lengths = np.arange(ends[-1]) - np.repeat(starts, self.lengths) + 1
        paths = np.repeat(self.paths, self.lengths, axis=0)
        tokens = np.concatenate([np.asarray(prompt) for prompt in prompts])
        hidden = self.decoder.hidden(tokens, paths, lengths)
        return self.decoder.logits(hidden[torch.from_numpy(ends - 1)])

    def run(
        self,
        uniforms: np.ndarray,
        leaves: np.ndarray,
        finished: np.ndarray,
        hot: np.ndarray,
    ) -> None:
        """Draw until every sample has ended, filling the arrays of `Draws`."""
        prompts, n, limit = uniforms.shape
        # (S, prompts, n): the row of each sample's node, -1 once it has ended
        rows = np.tile(np.repeat(np.arange(prompts), n), (len(self.samplers), 1))
        rows = rows.reshape(leaves.shape)
        for depth in range(limit):
            tokens = self._tokens(rows, uniforms[:, :, depth], hot)
            ended = tokens == self.eos
            leaves[ended] = self.nodes[rows[ended]]
            finished |= ended
            rows[ended] = -1
            live = rows >= 0
            if not live.any():
                return
            rows[live] = self._branch(rows[live], tokens[live])
            if depth + 1 < limit:
                self._advance()
        leaves[live] = self.nodes[rows[live]]

    def _tokens(
        self, rows: np.ndarray, uniform: np.ndarray, hot: np.ndarray
    ) -> np.ndarray:
        """Next token of every sample (S, prompts, n), -1 where it has ended."""
        tokens = np.full(rows.shape, -1, dtype=np.int64)
        for s, sampler in enumerate(self.samplers):
            count = np.bincount(rows[s][rows[s] >= 0], minlength=len(self.ids))
            mine = np.flatnonzero(count)
            if not len(mine):
                continue
            chosen = torch.from_numpy(mine)
            logits, ids = self.logits[chosen], torch.from_numpy(self.ids[mine])
            p = sampler.probabilities(logits, ids).float()
            _check_distribution(p, len(mine), self.decoder.vocabulary, s)
            share = sampler.hot_share(logits, ids).double().numpy() * count[mine]
            hot[s] += np.bincount(self.prompt[mine], share, minlength=hot.shape[1])
            place = np.full(len(self.ids), -1)
            place[mine] = np.arange(len(mine))
            likeliest = p.argmax(-1).numpy()
            _invert(p.numpy(), likeliest, place, rows[s], uniform, tokens[s])
        return tokens

    def _branch(self, rows: np.ndarray, tokens: np.ndarray) -> np.ndarray:
        """Make the children the live nodes; the samples' rows among them."""
        pairs, inverse = np.unique(
            rows * self.decoder.vocabulary + tokens, return_inverse=True
        )
        parent, token = np.divmod(pairs, self.decoder.vocabulary)
        self.nodes = self.tree.add(self.nodes[parent], token)
        self.prompt = self.prompt[parent]
        self.ids = np.concatenate([self.ids[parent], token[:, None]], axis=1)
        self.paths, self.lengths = self.paths[parent], self.lengths[parent]
        return inverse

    def _advance(self) -> None:
        """Logits of the live nodes, whose last tokens enter the cache."""
        self.paths, self.lengths = self.decoder.extend(self.paths, self.lengths)
        hidden = self.decoder.hidden(self.ids[:, -1], self.paths, self.lengths)
        self.logits = self.decoder.logits(hidden)


@njit(cache=True)
def _invert(
    p: np.ndarray,
    likeliest: np.ndarray,
    place: np.ndarray,
    rows: np.ndarray,
    uniform: np.ndarray,
    tokens: np.ndarray,
) -> None:
    """Token of every sample (prompts, n) from its uniform number.

    The distribution function takes the likeliest token first: where a model is sure
    one comparison is enough, and samplers agree as often as they can.
    """
    for i in range(rows.shape[0]):
        for j in range(rows.shape[1]):
            if rows[i, j] < 0:
                continue
            k = place[rows[i, j]]
            token = likeliest[k]
            rest = uniform[i, j] - p[k, token]
            if rest >= 0:
                first = token
                for v in range(p.shape[1]):
                    if v != first and p[k, v] > 0:
                        token = v
                        rest -= p[k, v]
                        if rest < 0:
                            break
            tokens[i, j] = token


def _uniforms(
    prompts: Sequence[Sequence[int]], n: int, depth: int, seed: int
) -> np.ndarray:
    """Numbers in [0, 1) (prompts, n, depth), a function of seed and prompt alone."""
    seen: Counter[bytes] = Counter()
    out = np.empty((len(prompts), n, depth))
    for row, prompt in zip(out, prompts, strict=True):
        digest = hashlib.sha256(np.asarray(prompt, dtype="<i8").tobytes()).digest()
        key = digest + f"{seed}/{seen[digest]}".encode()
        seen[digest] += 1
        state = int.from_bytes(hashlib.sha256(key).digest()[:16], "little")
        np.random.Generator(np.random.Philox(key=state)).random(out=row)
    return out


def _check(
    decoder: PathDecoder,
    prompts: Sequence[Sequence[int]],
    samplers: Mapping[str, Sampler],
    n: int,
    eos: int,
    max_new_tokens: int,
    batch_prompts: int,
) -> None:
    numbers = {"n": n, "max_new_tokens": max_new_tokens, "batch_prompts": batch_prompts}
    for name, value in numbers.items():
        if value < 1:
            raise ValueError(f"{name} is {value}; allowed: 1 or more")
    if not samplers or not len(prompts):
        raise ValueError("nothing to draw: give at least one prompt and one sampler")
    if not 0 <= eos < decoder.vocabulary:
        raise ValueError(f"eos is {eos}; allowed: 0 to {decoder.vocabulary - 1}")
    for i, prompt in enumerate(prompts):
        longest = decoder.positions - max_new_tokens
        if not 1 <= len(prompt) <= longest:
            raise ValueError(
                f"prompt {i} has {len(prompt)} tokens; allowed: 1 to {longest}, the "
                f"model's {decoder.positions} positions less {max_new_tokens} to draw"
            )
        if min(prompt) < 0 or max(prompt) >= decoder.vocabulary:
            raise ValueError(
                f"prompt {i} has ids from {min(prompt)} to {max(prompt)}; allowed: "
                f"0 to {decoder.vocabulary - 1}"
            )


def _check_distribution(p: Tensor, rows: int, vocabulary: int, sampler: int) -> None:
    if p.shape != (rows, vocabulary):
        raise ValueError(
            f"sampler {sampler} returned probabilities of shape {tuple(p.shape)} for "
            f"{rows} rows and {vocabulary} tokens"
        )
    # written so that nan fails too
    if not bool(((p.sum(-1) - 1).abs() < 1e-3).all()) or bool((p < 0).any()):
        raise ValueError(
            f"sampler {sampler} returned numbers that are no distribution: allowed are "
            "numbers of at least 0 that sum to 1 in each row"
        )
