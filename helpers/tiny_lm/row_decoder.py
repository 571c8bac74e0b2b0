"""A Llama decoder that generates many rows at once, each with a slot of the cache.

Rows are independent: at any step some may read their prompt while others write, and a
slot that is done takes up the next row. Keys and values are kept in bfloat16, half of
the memory that every step has to read; all arithmetic is float32.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from numba import njit
from torch import Tensor
from torch.nn import functional
from transformers import LlamaForCausalLM

from helpers.tiny_lm.path_decoder import check_llama, joined_weights

BLOCK = 256
"""Rows computed together: their activations stay in a core's own cache."""


@njit(cache=True, inline="always")
def _wide(half: np.uint16) -> np.float32:
    """A bfloat16, given as its bits, in float32."""
    return np.uint32(np.uint32(half) << np.uint32(16)).view(np.float32)


@njit(cache=True, inline="always")
def _narrow(number: np.float32) -> np.uint16:
    """Bits of the nearest bfloat16, ties to even."""
    bits = np.float32(number).view(np.uint32)
    odd = (bits >> np.uint32(16)) & np.uint32(1)
    return np.uint16((bits + np.uint32(0x7FFF) + odd) >> np.uint32(16))


# Four passes over the rows: of one long function the compiler makes no vector code.
@njit(cache=True, fastmath=True)
def _rotate(
    joined: np.ndarray,
    cos: np.ndarray,
    sin: np.ndarray,
    keys: np.ndarray,
    values: np.ndarray,
    slots: np.ndarray,
    positions: np.ndarray,
) -> None:
    """Turn queries in place, by cos and sin (positions, d / 2); store keys and values.

    joined (m, 3, heads, d) holds query, key and value; keys and values (slots,
    positions, heads, d) are bits of bfloat16.
    """
    rows, _, heads, size = joined.shape
    half = size // 2
    scale = np.float32(1 / math.sqrt(size))
    for i in range(rows):
        s, at = slots[i], positions[i]
        for h in range(heads):
            for d in range(half):
                x, y = joined[i, 0, h, d] * scale, joined[i, 0, h, d + half] * scale
                joined[i, 0, h, d] = x * cos[at, d] - y * sin[at, d]
                joined[i, 0, h, d + half] = y * cos[at, d] + x * sin[at, d]
                x, y = joined[i, 1, h, d], joined[i, 1, h, d + half]
                keys[s, at, h, d] = _narrow(x * cos[at, d] - y * sin[at, d])
                keys[s, at, h, d + half] = _narrow(y * cos[at, d] + x * sin[at, d])
            for d in range(size):
                values[s, at, h, d] = _narrow(joined[i, 2, h, d])


@njit(cache=True, fastmath=True)
def _compare(
    joined: np.ndarray,
    keys: np.ndarray,
    slots: np.ndarray,
    positions: np.ndarray,
    scores: np.ndarray,
) -> None:
    """Products of queries with the keys up to their position, (m, heads, t)."""
    rows, _, heads, size = joined.shape
    for i in range(rows):
        query = joined[i, 0]
        for t in range(positions[i] + 1):
            key = keys[slots[i], t]
            for h in range(heads):
                dot = np.float32(0)
                for d in range(size):
                    dot += query[h, d] * _wide(key[h, d])
                scores[i, h, t] = dot


@njit(cache=True, fastmath=True)
def _normalise(scores: np.ndarray, positions: np.ndarray) -> None:
    """Softmax of the scores, in place."""
    rows, heads, _ = scores.shape
    for i in range(rows):
        for h in range(heads):
            line = scores[i, h, : positions[i] + 1]
            top = np.float32(-np.inf)
            for t in range(len(line)):
                top = max(top, line[t])
            total = np.float32(0)
            for t in range(len(line)):
                line[t] = math.exp(line[t] - top)
                total += line[t]
            for t in range(len(line)):
                line[t] /= total


@njit(cache=True, fastmath=True)
def _average(
    weights: np.ndarray,
    values: np.ndarray,
    slots: np.ndarray,
    positions: np.ndarray,
    out: np.ndarray,
) -> None:
    """Values averaged with the weights, (m, heads, d)."""
    rows, heads, size = out.shape
    out[:] = 0
    for i in range(rows):
        mean = out[i]
        for t in range(positions[i] + 1):
            value = values[slots[i], t]
            for h in range(heads):
                weight = weights[i, h, t]
                for d in range(size):
                    mean[h, d] += weight * _wide(value[h, d])


