"""The decoder that has read the standard library, and the recipe that makes it.

It writes no correct programs: it is there to measure where in real code a language
model is unsure.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from helpers.paths import BUILD
from helpers.tiny_lm import checkpoint
from helpers.tiny_lm.batches import Windows
from helpers.tiny_lm.config import TinyConfig
from helpers.tiny_lm.python_corpus import (
    PythonCorpus,
    SourceFile,
    python_corpus,
    token_row,
)
from helpers.tiny_lm.tokenizers import bpe_tokenizer
from helpers.tiny_lm.training import Recipe, forget, token_loss, train
from helpers.torch_threads import single_thread

CONFIG = TinyConfig(vocabulary=4096, layers=4, width=192, heads=6, context=256)
RECIPE = Recipe(steps=4400, warmup=200, log_every=40)
BATCH_TOKENS = 1024
WORK = BUILD / "training" / "python"


def train_python(
    folder: Path,
    *,
    corpus: PythonCorpus | None = None,
    work: Path = WORK,
    progress: bool = True,
    resume: bool = True,
) -> checkpoint.Card:
    """Train the decoder and save it; about 25 minutes of one core.

    Parameters
    ----------
    folder : Path
        Of the checkpoint.
    corpus : PythonCorpus, optional
        What to learn from; this installation's standard library by default.
    work : Path
        Where the state of an interrupted training is kept.
    progress, resume : bool
        As in `helpers.tiny_lm.training.train`.
    """
    corpus = corpus or python_corpus()
    tokenizer = python_tokenizer(corpus)
    model = CONFIG.model(RECIPE.seed)
    log = train(
        model,
        python_batches(tokenizer, corpus.train),
        RECIPE,
        folder=work,
        progress=progress,
        resume=resume,
    )
    card = checkpoint.save(
        folder,
        model,
        tokenizer,
        recipe=RECIPE,
        log=log,
        corpus={
            "name": "standard library",
            "digest": corpus.digest,
            "files": len(corpus.train),
            "held_out_files": len(corpus.held_out),
            "held_out_loss": round(file_loss(model, tokenizer, corpus.held_out), 4),
            "batch_tokens": BATCH_TOKENS,
        },
    )
    forget(work)
    return card


def first_steps(
    corpus: PythonCorpus, tokenizer: PreTrainedTokenizerFast, steps: int, work: Path
) -> pd.DataFrame:
    """The log of the recipe's first steps, to compare with a checkpoint's log."""
    batches = python_batches(tokenizer, corpus.train)
    return train(
        CONFIG.model(RECIPE.seed),
        batches,
        RECIPE,
        folder=work,
        steps=steps,
        progress=False,
    )


def python_tokenizer(corpus: PythonCorpus) -> PreTrainedTokenizerFast:
    """Byte-pair encoding of the training files, with the model's vocabulary."""
    return bpe_tokenizer(
        [file.text for file in corpus.train], CONFIG.vocabulary, context=CONFIG.context
    )


def python_batches(
    tokenizer: PreTrainedTokenizerFast, files: Sequence[SourceFile]
) -> Windows:
    """Batches of windows as long as the model's context."""
    return Windows(
        token_row(tokenizer, files),
        length=CONFIG.context,
        batch_tokens=BATCH_TOKENS,
        seed=RECIPE.seed,
    )


def file_loss(
    model: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    files: Sequence[SourceFile],
) -> float:
    """Mean loss in nats per token over windows of the model's context.

    Windows do not overlap, so a token has on average half a context before it.
    """
    batches = python_batches(tokenizer, files)
    with torch.no_grad(), single_thread():
        losses = [float(token_loss(model, batches(i))) for i in range(len(batches))]
    return float(np.mean(losses))
