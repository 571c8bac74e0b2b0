"""Predictors without a network; every trained one has to beat them."""

from __future__ import annotations

from typing import Protocol, Self

import numpy as np

from helpers.spot_tuning.revocation_features import DAY, HORIZON, highest_ahead
from helpers.spot_tuning.revocation_samples import Samples
from helpers.spot_tuning.revocation_scale import InputScale


class Classifier(Protocol):
    """What all revocation predictors share, in the manner of scikit-learn."""

    def fit(self, samples: Samples) -> Self:
        """Learn from training samples."""
        ...

    def predict_proba(self, samples: Samples) -> np.ndarray:
        """P(revoked within the hour) of each sample, shape (n,)."""
        ...


class Majority:
    """Always the share of revoked requests in training: what knowing nothing gives."""

    def fit(self, samples: Samples) -> Self:
        self.prior = samples.prior
        return self

    def predict_proba(self, samples: Samples) -> np.ndarray:
        return np.full(len(samples), self.prior)


class EmpiricalHazard:
    """How often the price rose by more than delta within an hour, in the last days.

    ``P(delta) = share of start minutes s with max(p[s+1..s+60]) - p[s] > delta``
    over the last ``days`` days of start minutes that are at least 60 minutes old.
    Nothing is learned; `fit` is there for the common interface.

    Raises
    ------
    ValueError
        If ``days`` is not positive.
    """

    def __init__(self, days: float = 7.0) -> None:
        if not days > 0:
            raise ValueError(f"days is {days}; allowed: above 0")
        self.days = days

    def fit(self, samples: Samples) -> Self:
        return self

    def predict_proba(self, samples: Samples) -> np.ndarray:
        prices = samples.trace.prices
        rises = highest_ahead(prices) - prices[:-HORIZON]
        last = samples.minutes - HORIZON  # the latest start whose hour is over
        first = np.maximum(0, last + 1 - round(self.days * DAY))
        return np.array(
            [
                np.count_nonzero(rises[a : b + 1] > delta) / (b + 1 - a)
                for a, b, delta in zip(first, last, samples.deltas, strict=True)
            ]
        )


class LogisticModel:
    """Logistic regression (scikit-learn) on the present record and the delta."""

    def fit(self, samples: Samples) -> Self:
        from sklearn.linear_model import LogisticRegression

        samples.require_both()
        present = samples.features[samples.minutes]
        self.scale = InputScale.fit(present, samples.deltas)
        self.model = LogisticRegression(max_iter=1000)
        self.model.fit(self.scale.inputs(present, samples.deltas), samples.labels)
        return self

    def predict_proba(self, samples: Samples) -> np.ndarray:
        present = samples.features[samples.minutes]
        inputs = self.scale.inputs(present, samples.deltas)
        return self.model.predict_proba(inputs)[:, 1]