class RowDecoder:
    """Forward passes of a `LlamaForCausalLM` over slots of a cache, on the CPU.

    Parameters
    ----------
    model : LlamaForCausalLM
        In float32, on the CPU, with as many key heads as heads, no biases and SiLU.
        Its weights are copied.
    slots : int
        Rows that can be under way at once.

    Raises
    ------
    TypeError, ValueError
        If the model is of another kind.
    """

    def __init__(self, model: LlamaForCausalLM, slots: int = BLOCK) -> None:
        check_llama(model)
        whole: Any = model  # torch types attributes of modules too narrowly
        config, inner = whole.config, whole.model
        if config.num_key_value_heads != config.num_attention_heads:
            raise ValueError("key heads are shared; allowed: one for every head")
        if config.attention_bias or config.mlp_bias:
            raise ValueError("the model has biases; allowed: none, or a `PathDecoder`")
        if config.hidden_act != "silu":
            raise ValueError(
                f"activation {config.hidden_act!r}; allowed: 'silu', or a `PathDecoder`"
            )
        self.heads, self.size = int(config.num_attention_heads), int(config.head_dim)
        self.positions = int(config.max_position_embeddings)
        self.slots = slots
        self._eps = config.rms_norm_eps
        with torch.inference_mode():
            self._embedding = inner.embed_tokens.weight.clone()
            self._norm = inner.norm.weight.clone()
            everywhere = torch.arange(self.positions)[None]
            cos, sin = inner.rotary_emb(self._embedding[None], everywhere)
            half = self.size // 2  # the other half repeats it
            self._cos = cos[0, :, :half].contiguous().numpy()
            self._sin = sin[0, :, :half].contiguous().numpy()
            self._layers = [_read(layer) for layer in inner.layers]
        self._head = self._embedding
        if whole.lm_head.weight.data_ptr() != inner.embed_tokens.weight.data_ptr():
            self._head = whole.lm_head.weight.detach().clone()
        shape = (slots, self.positions, self.heads, self.size)
        # memory is taken as positions are written
        self._keys = [np.empty(shape, np.uint16) for _ in self._layers]
        self._values = [np.empty(shape, np.uint16) for _ in self._layers]

    @torch.inference_mode()
    def hidden(
        self, tokens: np.ndarray, slots: np.ndarray, positions: np.ndarray
    ) -> Tensor:
        """Last hidden states (m, width); keys and values enter the cache.

        Parameters
        ----------
        tokens, slots, positions : int array (m,)
            Token i stands in its slot at its position; all before it are in the cache
            or among those that come earlier in these arrays.
        """
        parts = []
        for start in range(0, len(tokens), BLOCK):
            rows = slice(start, start + BLOCK)
            parts.append(self._block(tokens[rows], slots[rows], positions[rows]))
        return torch.cat(parts)

    def _block(
        self, tokens: np.ndarray, slots: np.ndarray, positions: np.ndarray
    ) -> Tensor:
        x = self._embedding[torch.from_numpy(np.asarray(tokens, dtype=np.int64))]
        width = (x.shape[-1],)
        out = torch.empty(len(x), self.heads, self.size)
        longest = int(positions.max()) + 1
        scores = np.empty((len(x), self.heads, longest), np.float32)
        for i, layer in enumerate(self._layers):
            normal = functional.rms_norm(x, width, layer[0], self._eps)
            joined = functional.linear(normal, layer[1])
            parts = joined.view(len(x), 3, self.heads, self.size).numpy()
            keys, values = self._keys[i], self._values[i]
            _rotate(parts, self._cos, self._sin, keys, values, slots, positions)
            _compare(parts, keys, slots, positions, scores)
            _normalise(scores, positions)
            _average(scores, values, slots, positions, out.numpy())
            x = functional.linear(out.flatten(1), layer[2]).add_(x)
            normal = functional.rms_norm(x, width, layer[3], self._eps)
            gate, up = functional.linear(normal, layer[4]).chunk(2, -1)
            x = functional.linear(functional.silu(gate).mul_(up), layer[5]).add_(x)
        return functional.rms_norm(x, width, self._norm, self._eps)

    @torch.inference_mode()
    def logits(self, hidden: Tensor) -> Tensor:
        """Logits (m, V) of hidden states (m, width)."""
        return functional.linear(hidden, self._head)


def _read(layer: Any) -> tuple[Tensor, ...]:
    """Weights of a layer, projections of the same input joined."""
    attention, mlp = layer.self_attn, layer.mlp
    weights = (
        layer.input_layernorm.weight,
        joined_weights(attention.q_proj, attention.k_proj, attention.v_proj)[0],
        attention.o_proj.weight,
        layer.post_attention_layernorm.weight,
        joined_weights(mlp.gate_proj, mlp.up_proj)[0],
        mlp.down_proj.weight,
    )
    return tuple(weight.clone() for weight in weights)
