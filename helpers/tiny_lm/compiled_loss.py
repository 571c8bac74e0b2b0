"""The loss of `training.token_loss`, compiled and in bfloat16: twice as fast and more.

The same decoder written as one function of its weights, which ``torch.compile`` turns
into a few fused loops; matrix products and what lies between layers are bfloat16, sums
of norms, softmax and loss float32, weights and their updates float32. Attention goes
over blocks of queries that see no key after them, so that half of the products and of
the memory is saved. Worth it on processors with matrix units for bfloat16; shapes of
batches should be few, as each is compiled.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import LlamaForCausalLM

from helpers.tiny_lm.batches import IGNORED, Batch

QUERIES = 128  # of a block
DTYPE = torch.bfloat16
Loss = Callable[[LlamaForCausalLM, Batch], Tensor]


def compiled_loss(*, compiled: bool = True) -> Loss:
    """A loss for `helpers.tiny_lm.training.train`.

    Parameters
    ----------
    compiled : bool
        Without it the same arithmetic is done step by step, as in tests.

    Notes
    -----
    Every position meets the vocabulary, learnt or not: with a vocabulary of some
    hundred tokens that is cheaper than batches of varying size.
    """
    function = torch.compile(_loss, dynamic=False) if compiled else _loss
    tables: dict[tuple[int, int], tuple[Tensor, Tensor]] = {}

    def loss(model: LlamaForCausalLM, batch: Batch) -> Tensor:
        whole: Any = model
        length, size = batch.ids.shape[1], int(whole.config.head_dim)
        if (length, size) not in tables:
            tables[length, size] = _rotation(whole, length)
        layers = [_weights(layer) for layer in whole.model.layers]
        result: Tensor = function(
            layers,
            whole.model.embed_tokens.weight,
            whole.model.norm.weight,
            tables[length, size],
            float(whole.config.rms_norm_eps),
            batch.ids,
            batch.labels,
            batch.weights,
        )
        return result

    return loss


def _rotation(model: Any, length: int) -> tuple[Tensor, Tensor]:
    """Cosines and signed sines of the rotary embedding, (length, 1, head)."""
    everywhere = torch.arange(length)[None]
    cos, sin = model.model.rotary_emb(model.model.embed_tokens.weight[None], everywhere)
    half = sin.shape[-1] // 2
    signed = torch.cat([-sin[0, :, :half], sin[0, :, half:]], -1)
    return cos[0, :, None].detach().to(DTYPE), signed[:, None].detach().to(DTYPE)


def _weights(layer: Any) -> tuple[Tensor, ...]:
    attention, mlp = layer.self_attn, layer.mlp
    return (
        layer.input_layernorm.weight,
        attention.q_proj.weight,
        attention.k_proj.weight,
        attention.v_proj.weight,
        attention.o_proj.weight,
        layer.post_attention_layernorm.weight,
        mlp.gate_proj.weight,
        mlp.up_proj.weight,
        mlp.down_proj.weight,
    )


def _loss(
    layers: list[tuple[Tensor, ...]],
    embedding: Tensor,
    last_norm: Tensor,
    rotation: tuple[Tensor, Tensor],
    eps: float,
    ids: Tensor,
    labels: Tensor,
    weights: Tensor | None,
) -> Tensor:
    rows, length = ids.shape
    cos, sin = rotation
    size = cos.shape[-1]
    x = functional.embedding(ids, embedding.to(DTYPE))
    for norm, q, k, v, out, second, gate, up, down in layers:
        joined = functional.linear(
            _normal(x, norm, eps), torch.cat([q, k, v]).to(DTYPE)
        )
        queries, keys, values = joined.view(rows, length, -1, size).chunk(3, 2)
        queries = _turned(queries, cos, sin) * size**-0.5
        seen = _attend(
            queries.transpose(1, 2),
            _turned(keys, cos, sin).transpose(1, 2),
            values.transpose(1, 2),
        )
        seen = seen.transpose(1, 2).reshape(rows, length, -1)
        x = x + functional.linear(seen, out.to(DTYPE))
        wide = functional.linear(
            _normal(x, second, eps), torch.cat([gate, up]).to(DTYPE)
        )
        opened, passed = wide.chunk(2, -1)
        x = x + functional.linear(functional.silu(opened) * passed, down.to(DTYPE))
    logits = functional.linear(_normal(x, last_norm, eps), embedding.to(DTYPE))
    losses = functional.cross_entropy(
        logits[:, :-1].reshape(rows * (length - 1), -1).float(),
        labels[:, 1:].reshape(-1),
        ignore_index=IGNORED,
        reduction="none",
    )
    counted = labels[:, 1:] != IGNORED
    share = counted.float() if weights is None else weights[:, 1:] * counted
    return (share.reshape(-1) * losses).sum() / share.sum()


def _normal(x: Tensor, weight: Tensor, eps: float) -> Tensor:
    exact = x.float()
    scale = torch.rsqrt(exact.pow(2).mean(-1, keepdim=True) + eps)
    return (exact * scale * weight).to(DTYPE)


def _turned(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    first, second = x.chunk(2, -1)
    return x * cos + torch.cat([second, first], -1) * sin


def _attend(queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
    """Causal attention, (rows, heads, length, size) each."""
    length = queries.shape[2]
    parts = []
    for start in range(0, length, QUERIES):
        stop = min(start + QUERIES, length)
        scores = queries[:, :, start:stop] @ keys[:, :, :stop].transpose(2, 3)
        later = torch.ones(stop - start, stop, dtype=torch.bool).triu(start + 1)
        scores = scores.float().masked_fill(later, -torch.inf)
        shares = nn.functional.softmax(scores, -1).to(DTYPE)
        parts.append(shares @ values[:, :, :stop])
    return torch.cat(parts, 2)
