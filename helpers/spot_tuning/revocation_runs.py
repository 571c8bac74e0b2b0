"""Networks trained side by side, each in a process of its own and kept on disk.

This module imports neither pandas nor scikit-learn: every process would hold a copy.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from helpers.cache import stage
from helpers.parallel import in_processes
from helpers.spot_tuning.prices import Market, PriceTrace
from helpers.spot_tuning.revocation_deltas import DeltaRule
from helpers.spot_tuning.revocation_lstm_predictor import LSTMPredictor
from helpers.spot_tuning.revocation_models import Architecture
from helpers.spot_tuning.revocation_samples import Samples, SplitPlan, split_samples
from helpers.spot_tuning.revocation_training import LSTMClassifier, TrainingSettings


@dataclass(frozen=True)
class LSTMTask:
    """One network to train on the first part of a trace and to ask about the rest.

    Attributes
    ----------
    trace : PriceTrace
    architecture : {"split", "joint"}
    seed : int
        Of deltas, weights and order.
    rule : DeltaRule
        Deltas of the requests to predict.
    training_rule : DeltaRule or None
        Deltas of the training requests, if they differ.
    plan : SplitPlan
    settings : TrainingSettings
    """

    trace: PriceTrace
    architecture: Architecture = "split"
    seed: int = 0
    rule: DeltaRule = field(default_factory=DeltaRule)
    training_rule: DeltaRule | None = None
    plan: SplitPlan = field(default_factory=SplitPlan)
    settings: TrainingSettings = field(default_factory=TrainingSettings)

    def samples(self) -> tuple[Samples, Samples]:
        """Training and test samples."""
        return split_samples(
            self.trace, self.rule, self.seed, self.plan, self.training_rule
        )


@dataclass(frozen=True)
class LSTMRun:
    """A trained network, its probabilities on the test samples, and what it took."""

    classifier: LSTMClassifier
    probabilities: np.ndarray
    cpu_seconds: float


@stage
def run_task(task: LSTMTask) -> LSTMRun:
    """Train and test one network."""
    train, test = task.samples()
    prior = None
    if task.training_rule is not None:
        # the prior of the requests to predict, still from the training part
        prior = split_samples(task.trace, task.rule, task.seed, task.plan)[0].prior
    begin = time.process_time()
    classifier = LSTMClassifier(task.architecture, task.seed, task.settings)
    classifier.fit(train, prior)
    seconds = time.process_time() - begin
    return LSTMRun(classifier, classifier.predict_proba(test), seconds)


@stage
def run_tasks(
    tasks: Sequence[LSTMTask], workers: int = 2, progress: bool = True
) -> list[LSTMRun]:
    """All tasks, ``workers`` at a time, each in a process with one torch thread.

    Results come in the order of the tasks and do not depend on ``workers``. Each
    finished task is kept on disk, so an interrupted call resumes; so are all
    together, so that a repeated call starts no process. Nor does one worker or task.

    Raises
    ------
    ValueError
        If ``workers`` is below 1.
    TraceError
        If a trace is too short; before any training.
    """
    for task in tasks:
        task.plan.minutes(task.trace)
    return in_processes(run_task, tasks, workers, label="networks", progress=progress)


def trained_predictors(
    draws: Sequence[tuple[Market, int]],
    rule: DeltaRule | None = None,
    plan: SplitPlan | None = None,
    settings: TrainingSettings | None = None,
    *,
    workers: int = 2,
) -> list[LSTMPredictor]:
    """RevPred for the policies of every (market, seed): one network per type.

    Trained on the plan's first part of each market; a policy must start after
    `SplitPlan.border`, for before it prices were trained on.
    """
    tasks = [
        LSTMTask(
            trace,
            "split",
            seed,
            rule or DeltaRule(),
            None,
            plan or SplitPlan(),
            settings or TrainingSettings(),
        )
        for market, seed in draws
        for trace in market.traces.values()
    ]
    runs = iter(run_tasks(tasks, workers))
    return [
        LSTMPredictor(market, {name: next(runs).classifier for name in market.types})
        for market, _ in draws
    ]
