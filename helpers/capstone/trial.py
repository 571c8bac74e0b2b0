"""LoRA Dropout as a workload that SpotTune can tune: p and rank are its settings.

A trial is a peft model with `LoraDropoutConfig` on the opinions of chapter 04. One step
is an epoch; the metric is the loss on validation texts, whose labels are as noisy as
those of training. A checkpoint holds all that training on needs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from typing import NamedTuple

import numpy as np
import torch
from peft import get_peft_model

from helpers.lora_dropout.baselines import lora_parameters
from helpers.lora_dropout.calibration import negative_log_likelihood
from helpers.lora_dropout.config import LoraDropoutConfig
from helpers.lora_dropout.encoder import TARGETS, Features, hidden_states
from helpers.lora_dropout.fitting import Recipe, Training, logits_of
from helpers.lora_dropout.opinions import opinions
from helpers.lora_dropout.scores import softmax
from helpers.lora_dropout.tasks import Split, Task
from helpers.lora_dropout.top_layers import TopLayers
from helpers.lora_dropout.trials import MAX_TOKENS, the_encoder
from helpers.seeding import seeded
from helpers.spot_tuning.workload import Workload
from helpers.spot_tuning.workload_state import Setting, Trial, TrialKey
from helpers.torch_threads import single_thread

CHECKPOINT_MB = 1.0  # adapter, head and AdamW's moments at rank 8


@dataclass(frozen=True)
class Problem:
    """What every trial of a tuning job trains on, and for how long.

    Attributes
    ----------
    train_size, validation_size, test_size : int
        Opinions: even numbers. The tuner sees the validation texts, never the test.
    noise : float
        Probability of a wrong label, in all three.
    epochs : int
        Steps of a trial.
    batch_size : int
    lr : float
        Peak learning rate.
    """

    train_size: int = 192
    validation_size: int = 128
    test_size: int = 512
    noise: float = 0.2
    epochs: int = 10
    batch_size: int = 16
    lr: float = 4e-3


class Part(NamedTuple):
    """One split: what enters the top layer, labels with noise, and true ones."""

    features: Features
    labels: np.ndarray
    clean: np.ndarray


class Data:
    """The splits of one seed, each encoded when it is first asked for.

    Attributes
    ----------
    task : Task
        Its test split is the validation texts, then the test texts.
    train, validation, test : Part
    """

    def __init__(self, problem: Problem, seed: int) -> None:
        self._problem = problem
        held_out = problem.validation_size + problem.test_size
        self.task: Task = opinions(
            problem.train_size, test_size=held_out, noise=problem.noise, seed=seed
        )

    @cached_property
    def train(self) -> Part:
        return self._part(self.task.train, slice(None))

    @cached_property
    def validation(self) -> Part:
        return self._part(self.task.test, slice(self._problem.validation_size))

    @cached_property
    def test(self) -> Part:  # a tuning job never asks
        return self._part(self.task.test, slice(self._problem.validation_size, None))

    def _part(self, split: Split, rows: slice) -> Part:
        """Some of a split's texts, with the frozen layers run once."""
        with single_thread():
            features = hidden_states(
                the_encoder(),
                split.texts[rows],
                max_tokens=MAX_TOKENS,
                products=True,
                progress=False,
            )
        return Part(features, split.labels[rows], split.clean[rows])


# two seeds: a process meets its own again, as they are given out in turn
data_of = lru_cache(maxsize=2)(Data)


class LoraTrial(Trial):
    """Fine-tuning with LoRA Dropout, an epoch a step.

    Parameters
    ----------
    key : TrialKey
        Its setting has ``p`` (0 is plain LoRA) and ``rank``; its seed decides texts,
        wrong labels, initial weights, batches and masks.
    problem : Problem
    """

    def __init__(self, key: TrialKey, problem: Problem) -> None:
        super().__init__(key)
        self.problem, self.data = problem, data_of(problem, key.seed)
        config = LoraDropoutConfig(
            r=key.setting["rank"],
            mask_p=key.setting["p"],
            lora_alpha=16,
            target_modules=list(TARGETS),
            modules_to_save=["head"],
        )
        with seeded(key.seed):  # peft draws A from the global generator
            layers = TopLayers(the_encoder(), self.data.task.size, seed=key.seed)
            self.model = get_peft_model(layers, config)
        self._training = Training(
            self.model,
            self.data.train.features,
            torch.tensor(self.data.train.labels),
            Recipe(problem.lr, problem.epochs, problem.batch_size),
            seed=key.seed,
        )

    def probabilities(self, part: Part) -> np.ndarray:
        """Class probabilities (n, classes) of the network without masks."""
        with single_thread():
            return softmax(logits_of(self.model, part.features).numpy())

    def _update(self) -> None:
        with single_thread():  # sums in one order, wherever the trial goes on
            self._training.run_epoch()

    def _metric(self) -> float:
        part = self.data.validation
        return negative_log_likelihood(self.probabilities(part), part.labels)

    def _arrays(self) -> dict[str, np.ndarray]:
        return self._training.arrays()

    def _set_arrays(self, arrays: Mapping[str, np.ndarray]) -> None:
        self._training.set_arrays(arrays)


def lora_workload(
    problem: Problem, p_grid: Sequence[float], ranks: Sequence[int]
) -> Workload:
    """All combinations of p and rank as SpotTune's workload.

    Raises
    ------
    ValueError
        If a grid is empty or has a value twice.
    """
    for name, grid in (("p_grid", p_grid), ("ranks", ranks)):
        if not grid or len(set(grid)) < len(grid):
            raise ValueError(f"{name} is {list(grid)}; allowed: one or more, distinct")
    return Workload(
        name="LoRA Dropout",
        task=f"opinions, {problem.noise:.0%} wrong labels, fine-tuned encoder",
        metric="validation loss / nats",
        step="one epoch",
        values={"p": tuple(p_grid), "rank": tuple(ranks)},
        build=partial(LoraTrial, problem=problem),
        seconds=partial(epoch_seconds, problem),
        length=lambda setting: problem.epochs,
        decays=lambda setting: (),
        alpha=0.6,  # small matrices
        checkpoint_mb=CHECKPOINT_MB,
    )


def epoch_seconds(problem: Problem, setting: Setting) -> float:
    """Declared seconds of an epoch on one core: 10^10 multiply-adds a second.

    Key and value are asked about every token, all other matrices about the first one.
    Three times the forward pass for a text trained on, once for a validation text; the
    masks cost nothing that counts.
    """
    width, rank = the_encoder().model.config.hidden_size, setting["rank"]
    everywhere = 2 * width * (width + 2 * rank)
    layers = TopLayers(the_encoder(), 2)
    first = 12 * width**2 + lora_parameters(layers, rank) - everywhere
    passes = 3 * problem.train_size + problem.validation_size
    return passes * (first + MAX_TOKENS * everywhere) / 1e10
