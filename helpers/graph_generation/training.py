"""The recipes of the three graph decoders, and the trainings that make them.

All read the prompts of `prompts` through one tokenizer. ``rules`` and ``rules-small``
differ in their size and in how long they were trained, ``distributions`` in what it
reads; every document is drawn anew.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from helpers.graph_generation.distribution_documents import distribution_document
from helpers.graph_generation.graph_tokenizer import (
    CONTEXT,
    encoded_all,
    graph_tokenizer,
)
from helpers.graph_generation.rule_documents import Document, RuleMix, rule_document
from helpers.names import unknown_name
from helpers.paths import BUILD, DATA
from helpers.tiny_lm import checkpoint
from helpers.tiny_lm.batches import Source
from helpers.tiny_lm.compiled_loss import compiled_loss
from helpers.tiny_lm.config import SPECIAL, TinyConfig
from helpers.tiny_lm.stream import Stream, Tokens
from helpers.tiny_lm.training import Loss, Recipe, forget, token_loss, train

CHECKPOINTS = DATA / "graph_generation"
WORK = BUILD / "training" / "graph_generation"
VOCABULARY = 484
WIDTHS = (64, 96, 128, 192, 256, 320, 448, 640, 1024)
DRAWN = 64  # documents at a time

DrawDocument = Callable[[float, np.random.Generator], Document]


@dataclass(frozen=True)
class Plan:
    """Shape, recipe and data of a decoder.

    Attributes
    ----------
    config : TinyConfig
    recipe : Recipe
    document : callable
        ``document(progress, rng)``.
    widths : tuple of int
        Of batches, see `helpers.tiny_lm.stream.Stream`.
    given : float
        How much a token of the prompt counts: 0, or 1 where the graphs given are drawn
        like the answers and can be learnt from too.
    stated : float
        How much a token before the first answer counts, of kinds and p: few decide.
    batch_tokens : int
    """

    config: TinyConfig
    recipe: Recipe
    document: DrawDocument
    widths: tuple[int, ...] = WIDTHS
    given: float = 0.0
    stated: float = 1.0
    batch_tokens: int = 4096

    def weights(self, head: list[int], tail: list[int]) -> list[float]:
        """How much each token of a document counts, the two that enclose it too."""
        answers = tail.index(_answers()) if _answers() in tail else 0
        return [
            0.0,
            *[self.given] * len(head),
            *[self.stated] * answers,
            *[1.0] * (len(tail) - answers + 1),
        ]


@cache
def _answers() -> int:
    """Token with which the answers begin in a reply that says something before."""
    return graph_tokenizer().get_vocab()["\nAnswer 1:"]


def _rules(progress: float, rng: np.random.Generator) -> Document:
    return rule_document(RuleMix(), progress, rng)


def _shape(width: int, layers: int, context: int = CONTEXT) -> TinyConfig:
    return TinyConfig(
        vocabulary=VOCABULARY, layers=layers, width=width, heads=4, context=context
    )


PLANS = {
    "rules": Plan(
        _shape(192, 4),
        Recipe(
            steps=7_000, learning_rate=4e-3, warmup=200, floor=0.02, optimiser="muon"
        ),
        _rules,
    ),
    "rules-small": Plan(
        _shape(96, 3),
        Recipe(
            steps=2_000, learning_rate=4e-3, warmup=100, floor=0.02, optimiser="muon"
        ),
        _rules,
    ),
    "distributions": Plan(
        _shape(128, 4),
        Recipe(
            steps=4_000, learning_rate=4e-3, warmup=200, floor=0.02, optimiser="muon"
        ),
        distribution_document,
        widths=(256, 320, 384, 512, 640, 832, 1088),
        given=1.0,
        stated=6.0,
        batch_tokens=4352,
    ),
}


def plan(name: str) -> Plan:
    """The plan of a decoder, or ValueError with the nearest of `PLANS`."""
    if name not in PLANS:
        raise unknown_name("decoder", name, tuple(PLANS))
    return PLANS[name]


def batches(chosen: Plan) -> Stream:
    """The batches of a plan: fresh documents, with the progress of their step."""
    tokenizer = graph_tokenizer()
    bos, eos = SPECIAL.index("<bos>"), SPECIAL.index("<eos>")

    def draw(step: int, rng: np.random.Generator) -> list[Tokens]:
        progress = min(1.0, step / chosen.recipe.steps)
        drawn = [chosen.document(progress, rng) for _ in range(DRAWN)]
        heads = encoded_all(tokenizer, [document.prompt for document in drawn])
        tails = encoded_all(tokenizer, [document.reply for document in drawn])
        documents = [
            ([bos, *head, *tail, eos], chosen.weights(head, tail))
            for head, tail in zip(heads, tails, strict=True)
        ]
        return [one for one in documents if len(one[0]) <= chosen.widths[-1]]

    return Stream(
        draw,
        lengths=chosen.widths,
        batch_tokens=chosen.batch_tokens,
        seed=chosen.recipe.seed,
    )


def train_checkpoint(
    name: str,
    folder: Path | None = None,
    *,
    work: Path | None = None,
    progress: bool = True,
    resume: bool = True,
    loss: Loss | None = None,
) -> checkpoint.Card:
    """Train a decoder and save it.

    Parameters
    ----------
    name : {"rules", "rules-small", "distributions"}
    folder : Path, optional
        Of the checkpoint; the project's own by default.
    work : Path, optional
        Where the state of an interrupted training is kept.
    progress, resume : bool
        As in `helpers.tiny_lm.training.train`.
    loss : callable, optional
        `helpers.tiny_lm.compiled_loss` by default, made for processors with matrix
        units; ``token_loss`` elsewhere gives the same within rounding, more slowly.
    """
    chosen = plan(name)
    work = work or WORK / name
    model = chosen.config.model(chosen.recipe.seed)
    log = train(
        model,
        batches(chosen),
        chosen.recipe,
        folder=work,
        progress=progress,
        resume=resume,
        loss=loss or compiled_loss(),
    )
    card = save(name, model, log, folder or CHECKPOINTS / name)
    forget(work)
    return card


def save(name: str, model: Any, log: pd.DataFrame, folder: Path) -> checkpoint.Card:
    """Write a decoder as `helpers.tiny_lm.checkpoint` has it."""
    chosen = plan(name)
    corpus: dict[str, Any] = {
        "name": f"random graphs, {name}",
        "tokens_of_a_batch": chosen.batch_tokens,
        "widths": list(chosen.widths),
        "weights": {"given": chosen.given, "stated": chosen.stated},
    }
    if chosen.document is _rules:
        corpus["mix"] = asdict(RuleMix())
    return checkpoint.save(
        folder,
        model,
        graph_tokenizer(),
        recipe=chosen.recipe,
        log=log,
        corpus=corpus,
    )


def first_steps(
    name: str, steps: int, work: Path, *, loss: Loss = token_loss
) -> pd.DataFrame:
    """The log of a recipe's first steps, to compare with a checkpoint's log."""
    chosen = plan(name)
    source: Source = batches(chosen)
    return train(
        chosen.config.model(chosen.recipe.seed),
        source,
        chosen.recipe,
        folder=work,
        steps=steps,
        progress=False,
        loss=loss,
    )
