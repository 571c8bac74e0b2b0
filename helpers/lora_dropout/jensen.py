r"""An ensemble's loss against its members' (theorem 4.5), example by example.

Cross entropy is convex in the logits, and ``-log`` is convex in the probability of the
label. By Jensen's inequality, whichever of the two is averaged, the loss of the mean is
at most the mean loss of the *members*. The theorem says nothing about the deterministic
network, in which the masks are off.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class JensenGap:
    """Losses of each example in nats, float64, shape (b,).

    Attributes
    ----------
    members : Tensor
        Mean over the members of their loss.
    mean_logit : Tensor
        Loss of the averaged logits.
    mean_probability : Tensor
        Loss of the averaged probabilities.
    """

    members: Tensor
    mean_logit: Tensor
    mean_probability: Tensor

    @property
    def logit_gap(self) -> Tensor:
        """What averaging logits saves, never negative beyond rounding."""
        return self.members - self.mean_logit

    @property
    def probability_gap(self) -> Tensor:
        """What averaging probabilities saves, never negative beyond rounding."""
        return self.members - self.mean_probability


def jensen_gap(member_logits: Tensor, labels: Tensor) -> JensenGap:
    """Losses of the members and of both kinds of ensemble.

    Parameters
    ----------
    member_logits : Tensor
        Shape (n, b, c) for n members.
    labels : Tensor
        Class numbers, shape (b,).

    Raises
    ------
    ValueError
        If the shapes disagree.

    Examples
    --------
    >>> import torch
    >>> logits = torch.tensor([[[4.0, 0.0]], [[0.0, 4.0]]])
    >>> gap = jensen_gap(logits, torch.tensor([0]))
    >>> [round(float(x), 3) for x in (gap.members, gap.mean_probability)]
    [2.018, 0.693]
    """
    if member_logits.ndim != 3 or labels.shape != member_logits.shape[1:2]:
        raise ValueError(
            f"member_logits has shape {tuple(member_logits.shape)}, labels "
            f"{tuple(labels.shape)}; allowed: (n, b, c) and (b,)"
        )
    logits = member_logits.double()
    n, b, _ = logits.shape
    chosen = labels[None, :, None].expand(n, b, 1)
    logs = logits.log_softmax(dim=2).gather(2, chosen)[:, :, 0]
    mean = logits.mean(dim=0).log_softmax(dim=1)
    return JensenGap(
        members=-logs.mean(dim=0),
        mean_logit=-mean.gather(1, labels[:, None])[:, 0],
        mean_probability=math.log(n) - logs.logsumexp(dim=0),
    )
