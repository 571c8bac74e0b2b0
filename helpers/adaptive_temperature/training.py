"""Recipes of the small checkpoints that write solutions of generated problems."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from random import Random

import numpy as np
import pandas as pd
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from helpers.adaptive_temperature.problem_family import (
    random_chain,
    solution,
    split_of,
    word_prompt,
)
from helpers.tiny_lm import checkpoint
from helpers.tiny_lm.batches import Batch, Examples
from helpers.tiny_lm.config import TinyConfig
from helpers.tiny_lm.tokenizers import encode, word_tokenizer
from helpers.tiny_lm.training import Recipe, forget, train

SEED = 5


@dataclass(frozen=True)
class Plan:
    """Data and order of a training.

    Attributes
    ----------
    examples : dict
        Number of training examples for each number of steps.
    stages : tuple
        ``(share, weights)``: until this share of the training, batches come from the
        numbers of steps with these weights.
    recipe : Recipe
    batch_tokens : int
    """

    examples: dict[int, int]
    stages: tuple[tuple[float, tuple[float, ...]], ...]
    recipe: Recipe
    batch_tokens: int = 2048


PLANS = {
    "problems": Plan(
        {1: 24_000, 2: 60_000, 3: 110_000},
        ((0.08, (1.0, 0.0, 0.0)), (0.3, (0.2, 0.8, 0.0)), (1.0, (0.1, 0.3, 0.6))),
        Recipe(12_000),
    )
}


def examples(steps: int, count: int, seed: int) -> Iterator[tuple[str, str]]:
    """Prompts and right solutions of training problems with so many steps."""
    rng = Random(f"examples {steps} {seed}")
    while count:
        chain = random_chain(rng, steps)
        if split_of(chain) == "train":
            yield word_prompt(chain, rng), solution(chain, rng)
            count -= 1


class Curriculum:
    """Batches from several pools of examples, easy ones first; a function of the step."""

    def __init__(self, pools: Sequence[Examples], plan: Plan, seed: int) -> None:
        draw = np.random.default_rng(seed)
        steps = plan.recipe.steps
        self.pools = pools
        self.pool = np.empty(steps, dtype=int)
        for step, u in enumerate(draw.random(steps)):
            weights = next(w for end, w in plan.stages if step < end * steps)
            shares = np.cumsum(weights) / np.sum(weights)
            self.pool[step] = np.searchsorted(shares, u, side="right")
        self.place = np.empty(steps, dtype=int)
        for i in range(len(pools)):
            chosen = self.pool == i
            self.place[chosen] = np.arange(chosen.sum())

    def __call__(self, step: int) -> Batch:
        return self.pools[self.pool[step]](int(self.place[step]))


@dataclass(frozen=True)
class Setup:
    """Everything that a training starts from."""

    model: LlamaForCausalLM
    tokenizer: PreTrainedTokenizerFast
    batches: Curriculum
    plan: Plan
    corpus: dict[str, object]


def setup(name: str) -> Setup:
    """Data, tokenizer and untrained model of a checkpoint."""
    plan = PLANS[name]
    pairs = {k: list(examples(k, n, SEED)) for k, n in plan.examples.items()}
    digest = sha256()
    for pair in (p for many in pairs.values() for p in many):
        digest.update("".join(pair).encode())
    tokenizer = word_tokenizer(p + s for many in pairs.values() for p, s in many)
    pools = []
    for k, many in pairs.items():
        rows = [encode(tokenizer, prompt, text) for prompt, text in many]
        pools.append(
            Examples(
                [np.asarray(ids, np.int32) for ids, _ in rows],
                [given for _, given in rows],
                batch_tokens=plan.batch_tokens,
                seed=SEED + k,
            )
        )
    corpus = {"name": name, "sha256": digest.hexdigest(), "seed": SEED}
    corpus["examples"] = {str(k): n for k, n in plan.examples.items()}
    model = TinyConfig(len(tokenizer)).model(SEED)
    return Setup(model, tokenizer, Curriculum(pools, plan, SEED), plan, corpus)


def train_checkpoint(
    name: str, folder: Path, *, progress: bool = True, resume: bool = True
) -> pd.DataFrame:
    """Train a checkpoint and save it in ``folder``; an interrupted one goes on."""
    start = setup(name)
    work = folder.with_name(f"{folder.name}-training")
    log = train(
        start.model,
        start.batches,
        start.plan.recipe,
        folder=work,
        progress=progress,
        resume=resume,
    )
    checkpoint.save(
        folder,
        start.model,
        start.tokenizer,
        recipe=start.plan.recipe,
        log=log,
        corpus=start.corpus,
    )
    forget(work)
    return log
