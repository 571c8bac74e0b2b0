"""A trained decoder on disk: transformers' layout, its recipe, its log and a hash.

``model.safetensors`` (half precision), ``config.json`` and the tokenizer's files are
what ``from_pretrained`` reads; ``recipe.json`` says how they came about (`Card`) and
``log.csv`` how the loss fell.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast
from transformers.utils import logging

from helpers.tiny_lm.training import Recipe

WEIGHTS, CARD, LOG = "model.safetensors", "recipe.json", "log.csv"
LARGEST = 20 * 10**6  # bytes of a checkpoint that may be shipped
_LIBRARIES = ("torch", "transformers", "tokenizers")


@dataclass(frozen=True)
class Card:
    """How a checkpoint came about.

    Attributes
    ----------
    recipe : dict
        Of the training: ``Recipe(**card.recipe)``.
    corpus : dict
        What it learnt from: at least its name and a digest.
    tokens : int
        Seen in training, padding included.
    seconds : float
        Processor time of the steps.
    loss : float
        Last row of the log, in nats per token.
    versions : dict
        Of Python and of the libraries.
    sha256 : str
        Of ``model.safetensors``.
    """

    recipe: dict[str, Any]
    corpus: dict[str, Any]
    tokens: int
    seconds: float
    loss: float
    versions: dict[str, str] = field(default_factory=dict)
    sha256: str = ""


@dataclass(frozen=True)
class Checkpoint:
    """What `load` returns; unpacks as ``model, tokenizer, card``."""

    model: LlamaForCausalLM
    tokenizer: PreTrainedTokenizerFast
    card: Card

    def __iter__(self) -> Any:
        return iter((self.model, self.tokenizer, self.card))


def save(
    folder: Path,
    model: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    *,
    recipe: Recipe,
    log: pd.DataFrame,
    corpus: Mapping[str, Any],
) -> Card:
    """Write a checkpoint, all of it or nothing; the model itself is left as it is.

    Parameters
    ----------
    folder : Path
        Replaced if it exists and is a checkpoint.
    model, tokenizer
    recipe : Recipe
    log : DataFrame
        Of `helpers.tiny_lm.training.train`.
    corpus : mapping
        Name, digest and what else describes the data.

    Raises
    ------
    ValueError
        If the files are larger than may be shipped, a weight is too large for half
        precision, or the folder holds something else than a checkpoint.
    """
    if folder.exists() and any(folder.iterdir()) and not (folder / CARD).exists():
        raise ValueError(f"{folder} holds something else; allowed: a new or empty one")
    part = folder.with_name(f".{folder.name}.{os.getpid()}.tmp")
    shutil.rmtree(part, ignore_errors=True)
    try:
        with _quiet():
            _half(model).save_pretrained(part)
        tokenizer.save_pretrained(part)
        last = log.iloc[-1]
        card = Card(
            recipe=asdict(recipe),
            corpus=dict(corpus),
            tokens=int(last["tokens"]),
            seconds=round(float(last["seconds"]), 1),
            loss=round(float(last["loss"]), 4),
            versions={
                "python": platform.python_version(),
                **{name: version(name) for name in _LIBRARIES},
            },
            sha256=_sha256(part / WEIGHTS),
        )
        written = json.dumps(asdict(card), indent=2) + "\n"
        (part / CARD).write_text(written, "utf-8")
        log.round({"loss": 5, "rate": 8, "seconds": 1}).to_csv(part / LOG, index=False)
        _check_size(part)
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(part, folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return Card(**json.loads(written))  # as it will be read: lists instead of tuples


def read_card(folder: Path) -> Card:
    """The card of a checkpoint alone.

    Raises
    ------
    FileNotFoundError
        If the folder is no checkpoint.
    """
    if not (folder / CARD).exists():
        raise FileNotFoundError(
            f"no checkpoint in {folder}: {CARD} is missing; a notebook's "
            "`retrain = True` makes one"
        )
    return Card(**json.loads((folder / CARD).read_text("utf-8")))


def load(folder: Path) -> Checkpoint:
    """Model (float32, ready to use), tokenizer and card of a checkpoint.

    Raises
    ------
    FileNotFoundError
        If the folder is no checkpoint.
    ValueError
        If the weights are not those that were saved.
    """
    card = read_card(folder)
    if (found := _sha256(folder / WEIGHTS)) != card.sha256:
        raise ValueError(
            f"{folder / WEIGHTS} has SHA-256 {found[:12]}..., its card says "
            f"{card.sha256[:12]}...; fetch the file again or train anew"
        )
    with _quiet():
        model = LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    return Checkpoint(model, PreTrainedTokenizerFast.from_pretrained(folder), card)


def log(folder: Path) -> pd.DataFrame:
    """The log of a checkpoint's training."""
    return pd.read_csv(folder / LOG)


@contextmanager
def _quiet() -> Iterator[None]:
    """Without transformers' progress bars: the files are read in a moment."""
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()


def _half(model: LlamaForCausalLM) -> LlamaForCausalLM:
    """A copy in half precision."""
    copy = deepcopy(model)
    copy.half()
    for name, weight in copy.named_parameters():
        if not bool(weight.isfinite().all()):
            raise ValueError(f"{name} has weights too large for half precision")
    return copy


def _check_size(folder: Path) -> None:
    size = sum(path.stat().st_size for path in folder.iterdir())
    if size > LARGEST:
        raise ValueError(
            f"the checkpoint has {size / 1e6:.1f} MB; allowed: {LARGEST / 1e6:.0f} MB"
        )


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
