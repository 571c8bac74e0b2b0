"""Processors of AdapT's controls and peers: random, entropy (EDT), top-n-sigma.

With them `generate` samples from what `helpers.adaptive_temperature.samplers` computes.
Min-p is in transformers.
"""

from __future__ import annotations

import torch
from torch import Tensor
from transformers import LogitsProcessor

from helpers.adaptive_temperature.entropy import entropy_temperature
from helpers.adaptive_temperature.truncation import outside_n_sigma


class RandomTemperature(LogitsProcessor):
    """Control: temperature ``a`` with probability ``share``, else ``b``.

    It draws from a generator of its own, which goes on from call to call: one object
    for each run that is to be repeatable. Not for beams.
    """

    supports_continuous_batching = False

    def __init__(self, a: float, b: float, share: float, seed: int) -> None:
        self.a, self.b, self.share = a, b, share
        self._generator = torch.Generator().manual_seed(seed)

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        """Scores (m, V) divided row by row."""
        hot = torch.rand(len(scores), generator=self._generator) < self.share
        column = torch.where(hot, self.a, self.b)[:, None]
        return scores / column.to(scores.device, scores.dtype)


class EntropyTemperature(LogitsProcessor):
    """EDT: the temperature follows the entropy of the row itself."""

    supports_continuous_batching = True

    def __init__(self, t0: float, theta: float) -> None:
        self.t0, self.theta = t0, theta

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        """Scores (m, V) divided row by row."""
        return scores / entropy_temperature(scores, self.t0, self.theta)[:, None]


class TopNSigma(LogitsProcessor):
    """Cuts logits more than ``n`` standard deviations below the highest."""

    supports_continuous_batching = True

    def __init__(self, n: float) -> None:
        self.n = n

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        """Scores (m, V), cut ones at minus infinity."""
        return scores.masked_fill(outside_n_sigma(scores, self.n), -torch.inf)
