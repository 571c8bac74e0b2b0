"""A small market, a small workload and policies that cover every kind of bar."""

from __future__ import annotations

import numpy as np

from helpers.spot_tuning.billing import REGIMES
from helpers.spot_tuning.curves import LearningCurves
from helpers.spot_tuning.early_shutdown import EarlyShutdown
from helpers.spot_tuning.instances import PAPER_TYPES, instance
from helpers.spot_tuning.job_result import JobResult
from helpers.spot_tuning.machinery import Machinery
from helpers.spot_tuning.orchestrator import SingleType, SpotTune
from helpers.spot_tuning.prices import HOUR, Market, PriceTrace
from helpers.spot_tuning.provisioning import Delta, Provisioner
from helpers.spot_tuning.simulator import simulate
from helpers.spot_tuning.successive_halving import SuccessiveHalving

START = 1.5 * HOUR


class LastValue:
    def predict(self, metrics, final_step):
        return float(metrics[-1])


class Third:
    def probability(self, market, instance_type, max_price):
        return 0.3


def make_market(days: int) -> Market:
    rng = np.random.default_rng(3)
    walk = rng.standard_normal((len(PAPER_TYPES), days * 1440)).cumsum(axis=1) / 80
    return Market(
        PriceTrace(kind, 0.3 * instance(kind).on_demand * np.exp(path))
        for kind, path in zip(PAPER_TYPES, walk, strict=True)
    )


def make_curves() -> LearningCurves:
    steps = np.linspace(0, 1, 20)
    return LearningCurves(
        "toy",
        "loss",
        tuple({"lr": i} for i in range(6)),
        tuple(np.exp(-steps * (1 + i / 3)) + 0.1 for i in range(6)),
        1 + np.arange(6) / 6,
    ).lasting(4, "r4.large")


MARKET, LONG_MARKET, CURVES = make_market(2), make_market(4), make_curves()


def spot(theta: float, delta: float) -> SpotTune:
    predictors = {t: LastValue() for t in CURVES.trials}
    return SpotTune(
        EarlyShutdown(CURVES.max_steps, theta, 2, predictors),
        Provisioner(
            PAPER_TYPES,
            float(np.median(CURVES.step_seconds)),
            Third(),
            Delta("fixed", delta),
        ),
    )


def full(**options) -> SingleType:
    shutdown = EarlyShutdown(CURVES.max_steps, theta=1.0)
    return SingleType(shutdown, "r4.large", **options)


POLICIES = {
    "spot": spot(0.5, 1e-3),
    "spot to the end": spot(1.0, 0.02),
    "on demand": full(on_demand=True),
    "asha": SuccessiveHalving(CURVES.max_steps, "r4.large"),
}


def job(policy, regime="first-hour-refund", **machinery) -> JobResult:
    return simulate(
        policy,
        CURVES,
        MARKET,
        start=START,
        rules=REGIMES[regime],
        machinery=Machinery(**machinery),
    )
