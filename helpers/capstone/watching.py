"""A run of the tuning job, watched by DeepVisualInsight while it is trained again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from helpers.cache import stage
from helpers.capstone.trial import LoraTrial, Problem
from helpers.lora_dropout.encoder import Features
from helpers.lora_dropout.scores import scores
from helpers.parallel import in_groups
from helpers.spot_tuning.workload_state import TrialKey
from helpers.torch_threads import single_thread
from helpers.training_visualization.case_noise import measures
from helpers.training_visualization.estimator import DVI
from helpers.training_visualization.film import Film
from helpers.training_visualization.metrics import inverse_projection
from helpers.training_visualization.recorder import Recorder
from helpers.training_visualization.trace import Trace

if TYPE_CHECKING:
    import pandas as pd

Run = tuple[float, int, int]  # p, rank and seed


@dataclass(frozen=True)
class Watched:
    """One training, and its maps.

    Attributes
    ----------
    key : TrialKey
    trace : Trace
        Sentence representations of the training and the test texts.
    dvi : DVI
        Fitted to the trace.
    truth : np.ndarray
        True labels of the training texts, shape (n,).
    table : pd.DataFrame
        Rows of `case_noise.measures`, one per checkpoint, with ``ppr_test``: the share
        of test texts whose prediction survives the way to the map and back.
    metrics : np.ndarray
        Validation loss after every epoch.
    scores : dict of str to float
        Of the trained network on the test texts, see `lora_dropout.scores.scores`.
    checkpoint : bytes
        Last state of the trial.
    """

    key: TrialKey
    trace: Trace
    dvi: DVI
    truth: np.ndarray
    table: pd.DataFrame
    metrics: np.ndarray
    scores: dict[str, float]
    checkpoint: bytes

    @property
    def noisy(self) -> np.ndarray:
        """Whether each training label is wrong, shape (n,)."""
        return self.trace.y != self.truth

    def film(self, class_names: Sequence[str] = ()) -> Film:
        """The maps of all checkpoints with the classifier's regions behind them."""
        return Film.from_model(
            self.dvi, self.trace, noisy=self.noisy, class_names=class_names
        )


def recorder_of(trial: LoraTrial, shown: int) -> Recorder:
    """Watches a trial's model: all training texts and the first test texts.

    Texts differ in length, so a sample is a number here, and the model is called with
    the features of these numbers. Boundary samples are mixed from representations.

    Parameters
    ----------
    shown : int
        Test texts.
    """
    train, test = trial.data.train, trial.data.test
    both = joined(train.features, test.features.take(slice(shown)))
    first = len(train.labels)

    def forward(model: nn.Module, rows: Tensor) -> Any:
        return model(**both.batch(rows))

    return Recorder(
        trial.model,
        data=np.arange(first),
        y=train.labels,
        test=np.arange(first, len(both)),
        y_test=test.clean[:shown],
        forward=forward,
        mix="representations",
        seed=trial.key.seed,
    )


def joined(one: Features, other: Features) -> Features:
    """Both sets of texts, padded to the longest of all."""
    longest = max(one.hidden.shape[1], other.hidden.shape[1])
    pairs = [
        (
            nn.functional.pad(part.hidden, (0, 0, 0, longest - part.hidden.shape[1])),
            nn.functional.pad(part.mask, (0, longest - part.mask.shape[1])),
        )
        for part in (one, other)
    ]
    hidden, mask = (torch.cat(both) for both in zip(*pairs, strict=True))
    return Features(hidden, mask)


def kept_predictions(dvi: DVI, trace: Trace) -> list[float]:
    """Share of test texts whose prediction a map and its inverse keep, per epoch."""
    shares = []
    for x, epoch, head in zip(trace.test, trace.epochs, trace.heads, strict=True):
        back = dvi.inverse_transform(dvi.transform(x, epoch), epoch)
        shares.append(float(inverse_projection(x, back, head)["ppr"]))  # type: ignore[arg-type]
    return shares


@stage
def watch(
    problem: Problem,
    run: Run,
    epochs: tuple[int, ...],
    *,
    shown: int = 128,
    first_steps: int = 800,
    steps: int = 400,
) -> Watched:
    """Train a setting without interruption, record it, and fit the maps.

    Parameters
    ----------
    run : Run
        p, rank and seed.
    epochs : tuple of int
        Recorded epochs.
    shown : int
        Test texts on the maps.
    first_steps, steps : int
        Of `DVI`, at the first map and at every later one.
    """
    p, rank, seed = run
    key = TrialKey("LoRA Dropout", {"p": p, "rank": rank}, seed)
    with single_thread():
        trial = LoraTrial(key, problem)
        recorder, metrics = recorder_of(trial, shown), []
        for epoch in range(1, problem.epochs + 1):
            metrics.append(trial.train_step())
            if epoch in epochs:
                recorder.snapshot(epoch)
        trace, truth = recorder.trace(), trial.data.train.clean
        dvi = DVI(first_steps=first_steps, steps=steps, random_state=seed)
        dvi.fit_trace(trace)
        table = measures(trace, truth, dvi)
        table["ppr_test"] = kept_predictions(dvi, trace)
        test = trial.data.test
        found = scores(trial.probabilities(test), test.labels, test.clean)
    return Watched(
        key, trace, dvi, truth, table, np.array(metrics), found, trial.state()
    )


def watch_all(
    problem: Problem,
    runs: Sequence[Run],
    epochs: tuple[int, ...],
    workers: int = 2,
    **options: Any,
) -> list[Watched]:
    """`watch` for every run, side by side; a run that is there twice is made once.

    Runs of one seed share their texts, which one process encodes.

    Parameters
    ----------
    workers : int
        Processes.
    **options
        Keywords of `watch`.
    """
    each = partial(watch, problem, epochs=epochs, **options)
    return in_groups(each, runs, itemgetter(2), workers, label="maps of seeds")
