"""The notebook's experiments as lists of trials; `trials.outcomes` runs them together.

Experiments share trials: plain LoRA is the baseline of every one of them, and is
trained once per task and seed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from helpers.lora_dropout.baselines import METHODS
from helpers.lora_dropout.trials import Outcome, Trial

if TYPE_CHECKING:
    import pandas as pd

LORA, DROPOUT = "LoRA", "LoRA + LoRA Dropout"
WATCHED = "opinions"  # the task whose training is followed epoch by epoch
ADALORA, ADADROPOUT = "AdaLoRA", "AdaLoRA + LoRA Dropout"
FAMILY = (LORA, DROPOUT, ADALORA, ADADROPOUT)
BASELINES = ("Full fine-tuning", "BitFit", "Houlsby adapter", "Pfeiffer adapter")
CONTROLS = ("LoRA + input dropout", "LoRA + rank dropout", "MonteCLoRA", "Head only")


@dataclass(frozen=True)
class Plan:
    """What is run; the seeds are added by the functions below.

    Attributes
    ----------
    p : float
        Drop probability of every comparison that does not sweep it.
    members : int
        N at test time; sweeps of other parameters take half as many.
    train_sizes : mapping of str to int
        Training examples of each task.
    noises : mapping of str to float
        Probability of a wrong label, of each task.
    epochs : mapping of str to int
        Of each task.
    test_size : int
    rank : int
        Of every comparison that does not sweep it.
    """

    p: float
    members: int
    train_sizes: Mapping[str, int]
    noises: Mapping[str, float]
    epochs: Mapping[str, int]
    test_size: int
    rank: int = 8

    def trial(self, task: str, method: str, seed: int, **changes: object) -> Trial:
        """A trial of this plan."""
        sampled = METHODS[method].samples
        half_of_them = -(-self.members // 2)
        base = Trial(
            task,
            method,
            seed,
            p=self.p,
            members=half_of_them if sampled else 0,
            epochs=self.epochs[task],
            train_size=self.train_sizes[task],
            test_size=self.test_size,
            noise=self.noises[task],
            rank=self.rank,
        )
        chosen = replace(base, **changes)  # type: ignore[arg-type]
        # the four that Figures 1 and 3 follow, so that no experiment trains them again;
        # plain LoRA, once learned, is masked for the ablation
        watched = (
            task == WATCHED
            and method in FAMILY
            and chosen.p in (0, self.p)
            and (chosen.rank, chosen.instances) == (self.rank, 1)
            and chosen.lr is None
        )
        if watched and sampled:
            chosen = replace(chosen, members=self.members)
        if watched and method == LORA:
            chosen = replace(chosen, mask_at_test=self.p, members=half_of_them)
        return replace(chosen, curves=watched)


def methods(
    plan: Plan, tasks: Sequence[str], names: Sequence[str], seeds: Sequence[int]
) -> list[Trial]:
    """Every method on every task (the form of Table 1)."""
    return [
        plan.trial(task, name, seed)
        for task in tasks
        for name in names
        for seed in seeds
    ]


def curves(plan: Plan, seeds: Sequence[int]) -> list[Trial]:
    """LoRA and AdaLoRA, plain and dropped, watched on the way (Fig. 1, 3)."""
    return [plan.trial(WATCHED, name, seed) for name in FAMILY for seed in seeds]


def budgets(
    plan: Plan, task: str, ranks: Sequence[int], seeds: Sequence[int]
) -> list[Trial]:
    """LoRA with and without dropout at other ranks (the form of Table 2)."""
    return [
        plan.trial(task, name, seed, rank=rank)
        for rank in ranks
        if rank != plan.rank
        for name in (LORA, DROPOUT)
        for seed in seeds
    ]


def probabilities(
    plan: Plan, task: str, grid: Sequence[float], seeds: Sequence[int]
) -> list[Trial]:
    """LoRA Dropout at several p; p = 0 is plain LoRA (Fig. 5)."""
    return [
        plan.trial(task, DROPOUT, seed, p=p) if p else plan.trial(task, LORA, seed)
        for p in grid
        for seed in seeds
    ]


def instances(
    plan: Plan, task: str, counts: Sequence[int], seeds: Sequence[int]
) -> list[Trial]:
    """Several instances in training (Fig. 5)."""
    return [
        plan.trial(task, DROPOUT, seed, instances=n) for n in counts for seed in seeds
    ]


def half_rate(plan: Plan, task: str, seeds: Sequence[int]) -> list[Trial]:
    """Plain LoRA at half its learning rate: another way to overfit less."""
    rate = METHODS[LORA].rate_of(task) / 2
    return [plan.trial(task, LORA, seed, lr=rate) for seed in seeds]


def select(found: Mapping[Trial, Outcome], wanted: Sequence[Trial]) -> list[Outcome]:
    """The outcomes of some of the trials."""
    return [found[trial] for trial in wanted]


def per_seed(rows: pd.DataFrame, column: str, **labels: object) -> np.ndarray:
    """One number per seed from a table of `scores.table`, in the order of the seeds.

    Parameters
    ----------
    rows : DataFrame
    column : str
        The score.
    **labels
        Values of other columns.

    Raises
    ------
    ValueError
        If nothing has these labels, or a seed has several rows.
    """
    chosen = rows
    for name, value in labels.items():
        chosen = chosen[chosen[name] == value]
    counts = chosen.groupby("seed").size()
    if counts.empty or counts.max() > 1:
        raise ValueError(
            f"{labels} chooses {len(chosen)} rows of {len(counts)} seeds; allowed: one "
            "row per seed"
        )
    return chosen.sort_values("seed")[column].to_numpy(float)
