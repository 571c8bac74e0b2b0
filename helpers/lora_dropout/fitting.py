"""Fine-tuning on cached hidden states, and the loss curves of it (Fig. 1)."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from helpers.lora_dropout.encoder import Features
from helpers.lora_dropout.instances import instances_backward
from helpers.seeding import seeded


@dataclass(frozen=True)
class Recipe:
    """How a method is trained; the same for every seed.

    Attributes
    ----------
    lr : float
        Peak of the learning rate: linear warm-up, then linear decay to 0 (AdamW).
    epochs, batch_size : int
    warmup : float
        Share of the steps.
    weight_decay : float
        Of AdamW.
    instances : int
        N of Eq. 7: dropout instances whose losses are averaged in a step.
    """

    lr: float = 2e-3
    epochs: int = 20
    batch_size: int = 32
    warmup: float = 0.1
    weight_decay: float = 0.0
    instances: int = 1

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size", "instances"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; allowed: 1 or more")
        if not self.lr > 0:
            raise ValueError(f"lr is {self.lr}; allowed: above 0")
        if not 0 <= self.warmup < 1:
            raise ValueError(f"warmup is {self.warmup}; allowed: 0 up to, not 1")

    def steps(self, examples: int) -> int:
        """Optimiser steps of a training run."""
        return self.epochs * -(-examples // self.batch_size)


@dataclass(frozen=True)
class Watched:
    """What is evaluated between epochs, without masks.

    Attributes
    ----------
    features : Features
    labels : Tensor
        Shape (n,).
    """

    features: Features
    labels: Tensor


@dataclass
class History:
    """What a training leaves besides the weights.

    Attributes
    ----------
    logits : dict of str to list of Tensor
        Of each watched split every few epochs, shape (n, classes) each.
    seconds : float
        Processor time, without what was watched.
    """

    logits: dict[str, list[Tensor]] = field(default_factory=dict)
    seconds: float = 0.0


def fit(
    model: nn.Module,
    features: Features,
    labels: Tensor,
    recipe: Recipe,
    *,
    seed: int,
    watch: dict[str, Watched] | None = None,
    every: int = 1,
) -> History:
    """Train a model's trainable parameters with AdamW.

    Batches and masks are drawn from ``seed``; the global generators are given back as
    they were.

    Parameters
    ----------
    model : nn.Module
        Called with the keyword arguments of `encoder.TopLayers`; a peft model of it
        will do. AdaLoRA's budget is updated after every step.
    labels : Tensor
        int64, shape (n,).
    every : int
        Epochs from one look at what is watched to the next.

    Raises
    ------
    ValueError
        If the numbers of texts and labels differ, or the loss is not finite.
    """
    if len(features) != len(labels):
        raise ValueError(f"{len(features)} texts, but {len(labels)} labels")
    trainable = [p for p in model.parameters() if p.requires_grad]
    total = recipe.steps(len(features))
    warm = max(1, round(recipe.warmup * total))
    optimiser = torch.optim.AdamW(
        trainable, lr=recipe.lr, weight_decay=recipe.weight_decay, fused=True
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser,
        lambda s: min((s + 1) / warm, max(0.0, (total - s) / max(1, total - warm))),
    )
    allocate = getattr(getattr(model, "base_model", None), "update_and_allocate", None)
    history = History({name: [] for name in watch or {}})
    order = torch.Generator().manual_seed(seed)
    step = 0
    with seeded(seed):
        for epoch in range(1, recipe.epochs + 1):
            model.train()
            begun = time.process_time()
            for rows in batches(features, recipe.batch_size, order):
                batch = {**features.batch(rows), "labels": labels[rows]}
                loss = _backward(model, batch, recipe.instances)
                if not torch.isfinite(loss):
                    raise ValueError(f"the loss is {loss.item()} at step {step}")
                optimiser.step()
                schedule.step()
                if allocate is not None:
                    allocate(step)
                optimiser.zero_grad()
                step += 1
            history.seconds += time.process_time() - begun
            if epoch % every:
                continue
            for name, watched in (watch or {}).items():
                history.logits[name].append(logits_of(model, watched.features))
    model.eval()
    return history


def batches(features: Features, size: int, generator: torch.Generator) -> list[Tensor]:
    """Rows of an epoch's batches, each row once, in random order.

    Of every four batches drawn, neighbours in length go together, as with
    ``group_by_length`` of transformers' Trainer: a quarter of the padding's work less.
    """
    lengths = features.mask.sum(dim=1)
    rows = torch.randperm(len(features), generator=generator)
    found = [
        batch
        for part in rows.split(4 * size)
        for batch in part[lengths[part].argsort(stable=True)].split(size)
    ]
    return [found[i] for i in torch.randperm(len(found), generator=generator)]


@torch.no_grad()
def logits_of(
    model: nn.Module,
    features: Features,
    *,
    batch_size: int = 96,
    training: bool = False,
) -> Tensor:
    """Logits without gradient, shape (n, classes).

    Parameters
    ----------
    batch_size : int
        The default keeps a layer's activations in the processor's cache.
    training : bool
        In training mode, in which dropout is on; the model is left in the given mode.
    """
    model.train(training)
    lengths = features.mask.sum(dim=1)
    order = lengths.argsort(stable=True)  # neighbours in length share a batch
    found = [model(**features.batch(rows)).logits for rows in order.split(batch_size)]
    logits = torch.cat(found)
    result = torch.empty_like(logits)
    result[order] = logits
    return result


def _backward(model: nn.Module, batch: dict[str, Tensor], instances: int) -> Tensor:
    """Backward pass of a step's loss, which is returned."""
    if instances > 1:
        return instances_backward(model, batch, instances)
    # in training mode LoRA Dropout's layers draw masks of their own accord
    loss = model(**batch).loss
    extra = getattr(getattr(model, "base_model", None), "_get_monteclora_loss", None)
    if extra is not None:
        loss = loss + extra()  # 0 for everything but MonteCLoRA
    loss.backward()
    return loss.detach()
