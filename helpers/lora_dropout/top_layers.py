"""The trained part of an encoder: its last layers, and a classifier on the first token.

They run on hidden states that the frozen layers below leave once. The products of those
states with the first top layer's frozen query, key and value matrices are the same in
every step too. Nothing reads the other tokens of the last layer, so that only the first
one asks there and goes through the feed-forward block, which leaves a sixth of a
step's time.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from transformers import BertModel
from transformers.modeling_outputs import SequenceClassifierOutput

if TYPE_CHECKING:
    from helpers.lora_dropout.encoder import Encoder


def check_top_layers(model: BertModel, top_layers: int) -> nn.ModuleList:
    """The layers of a model; ValueError unless it has ``top_layers`` of them."""
    layers: nn.ModuleList = model.encoder.layer
    if not 1 <= top_layers <= len(layers):
        raise ValueError(f"top_layers is {top_layers}; allowed: 1 to {len(layers)}")
    return layers


def run_layers(layers: nn.ModuleList, hidden: Tensor, mask: Tensor) -> Tensor:
    """Encoder layers in turn; no attention is paid to padding. Shapes as `Features`."""
    blocked = blocked_padding(hidden, mask)
    for layer in layers:
        hidden = layer(hidden, attention_mask=blocked)
    return hidden


def blocked_padding(hidden: Tensor, mask: Tensor) -> Tensor | None:
    """What is added to attention's scores, (n, 1, 1, t); None without padding."""
    if bool(mask.all()):
        return None
    return (~mask[:, None, None, :]).to(hidden.dtype) * torch.finfo(hidden.dtype).min


def first_token(layer: Any, hidden: Tensor, mask: Tensor) -> Tensor:
    """An encoder layer's output at the first token, (n, d); shapes as `Features`.

    The first token attends to all real ones; nothing is computed that only the others
    would need.
    """
    attend, first = layer.attention.self, hidden[:, :1]
    query, key, value = input_modules(layer)

    def heads(states: Tensor) -> Tensor:  # (n, heads, tokens, size)
        size = attend.attention_head_size
        return states.unflatten(-1, (-1, size)).transpose(1, 2)

    context = nn.functional.scaled_dot_product_attention(
        heads(query(first)),
        heads(key(hidden)),
        heads(value(hidden)),
        attn_mask=blocked_padding(hidden, mask),
        dropout_p=attend.dropout.p if attend.training else 0.0,
    )
    between = layer.attention.output(context.transpose(1, 2).flatten(2), first)
    found: Tensor = layer.output(layer.intermediate(between), between)
    return found[:, 0]


def input_modules(layer: Any) -> tuple[Any, ...]:
    """Query, key and value of a layer: linear, or peft's layers around linear ones."""
    attention = layer.attention.self
    return attention.query, attention.key, attention.value


@contextmanager
def known_products(layer: nn.Module, products: Tensor) -> Iterator[None]:
    """Within it, a layer's frozen input matrices give what is known.

    Those that are trained, or that an adapter was merged into, multiply as ever.

    Parameters
    ----------
    products : Tensor
        As of `encoder.Features`, for the weights that the matrices still have.
    """
    changed = []
    parts = products.chunk(3, dim=-1)
    try:
        for module, part in zip(input_modules(layer), parts, strict=True):
            matrix = getattr(module, "base_layer", module)
            if matrix.weight.requires_grad or getattr(module, "merged", False):
                continue
            # an attribute of the object goes before its class's method; the last
            # layer's query is asked about the first token alone
            matrix.forward = lambda x, m=matrix, p=part: p[:, : x.shape[1]] + m.bias
            changed.append(matrix)
        yield
    finally:
        for matrix in changed:
            del matrix.forward


class TopLayers(nn.Module):
    """Copies of an encoder's last layers, and a linear classifier on the first token.

    Parameters
    ----------
    encoder : Encoder
        Stays as it is.
    classes : int
        Outputs of ``head``.
    top_layers : int
        As given to `encoder.hidden_states`.
    dropout : float
        The base model's own dropout, in attention, after each block and before the
        head. Zero leaves LoRA Dropout as the only noise.
    seed : int
        Of the head's initial weights.

    Attributes
    ----------
    layers : nn.ModuleList
    head : nn.Linear
        Trained in full beside LoRA: ``modules_to_save=["head"]``.
    config : BertConfig
        What peft reads of a model.
    """

    def __init__(
        self,
        encoder: Encoder,
        classes: int,
        *,
        top_layers: int = 1,
        dropout: float = 0.0,
        seed: int = 0,
    ) -> None:
        super().__init__()
        if classes < 2:
            raise ValueError(f"classes is {classes}; allowed: 2 or more")
        if not 0 <= dropout < 1:
            raise ValueError(
                f"dropout is {dropout}; allowed: 0 up to, not including, 1"
            )
        layers = check_top_layers(encoder.model, top_layers)
        self.layers = copy.deepcopy(layers[-top_layers:])
        self.config = copy.deepcopy(encoder.model.config)
        self.config.num_labels = classes
        self.config.num_hidden_layers = top_layers
        self.dropout = nn.Dropout(dropout)
        for module in self.layers.modules():
            if isinstance(module, nn.Dropout):
                module.p = dropout
        self.head = nn.Linear(self.config.hidden_size, classes)
        draw = torch.Generator().manual_seed(seed)
        nn.init.normal_(self.head.weight, std=0.02, generator=draw)
        nn.init.zeros_(self.head.bias)

    def pooled(
        self, hidden: Tensor, attention_mask: Tensor, products: Tensor | None = None
    ) -> Tensor:
        """The last layer's first token, (n, d); arguments as of `encoder.Features`."""
        known = None if products is None else known_products(self.layers[0], products)
        with known or nullcontext():
            states = run_layers(self.layers[:-1], hidden, attention_mask)
            return first_token(self.layers[-1], states, attention_mask)

    def forward(
        self,
        hidden: Tensor,
        attention_mask: Tensor,
        labels: Tensor | None = None,
        products: Tensor | None = None,
    ) -> SequenceClassifierOutput:
        """Logits (n, classes) and, given labels (n,), their mean cross entropy."""
        pooled = self.pooled(hidden, attention_mask, products)
        logits = self.head(self.dropout(pooled))
        loss = None
        if labels is not None:
            loss = nn.functional.cross_entropy(logits.float(), labels)
        return SequenceClassifierOutput(loss=loss, logits=logits)
