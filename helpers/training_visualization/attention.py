"""Which features a reconstruction must get right: those the prediction hangs on."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from helpers.training_visualization.heads import Head, LinearHead, logits


def attention(head: Head, x: np.ndarray, temperature: float) -> np.ndarray:
    r"""Gradient attention of every feature of every sample, shape (n, features).

    .. math:: \alpha = softmax(( |\partial l_1 / \partial x|
              + |\partial l_2 / \partial x| ) / T)

    over the features, for the two highest logits l_1 and l_2. For a linear head the
    gradients are two rows of its weights, so nothing has to be differentiated; a torch
    module is differentiated in batches. Source: the released code; its temperatures
    are 0.3 (CIFAR-10), 0.02 (MNIST) and 0.1 (FashionMNIST).

    Raises
    ------
    ValueError
        If ``temperature`` is not positive, or the head can neither be read nor
        differentiated.
    """
    if not temperature > 0:
        raise ValueError(f"temperature is {temperature}; allowed: above 0")
    if isinstance(head, LinearHead):
        first, second = top_two(logits(head, x))
        size = np.abs(head.weight)
        slope = size[first] + size[second]
    elif isinstance(head, nn.Module):
        slope = _slopes(head, x)
    else:
        raise ValueError(
            "attention needs a LinearHead or a torch module, whose gradient can be "
            f"had, not {type(head).__name__}; set attention=None otherwise"
        )
    scaled = slope / temperature
    raised = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    return (raised / raised.sum(axis=1, keepdims=True)).astype(np.float32)


def top_two(scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Classes of the highest and the second highest logit, shapes (n,)."""
    best = np.argpartition(scores, -2, axis=1)[:, -2:]
    values = np.take_along_axis(scores, best, axis=1)
    order = np.argsort(values, axis=1)
    best = np.take_along_axis(best, order, axis=1)
    return best[:, 1], best[:, 0]


def _slopes(head: nn.Module, x: np.ndarray, batch: int = 4096) -> np.ndarray:
    """|d l_1 / d x| + |d l_2 / d x| by autograd, shape (n, features)."""
    device = next((p.device for p in head.parameters()), torch.device("cpu"))
    parts = []
    for first in range(0, len(x), batch):
        part = torch.tensor(x[first : first + batch], dtype=torch.float32)
        part = part.to(device).requires_grad_()
        top = head(part).topk(2, dim=1).values.sum(dim=0)  # samples do not mix
        first_slope = torch.autograd.grad(top[0], part, retain_graph=True)[0]
        second_slope = torch.autograd.grad(top[1], part)[0]
        parts.append((first_slope.abs() + second_slope.abs()).cpu().numpy())
    return np.concatenate(parts)
