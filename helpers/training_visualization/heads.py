"""The classifier's last layer, as the visualisation sees it: representations to logits.

A head is any callable from representations (n, features) to logits (n, classes): a
torch module, `LinearHead`, or a function of NumPy arrays.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

Head = Callable[[np.ndarray], np.ndarray] | nn.Module


@dataclass(frozen=True)
class LinearHead:
    """Logits ``x W' + b``; as a plain array it pickles and needs no graph.

    Attributes
    ----------
    weight : np.ndarray
        Shape (classes, features).
    bias : np.ndarray
        Shape (classes,).
    """

    weight: np.ndarray
    bias: np.ndarray

    def __post_init__(self) -> None:
        if self.weight.ndim != 2 or self.bias.shape != (len(self.weight),):
            raise ValueError(
                f"weight has shape {self.weight.shape}, bias {self.bias.shape}; "
                "allowed: (classes, features) and (classes,)"
            )

    def __call__(self, x: np.ndarray) -> np.ndarray:
        return np.asarray(x) @ self.weight.T + self.bias


def frozen(head: Head) -> Head:
    """A head that later training will not change; `LinearHead` where it is linear."""
    if isinstance(head, nn.Linear):
        weight = head.weight.detach().cpu().numpy().copy()
        bias = (
            np.zeros(len(weight), weight.dtype)
            if head.bias is None
            else head.bias.detach().cpu().numpy().copy()
        )
        return LinearHead(weight, bias)
    if isinstance(head, nn.Module):
        import copy

        return copy.deepcopy(head).eval()
    return head


def logits(head: Head, x: np.ndarray) -> np.ndarray:
    """Logits of many representations or images, shape (n, classes), float32.

    Raises
    ------
    ValueError
        If the head does not return one row of at least two logits per row.
    """
    # so few images that their hidden layers stay in the processor's cache
    batch = 8192 if x.ndim == 2 else 512
    parts = []
    for first in range(0, len(x), batch):
        part = np.asarray(x[first : first + batch], dtype=np.float32)
        if isinstance(head, nn.Module):
            device = next((p.device for p in head.parameters()), torch.device("cpu"))
            with torch.no_grad():
                found = head(torch.tensor(part, device=device)).cpu().numpy()
        else:
            found = np.asarray(head(part))
        parts.append(found)
    if not parts:
        raise ValueError("no representation to classify")
    out = np.concatenate(parts).astype(np.float32, copy=False)
    if out.ndim != 2 or len(out) != len(x) or out.shape[1] < 2:
        raise ValueError(
            f"the head turned {np.shape(x)} into {out.shape}; "
            "allowed: (n, classes) with at least two classes"
        )
    return out


def softmax(scores: np.ndarray) -> np.ndarray:
    """Probabilities of logits, shape as given."""
    shifted = np.exp(scores - scores.max(axis=1, keepdims=True))
    return shifted / shifted.sum(axis=1, keepdims=True)


def margin(scores: np.ndarray) -> np.ndarray:
    """Gap of the two highest logits over their range, in [0, 1]; shape (n,).

    ``(top1 - top2) / (max - min)``: below delta a sample lies on the delta-boundary
    (the authors' released test, with delta 0.1). Equal logits have margin 0.
    """
    ascending = np.sort(scores, axis=1)
    gap = ascending[:, -1] - ascending[:, -2]
    spread = ascending[:, -1] - ascending[:, 0]
    return np.divide(gap, spread, out=np.zeros_like(gap), where=spread > 0)
