"""Temperatures that are allowed, and truncations: top-p, min-p, top-n-sigma.

Top-p and min-p return the distribution (m, V) with the cut tokens at zero and the rest
summing to one. They keep what transformers' processors keep, ties at the border apart.
"""

from __future__ import annotations

import torch
from torch import Tensor

_FEW = 16


def top_p(probabilities: Tensor, p: float) -> Tensor:
    """The fewest likeliest tokens that together have probability ``p`` or more.

    Of most rows the first or the first few suffice; only the others are sorted.
    """
    if p >= 1:
        return probabilities
    least = probabilities.amax(dim=-1)
    rows = (least < p).nonzero()[:, 0]
    for width in (_FEW, probabilities.shape[1]):
        if not len(rows):
            break
        ranked = probabilities[rows].topk(min(width, probabilities.shape[1])).values
        sums = ranked.cumsum(dim=-1)
        last = (sums < p).sum(dim=-1).clamp(max=ranked.shape[1] - 1)
        least[rows] = ranked.gather(1, last[:, None])[:, 0]
        rows = rows[sums[:, -1] < p]
    return _kept(probabilities, least[:, None])


def min_p(probabilities: Tensor, share: float) -> Tensor:
    """Tokens with at least ``share`` of the likeliest token's probability."""
    if share <= 0:
        return probabilities
    return _kept(probabilities, share * probabilities.amax(dim=-1, keepdim=True))


def _kept(probabilities: Tensor, least: Tensor) -> Tensor:
    """Those of at least ``least`` (m, 1), summing to one."""
    kept = probabilities.masked_fill(probabilities < least, 0.0)
    return kept.div_(kept.sum(dim=-1, keepdim=True))


def outside_n_sigma(logits: Tensor, n: float) -> Tensor:
    r"""Which logits lie more than ``n`` standard deviations below the highest: (m, V).

    .. math:: z_i < \max z - n \sigma(z)

    The same at every temperature. The deviation is the population's, over the finite
    logits, as in llama.cpp; with a whole vocabulary the sample's hardly differs.
    """
    finite = torch.isfinite(logits)
    count = finite.sum(dim=-1, keepdim=True)
    mean = logits.where(finite, 0.0).sum(dim=-1, keepdim=True) / count
    square = (logits - mean).square().where(finite, 0.0).sum(dim=-1, keepdim=True)
    return logits < logits.amax(dim=-1, keepdim=True) - n * (square / count).sqrt()


def check_temperature(name: str, value: float) -> None:
    """Raise ValueError unless a temperature is a number in [1e-4, 1e4].

    Below that float32 may overflow, and the likeliest token has everything long before.
    """
    if not isinstance(value, int | float) or not 1e-4 <= value <= 1e4:
        raise ValueError(
            f"temperature `{name}` is {value!r}; allowed: 1e-4 to 1e4 "
            "(for the likeliest token always: greedy, or do_sample=False)"
        )
