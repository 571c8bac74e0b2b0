"""A Llama decoder whose cache is a tree: every row attends to a path of cached tokens.

One entry of the cache per *distinct prefix*: rows that share a beginning share its keys
and values, and nothing is copied when a prefix branches. Row i reads the entries
``paths[i, : lengths[i]]``, from the first token to its own, so that the prompt's pass
and the steps of a generation are one and the same call.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numba import njit
from torch import Tensor
from torch.nn import functional
from transformers import LlamaForCausalLM

BLOCK = 256
"""Rows computed together: their activations stay in a core's own cache."""

RUN = 16
"""Neighbouring entries kept for one path, which memory delivers faster than others."""


@njit(cache=True, fastmath=True)
def _attend(
    joined: np.ndarray,
    cos: np.ndarray,
    sin: np.ndarray,
    keys: np.ndarray,
    values: np.ndarray,
    paths: np.ndarray,
    lengths: np.ndarray,
    out: np.ndarray,
) -> None:
    """``softmax(q K' / sqrt(d)) V`` of every row along its path, into ``out``.

    joined (m, heads + 2 key heads, d) holds query, key and value before the rotation
    by cos and sin (positions, d / 2); keys and values (entries, key heads, d); out
    (m, heads, d).
    """
    rows, heads, size = out.shape
    groups = keys.shape[1]
    half = size // 2
    shared = heads // groups  # query heads per key head
    scale = np.float32(1 / math.sqrt(size))
    scores = np.empty((heads, paths.shape[1]), np.float32)
    query = np.empty((heads, size), np.float32)
    for i in range(rows):  # before any row reads
        at = lengths[i] - 1
        own = paths[i, at]
        for g in range(groups):
            for d in range(half):
                x, y = joined[i, heads + g, d], joined[i, heads + g, d + half]
                keys[own, g, d] = x * cos[at, d] - y * sin[at, d]
                keys[own, g, d + half] = y * cos[at, d] + x * sin[at, d]
            for d in range(size):
                values[own, g, d] = joined[i, heads + groups + g, d]
    for i in range(rows):
        length = lengths[i]
        at = length - 1
        for h in range(heads):
            for d in range(half):
                x, y = joined[i, h, d] * scale, joined[i, h, d + half] * scale
                query[h, d] = x * cos[at, d] - y * sin[at, d]
                query[h, d + half] = y * cos[at, d] + x * sin[at, d]
        for t in range(length):
            entry = paths[i, t]
            for h in range(heads):
                dot = np.float32(0)
                for d in range(size):
                    dot += query[h, d] * keys[entry, h // shared, d]
                scores[h, t] = dot
        for h in range(heads):
            top = np.float32(-np.inf)
            for t in range(length):
                top = max(top, scores[h, t])
            total = np.float32(0)
            for t in range(length):
                weight = math.exp(scores[h, t] - top)
                scores[h, t] = weight
                total += weight
            for t in range(length):
                scores[h, t] /= total
        out[i] = 0
        for t in range(length):
            entry = paths[i, t]
            for h in range(heads):
                weight = scores[h, t]
                for d in range(size):
                    out[i, h, d] += weight * values[entry, h // shared, d]


@dataclass
class _Layer:
    """One layer's weights, projections of the same input joined, and its cache."""

    norms: tuple[Tensor, Tensor]
    qkv: tuple[Tensor, Tensor | None]
    output: tuple[Tensor, Tensor | None]
    up: tuple[Tensor, Tensor | None]
    down: tuple[Tensor, Tensor | None]
    keys: np.ndarray
    values: np.ndarray


class PathDecoder:
    """Forward passes of a `LlamaForCausalLM` over a tree of prefixes, on the CPU.

    Parameters
    ----------
    model : LlamaForCausalLM
        In float32, on the CPU. Its weights are copied; grouped key heads and biases
        are supported, scaled rotary embeddings are not.
    capacity : int
        Cache entries to begin with, rounded up to whole runs; the cache grows.

    Raises
    ------
    TypeError
        If the model is of another class, dtype or device.
    ValueError
        If its rotary embedding is not the plain one.
    """

    def __init__(self, model: LlamaForCausalLM, capacity: int = 1 << 15) -> None:
        check_llama(model)
        whole: Any = model  # torch types attributes of modules too narrowly
        config, inner = whole.config, whole.model
        self.heads = int(config.num_attention_heads)
        self.key_heads = int(config.num_key_value_heads)
        self.size = int(config.head_dim)
        self.positions = int(config.max_position_embeddings)
        self.vocabulary = int(config.vocab_size)
        self._eps = config.rms_norm_eps
        with torch.inference_mode():
            self._embedding = inner.embed_tokens.weight.clone()
            self._norm = inner.norm.weight.clone()
            self._head = whole.lm_head.weight.clone()
            everywhere = torch.arange(self.positions)[None]
            cos, sin = inner.rotary_emb(self._embedding[None], everywhere)
            half = self.size // 2  # the other half repeats it
            self._cos = cos[0, :, :half].contiguous().numpy()
            self._sin = sin[0, :, :half].contiguous().numpy()
            self._layers = [self._read(layer, capacity) for layer in inner.layers]
        self._act = inner.layers[0].mlp.act_fn
        self.used = 0

    def _read(self, layer: Any, capacity: int) -> _Layer:
        attention, mlp = layer.self_attn, layer.mlp
        shape = (-(-capacity // RUN) * RUN, self.key_heads, self.size)
        return _Layer(
            norms=(
                layer.input_layernorm.weight.clone(),
                layer.post_attention_layernorm.weight.clone(),
            ),
            qkv=joined_weights(attention.q_proj, attention.k_proj, attention.v_proj),
            output=joined_weights(attention.o_proj),
            up=joined_weights(mlp.gate_proj, mlp.up_proj),
            down=joined_weights(mlp.down_proj),
            keys=np.empty(shape, np.float32),
            values=np.empty(shape, np.float32),
        )

    @property
    def capacity(self) -> int:
        """Entries that the cache can hold now."""
        return len(self._layers[0].keys)

    def begin(self, lengths: np.ndarray) -> np.ndarray:
        """Forget every entry, and make paths (m, t) of new ones for m prompts."""
        runs = -(-lengths // RUN)
        self.used = 0
        self._reserve(int(runs.sum()))
        starts = RUN * (np.cumsum(runs) - runs)
        # beyond its length a path holds anything
        paths = starts[:, None] + np.arange(lengths.max())
        return np.minimum(paths, self.used - 1).astype(np.int32)

    def extend(
        self, paths: np.ndarray, lengths: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Paths and lengths with one new entry each, in the numbers of today.

        Rows that branch from the same path stand together. A cache that is full first
        forgets what lies on none of the paths, and grows if that does not halve it.
        """
        last = paths[np.arange(len(paths)), lengths - 1]
        follows = (last + 1) % RUN != 0  # the next entry of the run is free
        follows[1:] &= last[1:] != last[:-1]  # and goes to the first of the children
        new = int((~follows).sum())
        if self.used + RUN * new > self.capacity:
            paths = self._compact(paths, lengths)
            last = paths[np.arange(len(paths)), lengths - 1]
        last = last + 1
        last[~follows] = self._reserve(new)
        grown = np.zeros((len(paths), int(lengths.max()) + 1), dtype=np.int32)
        width = min(grown.shape[1], paths.shape[1])
        grown[:, :width] = paths[:, :width]
        grown[np.arange(len(paths)), lengths] = last
        return grown, lengths + 1

    def _reserve(self, runs: int) -> np.ndarray:
        """First entries of new runs."""
        starts = self.used + RUN * np.arange(runs)
        self.used += RUN * runs
        if self.used > self.capacity:
            self._grow(2 * self.used)
        return starts

    def _compact(self, paths: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        inside = np.arange(paths.shape[1]) < lengths[:, None]
        paths = np.where(inside, paths, 0)
        live = np.zeros(self.used // RUN, dtype=bool)
        live[paths[inside] // RUN] = True
        number = np.cumsum(live) - 1
        kept = np.flatnonzero(live)
        for layer in self._layers:
            for cache in (layer.keys, layer.values):
                runs = cache.reshape(-1, RUN, *cache.shape[1:])
                runs[: len(kept)] = runs[kept]
        self.used = RUN * len(kept)
        if 2 * self.used > self.capacity:
            self._grow(2 * self.capacity)
        return (RUN * number[paths // RUN] + paths % RUN).astype(np.int32)

    def _grow(self, capacity: int) -> None:
        for layer in self._layers:
            for name in ("keys", "values"):
                old = getattr(layer, name)
                new = np.empty((capacity, *old.shape[1:]), np.float32)
                new[: len(old)] = old
                setattr(layer, name, new)

    @torch.inference_mode()
    def hidden(
        self, tokens: np.ndarray, paths: np.ndarray, lengths: np.ndarray
    ) -> Tensor:
        """Last hidden states (m, width); the rows' keys and values enter the cache.

        Parameters
        ----------
        tokens : int array (m,)
        paths : int32 array (m, t)
            Entries from the first token to the row's own, ``paths[i, lengths[i] - 1]``.
            A row whose path leads through another row stands after it.
        lengths : int array (m,)
            Tokens of each path, the own one included; its position is one less.
        """
        parts = []
        for start in range(0, len(tokens), BLOCK):
            rows = slice(start, start + BLOCK)
            parts.append(self._block(tokens[rows], paths[rows], lengths[rows]))
        return torch.cat(parts)

    def _block(
        self, tokens: np.ndarray, paths: np.ndarray, lengths: np.ndarray
    ) -> Tensor:
        x = self._embedding[torch.from_numpy(np.asarray(tokens, dtype=np.int64))]
        width = (x.shape[-1],)
        out = torch.empty(len(x), self.heads, self.size)
        for layer in self._layers:
            normal = functional.rms_norm(x, width, layer.norms[0], self._eps)
            joined = functional.linear(normal, *layer.qkv)
            _attend(
                joined.view(len(x), -1, self.size).numpy(),
                self._cos,
                self._sin,
                layer.keys,
                layer.values,
                paths,
                lengths,
                out.numpy(),
            )
            x = functional.linear(out.flatten(1), *layer.output).add_(x)
            normal = functional.rms_norm(x, width, layer.norms[1], self._eps)
            gate, up = functional.linear(normal, *layer.up).chunk(2, -1)
            x = functional.linear(self._act(gate).mul_(up), *layer.down).add_(x)
        return functional.rms_norm(x, width, self._norm, self._eps)

    @torch.inference_mode()
    def logits(self, hidden: Tensor) -> Tensor:
        """Logits (m, V) of hidden states (m, width)."""
        return functional.linear(hidden, self._head)


def joined_weights(*projections: Any) -> tuple[Tensor, Tensor | None]:
    """Weights of linear maps of one input stacked to one map, and the biases."""
    weight = torch.cat([p.weight for p in projections])
    if projections[0].bias is None:
        return weight, None
    return weight, torch.cat([p.bias for p in projections])


def check_llama(model: LlamaForCausalLM) -> None:
    """Raise TypeError or ValueError for a model that the decoders cannot read."""
    if not isinstance(model, LlamaForCausalLM):
        raise TypeError(
            f"model is a {type(model).__name__}; allowed: LlamaForCausalLM. Sample "
            "other models with their own generate()"
        )
    weight = model.get_input_embeddings().weight
    if weight.dtype != torch.float32 or weight.device.type != "cpu":
        raise TypeError(
            f"the model is in {weight.dtype} on {weight.device}; allowed: "
            "torch.float32 on the CPU, model.float().cpu()"
        )
    config: Any = model.config
    kind = config.rope_parameters.get("rope_type", "default")
    if kind != "default":
        raise ValueError(f"rotary embedding {kind!r}; allowed: 'default'")
