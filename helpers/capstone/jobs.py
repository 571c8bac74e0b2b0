"""A tuning job on the simulated spot market whose trials are really trained.

`run_live` trains while the machines of the job do; `bill_jobs` runs the same job and
its rivals on the curves that are known afterwards, in many markets.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING

import numpy as np

from helpers.cache import stage
from helpers.capstone.trial import Problem, lora_workload
from helpers.spot_tuning.bench import Bench, policy
from helpers.spot_tuning.curves import LearningCurves
from helpers.spot_tuning.experiments import run_jobs
from helpers.spot_tuning.final_metric import predictors_for
from helpers.spot_tuning.instances import cheapest, fastest
from helpers.spot_tuning.job import Policy
from helpers.spot_tuning.job_result import JobResult
from helpers.spot_tuning.machinery import Machinery
from helpers.spot_tuning.orchestrator import SingleType
from helpers.spot_tuning.price_generator import generate_market
from helpers.spot_tuning.prices import Market
from helpers.spot_tuning.provisioning import Delta
from helpers.spot_tuning.revocation_predictors import HazardPredictor
from helpers.spot_tuning.work import LiveWork
from helpers.spot_tuning.workload import Workload

if TYPE_CHECKING:
    import pandas as pd

DAYS = 21  # of prices; a job starts after the week that the predictor looks back on
FASTEST = "On-demand, fastest"  # "On-demand" is the cheapest type
WHOLE = Machinery(whole_steps=True)  # a trial is saved between two epochs


@dataclass(frozen=True)
class JobPlan:
    """One tuning job: what is trained, in which market, and how it is judged.

    Attributes
    ----------
    problem : Problem
    p_grid : tuple of float
    ranks : tuple of int
    seed : int
        Of texts, wrong labels, weights, batches and masks.
    market_seed : int
        Of the prices.
    start_day : float
        When the job starts, days of the market's clock.
    theta : float
        Share of the epochs after which a trial is judged.
    winners : int
        Predicted-best trials that are trained to the end.
    hours : float
        Mean length of a trial on the cheapest type (simulated).
    delta : float
        Bids lie so far above the price, USD per hour.
    """

    problem: Problem
    p_grid: tuple[float, ...]
    ranks: tuple[int, ...]
    seed: int
    market_seed: int
    start_day: float = 8.0
    theta: float = 0.5
    winners: int = 2
    hours: float = 8.0
    delta: float = 0.01

    @property
    def workload(self) -> Workload:
        return lora_workload(self.problem, self.p_grid, self.ranks)

    @property
    def market(self) -> Market:
        return market_of(self.market_seed)

    def bench(self, curves: LearningCurves) -> Bench:
        """What all policies of the job have in common."""
        return Bench(
            curves.lasting(self.hours, cheapest(self.market.types)),
            self.market,
            HazardPredictor(),
            predictors_for(curves),
            theta=self.theta,
            winners=self.winners,
            delta=Delta("fixed", self.delta),
            machinery=WHOLE,
            seed=self.market_seed,
        )

    def run(
        self, chosen: Policy, bench: Bench, work: LiveWork | None = None
    ) -> JobResult:
        """The job under a policy."""
        return bench.run(chosen, self.start_day * 86400.0, work)


@lru_cache(maxsize=16)
def market_of(seed: int) -> Market:
    """A market of that seed, with prices as in 2016."""
    return generate_market(days=DAYS, seed=seed)


@dataclass(frozen=True)
class LiveJob:
    """What a live job leaves.

    Attributes
    ----------
    plan : JobPlan
    result : JobResult
    curves : LearningCurves
        Of every setting, to the end: what the job did not train was trained after it.
    checkpoint : bytes
        Last state of the chosen trial.
    restored, repeated : dict of str to int
        How often each trial was taken up from a checkpoint, and its steps that were
        lost with a machine and trained again.
    """

    plan: JobPlan
    result: JobResult
    curves: LearningCurves
    checkpoint: bytes
    restored: Mapping[str, int]
    repeated: Mapping[str, int]

    @property
    def chosen(self) -> str:
        return self.result.ranking[0]

    @property
    def setting(self) -> dict[str, float]:
        """p and rank of the chosen trial."""
        return dict(self.curves.settings[self.curves.trials.index(self.chosen)])


@stage
def run_live(plan: JobPlan) -> LiveJob:
    """SpotTune tunes p and rank; every step of a trial is trained when it is due.

    A machine that is launched makes a fresh trial and restores the last checkpoint;
    what a lost machine did is trained again.
    """
    workload = plan.workload
    blank = workload.curves()
    work = LiveWork(
        {
            trial: partial(workload.trainer, setting, plan.seed)
            for trial, setting in zip(blank.trials, blank.settings, strict=True)
        }
    )
    bench = plan.bench(blank)
    result = plan.run(policy("SpotTune", bench), bench, work)
    metrics = [np.array(work.metrics(t, n)) for t, n in blank.max_steps.items()]
    return LiveJob(
        plan,
        result,
        workload.curves(metrics),
        work.checkpoints[result.ranking[0]],
        work.restored,
        work.repeated,
    )


def rivals(bench: Bench) -> dict[str, Policy]:
    """SpotTune, and what the same grid costs without it."""
    named = ("SpotTune", "SpotTune, no shutdown", "On-demand")
    strongest = fastest(bench.market.types)
    return {
        **{name: policy(name, bench) for name in named},
        FASTEST: SingleType(bench.shutdown(1.0), strongest, on_demand=True),
    }


def bill_jobs(
    plans: Sequence[JobPlan], curves: Mapping[int, LearningCurves]
) -> pd.DataFrame:
    """Every rival in every job.

    Parameters
    ----------
    curves : mapping of int to LearningCurves
        Of each training seed, to the end.

    Returns
    -------
    pd.DataFrame
        Columns workload, repetition (index of the plan), policy, and those of
        `JobResult.summary`.
    """
    jobs = []
    for index, plan in enumerate(plans):
        bench = plan.bench(curves[plan.seed])
        for name, rival in rivals(bench).items():
            labels = {"workload": bench.curves.workload, "repetition": index}
            start = plan.start_day * 86400.0
            jobs.append(({**labels, "policy": name}, bench, rival, start))
    return run_jobs(jobs, "bills")
