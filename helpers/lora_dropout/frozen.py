"""Frozen weights in bfloat16, where the processor multiplies it many times faster.

What is trained stays in float32, as with adapters on a bfloat16 model on a GPU. Of a
product with a frozen matrix, both factors and the result are rounded, each by a
relative 2^-9 at most; its sums are made in float32.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

SMALLEST = 64  # of both dimensions: smaller matrices gain nothing


def fast_bfloat16() -> bool:
    """Whether this processor has matrix units for bfloat16 (Intel's AMX).

    There a product of a layer's size takes a seventh of its time in float32; without
    them, bfloat16 is emulated and slower.
    """
    ask = getattr(torch.cpu, "get_capabilities", None)
    return ask is not None and bool(ask().get("amx_bf16", False))


class FrozenLinear(nn.Linear):
    """A linear layer whose weight has a type of its own; inputs and outputs have not.

    The bias stays as it is, so that BitFit can train it.
    """

    def forward(self, x: Tensor) -> Tensor:
        """``x W^T + b``, in the type of x."""
        found = functional.linear(x.to(self.weight.dtype), self.weight).to(x.dtype)
        # in place: nobody else has this tensor, and its size is what takes the time
        return found if self.bias is None else found.add_(self.bias)


def halve_frozen(model: nn.Module) -> int:
    """Turn the frozen matrices of a model into bfloat16; returns how many.

    To be called when it is settled what is trained: after ``get_peft_model``, whose
    adapters would take the type of the layer below them. peft merges and saves as
    before, into bfloat16 weights.
    """
    count = 0
    for module in model.modules():
        if type(module) is not nn.Linear or module.weight.requires_grad:
            continue
        if min(module.weight.shape) < SMALLEST:
            continue
        module.weight.data = module.weight.data.to(torch.bfloat16)
        module.__class__ = FrozenLinear
        count += 1
    return count
