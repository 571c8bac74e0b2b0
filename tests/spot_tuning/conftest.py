"""Small worlds: seeded prices, tabulated curves, predictors that predict nothing."""

from __future__ import annotations

import numpy as np
import pytest

from helpers.spot_tuning.curves import LearningCurves
from helpers.spot_tuning.instances import PAPER_TYPES, instance
from helpers.spot_tuning.prices import Market, PriceTrace


class LastValue:
    """Final metric: the last one seen."""

    def predict(self, metrics, final_step):
        return float(metrics[-1])


class Constant:
    """Revocation: always as likely."""

    def __init__(self, probability):
        self.value = probability

    def probability(self, market, instance_type, max_price):
        return self.value


@pytest.fixture(scope="session")
def last_value():
    return LastValue()


@pytest.fixture(scope="session")
def constant_revocation():
    return Constant


@pytest.fixture(scope="session")
def flat_market():
    """flat_market({"r4.large": 0.04}, minutes): prices that never move."""

    def make(prices, minutes=6000):
        return Market(
            PriceTrace(name, np.full(minutes, price)) for name, price in prices.items()
        )

    return make


@pytest.fixture(scope="session")
def random_market():
    """random_market(seed): prices move every few minutes, with spikes."""

    def make(seed, minutes=3000, types=PAPER_TYPES, moves=0.1, spikes=0.004):
        rng = np.random.default_rng(seed)
        traces = []
        for name in types:
            jumps = 0.2 * rng.standard_normal(minutes) * (rng.random(minutes) < moves)
            log = 0.3 * np.sin(np.cumsum(jumps))
            for first in np.flatnonzero(rng.random(minutes) < spikes):
                log[first : first + 1 + int(rng.exponential(20))] = 1.5
            prices = 0.3 * instance(name).on_demand * np.exp(log)
            traces.append(PriceTrace(name, prices))
        return Market(traces)

    return make


@pytest.fixture(scope="session")
def make_curves():
    """make_curves(trials, steps): falling curves, one-core seconds as given."""

    def make(trials=4, steps=40, seconds=None, seed=0, alpha=0.6, checkpoint_mb=500.0):
        rng = np.random.default_rng(seed)
        lengths = np.broadcast_to(steps, trials)
        floors = rng.permutation(np.linspace(0.1, 0.9, trials))
        metrics = tuple(
            floor + 1 / np.arange(1, length + 1) ** rng.uniform(0.4, 1)
            for floor, length in zip(floors, lengths, strict=True)
        )
        if seconds is None:
            seconds = rng.uniform(200, 400, trials)
        return LearningCurves(
            "synthetic",
            "loss",
            tuple({"index": i} for i in range(trials)),
            metrics,
            np.broadcast_to(np.asarray(seconds, dtype=float), trials),
            alpha=alpha,
            checkpoint_mb=checkpoint_mb,
        )

    return make
