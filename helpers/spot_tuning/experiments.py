"""The notebook's experiments: many simulated jobs, one row each.

Within one repetition every job sees the same curves, market, start time, boot times and
checkpoints; only what the experiment is about differs. Repetitions draw all of that
anew, so an interval over them covers the weather of a market, too.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from helpers.progress import progress_bar
from helpers.spot_tuning.bench import POLICIES, Bench, Repetition, policy
from helpers.spot_tuning.billing import REGIMES, billing
from helpers.spot_tuning.instances import cheapest
from helpers.spot_tuning.job import Policy
from helpers.spot_tuning.orchestrator import SpotTune
from helpers.spot_tuning.provisioning import Delta
from helpers.spot_tuning.rebilling import rebilled
from helpers.spot_tuning.revocation_predictors import HazardPredictor

if TYPE_CHECKING:
    import pandas as pd

SOURCES = ("early_shutdown", "cheap_markets", "refunds")  # of `factorial`


def run_jobs(
    jobs: Iterable[tuple[Mapping[str, object], Bench, Policy, float]],
    label: str = "jobs",
    regimes: Sequence[str] = (),
) -> pd.DataFrame:
    """Run every (labels, bench, policy, start); a row per job.

    The frame has the labels and `job_result.JobResult.summary`. With ``regimes`` each
    job is billed under each of them, a row per regime, named in the column ``billing``.
    """
    import pandas as pd

    rows: list[dict[str, object]] = []
    for labels, bench, chosen, start in progress_bar(list(jobs), desc=label):
        result = bench.run(chosen, start)
        if not regimes:
            rows.append({**labels, **result.summary()})
        for regime in regimes:
            bill = rebilled(result, bench.market, billing(regime))
            rows.append({**labels, "billing": regime, **bill.summary()})
    return pd.DataFrame(rows)


def _each(
    repetitions: Sequence[Repetition],
) -> Iterator[tuple[dict[str, object], Bench, float]]:
    """Labels ``workload`` and ``repetition`` (its index), bench and start."""
    for index, repetition in enumerate(repetitions):
        for workload, bench in repetition.benches.items():
            yield (
                {"workload": workload, "repetition": index},
                bench,
                repetition.start,
            )


def compare_policies(
    repetitions: Sequence[Repetition],
    names: Sequence[str] = tuple(POLICIES),
    label: str = "policies",
    regimes: Sequence[str] = (),
) -> pd.DataFrame:
    """The named policies on all workloads; columns workload, repetition, policy, ..."""
    return run_jobs(
        (
            ({**labels, "policy": name}, bench, policy(name, bench), start)
            for labels, bench, start in _each(repetitions)
            for name in names
        ),
        label,
        regimes,
    )


def billing_sweep(
    repetitions: Sequence[Repetition],
    names: Sequence[str] = ("SpotTune", "Cheapest", "Fastest"),
) -> pd.DataFrame:
    """The same policies under every billing regime."""
    return compare_policies(repetitions, names, "billing", tuple(REGIMES))


def variant_sweep(
    repetitions: Sequence[Repetition],
    variants: Mapping[Any, Callable[[Bench], Bench]],
    column: str = "variant",
    regimes: Sequence[str] = (),
) -> pd.DataFrame:
    """SpotTune under named changes of the bench; the name is in ``column``."""
    return run_jobs(
        (
            ({**labels, column: name}, changed, policy("SpotTune", changed), start)
            for labels, bench, start in _each(repetitions)
            for name, changed in ((n, change(bench)) for n, change in variants.items())
        ),
        column,
        regimes,
    )


def theta_sweep(
    repetitions: Sequence[Repetition], thetas: Sequence[float]
) -> pd.DataFrame:
    """SpotTune at several shutdown points; column ``theta``."""
    return variant_sweep(
        repetitions, {t: partial(replace, theta=t) for t in thetas}, "theta"
    )


def delta_sweep(
    repetitions: Sequence[Repetition],
    deltas: Mapping[str, Delta],
    regimes: Sequence[str] = ("first-hour-refund", "no-refund"),
) -> pd.DataFrame:
    """SpotTune with several rules for the maximum price, with and without refunds."""
    changes = {name: partial(replace, delta=rule) for name, rule in deltas.items()}
    return variant_sweep(repetitions, changes, "delta", regimes)


def checkpoint_sweep(
    repetitions: Sequence[Repetition], megabytes: Sequence[float]
) -> pd.DataFrame:
    """SpotTune with checkpoints of several sizes; column ``checkpoint_mb``."""

    def resized(size: float) -> Callable[[Bench], Bench]:
        return lambda b: replace(b, machinery=replace(b.machinery, checkpoint_mb=size))

    changes = {size: resized(size) for size in megabytes}
    return variant_sweep(repetitions, changes, "checkpoint_mb")


def factorial(repetitions: Sequence[Repetition], small_delta: float) -> pd.DataFrame:
    """The three sources of saving, each on and off: 8 combinations.

    ``early_shutdown``: theta instead of 1. ``cheap_markets``: any type instead of the
    cheapest by list price. ``refunds``: bid ``small_delta`` above the price, which the
    provider often exceeds, instead of a bid that is never exceeded. Revocations are
    foreseen by the last seven days alone, so that no network plays a part.
    """

    def cell(bench: Bench, on: tuple[bool, ...]) -> tuple[Bench, Policy]:
        shutdown, markets, refunds = on
        rule = Delta("fixed", small_delta if refunds else 1e6)
        bench = replace(bench, delta=rule, revocation=HazardPredictor())
        types = bench.market.types
        return bench, SpotTune(
            bench.shutdown() if shutdown else bench.shutdown(1.0),
            bench.provisioner(types if markets else (cheapest(types),)),
        )

    return run_jobs(
        (
            ({**labels, **dict(zip(SOURCES, on, strict=True))}, *cell(bench, on), start)
            for labels, bench, start in _each(repetitions)
            for on in itertools.product((False, True), repeat=len(SOURCES))
        ),
        "sources of saving",
    )


def main_effect(frame: pd.DataFrame, source: str) -> np.ndarray:
    """Cost with a source of `factorial` over cost without, others on and off alike.

    Geometric mean over workloads and the other sources; one number per repetition.
    """
    keys = [frame[source], frame["repetition"]]
    mean = np.log(frame["cost"]).groupby(keys).mean()
    return np.exp(mean[True] - mean[False]).to_numpy()
