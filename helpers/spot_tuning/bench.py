"""What a comparison of policies holds fixed, and the policies by name.

A `Bench` is one workload in one market. A `Repetition` draws everything random anew:
market, predictor, training seed and start time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from helpers.names import unknown_name
from helpers.spot_tuning.billing import REGIMES, Billing
from helpers.spot_tuning.curves import LearningCurves
from helpers.spot_tuning.early_shutdown import EarlyShutdown
from helpers.spot_tuning.final_metric import predictors_for
from helpers.spot_tuning.instances import cheapest, fastest
from helpers.spot_tuning.job import (
    FinalMetricPredictor,
    Policy,
    RevocationPredictor,
)
from helpers.spot_tuning.job_result import JobResult
from helpers.spot_tuning.machinery import Machinery
from helpers.spot_tuning.orchestrator import SingleType, SpotTune
from helpers.spot_tuning.performance_matrix import MatrixRule
from helpers.spot_tuning.prices import HOUR, Market
from helpers.spot_tuning.provisioning import Delta, Provisioner, StepCost
from helpers.spot_tuning.simulator import simulate
from helpers.spot_tuning.successive_halving import SuccessiveHalving
from helpers.spot_tuning.work import Work

PAPER_RULES = REGIMES["first-hour-refund"]


@dataclass(frozen=True)
class Bench:
    """What all policies of a comparison have in common.

    Attributes
    ----------
    curves : LearningCurves
        Step times already scaled to the wanted length of a trial.
    market : Market
    revocation : RevocationPredictor
    finals : mapping of str to FinalMetricPredictor
        One per trial.
    theta : float
        Early shutdown of the policies that have one.
    winners : int
    delta, matrix, step_cost, price_cap
        See `Provisioner`.
    rules : Billing
    machinery : Machinery
    seed : int
    """

    curves: LearningCurves
    market: Market
    revocation: RevocationPredictor
    finals: Mapping[str, FinalMetricPredictor]
    theta: float = 0.7
    winners: int = 3
    delta: Delta = field(default_factory=Delta)
    matrix: MatrixRule = "per-pair"
    step_cost: StepCost = "paper"
    price_cap: float = math.inf
    rules: Billing = PAPER_RULES
    machinery: Machinery = field(default_factory=Machinery)
    seed: int = 0

    def shutdown(self, theta: float | None = None) -> EarlyShutdown:
        """Early shutdown at theta; 1 trains everything to the end."""
        return EarlyShutdown(
            self.curves.max_steps,
            self.theta if theta is None else theta,
            self.winners,
            self.finals,
        )

    def provisioner(self, types: Sequence[str] | None = None) -> Provisioner:
        """Provisioner over the market's types, or some of them."""
        middle = sorted(self.curves.step_seconds)[len(self.curves.step_seconds) // 2]
        return Provisioner(
            types=tuple(types or self.market.types),
            one_core_seconds=float(middle),
            predictor=self.revocation,
            delta=self.delta,
            matrix=self.matrix,
            step_cost=self.step_cost,
            overhead=self.machinery.boot + 60.0,
            price_cap=self.price_cap,
            seed=self.seed,
        )

    def run(self, policy: Policy, start: float, work: Work | None = None) -> JobResult:
        """One job from second ``start`` of the market's clock; see `simulate`."""
        return simulate(
            policy,
            self.curves,
            self.market,
            start=start,
            rules=self.rules,
            machinery=self.machinery,
            seed=self.seed,
            work=work,
        )


@dataclass(frozen=True)
class Repetition:
    """One independent draw: a bench per workload, and when their jobs start.

    Attributes
    ----------
    benches : mapping of str to Bench
    start : float
        Seconds of the benches' market.
    """

    benches: Mapping[str, Bench]
    start: float

    def job(self, workload: str, name: str = "SpotTune") -> JobResult:
        """One job of the named policy."""
        bench = self.benches[workload]
        return bench.run(policy(name, bench), self.start)

    def only(self, workloads: Sequence[str]) -> Repetition:
        """The same draw with some of its workloads; unknown ones are passed over."""
        kept = {name: self.benches[name] for name in workloads if name in self.benches}
        return replace(self, benches=kept)


def repetitions(
    markets: Sequence[Market],
    predictors: Sequence[RevocationPredictor],
    curves: Mapping[str, Sequence[LearningCurves]],
    starts: Sequence[float],
    **common: Any,
) -> list[Repetition]:
    """One repetition per market, each with a predictor and a start time of its own.

    Parameters
    ----------
    curves : mapping of str to sequence of LearningCurves
        Per workload the curves of each training seed, taken in turn.
    **common
        What all benches share, see `Bench`.
    """
    finals = {
        name: [predictors_for(table) for table in tables]
        for name, tables in curves.items()
    }
    found = []
    draws = zip(markets, predictors, starts, strict=True)
    for i, (market, predictor, start) in enumerate(draws):
        benches = {
            name: Bench(
                tables[i % len(tables)],
                market,
                predictor,
                finals[name][i % len(tables)],
                **common,
            )
            for name, tables in curves.items()
        }
        found.append(Repetition(benches, start))
    return found


def _single(
    bench: Bench, kind: str, theta: float, *, on_demand: bool = False
) -> Policy:
    return SingleType(bench.shutdown(theta), kind, on_demand=on_demand)


# Cheapest and fastest are chosen by list price and cores, before any price is seen.
POLICIES: dict[str, Callable[[Bench], Policy]] = {
    "SpotTune": lambda b: SpotTune(b.shutdown(), b.provisioner()),
    "SpotTune, no shutdown": lambda b: SpotTune(b.shutdown(1.0), b.provisioner()),
    "Cheapest": lambda b: _single(b, cheapest(b.market.types), 1.0),
    "Fastest": lambda b: _single(b, fastest(b.market.types), 1.0),
    "Cheapest, early shutdown": lambda b: _single(b, cheapest(b.market.types), b.theta),
    "Fastest, early shutdown": lambda b: _single(b, fastest(b.market.types), b.theta),
    "ASHA": lambda b: SuccessiveHalving(b.curves.max_steps, cheapest(b.market.types)),
    "On-demand": lambda b: _single(b, cheapest(b.market.types), 1.0, on_demand=True),
}


def policy(name: str, bench: Bench) -> Policy:
    """The policy of that name; ValueError with the nearest name if there is none."""
    if name not in POLICIES:
        raise unknown_name("policy", name, list(POLICIES))
    return POLICIES[name](bench)


def start_times(
    market: Market, count: int, *, first_day: float, hours: float
) -> list[float]:
    """Start times in seconds, spread evenly over hours of the day and the trace.

    Parameters
    ----------
    first_day : float
        Days at the beginning that belong to training.
    hours : float
        Time left after the last start, so that the slowest job can end.

    Raises
    ------
    ValueError
        If the trace is too short.
    """
    first, last = first_day * 24 * HOUR, market.seconds - hours * HOUR
    if count < 1 or last <= first:
        raise ValueError(
            f"a trace of {market.seconds / 24 / HOUR:.1f} days leaves no room for "
            f"{count} starts after day {first_day:g} with {hours:g} h to go"
        )
    step = (last - first) / count
    # Shifting by a fraction of a day walks through all hours of the day.
    return [
        first + step * i + (7 * i % 24) / 24 * min(step, 24 * HOUR)
        for i in range(count)
    ]
