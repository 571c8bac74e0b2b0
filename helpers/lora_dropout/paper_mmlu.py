"""MMLU without examples in the prompt, by the package lm-eval (Table 3).

lm-eval downloads the questions itself; ``curriculum fetch`` does not bring them.
"""

from __future__ import annotations

import importlib
import importlib.util
import math
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedTokenizerBase

from helpers.lora_dropout.masks import check_count
from helpers.lora_dropout.sampling import lora_dropout_sampling, masked_layers


def mmlu(
    network: nn.Module,
    tokenizer: PreTrainedTokenizerBase,
    *,
    members: int = 0,
    seed: int = 0,
    batch_size: int = 8,
    limit: int | None = None,
    tasks: tuple[str, ...] = ("mmlu",),
    task_manager: Any = None,
) -> dict[str, float]:
    """Accuracy of a language model, of MMLU as a whole and of its subjects.

    Parameters
    ----------
    network : nn.Module
        A model of transformers, or one of peft around it.
    members : int
        Of an ensemble of LoRA Dropout's masks, whose probabilities of each token are
        averaged; 0 for the network without masks.
    seed : int
        Of the members.
    limit : int, optional
        Questions of each subject, for a trial.
    tasks : tuple of str
        Names that lm-eval knows.
    task_manager : optional
        lm-eval's, for tasks of your own.

    Returns
    -------
    dict
        Accuracy from 0 to 1 by the name of a task or group.

    Raises
    ------
    ModuleNotFoundError
        If lm-eval is not installed.
    ValueError
        If members are wanted of a model without LoRA Dropout.
    """
    if importlib.util.find_spec("lm_eval") is None:
        raise ModuleNotFoundError(
            "MMLU needs the package lm-eval; allowed: pip install 'reprise[llm]'"
        )
    if members:
        check_count("members", members)
        masked_layers(network)
    harness: Any = importlib.import_module("lm_eval")
    model = harness_model(
        network, tokenizer, members=members, seed=seed, batch_size=batch_size
    )
    found = harness.simple_evaluate(
        model=model,
        tasks=list(tasks),
        num_fewshot=0,
        limit=limit,
        task_manager=task_manager,
    )
    return {
        name: float(scores["acc,none"])
        for name, scores in found["results"].items()
        if "acc,none" in scores
    }


def harness_model(
    network: nn.Module,
    tokenizer: PreTrainedTokenizerBase,
    *,
    members: int,
    seed: int,
    batch_size: int,
) -> Any:
    """lm-eval's wrapper of the network; with members it answers as their ensemble."""
    wrapper: Any = importlib.import_module("lm_eval.models.huggingface").HFLM

    class Ensemble(wrapper):  # type: ignore[misc]
        def _model_call(self, *args: Any, **kwargs: Any) -> Tensor:
            plain = super()._model_call
            return mean_log_probabilities(
                network, lambda: plain(*args, **kwargs), members, seed
            )

    kind = Ensemble if members else wrapper
    return kind(pretrained=network, tokenizer=tokenizer, batch_size=batch_size)


def mean_log_probabilities(
    network: nn.Module, logits: Any, members: int, seed: int
) -> Tensor:
    """Logarithm of the members' mean softmax, shape of ``logits()``.

    It is added up member by member: the vocabulary makes the logits large.
    """
    total: Tensor | None = None
    for member in range(members):
        with lora_dropout_sampling(network, members=[member], seed=seed):
            one = logits().float().log_softmax(dim=-1)
        total = one if total is None else torch.logaddexp(total, one)
    if total is None:
        raise ValueError(f"members is {members}; allowed: 1 or more")
    return total - math.log(members)
