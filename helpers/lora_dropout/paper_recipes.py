r"""Hyper-parameters of the paper's fine-tuning runs, task by task.

The paper states that it keeps those of the LoRA and AdaLoRA baselines and tunes only
its own two numbers; the tables here are therefore AdaLoRA's (arXiv 2303.10512). Where
a number comes from:

* **[seen]** in AdaLoRA's tables 7 to 10: rates, epochs, :math:`\gamma`, :math:`t_i`,
  :math:`\Delta_T`, :math:`t_f`, batches, :math:`\beta`, ranks, LoRA's grid of rates.
* **[seen]** in the training scripts AdaLoRA released: warm-up, LoRA's alpha, longest
  input, the head's dropout, weight decay, steps between evaluations. Some scripts have
  other rates than the tables (CoLA and QQP 8e-4, QNLI 5e-4) and another
  :math:`\gamma` (CoLA .1, STS-B .3); the tables count here. Those of SQuAD v1.1 are
  not released: its values are v2.0's, **[inferred]**.
* **[seen, second hand]** p = .5 and N = 4, in works that cite or re-implement LoRA
  Dropout.
* **[inferred]** LoRA's rate for each task: AdaLoRA says only that it was picked from
  `LORA_RATES`; here it is the grid's largest rate that AdaLoRA's does not exceed.
* **[recalled]** rates of full fine-tuning and BitFit, which are usual ones; DeBERTaV3's
  names of the six matrices, which a test compares with transformers' modules.
* **not found** for LLaMA2: everything. `INSTRUCTIONS` holds usual values
  **[recalled]**, not the paper's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from torch import nn

from helpers.lora_dropout.encoder import TARGETS
from helpers.lora_dropout.masks import check_count, check_probability
from helpers.names import unknown_name

P, INSTANCES, RANK = 0.5, 4, 8
LORA_RATES = (3e-5, 5e-5, 8e-5, 1e-4, 3e-4, 5e-4, 8e-4, 1e-3)
FULL_RATE, BITFIT_RATE = 2e-5, 1e-3

DEBERTA = "microsoft/deberta-v3-base"
DEBERTA_TARGETS = (
    "query_proj",
    "key_proj",
    "value_proj",
    "attention.output.dense",
    "intermediate.dense",
    "output.dense",
)
LLAMA = "meta-llama/Llama-2-7b-hf"
LLAMA_TARGETS = (
    "q_proj",
    "k_proj",
    "v_proj",
    "o_proj",
    "gate_proj",
    "up_proj",
    "down_proj",
)
_TARGETS_OF = {
    "deberta-v2": DEBERTA_TARGETS,
    "bert": TARGETS,
    "roberta": TARGETS,
    "llama": LLAMA_TARGETS,
    "mistral": LLAMA_TARGETS,
    "qwen2": LLAMA_TARGETS,
}

METHODS = (
    "Full fine-tuning",
    "BitFit",
    "LoRA",
    "LoRA + LoRA Dropout",
    "AdaLoRA",
    "AdaLoRA + LoRA Dropout",
)


@dataclass(frozen=True)
class Adaptation:
    """Which method, and how much of it.

    Attributes
    ----------
    method : str
        One of :data:`METHODS`.
    rank : int
        Of LoRA, and AdaLoRA's target; AdaLoRA begins with half as much again.
    p : float
        Drop probability, in [0, 1); 0 for methods without LoRA Dropout. Masks are
        divided by 1 - p, so that the mean network, by which the best checkpoint is
        chosen, has the expected update; the paper's equations, without that, are the
        same with ``alpha (1 - p)^2`` for alpha.
    instances : int
        N of a training step (Eq. 7).
    members : int
        N of the test-time ensemble (Eq. 8).
    targets : tuple of str, optional
        Names of the adapted matrices; by default :func:`targets_of` the model.

    Raises
    ------
    ValueError
        If the method is unknown or a number out of range.
    """

    method: str = "LoRA + LoRA Dropout"
    rank: int = RANK
    p: float = P
    instances: int = INSTANCES
    members: int = INSTANCES
    targets: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise unknown_name("method", self.method, METHODS)
        check_probability("p", self.p)
        for name in ("rank", "instances", "members"):
            check_count(name, getattr(self, name))
        if not self.method.endswith("LoRA Dropout"):
            object.__setattr__(self, "p", 0.0)

    @property
    def adaptive(self) -> bool:
        """Whether AdaLoRA distributes the ranks."""
        return self.method.startswith("AdaLoRA")

    @property
    def low_rank(self) -> bool:
        """Whether there are LoRA's factors, which peft adds."""
        return "LoRA" in self.method


