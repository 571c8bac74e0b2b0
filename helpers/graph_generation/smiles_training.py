"""The recipe of the small decoder that writes molecules.

All tokens are learnt, those of the prompt too: its molecules are molecules as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from helpers.graph_generation.molecules import digest
from helpers.graph_generation.smiles_documents import Documents
from helpers.graph_generation.smiles_tokenizer import pieces, smiles_tokenizer
from helpers.llm.local import LocalModel, weights_hash
from helpers.paths import DATA
from helpers.tiny_lm import checkpoint
from helpers.tiny_lm.batches import Examples
from helpers.tiny_lm.config import TinyConfig
from helpers.tiny_lm.training import Recipe, forget, train

FOLDER = DATA / "graph_generation" / "molecules"
SEED = 6


@dataclass(frozen=True)
class Plan:
    """Data and model of the training.

    Attributes
    ----------
    documents : int
        Each is read about once.
    batch_tokens, context : int
        Most tokens of a batch and of a document; longer documents are left out.
    layers, width, heads : int
        Of the decoder.
    recipe : Recipe
    """

    documents: int
    recipe: Recipe
    batch_tokens: int = 3072
    context: int = 640
    layers: int = 4
    width: int = 160
    heads: int = 5


PLAN = Plan(16_000, Recipe(1_750, learning_rate=3e-3, seed=SEED))


def documents(plan: Plan = PLAN) -> tuple[tuple[str, str], ...]:
    """Prompts and replies in training order, before their lengths are known."""
    source, rng = Documents(seed=SEED), np.random.default_rng(SEED)
    return tuple(source.document(rng) for _ in range(plan.documents))


def prepared(
    plan: Plan = PLAN,
) -> tuple[LlamaForCausalLM, PreTrainedTokenizerFast, Examples, dict[str, object]]:
    """Untrained model, tokenizer, batches, and a description of the data."""
    texts = documents(plan)
    tokenizer = smiles_tokenizer(
        (text for pair in texts for text in pair), context=plan.context
    )
    # what the tokenizer gives, without its detour through each token's place
    number = tokenizer.get_vocab()
    start, end = tokenizer.bos_token_id, tokenizer.eos_token_id
    rows = [
        [start, *(number[piece] for piece in pieces(f"{prompt}\n{reply}")), end]
        for prompt, reply in texts
    ]
    kept = [ids for ids in rows if len(ids) <= plan.context]
    model = TinyConfig(
        len(tokenizer), plan.layers, plan.width, plan.heads, plan.context
    ).model(SEED)
    batches = Examples(kept, [1] * len(kept), batch_tokens=plan.batch_tokens, seed=SEED)
    hashed = sha256()
    for ids in kept:
        hashed.update(np.asarray(ids, np.int32).tobytes())
    corpus: dict[str, object] = {
        "name": "molecules",
        "seed": SEED,
        "documents": len(kept),
        "molecules": digest(Documents().smiles),
        "sha256": hashed.hexdigest(),
        "batch_tokens": plan.batch_tokens,
    }
    return model, tokenizer, batches, corpus


def train_checkpoint(
    folder: Path = FOLDER,
    *,
    plan: Plan = PLAN,
    steps: int | None = None,
    progress: bool = True,
    resume: bool = True,
) -> pd.DataFrame:
    """Train the decoder and save it; an interrupted training goes on where it was.

    Parameters
    ----------
    folder : Path
        Of the checkpoint; the unfinished state lies beside it.
    plan : Plan
    steps : int, optional
        Stop early and save nothing: the log of the recipe's first steps.
    progress, resume : bool
        As in `helpers.tiny_lm.training.train`.

    Returns
    -------
    DataFrame
        The log of `helpers.tiny_lm.training.train`.
    """
    model, tokenizer, batches, corpus = prepared(plan)
    work = folder.with_name(f"{folder.name}-training")
    log = train(
        model,
        batches,
        plan.recipe,
        folder=work,
        steps=steps,
        progress=progress,
        resume=resume,
    )
    if steps is None:
        checkpoint.save(
            folder, model, tokenizer, recipe=plan.recipe, log=log, corpus=corpus
        )
        forget(work)
    return log


def molecule_model(folder: Path = FOLDER, *, batch: int = 64) -> LocalModel:
    """The trained decoder as a `helpers.llm.backend.Backend`.

    Raises
    ------
    FileNotFoundError, ValueError
        As `helpers.tiny_lm.checkpoint.load`.
    """
    model, tokenizer, _ = checkpoint.load(folder)
    return LocalModel(
        model,
        tokenizer,
        f"molecules {weights_hash(folder)}",
        batch=batch,
        chat=False,
        opening="\n",
    )
