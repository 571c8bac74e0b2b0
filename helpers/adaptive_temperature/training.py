"""Recipes of the small checkpoints that write solutions of generated problems.

`problems` learns right solutions, short chains of steps first. `start` and `mid` go on
from it with the solutions of a designed world, see
:mod:`helpers.adaptive_temperature.worlds`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
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
from helpers.adaptive_temperature.worlds import WORLDS, spoil, world_solution
from helpers.names import unknown_name
from helpers.paths import DATA
from helpers.tiny_lm import checkpoint
from helpers.tiny_lm.batches import Batch, Examples
from helpers.tiny_lm.config import TinyConfig
from helpers.tiny_lm.tokenizers import encode, word_tokenizer
from helpers.tiny_lm.training import Recipe, forget, train

CHECKPOINTS = DATA / "adaptive_temperature"
SEED = 5


@dataclass(frozen=True)
class Plan:
    """Data and order of a training.

    Attributes
    ----------
    examples : dict
        Number of examples by the number of steps of their problems.
    stages : tuple
        ``(share, weights)``: until this share of the training, batches come from the
        numbers of steps, in their order in ``examples``, with these weights.
    recipe : Recipe
        Of the optimiser.
    batch_tokens : int
        Most tokens of a batch.
    base : str
        Checkpoint to go on from; none means an untrained model.
    """

    examples: Mapping[int, int]
    stages: tuple[tuple[float, tuple[float, ...]], ...]
    recipe: Recipe
    batch_tokens: int = 2048
    base: str = ""


_WORLD = Plan(
    {2: 6_000, 3: 10_000},
    ((1.0, (0.3, 0.7)),),
    Recipe(800, learning_rate=1e-3, warmup=50, seed=SEED),
    base="problems",
)
PLANS = {
    "problems": Plan(
        {1: 12_000, 2: 24_000, 3: 16_000},
        ((0.12, (1.0, 0.0, 0.0)), (0.4, (0.2, 0.8, 0.0)), (1.0, (0.1, 0.3, 0.6))),
        Recipe(2_500, seed=SEED),
    ),
    "start": _WORLD,
    "mid": _WORLD,
}


@cache
def examples(name: str, steps: int) -> tuple[tuple[str, str], ...]:
    """Prompts of training problems with so many steps, and right solutions."""
    rng = Random(f"examples {steps} {SEED}")
    world = WORLDS.get(name)
    pairs: list[tuple[str, str]] = []
    while len(pairs) < PLANS[name].examples[steps]:
        chain = random_chain(rng, steps)
        if split_of(chain) == "train":
            prompt = word_prompt(chain, rng)
            body = world_solution(chain, world, rng) if world else solution(chain, rng)
            pairs.append((prompt, body))
    return tuple(pairs)


class Curriculum:
    """Batches of a plan, as a function of the step.

    Examples are tokenised when a step first needs those of their number of steps.
    """

    def __init__(self, name: str, tokenizer: PreTrainedTokenizerFast) -> None:
        self.name, self.tokenizer, self.plan = name, tokenizer, PLANS[name]
        self._pools: dict[int, Examples] = {}
        steps = self.plan.recipe.steps
        self.pool = np.empty(steps, dtype=int)  # which number of steps, by step
        for step, u in enumerate(np.random.default_rng(SEED).random(steps)):
            weights = next(w for end, w in self.plan.stages if step < end * steps)
            shares = np.cumsum(weights) / np.sum(weights)
            self.pool[step] = np.searchsorted(shares, u, side="right")
        self.place = np.empty(steps, dtype=int)  # how many batches of it before
        for i in range(len(self.plan.examples)):
            chosen = self.pool == i
            self.place[chosen] = np.arange(chosen.sum())

    def __call__(self, step: int) -> Batch:
        """The batch of a step, counted from 0."""
        return self._examples(int(self.pool[step]))(int(self.place[step]))

    def corpus(self) -> dict[str, object]:
        """Name, seed, sizes and digest of the data."""
        digest = sha256()
        for i in range(len(self.plan.examples)):
            for ids, _ in self._rows(i):
                digest.update(np.asarray(ids, np.int32).tobytes())
        return {
            "name": self.name,
            "seed": SEED,
            "examples": {str(steps): n for steps, n in self.plan.examples.items()},
            "sha256": digest.hexdigest(),
        }

    def _examples(self, i: int) -> Examples:
        if i not in self._pools:
            rows = self._rows(i)
            self._pools[i] = Examples(
                [ids for ids, _ in rows],
                [given for _, given in rows],
                batch_tokens=self.plan.batch_tokens,
                seed=SEED + list(self.plan.examples)[i],
            )
        return self._pools[i]

    def _rows(self, i: int) -> list[tuple[list[int], int]]:
        """Token numbers of a pool's examples, and the length of their prompts."""
        steps = list(self.plan.examples)[i]
        rng, vocabulary = Random(f"world {steps} {SEED}"), self.tokenizer.get_vocab()
        rows = []
        for prompt, body in examples(self.name, steps):
            ids, given = encode(self.tokenizer, prompt, body)
            if self.name in WORLDS:
                names = self.tokenizer.convert_ids_to_tokens(ids[given:-1])
                spoilt = spoil(names, WORLDS[self.name], rng)
                ids[given:-1] = [vocabulary[token] for token in spoilt]
            if len(ids) <= self.tokenizer.model_max_length:
                rows.append((ids, given))
        return rows


def untrained(
    name: str, base: Path | None = None
) -> tuple[LlamaForCausalLM, PreTrainedTokenizerFast]:
    """Model and tokenizer that a checkpoint's training starts from.

    Parameters
    ----------
    name : str
        ``"problems"``, ``"start"`` or ``"mid"``.
    base : Path, optional
        Folder of the checkpoint that the worlds go on from; the shipped one by default.

    Raises
    ------
    ValueError
        If there is no such recipe.
    """
    if name not in PLANS:
        raise unknown_name("checkpoint", name, list(PLANS))
    plan = PLANS[name]
    if plan.base:
        found = checkpoint.load(base or CHECKPOINTS / plan.base)
        return found.model, found.tokenizer
    tokenizer = word_tokenizer(
        prompt + body
        for steps in plan.examples
        for prompt, body in examples(name, steps)
    )
    return TinyConfig(len(tokenizer)).model(SEED), tokenizer


def train_checkpoint(
    name: str,
    folder: Path,
    *,
    base: Path | None = None,
    progress: bool = True,
    resume: bool = True,
) -> pd.DataFrame:
    """Train a checkpoint and save it; an interrupted training goes on where it was.

    Parameters
    ----------
    name : str
        ``"problems"``, ``"start"`` or ``"mid"``.
    folder : Path
        Where to save it; the unfinished state lies beside it.
    base : Path, optional
        See `untrained`.
    progress : bool
        Show a bar with the loss.
    resume : bool
        Go on from an unfinished state if there is one.

    Returns
    -------
    DataFrame
        The log of `helpers.tiny_lm.training.train`.
    """
    model, tokenizer = untrained(name, base)
    recipe = PLANS[name].recipe
    work = folder.with_name(f"{folder.name}-training")
    batches = Curriculum(name, tokenizer)
    log = train(
        model,
        batches,
        recipe,
        folder=work,
        progress=progress,
        resume=resume,
    )
    checkpoint.save(
        folder, model, tokenizer, recipe=recipe, log=log, corpus=batches.corpus()
    )
    forget(work)
    return log
