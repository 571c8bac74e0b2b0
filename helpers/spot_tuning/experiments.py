"""The notebook's experiments: many simulated jobs, one row each.

Every job of a comparison sees the same curves, market, start times, boot times and
checkpoints; only what the experiment is about differs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from tqdm import tqdm

from helpers.names import unknown_name
from helpers.spot_tuning.billing import REGIMES, Billing, billing
from helpers.spot_tuning.curves import LearningCurves
from helpers.spot_tuning.early_shutdown import EarlyShutdown
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
from helpers.spot_tuning.rebilling import rebilled
from helpers.spot_tuning.revocation_predictors import HazardPredictor
from helpers.spot_tuning.simulator import simulate
from helpers.spot_tuning.successive_halving import SuccessiveHalving

if TYPE_CHECKING:
    import pandas as pd

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

    def run(self, policy: Policy, start: float) -> JobResult:
        """One job from second ``start`` of the market's clock."""
        return simulate(
            policy,
            self.curves,
            self.market,
            start=start,
            rules=self.rules,
            machinery=self.machinery,
            seed=self.seed,
        )


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


def run_jobs(
    jobs: Iterable[tuple[Mapping[str, object], Bench, Policy]],
    starts: Sequence[float],
    label: str = "jobs",
    regimes: Sequence[str] = (),
) -> pd.DataFrame:
    """Run every (labels, bench, policy) at every start; a row per job.

    The frame has the labels, ``start`` (index of the start time) and all of
    :meth:`JobResult.summary`. With ``regimes`` each job is billed under each of them,
    a row per regime, named in the column ``billing``.
    """
    import pandas as pd

    listed = list(jobs)
    rows: list[dict[str, object]] = []
    with tqdm(total=len(listed) * len(starts), desc=label, leave=False) as bar:
        for labels, bench, chosen in listed:
            for index, start in enumerate(starts):
                row = {**labels, "start": index}
                result = bench.run(chosen, start)
                if not regimes:
                    rows.append({**row, **result.summary()})
                for regime in regimes:
                    bill = rebilled(result, bench.market, billing(regime))
                    rows.append({**row, "billing": regime, **bill.summary()})
                bar.update()
    return pd.DataFrame(rows)


def compare_policies(
    benches: Mapping[str, Bench],
    starts: Sequence[float],
    names: Sequence[str] = tuple(POLICIES),
) -> pd.DataFrame:
    """All policies on all workloads; columns ``workload`` and ``policy`` in front."""
    return run_jobs(
        (
            ({"workload": workload, "policy": name}, bench, policy(name, bench))
            for workload, bench in benches.items()
            for name in names
        ),
        starts,
        "policies",
    )


def factorial(
    benches: Mapping[str, Bench], starts: Sequence[float], small_delta: float
) -> pd.DataFrame:
    """The three sources of saving, each on and off: 8 combinations.

    ``early_shutdown``: theta instead of 1. ``cheap_markets``: any type instead of the
    cheapest by list price. ``refunds``: bid ``small_delta`` above the price, which the
    provider often exceeds, instead of a bid that is never exceeded. Revocations are
    foreseen by the last seven days alone, so that no network plays a part.
    """
    jobs = []
    for workload, bench in benches.items():
        types = bench.market.types
        for shutdown in (False, True):
            for markets in (False, True):
                for refunds in (False, True):
                    rule = Delta("fixed", small_delta if refunds else 1e6)
                    variant = replace(bench, delta=rule, revocation=HazardPredictor())
                    chosen = SpotTune(
                        variant.shutdown() if shutdown else variant.shutdown(1.0),
                        variant.provisioner(types if markets else (cheapest(types),)),
                    )
                    labels = {
                        "workload": workload,
                        "early_shutdown": shutdown,
                        "cheap_markets": markets,
                        "refunds": refunds,
                    }
                    jobs.append((labels, variant, chosen))
    return run_jobs(jobs, starts, "sources of saving")


def main_effect(frame: pd.DataFrame, source: str) -> np.ndarray:
    """Cost with a source of `factorial` over cost without, others on and off alike.

    Geometric mean over workloads and the other sources; one number per start.
    """
    mean = np.log(frame["cost"]).groupby([frame[source], frame["start"]]).mean()
    return np.exp(mean[True] - mean[False]).to_numpy()


def theta_sweep(
    benches: Mapping[str, Bench], starts: Sequence[float], thetas: Sequence[float]
) -> pd.DataFrame:
    """SpotTune at several theta."""
    return run_jobs(
        (
            ({"workload": w, "theta": t}, b, policy("SpotTune", replace(b, theta=t)))
            for w, b in benches.items()
            for t in thetas
        ),
        starts,
        "theta",
    )


def delta_sweep(
    benches: Mapping[str, Bench],
    starts: Sequence[float],
    deltas: Mapping[str, Delta],
    regimes: Sequence[str] = ("first-hour-refund", "no-refund"),
) -> pd.DataFrame:
    """SpotTune with several rules for the maximum price, with and without refunds."""
    jobs = []
    for workload, bench in benches.items():
        for name, rule in deltas.items():
            variant = replace(bench, delta=rule)
            labels = {"workload": workload, "delta": name}
            jobs.append((labels, variant, policy("SpotTune", variant)))
    return run_jobs(jobs, starts, "delta", regimes)


def billing_sweep(
    benches: Mapping[str, Bench],
    starts: Sequence[float],
    names: Sequence[str] = ("SpotTune", "Cheapest", "Fastest"),
) -> pd.DataFrame:
    """The same policies under every billing regime."""
    return run_jobs(
        (
            ({"workload": workload, "policy": name}, bench, policy(name, bench))
            for workload, bench in benches.items()
            for name in names
        ),
        starts,
        "billing",
        tuple(REGIMES),
    )


def checkpoint_sweep(
    benches: Mapping[str, Bench], starts: Sequence[float], megabytes: Sequence[float]
) -> pd.DataFrame:
    """SpotTune with checkpoints of several sizes."""
    jobs = []
    for workload, bench in benches.items():
        for size in megabytes:
            machinery = replace(bench.machinery, checkpoint_mb=size)
            variant = replace(bench, machinery=machinery)
            labels = {"workload": workload, "checkpoint_mb": size}
            jobs.append((labels, variant, policy("SpotTune", variant)))
    return run_jobs(jobs, starts, "checkpoints")


def variant_sweep(
    benches: Mapping[str, Bench],
    starts: Sequence[float],
    variants: Mapping[str, Callable[[Bench], Bench]],
    name: str = "SpotTune",
) -> pd.DataFrame:
    """One policy under named changes of the bench (predictor, matrix, step cost)."""
    jobs = []
    for workload, bench in benches.items():
        for label, change in variants.items():
            changed = change(bench)
            jobs.append(
                (
                    {"workload": workload, "variant": label},
                    changed,
                    policy(name, changed),
                )
            )
    return run_jobs(jobs, starts, "variants")
