"""How far above the present price the max price is set: the delta of a request.

Recalled of the paper, not verified: requests use a delta drawn uniformly from
[0.00001, 0.2] USD, training uses deltas of the market's own recent size.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from helpers.names import unknown_name
from helpers.spot_tuning.revocation_features import HOUR_MINUTES

Kind = Literal["uniform", "log-uniform", "fluctuation", "fixed"]


@dataclass(frozen=True)
class DeltaRule:
    """Rule that gives each request its delta = max price - present price, in USD.

    Attributes
    ----------
    kind : str
        "uniform": U[low, high] (interval recalled).
        "log-uniform": log delta uniform on the same interval (ours): as many requests
        close to the price as far above it.
        "fluctuation": :func:`fluctuation` of the last hour, at least ``low``
        (the paper's Algorithm 2, reconstructed).
        "fixed": ``low`` for every request.
    low, high : float
        USD, 0 < low <= high.
    trim : float
        Share cut off at each tail by "fluctuation"; recalled with low confidence.

    Raises
    ------
    ValueError
        If the kind is unknown or a number is out of range.
    """

    kind: Kind = "uniform"
    low: float = 1e-5
    high: float = 0.2
    trim: float = 0.2

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise unknown_name("delta rule", self.kind, get_args(Kind))
        if not 0 < self.low <= self.high < np.inf:
            raise ValueError(
                f"deltas from {self.low} to {self.high}; allowed: 0 < low <= high"
            )
        if not 0 <= self.trim < 0.5:
            raise ValueError(f"trim is {self.trim}; allowed: 0 <= trim < 0.5")

    def draw(
        self, prices: np.ndarray, minutes: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """A delta for a request at each of ``minutes``, shape (n,), USD.

        ``prices`` of later minutes have no influence.
        """
        if self.kind == "uniform":
            return rng.uniform(self.low, self.high, len(minutes))
        if self.kind == "log-uniform":
            low, high = math.log(self.low), math.log(self.high)
            return np.exp(rng.uniform(low, high, len(minutes)))
        if self.kind == "fixed":
            return np.full(len(minutes), self.low)
        different, where = np.unique(minutes, return_inverse=True)
        sizes = [
            fluctuation(prices[max(0, m - HOUR_MINUTES) : m + 1], self.trim)
            for m in different
        ]
        return np.maximum(self.low, sizes)[where]


def fluctuation(prices: np.ndarray, trim: float = 0.2) -> float:
    """Trimmed mean size of the price changes in ``prices``; 0 if there is none.

    ``mean(sorted |p[i] - p[i - 1]|, without the floor(trim * n) at each end)`` over
    the n changes. Minutes without a change are left out (our reading): they are most
    of all minutes, and the trimmed mean over all minutes would nearly always be 0.

    Examples
    --------
    >>> round(fluctuation(np.array([1, 2, 2, 4, 7, 8, 18.0])), 9)
    2.0
    """
    sizes = np.abs(np.diff(prices))
    sizes = np.sort(sizes[sizes > 0])
    cut = int(trim * len(sizes))
    return float(sizes[cut : len(sizes) - cut].mean()) if len(sizes) else 0.0
