"""Batches of keyword arguments: repeated group by group, and what models return."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor

Batch = Mapping[str, Any]
Extract = Callable[[Any], Tensor]


def batch_size(batch: Batch) -> int:
    """Number of examples, the first dimension that all tensors of a batch share.

    Raises
    ------
    ValueError
        If there is no tensor, or if their first dimensions differ.
    """
    sizes = {k: len(v) for k, v in batch.items() if isinstance(v, Tensor) and v.ndim}
    if len(set(sizes.values())) != 1:
        raise ValueError(
            f"The tensors of the batch have first dimensions {sizes}; allowed: one and "
            "the same, the number of examples."
        )
    return next(iter(sizes.values()))


def repeat_batch(batch: Batch, groups: int) -> dict[str, Any]:
    """The whole batch ``groups`` times, group-major; what is no tensor stays.

    Examples
    --------
    >>> import torch
    >>> repeat_batch({"x": torch.tensor([[1], [2]]), "flag": True}, 2)
    {'x': tensor([[1],
            [2],
            [1],
            [2]]), 'flag': True}
    """
    batch_size(batch)
    return {
        k: v.repeat(groups, *[1] * (v.ndim - 1))
        if isinstance(v, Tensor) and v.ndim
        else v
        for k, v in batch.items()
    }


def output_of(outputs: Any, name: str) -> Tensor | None:
    """A named output of a model, or its only one; None if it is not there.

    Models return an object or dictionary with the name, or just the tensor.
    """
    if isinstance(outputs, Tensor):
        return outputs
    if isinstance(outputs, Mapping):
        return outputs.get(name)
    return getattr(outputs, name, None)


def logits_of(outputs: Any) -> Tensor:
    """Logits among a model's outputs.

    Raises
    ------
    TypeError
        If there are none.
    """
    found = output_of(outputs, "logits")
    if not isinstance(found, Tensor):
        raise TypeError(
            f"The model returned a {type(outputs).__name__} without `logits`; pass "
            "`extract`, a function from what it returns to a tensor (b, ...)."
        )
    return found


def loss_of(outputs: Any) -> Tensor:
    """Loss among a model's outputs, a scalar.

    Raises
    ------
    TypeError
        If there is none.
    """
    found = output_of(outputs, "loss")
    if not isinstance(found, Tensor) or found.ndim:
        raise TypeError(
            f"The model returned a {type(outputs).__name__} without a scalar `loss`; "
            "put `labels` into the batch, or pass `loss_fn(outputs, batch)`."
        )
    return found
