"""Temperatures that are allowed, and truncations: top-p, min-p, top-n-sigma.

Top-p and min-p return the distribution (m, V) with the cut tokens at zero and the rest
summing to one. They keep what transformers' processors keep, ties at the border apart.
"""

from __future__ import annotations

import torch
from torch import Tensor


def top_p(probabilities: Tensor, p: float) -> Tensor:
    """The fewest likeliest tokens that together have probability ``p`` or more.

    Rows whose likeliest token has that by itself are not sorted: most are such.
    """
    if p >= 1:
        return probabilities
    best, at = probabilities.max(dim=-1)
    out = torch.zeros_like(probabilities)
    out.scatter_(1, at[:, None], 1.0)
    rows = (best < p).nonzero()[:, 0]
    if len(rows):
        ranked, order = probabilities[rows].sort(dim=-1, descending=True)
        before = ranked.cumsum(dim=-1) - ranked
        kept = ranked.masked_fill_(before >= p, 0.0)
        kept /= kept.sum(dim=-1, keepdim=True)
        out[rows] = torch.zeros_like(kept).scatter_(1, order, kept)
    return out


def min_p(probabilities: Tensor, share: float) -> Tensor:
    """Tokens with at least ``share`` of the likeliest token's probability."""
    if share <= 0:
        return probabilities
    least = share * probabilities.amax(dim=-1, keepdim=True)
    kept = probabilities.masked_fill(probabilities < least, 0.0)
    return kept / kept.sum(dim=-1, keepdim=True)


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
