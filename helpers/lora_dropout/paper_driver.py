"""One run at paper scale from an empty folder to ``result.json``, whatever the task.

GLUE, SQuAD and instructions differ in what they read, train on and score; they share
the rest: a folder that is claimed, seeds, an adapted network, a training that can be
stopped and gone on with, and what a result says of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from torch import nn
from transformers import TrainerCallback, TrainingArguments

from helpers.lora_dropout.baselines import trainable_parameters
from helpers.lora_dropout.paper_recipes import (
    Adaptation,
    InstructionRecipe,
    PaperRecipe,
)
from helpers.lora_dropout.paper_runs import (
    device_and_precision,
    peak_gigabytes,
    read_result,
    write_result,
)
from helpers.lora_dropout.paper_training import PaperTrainer, adapt
from helpers.run_folder import claim_folder
from helpers.seeding import seeded


@dataclass(frozen=True)
class Run:
    """Where a training runs, and on what.

    Attributes
    ----------
    work : Path
        Folder of this run: settings, checkpoints, ``result.json``.
    model : str
        Name or folder of the pretrained model, as the result says it.
    seed : int
    device, precision : str
        See `paper_runs.device_and_precision`.
    progress : bool
    callbacks : sequence of TrainerCallback
    """

    work: Path
    model: str
    seed: int
    device: str
    precision: str
    progress: bool
    callbacks: Sequence[TrainerCallback]


@dataclass(frozen=True)
class RunResult:
    """What every finished run says of itself in ``result.json``.

    Attributes
    ----------
    method, model : str
    seed : int
    steps : int
        The last one.
    parameters : int
        Trainable ones.
    seconds : float
        Of the training with its evaluations, interrupted sessions included.
    device, precision : str
    gigabytes : float, optional
        Most memory on the GPU.
    """

    method: str
    model: str
    seed: int
    steps: int
    parameters: int
    seconds: float
    device: str
    precision: str
    gigabytes: float | None


@dataclass(frozen=True)
class Prepared:
    """A task that is ready to be trained.

    Attributes
    ----------
    network : nn.Module
        Pretrained, with a new head, not adapted yet.
    task_type : {"SEQ_CLS", "QUESTION_ANS", "CAUSAL_LM"}
        peft's name of the task.
    steps : int
        Optimiser steps of the whole training.
    arguments : dict
        Of `TrainingArguments`, besides those that all runs share.
    trainer : dict
        Of `PaperTrainer`: rows, collator, metrics.
    findings : callable
        From the trained network and its trainer to what the result says besides the
        fields of `RunResult`.
    """

    network: nn.Module
    task_type: str
    steps: int
    arguments: dict[str, Any]
    trainer: dict[str, Any]
    findings: Callable[[nn.Module, PaperTrainer], dict[str, Any]] = field(repr=False)


R = TypeVar("R", bound=RunResult)


def new_run(
    work: str | Path,
    model: str,
    seed: int,
    device: str | None,
    precision: str | None,
    progress: bool,
    callbacks: Sequence[TrainerCallback],
) -> Run:
    """A run on a GPU if there is one, unless told otherwise.

    Raises
    ------
    ValueError
        If there is no such device or precision.
    """
    found, kind = device_and_precision(device, precision)
    return Run(Path(work), model, seed, found, kind, progress, callbacks)


def carried_out(
    run: Run,
    chosen: Adaptation,
    recipe: PaperRecipe | InstructionRecipe,
    settings: dict[str, Any],
    prepare: Callable[[], Prepared],
    read: Callable[[dict[str, Any]], R],
) -> R:
    """Train, score and write the result; a finished run is only read.

    Parameters
    ----------
    settings : dict
        What tells this run from others of its task, besides ``run``, ``chosen`` and
        ``recipe``.
    prepare : callable
        Called where the run's seed holds, if there is something to train.
    read : callable
        From what ``result.json`` holds to the task's result.

    Raises
    ------
    ValueError
        If the folder holds another run.
    """
    own = {"model": run.model, "seed": run.seed, "precision": run.precision}
    claim_folder(
        run.work,
        {**settings, **own, "adaptation": asdict(chosen), "recipe": asdict(recipe)},
    )
    if (kept := read_result(run.work)) is not None:
        return read(kept)
    with seeded(run.seed):
        ready = prepare()
        network = adapt(ready.network, chosen, recipe, ready.steps, ready.task_type)
        parameters = trainable_parameters(network)
        trainer = PaperTrainer(
            network,
            TrainingArguments(**shared_arguments(run) | ready.arguments),
            chosen=chosen,
            callbacks=list(run.callbacks),
            **ready.trainer,
        )
        trainer.go_on(run.work / "checkpoints")
        seconds = trainer.seconds
        found = ready.findings(network, trainer)
    result = {
        **found,
        **own,
        "method": chosen.method,
        "steps": trainer.state.global_step,
        "parameters": parameters,
        "seconds": seconds,
        "device": run.device,
        "gigabytes": peak_gigabytes(run.device),
    }
    write_result(run.work, result)
    return read(result)


def shared_arguments(run: Run) -> dict[str, Any]:
    """What all trainings have in common, as arguments of `TrainingArguments`."""
    return {
        "output_dir": str(run.work / "checkpoints"),
        "save_total_limit": 2,
        "logging_steps": 50,
        "lr_scheduler_type": "linear",
        "seed": run.seed,
        "bf16": run.precision == "bf16",
        "use_cpu": run.device == "cpu",
        "dataloader_pin_memory": run.device != "cpu",
        "report_to": [],
        "disable_tqdm": not run.progress,
        "remove_unused_columns": False,
    }


def evaluated_arguments(
    recipe: PaperRecipe, chosen: Adaptation, steps: int, metric: str
) -> dict[str, Any]:
    """Arguments of a run that is evaluated and saved every so many steps.

    Runs that are shorter than the recipe's warm up for a tenth of their steps, and are
    evaluated at their end at least. The checkpoint with the best ``metric`` is kept.
    """
    every = min(recipe.evaluate_every, steps)
    return {
        "num_train_epochs": recipe.epochs,
        "per_device_train_batch_size": recipe.batch,
        "per_device_eval_batch_size": 2 * recipe.batch,
        "learning_rate": recipe.rate_of(chosen.method),
        "warmup_steps": min(recipe.warmup, -(-steps // 10)),
        "weight_decay": recipe.weight_decay,
        "eval_strategy": "steps",
        "eval_steps": every,
        "save_strategy": "steps",
        "save_steps": every,
        "load_best_model_at_end": True,
        "metric_for_best_model": metric,
        "greater_is_better": True,
    }
