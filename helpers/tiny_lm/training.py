"""Training of a small decoder that can be interrupted and resumes without a trace.

AdamW, or Muon for the matrices between the embeddings, with a linear warm-up and a
cosine to a share of the rate, gradients clipped by their norm, next-token cross entropy
on labelled tokens alone. The state on disk and a
source of batches that depends on the step alone make a resumed run equal to an
uninterrupted one, bit by bit on the same machine. Weights and their updates are
float32, and so is all else unless ``loss`` says otherwise: that of
`helpers.tiny_lm.compiled_loss` multiplies in bfloat16, which pays on processors with
matrix units for it.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from numbers import Real
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from torch import Tensor, nn
from transformers import LlamaForCausalLM

from helpers.names import unknown_name
from helpers.progress import progress_bar
from helpers.seeding import torch_seeded
from helpers.tiny_lm.batches import IGNORED, Batch, Source
from helpers.torch_threads import single_thread

STATE = "training_state.pt"
OPTIMISERS = ("adamw", "muon")
FIRST = 10  # steps that the log keeps one by one
Loss = Callable[[LlamaForCausalLM, Batch], Tensor]


@dataclass(frozen=True)
class Recipe:
    """Everything about a training but its model and its data.

    Attributes
    ----------
    steps : int
        Optimiser steps.
    learning_rate : float
        Highest rate, reached after ``warmup`` steps; the last step has ``floor`` of it.
    warmup : int
        Steps of linear increase.
    floor : float
        Share of the rate at the end, in [0, 1].
    weight_decay : float
        Of matrices; norms and embeddings are left alone.
    betas : tuple of float
        AdamW's averages.
    clip : float
        Largest norm of a gradient.
    seed : int
        For whoever makes the model and the batches; also of the generator that a
        model with dropout draws from.
    log_every, save_every : int
        Steps between rows of the log, and between states on disk.
    optimiser : {"adamw", "muon"}
        Muon orthogonalises the updates of the blocks' matrices, scaled to the size of
        AdamW's, and leaves the rest to AdamW; it needs fewer steps where a task has
        to be found out rather than fitted.

    Raises
    ------
    ValueError
        If a value is outside its range.
    """

    steps: int
    learning_rate: float = 2e-3
    warmup: int = 100
    floor: float = 0.1
    weight_decay: float = 0.1
    betas: tuple[float, float] = (0.9, 0.98)
    clip: float = 1.0
    seed: int = 0
    log_every: int = 50
    save_every: int = 250
    optimiser: str = "adamw"

    def __post_init__(self) -> None:
        least = {"steps": 1, "warmup": 0, "log_every": 1, "save_every": 1}
        for name, low in least.items():
            value = getattr(self, name)
            if not isinstance(value, int) or value < low:
                raise ValueError(
                    f"{name} is {value!r}; allowed: integers from {low} up"
                )
        positive = {"learning_rate": self.learning_rate, "clip": self.clip}
        for name, number in positive.items():
            if not isinstance(number, Real) or not 0 < number < math.inf:
                raise ValueError(f"{name} is {number!r}; allowed: a number above 0")
        if not 0 <= self.floor <= 1 or self.weight_decay < 0:
            raise ValueError(
                f"floor {self.floor!r} and weight_decay {self.weight_decay!r}; "
                "allowed: 0 to 1, and 0 or more"
            )
        if self.optimiser not in OPTIMISERS:
            raise unknown_name("optimiser", self.optimiser, OPTIMISERS)
        object.__setattr__(self, "betas", tuple(self.betas))  # a list if read from JSON

    def rate(self, step: int) -> float:
        """Learning rate of a step, counted from 0."""
        if step < self.warmup:
            return self.learning_rate * (step + 1) / self.warmup
        done = (step - self.warmup) / max(1, self.steps - 1 - self.warmup)
        share = self.floor + (1 - self.floor) * (1 + math.cos(math.pi * done)) / 2
        return self.learning_rate * share


def token_loss(model: LlamaForCausalLM, batch: Batch) -> Tensor:
    """Mean cross entropy in nats of the labelled tokens, each from those before it.

    The mean is one by the batch's weights if it has any.

    Only positions in front of a labelled token meet the vocabulary.
    """
    states = model.model(input_ids=batch.ids, use_cache=False).last_hidden_state
    after = batch.labels[:, 1:]
    learnt = after != IGNORED
    logits = model.lm_head(states[:, :-1][learnt])
    if batch.weights is None:
        return nn.functional.cross_entropy(logits, after[learnt])
    losses = nn.functional.cross_entropy(logits, after[learnt], reduction="none")
    weights = batch.weights[:, 1:][learnt]
    return (weights * losses).sum() / weights.sum()


def train(
    model: LlamaForCausalLM,
    batches: Source,
    recipe: Recipe,
    *,
    folder: Path,
    steps: int | None = None,
    progress: bool = True,
    resume: bool = True,
    loss: Loss = token_loss,
) -> pd.DataFrame:
    """Train ``model`` in place, on one thread, with its state kept in ``folder``.

    Parameters
    ----------
    model : LlamaForCausalLM
        Untrained, or trained before; a state in the folder replaces its weights.
    batches : callable
        ``batches(step)`` with steps from 0; see `helpers.tiny_lm.batches`.
    recipe : Recipe
    folder : Path
        Where ``training_state.pt`` lies; an interrupt leaves it there too, and the
        caller removes it with `forget` when the result is saved.
    steps : int, optional
        Stop early, after so many steps of the recipe, which keeps its schedule.
    progress : bool
        Show a bar with the loss.
    resume : bool
        Go on from the folder's state if there is one; otherwise start anew.
    loss : callable
        ``loss(model, batch)``; `helpers.tiny_lm.compiled_loss` is quicker where the
        processor is made for bfloat16.

    Returns
    -------
    DataFrame
        The log: step, loss (mean since the row before), rate, tokens and seconds of
        processor time until then; the first ten steps have a row each.

    Raises
    ------
    ValueError
        If the folder's state belongs to another recipe, model or first batch.
    FloatingPointError
        If the loss is no number any more.
    """
    last = recipe.steps if steps is None else min(steps, recipe.steps)
    with single_thread(), torch_seeded(recipe.seed):
        run = _Run(model, recipe, folder / STATE, batches(0), loss)
        if resume:
            run.load()
        bar = progress_bar(
            total=last,
            initial=min(run.step, last),
            unit="step",
            leave=True,
            disable=not progress,
        )
        with bar, run.kept_on_interrupt():
            while run.step < last:
                value = run.advance(batches(run.step))
                bar.set_postfix(loss=f"{value:.3f}", refresh=False)
                bar.update()
                if run.step % recipe.save_every == 0 or run.step == last:
                    run.save()
    return pd.DataFrame(run.rows)


def forget(folder: Path) -> None:
    """Remove the state that `train` left in ``folder``."""
    (folder / STATE).unlink(missing_ok=True)


class _Run:
    """Model, optimiser and log of a training, as they are after ``step`` steps."""

    def __init__(
        self,
        model: LlamaForCausalLM,
        recipe: Recipe,
        path: Path,
        first: Batch,
        loss: Loss,
    ) -> None:
        self.loss = loss
        self.model, self.recipe, self.path = model.train(), recipe, path
        self.step, self.tokens, self.seconds = 0, 0, 0.0
        self.rows: list[dict[str, float]] = []
        self.recent: list[float] = []
        self.random = torch.get_rng_state()
        self.moving = False
        model.zero_grad()  # an interrupted run may have left gradients
        data = hashlib.sha256(first.ids.numpy().tobytes()).hexdigest()
        shape = model.config.to_diff_dict()
        self.key = json.dumps([asdict(recipe), shape, data], default=str)
        self.optimisers = _optimisers(model, recipe)

    def advance(self, batch: Batch) -> float:
        """One optimiser step; the loss before it."""
        start = time.process_time()
        for optimiser in self.optimisers:
            for group in optimiser.param_groups:
                group["lr"] = self.recipe.rate(self.step)
        loss = self.loss(self.model, batch)
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), self.recipe.clip)
        value = loss.item()
        if not math.isfinite(value):
            raise FloatingPointError(
                f"the loss is {value} at step {self.step}; a lower learning rate than "
                f"{self.recipe.learning_rate:g} or a longer warm-up helps"
            )
        self.moving = True
        for optimiser in self.optimisers:
            optimiser.step()
            optimiser.zero_grad()
        self.step += 1
        self.tokens += batch.ids.numel()
        self.seconds += time.process_time() - start
        self._note(value)
        self.random = torch.get_rng_state()
        self.moving = False
        return value

    def _note(self, loss: float) -> None:
        self.recent.append(loss)
        whole = self.step % self.recipe.log_every == 0 or self.step == self.recipe.steps
        if self.step <= FIRST or whole:
            row = {
                "step": self.step,
                "loss": sum(self.recent) / len(self.recent),
                "rate": self.recipe.rate(self.step - 1),
                "tokens": self.tokens,
                "seconds": self.seconds,
            }
            self.rows.append(row)
            self.recent = []

    @contextmanager
    def kept_on_interrupt(self) -> Iterator[None]:
        """Save before a keyboard interrupt goes on its way, unless within an update.

        Then some weights may have moved and others not: the last state stays.
        """
        try:
            yield
        except KeyboardInterrupt:
            if not self.moving and self.step:
                self.save()
            raise

    def save(self) -> None:
        """Write the state so that a reader never sees half of it."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        part = self.path.with_name(f".{self.path.name}.{os.getpid()}.tmp")
        torch.save(
            {
                "key": self.key,
                "model": self.model.state_dict(),
                "optimisers": [one.state_dict() for one in self.optimisers],
                "random": self.random,
                "books": [self.step, self.tokens, self.seconds, self.rows, self.recent],
            },
            part,
        )
        os.replace(part, self.path)

    def load(self) -> None:
        """Take up the state on disk, if there is one."""
        if not self.path.exists():
            return
        found: dict[str, Any] = torch.load(self.path, weights_only=True)
        if found["key"] != self.key:
            raise ValueError(
                f"{self.path} belongs to another recipe, model or data; allowed: the "
                "same ones, resume=False to start anew, or another folder"
            )
        self.model.load_state_dict(found["model"])
        for optimiser, state in zip(self.optimisers, found["optimisers"], strict=True):
            optimiser.load_state_dict(state)
        self.random = found["random"]
        torch.set_rng_state(self.random)
        self.step, self.tokens, self.seconds, self.rows, self.recent = found["books"]


def _optimisers(model: LlamaForCausalLM, recipe: Recipe) -> list[torch.optim.Optimizer]:
    """AdamW with weight decay for matrices alone; Muon for them if wanted."""
    matrices = [p for n, p in model.named_parameters() if _decays(n, p)]
    others = [p for n, p in model.named_parameters() if not _decays(n, p)]
    groups: list[dict[str, Any]] = [{"params": others, "weight_decay": 0.0}]
    found: list[torch.optim.Optimizer] = []
    if recipe.optimiser == "muon":
        muon = torch.optim.Muon(
            matrices,
            lr=recipe.learning_rate,
            weight_decay=recipe.weight_decay,
            adjust_lr_fn="match_rms_adamw",
        )
        found.append(muon)
    else:
        groups.insert(0, {"params": matrices, "weight_decay": recipe.weight_decay})
    adam = torch.optim.AdamW(
        groups, lr=recipe.learning_rate, betas=recipe.betas, fused=True
    )
    return [*found, adam]


def _decays(name: str, parameter: Tensor) -> bool:
    return parameter.ndim == 2 and "embed" not in name
