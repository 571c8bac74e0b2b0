"""GLUE from local files with the small encoder: what a laptop can do of Table 1.

The last two layers are fine-tuned on hidden states that the others leave once, so the
numbers are below those of a model that is fine-tuned whole; the comparison of methods
is fair, since all of them see the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from helpers.lora_dropout.baselines import METHODS, Setting, build
from helpers.lora_dropout.calibration import (
    expected_calibration_error,
    negative_log_likelihood,
)
from helpers.lora_dropout.encoder import hidden_states, load_encoder
from helpers.lora_dropout.ensemble import ensemble_probabilities
from helpers.lora_dropout.fitting import Recipe, fit, logits_of
from helpers.lora_dropout.glue import glue_scores, load_glue
from helpers.lora_dropout.top_layers import TopLayers
from helpers.lora_dropout.trials import member_logits_of
from helpers.seeding import seeded
from helpers.torch_threads import single_thread

if TYPE_CHECKING:
    import pandas as pd

TOP_LAYERS = 2


def glue_with_encoder(
    task: str,
    folder: str | Path,
    seeds: Sequence[int],
    p: float = 0.5,
    *,
    methods: Sequence[str] = ("LoRA", "LoRA + LoRA Dropout"),
    epochs: int = 8,
    train_size: int = 2500,
    max_tokens: int = 96,
    members: int = 8,
    progress: bool = True,
) -> pd.DataFrame:
    """Scores on the development set, one row per method, seed and kind of prediction.

    Parameters
    ----------
    task : str
        A classification task of GLUE.
    folder : path
        As `glue.load_glue` reads it.
    train_size : int
        At most so many training examples, chosen by the seed.
    max_tokens : int
        Longer texts are cut.

    Returns
    -------
    DataFrame
        Columns method, seed, predict ("mean network" or "ensemble"), the task's metric
        under its name, nll, ece.

    Raises
    ------
    ValueError
        If the task is unknown, or a regression.
    """
    import pandas as pd

    loaded = load_glue(task, Path(folder))
    if not loaded.classes:
        raise ValueError(
            f"{loaded.name} is a regression; allowed: a task with classes, such as RTE"
        )
    encoder = load_encoder()
    options = {"top_layers": TOP_LAYERS, "max_tokens": max_tokens, "progress": progress}
    dev = hidden_states(encoder, loaded.dev.texts, **options)  # type: ignore[arg-type]
    rows = []
    for seed in seeds:
        chosen = np.random.default_rng(seed).permutation(len(loaded.train))[:train_size]
        texts = [loaded.train.texts[i] for i in chosen]
        train = hidden_states(encoder, texts, **options)  # type: ignore[arg-type]
        labels = torch.tensor(loaded.train.labels[chosen])
        for name in methods:
            recipe = Recipe(lr=METHODS[name].rate_of("docstrings"), epochs=epochs)
            setting = Setting(p=p, steps=recipe.steps(len(train)), seed=seed)
            with single_thread(), seeded(seed):
                layers = TopLayers(
                    encoder, len(loaded.classes), top_layers=TOP_LAYERS, seed=seed
                )
                model = build(name, layers, setting)
                fit(model, train, labels, recipe, seed=seed)
                found = {"mean network": logits_of(model, dev).softmax(dim=1)}
                if METHODS[name].samples == "masks":
                    several = member_logits_of(model, dev, members, seed)
                    found["ensemble"] = ensemble_probabilities(several)
            for kind, probabilities in found.items():
                guess = probabilities.double().numpy()
                guess /= guess.sum(axis=1, keepdims=True)
                truth = loaded.dev.labels
                score = glue_scores(loaded.name, guess.argmax(axis=1), truth)
                rows.append(
                    {
                        "method": name,
                        "seed": seed,
                        "predict": kind,
                        loaded.metric: score[loaded.metric],
                        "nll": negative_log_likelihood(guess, truth),
                        "ece": expected_calibration_error(guess, truth),
                    }
                )
    return pd.DataFrame(rows)
