"""One trial: a method, a task and a seed, trained and asked once; kept on disk.

A trial keeps the logits of everything that was predicted. Accuracy, likelihood and
calibration are computed from them by `scores`, so a new question costs no training.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import cast

import numpy as np
import torch
from peft import PeftModel
from torch import Tensor, nn

from helpers.cache import stage
from helpers.lora_dropout.baselines import (
    METHODS,
    Setting,
    build,
    trainable_parameters,
)
from helpers.lora_dropout.docstrings import docstring_task
from helpers.lora_dropout.encoder import (
    Encoder,
    Features,
    hidden_states,
    load_encoder,
)
from helpers.lora_dropout.fitting import Recipe, fit, logits_of
from helpers.lora_dropout.opinions import opinions
from helpers.lora_dropout.sampling import lora_dropout_sampling
from helpers.lora_dropout.tasks import TASKS, Task
from helpers.lora_dropout.top_layers import TopLayers
from helpers.lora_dropout.variant import mask_lora
from helpers.names import unknown_name
from helpers.parallel import in_groups
from helpers.seeding import seeded
from helpers.torch_threads import keep_freed_memory, single_thread

MAX_TOKENS = 24
EVERY = 2  # epochs from one point of a curve to the next
FOLLOWED = 250  # test examples of a curve
AT_TEST = {"rescaled": True, "unscaled": False}  # masks at test time only


@dataclass(frozen=True)
class Trial:
    """What is trained, and what is asked of it.

    Attributes
    ----------
    task : str
        One of `tasks.TASKS`.
    method : str
        One of `baselines.METHODS`.
    seed : int
        Of texts, wrong labels, initial weights, batches and masks.
    p : float
        Drop probability; without meaning for methods that drop nothing.
    rank : int
        Of LoRA; other methods get its number of parameters.
    instances : int
        N in training (Eq. 7).
    members : int
        Dropout instances at test time (Eq. 8); 0 for none.
    mask_at_test : float, optional
        Drop probability of masks put at test time on what plain LoRA has learned.
    epochs, train_size, test_size : int
    noise : float
        Probability of a wrong label.
    curves : bool
        Whether logits on the way are kept.
    lr : float, optional
        The method's own unless given.
    """

    task: str
    method: str
    seed: int
    p: float = 0.0
    rank: int = 8
    instances: int = 1
    members: int = 0
    mask_at_test: float | None = None
    epochs: int = 20
    train_size: int = 256
    test_size: int = 1000
    noise: float = 0.2
    curves: bool = False
    lr: float | None = None

    def __post_init__(self) -> None:
        if self.task not in TASKS:
            raise unknown_name("task", self.task, list(TASKS))
        if self.method not in METHODS:
            raise unknown_name("method", self.method, list(METHODS))
        if not METHODS[self.method].drops and self.p:
            # one trial, one key: what has no meaning must not tell two trials apart
            object.__setattr__(self, "p", 0.0)
        if self.mask_at_test is not None and self.method != "LoRA":
            raise ValueError(f"mask_at_test goes with method LoRA, not {self.method}")


@dataclass(frozen=True)
class Outcome:
    """What a trial found.

    Attributes
    ----------
    trial : Trial
    test, train : np.ndarray
        Logits without masks, float32, (n, classes).
    members : np.ndarray
        Logits under the masks of training on the test split, (members, n, classes).
    at_test : dict of str to np.ndarray
        The same under masks at test time only, by `AT_TEST`: divided by 1 - p, or not.
    labels, clean, train_labels : np.ndarray
        Of the test split, with and without noise, and of the training split.
    train_curve, test_curve : np.ndarray
        Logits after every `EVERY` epochs, (points, n, classes), or no point; of the
        test split, the first `FOLLOWED` examples.
    factors : tuple of np.ndarray
        A (r, d) and B (d, r) of the query matrix, where the method is LoRA's.
    parameters : int
        Trainable ones, the head's included.
    seconds : float
        Processor time of the training.
    """

    trial: Trial
    test: np.ndarray
    train: np.ndarray
    members: np.ndarray
    labels: np.ndarray
    clean: np.ndarray
    train_labels: np.ndarray
    train_curve: np.ndarray
    test_curve: np.ndarray
    parameters: int
    seconds: float
    at_test: dict[str, np.ndarray] = field(default_factory=dict)
    factors: tuple[np.ndarray, ...] = field(default=())


def task_of(trial: Trial) -> Task:
    """The texts and labels of a trial."""
    if trial.task == "opinions":
        return opinions(
            trial.train_size,
            test_size=trial.test_size,
            noise=trial.noise,
            seed=trial.seed,
        )
    classes = 9
    return docstring_task(
        max(1, trial.train_size // classes),
        trial.test_size // classes * classes,
        noise=trial.noise,
        seed=trial.seed,
    )


@lru_cache(maxsize=1)
def the_encoder() -> Encoder:
    """The pretrained encoder, read once a process."""
    return load_encoder()


@lru_cache(maxsize=1)
def _encoded(trial: Trial) -> tuple[Task, Features, Features]:
    task, encoder = task_of(trial), the_encoder()
    train, test = (
        hidden_states(
            encoder,
            part.texts,
            max_tokens=MAX_TOKENS,
            products=True,
            progress=False,
        )
        for part in (task.train, task.test)
    )
    return task, train, test


def encoded(trial: Trial) -> tuple[Task, Features, Features]:
    """Task of a trial, and what enters the top layer for both splits.

    Trials that differ in the method alone share them.
    """
    return _encoded(
        Trial(
            trial.task,
            "LoRA",
            trial.seed,
            train_size=trial.train_size,
            test_size=trial.test_size,
            noise=trial.noise,
        )
    )


@stage
def outcome(trial: Trial) -> Outcome:
    """Train, and ask for logits."""
    keep_freed_memory()
    task, train, test = encoded(trial)
    labels = torch.tensor(task.train.labels)
    recipe = Recipe(
        lr=trial.lr or METHODS[trial.method].rate_of(trial.task),
        epochs=trial.epochs,
        instances=trial.instances,
    )
    setting = Setting(trial.rank, trial.p, recipe.steps(len(train)), seed=trial.seed)
    # peft draws LoRA's A from the global generator
    with single_thread(), seeded(trial.seed):
        layers = TopLayers(the_encoder(), task.size, seed=trial.seed)
        model = build(trial.method, layers, setting)
        watch = {}
        if trial.curves:
            watch = {"train": train, "test": test.take(slice(FOLLOWED))}
        history = fit(
            model, train, labels, recipe, seed=trial.seed, watch=watch, every=EVERY
        )
        parameters = trainable_parameters(model)
        logits = [logits_of(model, part).numpy() for part in (test, train)]
        curves = {
            name: torch.stack(each).numpy() for name, each in history.logits.items()
        }
        members = _members(model, trial, test, task.size)
        at_test = {
            name: member_logits_of(
                mask_lora(
                    cast(PeftModel, model),  # as of every trial with method LoRA
                    mask_p=trial.mask_at_test,
                    mask_rescale=rescale,
                ),
                test,
                trial.members,
                trial.seed,
            ).numpy()
            for name, rescale in AT_TEST.items()
            if trial.mask_at_test is not None
        }
    nothing = np.empty((0, 0, task.size), np.float32)
    return Outcome(
        trial,
        test=logits[0],
        train=logits[1],
        members=members,
        labels=task.test.labels,
        clean=task.test.clean,
        train_labels=task.train.labels,
        train_curve=curves.get("train", nothing),
        test_curve=curves.get("test", nothing),
        parameters=parameters,
        seconds=history.seconds,
        at_test=at_test,
        factors=_factors(model),
    )


def outcomes(trials: Sequence[Trial], workers: int = 2) -> dict[Trial, Outcome]:
    """Outcomes of distinct trials, side by side; those on disk are not run again.

    Trials of one task and seed share their texts, which one process encodes.
    """
    # opinions, which take longest, first: the processes end together
    ordered = sorted(dict.fromkeys(trials), key=lambda t: (TASKS.index(t.task), t.seed))
    found = in_groups(
        outcome, ordered, lambda t: (t.task, t.seed), workers, label="tasks and seeds"
    )
    return dict(zip(ordered, found, strict=True))


def _members(
    model: nn.Module, trial: Trial, test: Features, classes: int
) -> np.ndarray:
    """Logits of dropout instances, (members, n, classes)."""
    if not trial.members or trial.mask_at_test is not None:
        return np.empty((0, len(test), classes), np.float32)
    if METHODS[trial.method].samples == "masks":
        return member_logits_of(model, test, trial.members, trial.seed).numpy()
    if METHODS[trial.method].samples == "units":
        return _with_units_dropped(model, trial, test).numpy()
    raise ValueError(f"{trial.method} has no dropout instances; allowed: members=0")


def member_logits_of(
    model: nn.Module, features: Features, members: int, seed: int
) -> Tensor:
    """Logits of a model's sub-networks, (members, n, classes)."""
    found = []
    for member in range(members):
        with lora_dropout_sampling(model, members=[member], seed=seed):
            found.append(logits_of(model, features))
    return torch.stack(found)


def _with_units_dropped(model: nn.Module, trial: Trial, test: Features) -> Tensor:
    """Logits with ordinary dropout left on (Monte Carlo dropout)."""
    torch.manual_seed(trial.seed)
    found = [logits_of(model, test, training=True) for _ in range(trial.members)]
    model.eval()
    return torch.stack(found)


def _factors(model: nn.Module) -> tuple[np.ndarray, ...]:
    """A and B of the first query matrix, scaled so that their product is the update."""
    for name, module in model.named_modules():
        if name.endswith("query") and hasattr(module, "lora_A"):
            a, b = module.lora_A["default"], module.lora_B["default"]
            if isinstance(a, nn.Linear) and isinstance(b, nn.Linear):
                scale = module.scaling["default"]
                return (
                    a.weight.detach().numpy().copy(),
                    (scale * b.weight.detach()).numpy().copy(),
                )
    return ()
