r"""EDT: a temperature from the entropy of the model's own distribution.

The peer of AdapT that looks at the distribution and not at the position
(arXiv 2403.14541):

.. math:: T = T_0 \cdot 0.8^{\theta / H}, \quad
          H = -\sum_i p_i \ln p_i, \quad p = \mathrm{softmax}(z)

Where the model is sure, H is near zero and so is T.
"""

from __future__ import annotations

from torch import Tensor

BASE = 0.8
LEAST = 1e-4  # below it the likeliest token has all the probability that float32 holds


def entropy(logits: Tensor) -> Tensor:
    """Entropy in nats of ``softmax(logits)``, over the last dimension.

    >>> import torch
    >>> round(float(entropy(torch.zeros(4))), 4)  # ln 4
    1.3863
    """
    logs = logits.log_softmax(dim=-1)
    return -(logs.exp() * logs).nan_to_num(nan=0.0).sum(dim=-1)


def entropy_temperature(logits: Tensor, t0: float, theta: float) -> Tensor:
    """Temperature of each row of logits (m, V): (m,), at least 1e-4 and at most t0.

    >>> import torch
    >>> sure, unsure = torch.tensor([[20.0, 0.0, 0.0], [0.1, 0.0, 0.0]])
    >>> found = entropy_temperature(torch.stack([sure, unsure]), 1.0, 0.5)
    >>> [round(t, 3) for t in found.tolist()]
    [0.0, 0.903]
    """
    return (t0 * BASE ** (theta / entropy(logits).clamp(min=1e-30))).clamp(min=LEAST)
