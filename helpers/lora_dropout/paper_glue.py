"""GLUE at paper scale: any pretrained classifier, each method of Table 1.

``fine_tune_glue("RTE", Adaptation("LoRA + LoRA Dropout"), work="runs/rte-0")`` trains
DeBERTaV3-base as the paper does, or goes on with it after a stop. The local encoder of
`encoder.load_encoder` is trained by the same call.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from transformers import (
    AutoConfig,
    AutoModelForSequenceClassification,
    BertForSequenceClassification,
    DataCollatorWithPadding,
    EvalPrediction,
    PreTrainedTokenizerBase,
    TrainerCallback,
)

from helpers.assets import local
from helpers.lora_dropout.calibration import (
    expected_calibration_error,
    negative_log_likelihood,
)
from helpers.lora_dropout.encoder import Encoder
from helpers.lora_dropout.ensemble import (
    Reduce,
    check_reduce,
    ensemble_probabilities,
)
from helpers.lora_dropout.glue import (
    GlueSplit,
    GlueTask,
    glue_scores,
    load_glue,
    task_name,
)
from helpers.lora_dropout.paper_driver import (
    Prepared,
    Run,
    RunResult,
    carried_out,
    evaluated_arguments,
    new_run,
)
from helpers.lora_dropout.paper_recipes import (
    DEBERTA,
    Adaptation,
    PaperRecipe,
    paper_recipe,
)
from helpers.lora_dropout.paper_runs import pretrained_tokenizer
from helpers.lora_dropout.paper_training import PaperTrainer, predictions


@dataclass(frozen=True)
class GlueScores:
    """What one way of predicting is worth on the development set.

    Attributes
    ----------
    value : float
        The metric that the paper's table shows, from -1 or 0 to 1.
    scores : dict
        Every score of `glue.glue_scores`.
    ece, nll : float, optional
        Expected calibration error (15 bins) and negative log-likelihood; None for
        STS-B, which has no classes.
    """

    value: float
    scores: dict[str, float]
    ece: float | None
    nll: float | None


@dataclass(frozen=True)
class GlueResult(RunResult):
    """A finished run, as ``result.json`` holds it.

    Attributes
    ----------
    task, metric : str
    mean : GlueScores
        Without masks: for LoRA Dropout the mean network.
    ensemble : GlueScores, optional
        Of the ensemble; None for methods without LoRA Dropout.
    best_step : int
        Step of the checkpoint that was best on the development set.
    """

    task: str
    metric: str
    mean: GlueScores
    ensemble: GlueScores | None
    best_step: int

    @classmethod
    def from_dict(cls, kept: dict[str, Any]) -> GlueResult:
        """The result that a file holds."""
        nested = {
            name: GlueScores(**kept[name]) if kept[name] else None
            for name in ("mean", "ensemble")
        }
        return cls(**kept | nested)


def fine_tune_glue(
    task: str | GlueTask,
    chosen: Adaptation,
    *,
    work: str | Path,
    model: str | Path | Encoder = DEBERTA,
    folder: str | Path | None = None,
    recipe: PaperRecipe | None = None,
    reduce: Reduce = "prob",
    seed: int = 0,
    device: str | None = None,
    precision: str | None = None,
    progress: bool = True,
    callbacks: Sequence[TrainerCallback] = (),
) -> GlueResult:
    """Train on a task and score the checkpoint that is best on its development set.

    Call it again with the same ``work`` after a stop: the training goes on from its
    last checkpoint, and a finished one returns what it wrote.

    Parameters
    ----------
    task : str or GlueTask
        A name, read by `glue.load_glue`; or texts and labels.
    chosen : Adaptation
    work : path
        Folder of this run: settings, checkpoints, ``result.json``.
    model : str, path or Encoder
        Name on the hub, a local folder, or the local encoder.
    folder : path, optional
        As of `glue.load_glue`.
    recipe : PaperRecipe, optional
        The task's of `paper_recipes` unless given.
    reduce : {"prob", "logit"}
        What the ensemble averages; STS-B's has only outputs to average.
    device, precision : str, optional
        A GPU if there is one, with bfloat16 if it has it.
    callbacks : sequence of TrainerCallback
        For Trainer.

    Raises
    ------
    ValueError
        For an unknown name, or if ``work`` holds another run.
    FileNotFoundError
        If the task's files are missing.
    """
    check_reduce(reduce)
    name = task_name(task if isinstance(task, str) else task.name)
    recipe = recipe or paper_recipe(name)
    source = model.name if isinstance(model, Encoder) else str(model)
    run = new_run(work, source, seed, device, precision, progress, callbacks)
    if isinstance(task, str):
        loaded = load_glue(task, Path(folder) if folder else None)
    else:
        loaded = task
    settings = {
        "task": name,
        "examples": [len(loaded.train), len(loaded.dev)],
        "reduce": reduce,
    }

    def prepare() -> Prepared:
        return _prepared(loaded, model, run, chosen, recipe, reduce)

    return carried_out(run, chosen, recipe, settings, prepare, GlueResult.from_dict)


def _prepared(
    task: GlueTask,
    model: str | Path | Encoder,
    run: Run,
    chosen: Adaptation,
    recipe: PaperRecipe,
    reduce: Reduce,
) -> Prepared:
    network, tokenizer = classifier(model, task, recipe)
    train, dev = (tokens(part, tokenizer, recipe) for part in (task.train, task.dev))
    steps = recipe.steps(len(train))
    collate = DataCollatorWithPadding(tokenizer)

    def findings(network: nn.Module, trainer: PaperTrainer) -> dict[str, Any]:
        mean, members = predictions(
            network,
            dev,
            collate,
            batch=2 * recipe.batch,
            members=chosen.members if chosen.p else 0,
            precision=run.precision,
            seed=run.seed,
            progress=run.progress,
        )
        several = None if members is None else asdict(scored(task, members, reduce))
        return {
            "task": task_name(task.name),
            "metric": task.metric,
            "mean": asdict(scored(task, mean[None], reduce)),
            "ensemble": several,
            "best_step": trainer.state.best_global_step or steps,
        }

    return Prepared(
        network,
        "SEQ_CLS",
        steps,
        evaluated_arguments(recipe, chosen, steps, task.metric),
        {
            "data_collator": collate,
            "train_dataset": train,
            "eval_dataset": dev,
            "compute_metrics": lambda found: _metrics(task_name(task.name), found),
        },
        findings,
    )


def classifier(
    model: str | Path | Encoder, task: GlueTask, recipe: PaperRecipe
) -> tuple[nn.Module, PreTrainedTokenizerBase]:
    """A pretrained network with a new head, in float32, and its tokenizer.

    A task without classes gets one output, whose loss is the squared error.
    """
    head: dict[str, Any] = {
        "num_labels": len(task.classes) or 1,
        "problem_type": None if task.classes else "regression",
        "classifier_dropout": recipe.head_dropout,
        "cls_dropout": recipe.head_dropout,  # DeBERTa's name of it
    }
    if isinstance(model, Encoder):
        config = type(model.model.config).from_dict(model.model.config.to_dict())
        config.update(head)
        network: Any = BertForSequenceClassification(config)
        # an encoder that was trained here has no pooler: it starts at random
        pooler = network.bert.pooler.state_dict(prefix="pooler.")
        network.bert.load_state_dict(pooler | model.model.state_dict())
        return network, model.tokenizer
    place = local(model)
    config = AutoConfig.from_pretrained(place)
    config.update(head)
    network = AutoModelForSequenceClassification.from_pretrained(place, config=config)
    # DeBERTaV3's file is in half precision, which is nothing to train in
    return network.float(), pretrained_tokenizer(model)


def tokens(
    split: GlueSplit, tokenizer: PreTrainedTokenizerBase, recipe: PaperRecipe
) -> list[dict[str, Any]]:
    """Rows of a split for the trainer: token numbers and a label each."""
    sides = [split.texts]
    if isinstance(split.texts[0], tuple):
        sides = list(zip(*split.texts, strict=True))
    coded = tokenizer(
        *(list(side) for side in sides), truncation=True, max_length=recipe.max_tokens
    )
    kind = int if np.issubdtype(split.labels.dtype, np.integer) else float
    return [
        {**{key: coded[key][i] for key in coded}, "labels": kind(label)}
        for i, label in enumerate(split.labels)
    ]


def scored(task: GlueTask, logits: Tensor, reduce: Reduce) -> GlueScores:
    """Scores of the mean over members' outputs (members, n, classes)."""
    labels = task.dev.labels
    if not task.classes:
        outputs = logits.mean(dim=0).squeeze(-1).numpy()
        scores = glue_scores(task.name, outputs, labels)
        return GlueScores(scores[task.metric], scores, None, None)
    p = ensemble_probabilities(logits.double(), reduce).numpy()
    scores = glue_scores(task.name, p.argmax(axis=1), labels)
    return GlueScores(
        scores[task.metric],
        scores,
        expected_calibration_error(p, labels),
        negative_log_likelihood(p, labels),
    )


def _metrics(name: str, found: EvalPrediction) -> dict[str, float]:
    outputs = torch.as_tensor(np.asarray(found.predictions))
    guessed = outputs.squeeze(-1) if outputs.shape[-1] == 1 else outputs.argmax(dim=-1)
    return glue_scores(name, guessed.numpy(), np.asarray(found.label_ids))