@dataclass(frozen=True)
class PaperRecipe:
    """How the baselines are trained on a task.

    Attributes
    ----------
    rate : float
        AdaLoRA's learning rate; `rate_of` knows the other methods'.
    epochs, batch : int
    warmup : int
        Steps in which the rate rises; then it falls linearly to 0.
    gamma : float
        Weight of AdaLoRA's orthogonality loss.
    initial, interval, final : int
        AdaLoRA's steps before pruning, between two prunings and after it
        (:math:`t_i, \\Delta_T, t_f`).
    alpha : int
        LoRA's ``lora_alpha``.
    max_tokens : int
        Longer inputs are cut.
    head_dropout : float
        Before the classifier.
    weight_decay : float
    evaluate_every : int
        Steps between two evaluations on the development set, whose best is kept.
    stride : int
        Tokens that two windows of a long text share (question answering).
    beta : float
        Of AdaLoRA's running means of importance.
    """

    rate: float
    epochs: int
    warmup: int
    gamma: float
    initial: int
    interval: int
    final: int
    alpha: int
    max_tokens: int
    head_dropout: float
    weight_decay: float
    evaluate_every: int
    batch: int = 32
    stride: int = 128
    beta: float = 0.85

    def rate_of(self, method: str) -> float:
        """Learning rate of a method.

        Examples
        --------
        >>> [paper_recipe("RTE").rate_of(m) for m in ("AdaLoRA", "LoRA")]
        [0.0012, 0.001]
        """
        if method not in METHODS:
            raise unknown_name("method", method, METHODS)
        if method == "Full fine-tuning":
            return FULL_RATE
        if method == "BitFit":
            return BITFIT_RATE
        if method.startswith("AdaLoRA"):
            return self.rate
        return max(rate for rate in LORA_RATES if rate <= max(self.rate, LORA_RATES[0]))

    def steps(self, examples: int) -> int:
        """Optimiser steps of a whole training."""
        return self.epochs * -(-examples // self.batch)

    def schedule(self, steps: int) -> tuple[int, int, int]:
        """AdaLoRA's ``initial, interval, final`` for a training of ``steps``.

        They are the recipe's, as long as a fifth of the steps is left to prune in;
        shorter trainings, which the paper has none of, shrink all three alike.

        Examples
        --------
        >>> paper_recipe("RTE").schedule(3900), paper_recipe("RTE").schedule(390)
        ((600, 1, 1800), (78, 1, 234))
        """
        share = min(1.0, 0.8 * steps / (self.initial + self.final))
        return (
            int(share * self.initial),
            max(1, round(share * self.interval)),
            int(share * self.final),
        )

    def shortened(self, **changes: Any) -> PaperRecipe:
        """The same with other values, such as fewer epochs.

        Raises
        ------
        TypeError
            If there is no such field.
        """
        return replace(self, **changes)


def _squad(epochs: int, final: int) -> PaperRecipe:
    return PaperRecipe(
        1e-3, epochs, 1000, 0.1, 5000, 100, final, 16, 384, 0.0, 0.0, 3000, batch=16
    )


# rate, epochs, warmup, gamma, initial, interval, final,
# alpha, max_tokens, head_dropout, weight_decay, evaluate_every
RECIPES = {
    "MNLI": PaperRecipe(5e-4, 7, 1000, 0.1, 8000, 100, 50000, 16, 256, 0.15, 0.0, 3000),
    "SST-2": PaperRecipe(
        8e-4, 24, 1000, 0.1, 6000, 100, 22000, 16, 128, 0.0, 0.01, 3000
    ),
    "CoLA": PaperRecipe(5e-4, 25, 100, 0.5, 800, 10, 3500, 32, 64, 0.1, 0.0, 100),
    "QQP": PaperRecipe(5e-4, 5, 2000, 0.1, 8000, 100, 25000, 16, 320, 0.15, 0.01, 3000),
    "QNLI": PaperRecipe(1.2e-3, 5, 500, 0.1, 2000, 100, 8000, 32, 512, 0.1, 0.01, 1000),
    "RTE": PaperRecipe(1.2e-3, 50, 200, 0.3, 600, 1, 1800, 32, 320, 0.2, 0.01, 100),
    # its script warms up for a tenth of the 3450 steps
    "MRPC": PaperRecipe(1e-3, 30, 345, 0.1, 600, 1, 1800, 32, 320, 0.0, 0.01, 300),
    "STS-B": PaperRecipe(2.2e-3, 25, 100, 0.1, 800, 10, 2000, 32, 128, 0.2, 0.1, 100),
    "SQuAD v1.1": _squad(10, 25000),
    "SQuAD v2.0": _squad(12, 50000),
}


@dataclass(frozen=True)
class InstructionRecipe:
    """How a language model is tuned on instructions; no value is the paper's.

    Attributes
    ----------
    rate : float
    epochs : int
    batch, micro_batch : int
        Examples of an optimiser step, and of one pass.
    warmup : int
        Steps in which the rate rises; then it falls linearly to 0.
    alpha : int
    max_tokens : int
        Of prompt and answer together; longer ones are cut.
    save_every : int
        Steps between two checkpoints.
    """

    rate: float = 3e-4
    epochs: int = 3
    batch: int = 128
    micro_batch: int = 4
    warmup: int = 100
    alpha: int = 16
    max_tokens: int = 512
    save_every: int = 50

    def __post_init__(self) -> None:
        for name in ("epochs", "batch", "micro_batch", "save_every"):
            check_count(name, getattr(self, name))
        if self.batch % self.micro_batch:
            raise ValueError(
                f"batch is {self.batch}; allowed: a multiple of micro_batch "
                f"({self.micro_batch})"
            )


INSTRUCTIONS = InstructionRecipe()


def paper_recipe(task: str) -> PaperRecipe:
    """Recipe of a task.

    Raises
    ------
    ValueError
        If there is none, with the nearest name.

    Examples
    --------
    >>> paper_recipe("CoLA").epochs
    25
    """
    if task not in RECIPES:
        raise unknown_name("task", task, tuple(RECIPES))
    return RECIPES[task]


def targets_of(model: nn.Module) -> tuple[str, ...]:
    """Names of the linear layers of a model's blocks, all of which are adapted.

    Raises
    ------
    ValueError
        If the kind of model is not known here.
    """
    kind = str(getattr(getattr(model, "config", None), "model_type", None))
    if kind not in _TARGETS_OF:
        raise ValueError(
            f"{unknown_name('kind of model', kind, tuple(_TARGETS_OF))}; for another "
            "kind name the matrices, Adaptation(targets=(...))"
        )
    return _TARGETS_OF[kind]
