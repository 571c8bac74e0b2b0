r"""Test-time ensemble of dropout instances (Eq. 8).

.. math:: o(x) = \frac{1}{N} \sum_{k=1}^{N} M(x; \theta_0 + \delta\theta(m_k))

The paper leaves open whether o is a logit or a probability. Here probabilities are
averaged unless told otherwise; the loss of either mean is at most the mean loss of the
members (Jensen; Theorem 4.5).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import torch
from torch import Tensor, nn

from helpers.lora_dropout.batches import (
    Batch,
    Extract,
    batch_size,
    logits_of,
    repeat_batch,
)
from helpers.lora_dropout.masks import check_count
from helpers.lora_dropout.sampling import active_settings, lora_dropout_sampling
from helpers.names import unknown_name

Reduce = Literal["prob", "logit"]


def member_logits(
    model: nn.Module,
    batch: Batch,
    n: int | None = None,
    *,
    seed: int = 0,
    one_pass: bool = True,
    extract: Extract = logits_of,
) -> Tensor:
    """Logits of the first ``n`` members, shape (n, b, classes), without gradient.

    The model runs in evaluation mode and is left in the mode it was in. Members 0 to
    k - 1 are the same for every n >= k and in every batch.

    Parameters
    ----------
    batch : mapping of str to tensor
        Passed to the model as keyword arguments, ``labels`` left out. All tensors have
        the b examples as their first dimension.
    n : int, optional
        Number of members; ``n_test`` of the active adapter by default.
    seed : int
        Of the masks.
    one_pass : bool
        One forward pass of the batch repeated n times, or n passes. They agree up to
        rounding; the former needs n times the memory of activations.
    extract : callable
        From what the model returns to a tensor whose first dimension is the examples;
        needed where the model has no ``logits``, as for question answering.

    Raises
    ------
    ValueError
        If n < 1, the tensors' sizes differ, the model has no LoRA Dropout, or one pass
        is impossible since a layer's input does not grow with the batch.
    TypeError
        If the model returns no logits.
    """
    if n is None:
        n = active_settings(model).n_test
    check_count("n", n)
    inputs = {k: v for k, v in batch.items() if k != "labels"}
    size = batch_size(inputs)
    with torch.no_grad(), evaluation(model):
        if one_pass:
            with lora_dropout_sampling(model, members=range(n), seed=seed):
                found = extract(model(**repeat_batch(inputs, n)))
            return found.view(n, size, *found.shape[1:])
        rows = []
        for member in range(n):
            with lora_dropout_sampling(model, members=[member], seed=seed):
                rows.append(extract(model(**inputs)))
        return torch.stack(rows)


def ensemble_predict(
    model: nn.Module,
    batch: Batch,
    n: int | None = None,
    *,
    reduce: Reduce = "prob",
    seed: int = 0,
    one_pass: bool = True,
    extract: Extract = logits_of,
) -> Tensor:
    """Class probabilities of the ensemble, shape (b, classes), float32 or wider.

    Parameters
    ----------
    reduce : {"prob", "logit"}
        What is averaged over the members.
    batch, n, seed, one_pass, extract
        See `member_logits`.

    Raises
    ------
    ValueError
        As `member_logits`; or if ``reduce`` is unknown, or there is but one class, as
        of a regression, which has no probabilities.
    """
    check_reduce(reduce)
    found = member_logits(
        model, batch, n, seed=seed, one_pass=one_pass, extract=extract
    )
    return ensemble_probabilities(found, reduce)


def check_reduce(reduce: str) -> None:
    """Raise ValueError unless ``reduce`` says what is averaged over members."""
    if reduce not in ("prob", "logit"):
        raise unknown_name("reduce", reduce, ["prob", "logit"])


def ensemble_probabilities(logits: Tensor, reduce: Reduce = "prob") -> Tensor:
    """Probabilities (b, classes) of the members' logits (n, b, classes).

    Examples
    --------
    >>> logits = torch.tensor([[[0.0, 4.0]], [[0.0, 0.0]]])
    >>> [round(float(ensemble_probabilities(logits, how)[0, 1]), 3)
    ...  for how in ("prob", "logit")]
    [0.741, 0.881]
    """
    check_reduce(reduce)
    if logits.shape[-1] < 2:
        raise ValueError(
            f"Logits of shape {tuple(logits.shape)} have one class and so no "
            "probabilities; allowed: two classes or more. For a regression take "
            "member_logits(...).mean(dim=0)."
        )
    if logits.dtype in (torch.float16, torch.bfloat16):
        logits = logits.float()
    if reduce == "prob":
        return logits.softmax(dim=-1).mean(dim=0)
    return logits.mean(dim=0).softmax(dim=-1)


@contextmanager
def evaluation(model: nn.Module) -> Iterator[None]:
    """Evaluation mode inside; every module's own mode afterwards."""
    training = [module for module in model.modules() if module.training]
    model.eval()
    try:
        yield
    finally:
        for module in training:
            module.training = True
