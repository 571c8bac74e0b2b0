"""SQuAD v1.1 and v2.0 at paper scale (Table 2): where in a text the answer stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from transformers import (
    AutoModelForQuestionAnswering,
    EvalPrediction,
    TrainerCallback,
    default_data_collator,
)

from helpers.assets import local
from helpers.lora_dropout.ensemble import Reduce, check_reduce
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
from helpers.lora_dropout.paper_squad_data import (
    FILES,
    Question,
    Windows,
    best_answers,
    load_squad,
    squad_scores,
    windows,
)
from helpers.lora_dropout.paper_training import PaperTrainer, predictions
from helpers.names import unknown_name


@dataclass(frozen=True)
class SquadResult(RunResult):
    """A finished run, as ``result.json`` holds it.

    Attributes
    ----------
    version : str
    mean : dict
        ``exact_match`` and ``f1`` in percent, without masks.
    ensemble : dict, optional
        The same of the ensemble; None for methods without LoRA Dropout.
    best_step : int
        Step of the checkpoint with the best F1 on the development set.
    """

    version: str
    mean: dict[str, float]
    ensemble: dict[str, float] | None
    best_step: int


def fine_tune_squad(
    version: str,
    chosen: Adaptation,
    *,
    work: str | Path,
    model: str | Path = DEBERTA,
    folder: str | Path | None = None,
    recipe: PaperRecipe | None = None,
    reduce: Reduce = "logit",
    seed: int = 0,
    device: str | None = None,
    precision: str | None = None,
    progress: bool = True,
    callbacks: Sequence[TrainerCallback] = (),
) -> SquadResult:
    """Train on a version of SQuAD and score the best checkpoint by F1.

    Call it again with the same ``work`` after a stop: the training goes on from its
    last checkpoint, and a finished one returns what it wrote.

    Parameters
    ----------
    version : {"SQuAD v1.1", "SQuAD v2.0"}
    chosen : Adaptation
    work : path
        Folder of this run: settings, checkpoints, ``result.json``.
    model : str or path
        Name on the hub, or a local folder.
    folder : path, optional
        As of `paper_squad_data.load_squad`.
    recipe : PaperRecipe, optional
        The version's of `paper_recipes` unless given.
    reduce : {"logit", "prob"}
        What the ensemble averages: see `combined`.
    device, precision : str, optional
        A GPU if there is one, with bfloat16 if it has it.
    callbacks : sequence of TrainerCallback
        For Trainer.

    Raises
    ------
    ValueError
        For an unknown name, or if ``work`` holds another run.
    FileNotFoundError
        If the data are missing.
    """
    if version not in FILES:
        raise unknown_name("version", version, tuple(FILES))
    recipe = recipe or paper_recipe(version)
    check_reduce(reduce)
    run = new_run(work, str(model), seed, device, precision, progress, callbacks)
    train, dev = load_squad(version, folder)
    settings = {
        "version": version,
        "examples": [len(train), len(dev)],
        "reduce": reduce,
    }

    def prepare() -> Prepared:
        return _prepared(version, train, dev, run, chosen, recipe, reduce)

    return carried_out(
        run, chosen, recipe, settings, prepare, lambda kept: SquadResult(**kept)
    )


def _prepared(
    version: str,
    train: Sequence[Question],
    dev: Sequence[Question],
    run: Run,
    chosen: Adaptation,
    recipe: PaperRecipe,
    reduce: Reduce,
) -> Prepared:
    tokenizer = pretrained_tokenizer(run.model)
    cut = [
        windows(
            part,
            tokenizer,
            max_tokens=recipe.max_tokens,
            stride=recipe.stride,
            progress=run.progress,
        )
        for part in (train, dev)
    ]
    network: Any = AutoModelForQuestionAnswering.from_pretrained(local(run.model))
    steps = recipe.steps(len(cut[0].rows))

    def score(scores: np.ndarray) -> dict[str, float]:
        empty = version == "SQuAD v2.0"
        return squad_scores(best_answers(dev, cut[1], scores, may_be_empty=empty), dev)

    def findings(network: nn.Module, trainer: PaperTrainer) -> dict[str, Any]:
        mean, members = predictions(
            network,
            _without_labels(cut[1]),
            default_data_collator,
            batch=2 * recipe.batch,
            members=chosen.members if chosen.p else 0,
            precision=run.precision,
            seed=run.seed,
            extract=start_and_end,
            progress=run.progress,
        )
        several = None if members is None else combined(members, reduce).numpy()
        return {
            "version": version,
            "mean": score(mean.numpy()),
            "ensemble": None if several is None else score(several),
            "best_step": trainer.state.best_global_step or steps,
        }

    return Prepared(
        network.float(),
        "QUESTION_ANS",
        steps,
        evaluated_arguments(recipe, chosen, steps, "f1")
        | {"label_names": ["start_positions", "end_positions"]},
        {
            "data_collator": default_data_collator,
            "train_dataset": cut[0].rows,
            "eval_dataset": cut[1].rows,
            "compute_metrics": lambda found: score(_both(found)),
        },
        findings,
    )


def start_and_end(outputs: Any) -> Tensor:
    """Logits of each token as first and as last one of the answer, (b, 2, tokens)."""
    return torch.stack([outputs.start_logits, outputs.end_logits], dim=1)


def combined(members: Tensor, reduce: Reduce) -> Tensor:
    """The ensemble's scores (n, 2, tokens) of its members' (members, n, 2, tokens).

    The mean of logits is compared over a question's windows as one network's logits
    are. Logarithms of mean probabilities lose what tells windows apart, as each
    window's sum to 1; for one window per text they are as good.
    """
    if reduce == "logit":
        return members.mean(dim=0)
    return members.log_softmax(dim=-1).logsumexp(dim=0) - np.log(len(members))


def _both(found: EvalPrediction) -> np.ndarray:
    start, end = (np.asarray(part) for part in found.predictions)
    return np.stack([start, end], axis=1)


def _without_labels(cut: Windows) -> list[dict[str, Any]]:
    labels = ("start_positions", "end_positions")
    return [{k: v for k, v in row.items() if k not in labels} for row in cut.rows]
