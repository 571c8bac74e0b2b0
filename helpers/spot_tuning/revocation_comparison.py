"""RevPred and its rivals on the same samples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from helpers.cache import stage
from helpers.names import unknown_name
from helpers.spot_tuning.prices import Market, PriceTrace
from helpers.spot_tuning.revocation_baselines import (
    Classifier,
    EmpiricalHazard,
    LogisticModel,
    Majority,
)
from helpers.spot_tuning.revocation_calibration import recalibrate
from helpers.spot_tuning.revocation_deltas import DeltaRule
from helpers.spot_tuning.revocation_models import Architecture
from helpers.spot_tuning.revocation_runs import LSTMTask, run_tasks
from helpers.spot_tuning.revocation_samples import SplitPlan, split_samples
from helpers.spot_tuning.revocation_scores import MINIMUM, reliability, score
from helpers.spot_tuning.revocation_training import TrainingSettings

MAJORITY, HAZARD, LOGISTIC = "Majority", "Hazard", "Logistic"
JOINT, SPLIT = "Joint LSTM", "RevPred"
ARCHITECTURES: dict[str, Architecture] = {JOINT: "joint", SPLIT: "split"}
BASELINES: dict[str, Callable[[], Classifier]] = {
    MAJORITY: Majority,
    HAZARD: EmpiricalHazard,
    LOGISTIC: LogisticModel,
}
METHODS = (*BASELINES, *ARCHITECTURES)


@dataclass(frozen=True)
class Case:
    """The answers of all methods to the same test requests.

    Attributes
    ----------
    instance_type : str
    seed : int
    labels : np.ndarray
        Shape (n,), true where the machine was revoked.
    answers : dict of str to np.ndarray
        Probabilities (n,) of each method.
    training_prior, test_prior : float
        Share of revoked requests in each part.
    """

    instance_type: str
    seed: int
    labels: np.ndarray
    answers: dict[str, np.ndarray]
    training_prior: float
    test_prior: float


@stage
def predict_all(
    draws: Sequence[tuple[Market | Sequence[PriceTrace], int]],
    rule: DeltaRule | None = None,
    *,
    methods: Sequence[str] = METHODS,
    training_rule: DeltaRule | None = None,
    plan: SplitPlan | None = None,
    settings: TrainingSettings | None = None,
    days: int | None = None,
    workers: int = 2,
    progress: bool = True,
) -> list[Case]:
    """Train every method on every trace of every (market, seed), and let it answer.

    Within one (type, seed) all methods get the same training and test samples. The
    answers are kept on disk (`helpers.cache.stage`), as is every trained network.

    Parameters
    ----------
    draws : sequence of (market, seed)
        Repetitions: a market or a sequence of traces, and the seed of deltas, weights
        and order. Seeds differ.
    rule, training_rule : DeltaRule
        Deltas of the requests to predict (default uniform), and of training if they
        differ.
    methods : sequence of str
        Of :data:`METHODS`.
    days : int, optional
        Also answer after `recalibrate` over that many days, as
        "<method>, recalibrated", for every trained method.

    Raises
    ------
    ValueError
        If there is no such method.
    TraceError
        If a trace is too short; before any training.
    """
    for method in methods:
        if method not in METHODS:
            raise unknown_name("method", method, METHODS)
    rule, plan = rule or DeltaRule(), plan or SplitPlan()
    settings = settings or TrainingSettings()
    pairs = [
        (trace, seed)
        for market, seed in draws
        for trace in (market.traces.values() if isinstance(market, Market) else market)
    ]
    wanted = {name: ARCHITECTURES[name] for name in methods if name in ARCHITECTURES}
    tasks = [
        LSTMTask(trace, architecture, seed, rule, training_rule, plan, settings)
        for trace, seed in pairs
        for architecture in wanted.values()
    ]
    runs = iter(run_tasks(tasks, workers, progress))
    cases = []
    for trace, seed in pairs:
        train, test = split_samples(trace, rule, seed, plan, training_rule)
        answers = {
            name: BASELINES[name]().fit(train).predict_proba(test)
            for name in methods
            if name in BASELINES
        }
        answers |= {name: next(runs).probabilities for name in wanted}
        for name in [m for m in methods if days and m in (LOGISTIC, *ARCHITECTURES)]:
            answers[f"{name}, recalibrated"] = recalibrate(
                test, answers[name], days or 0
            )
        cases.append(
            Case(
                trace.instance_type, seed, test.labels, answers, train.prior, test.prior
            )
        )
    return cases


def score_all(cases: Sequence[Case], minimum: int = MINIMUM) -> pd.DataFrame:
    """One row per type, seed and method.

    Columns instance_type, seed, method, auc, brier, log_loss, accuracy, f1, positives,
    negatives, degenerate, training_prior, test_prior. ``minimum``: see
    `revocation_scores.score`.
    """
    return pd.DataFrame(
        {
            "instance_type": case.instance_type,
            "seed": case.seed,
            "method": name,
            **score(case.labels, p, minimum),
            "training_prior": case.training_prior,
            "test_prior": case.test_prior,
        }
        for case in cases
        for name, p in case.answers.items()
    )


def score_difference(
    scores: pd.DataFrame, column: str, better: str, worse: str
) -> np.ndarray:
    """Difference of two methods' scores on every trace: one number per type and seed.

    Types are markets of their own, so traces are independent. Degenerate ones are left
    out.
    """
    keys = ["seed", "instance_type"]
    table = scores.set_index([*keys, "method"])[column].unstack("method")
    return (table[better] - table[worse]).dropna().to_numpy()


def pooled_reliability(
    cases: Sequence[Case], methods: Sequence[str], bins: int = 10
) -> dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Per method: predicted and observed rates and counts per bin, cases together."""
    found = {}
    labels = np.concatenate([case.labels for case in cases])
    for name in methods:
        table = reliability(
            labels, np.concatenate([case.answers[name] for case in cases]), bins
        )
        found[name] = (
            table["predicted"].to_numpy(),
            table["observed"].to_numpy(),
            table["count"].to_numpy(),
        )
    return found
