r"""Training on several dropout instances of the same batch (Eq. 7).

.. math:: L(x) = \frac{1}{N} \sum_{k=1}^{N} \ell(x; \theta_0 + \delta\theta(m_k))

A step costs N forward and backward passes: as a loop in the memory of one, or as one
repeated batch in the memory of N.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from helpers.lora_dropout.batches import Batch, loss_of, repeat_batch
from helpers.lora_dropout.masks import check_count
from helpers.lora_dropout.sampling import active_settings, lora_dropout_sampling

LossFn = Callable[[Any, Batch], Tensor]


def instance_count(model: nn.Module) -> int:
    """``n_train`` of the active adapter; 1 if its masks drop nothing."""
    settings = active_settings(model)
    return settings.n_train if settings.p else 1


def instances_backward(
    model: nn.Module,
    batch: Batch,
    n: int | None = None,
    *,
    one_pass: bool = False,
    loss_fn: LossFn | None = None,
    seed: int | None = None,
) -> Tensor:
    """Accumulate the gradient of the mean loss over ``n`` instances; returns that loss.

    Masks are on whatever the model's mode, which only decides about its other dropout;
    an instance is one sub-network, even where a model calls a layer twice.
    The optimiser's ``zero_grad`` and ``step`` stay with the caller.

    Parameters
    ----------
    batch : mapping of str to tensor
        Passed to the model as keyword arguments, ``labels`` included.
    n : int, optional
        Instances; ``n_train`` of the active adapter by default, 1 if its p is 0.
    one_pass : bool
        One pass over the batch repeated n times, or a loop whose memory is constant in
        n. The gradients agree for the same masks, if the loss is a mean over examples.
    loss_fn : callable, optional
        ``loss_fn(outputs, batch)``, a scalar that is a mean over examples; the model's
        own ``loss`` by default. In one pass it gets the repeated batch.
    seed : int, optional
        Take the masks of members 0 to n - 1 of that seed. By default they are drawn
        from torch's global generator, as in any training.

    Returns
    -------
    Tensor
        Mean loss over instances, a detached scalar.

    Raises
    ------
    ValueError
        If n < 1 or the model has no LoRA Dropout.
    TypeError
        If the model returns no loss and no ``loss_fn`` is given.
    """
    if n is None:
        n = instance_count(model)
    check_count("n", n)
    if one_pass:
        repeated = repeat_batch(batch, n)
        members = None if seed is None else range(n)
        with lora_dropout_sampling(
            model, members=members, groups=n, seed=seed or 0, once=True
        ):
            return _backward(model, repeated, loss_fn, 1)
    total = torch.zeros(())
    for instance in range(n):
        members = None if seed is None else range(instance, instance + 1)
        # the backward pass is inside for gradient checkpointing
        with lora_dropout_sampling(model, members=members, seed=seed or 0, once=True):
            loss = _backward(model, batch, loss_fn, n)
        total = total.to(loss) + loss
    return total


def _backward(model: nn.Module, batch: Batch, loss_fn: LossFn | None, n: int) -> Tensor:
    """Backward pass of an n-th of the loss, which is returned."""
    outputs = model(**batch)
    loss = (loss_of(outputs) if loss_fn is None else loss_fn(outputs, batch)) / n
    loss.backward()
    return loss.detach()
