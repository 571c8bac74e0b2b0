"""Fine-tuning on cached hidden states, and the loss curves of it (Fig. 1)."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn

from helpers.lora_dropout.encoder import Features
from helpers.lora_dropout.instances import instances_backward


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


class Training:
    """AdamW on a model's trainable parameters, epoch by epoch; can be taken up again.

    Batches and masks are drawn from ``seed``; torch's global generator is given back
    as it was. Epochs with a pause between them, and a checkpoint restored into a fresh
    object, give the same weights bit for bit.

    Parameters
    ----------
    model : nn.Module
        Called with the keyword arguments of `encoder.TopLayers`; a peft model of it
        will do. AdaLoRA's budget is updated after every step.
    features : Features
    labels : Tensor
        int64, shape (n,).
    recipe : Recipe
    seed : int

    Raises
    ------
    ValueError
        If the numbers of texts and labels differ.
    """

    def __init__(
        self,
        model: nn.Module,
        features: Features,
        labels: Tensor,
        recipe: Recipe,
        *,
        seed: int,
    ) -> None:
        if len(features) != len(labels):
            raise ValueError(f"{len(features)} texts, but {len(labels)} labels")
        self.model, self.features, self.labels = model, features, labels
        self.recipe, self.step = recipe, 0
        self._weights = [p for p in model.parameters() if p.requires_grad]
        self._optimiser = torch.optim.AdamW(
            self._weights, lr=recipe.lr, weight_decay=recipe.weight_decay, fused=True
        )
        base = getattr(model, "base_model", None)
        self._allocate = getattr(base, "update_and_allocate", None)
        self._order = torch.Generator().manual_seed(seed)
        self._masks = torch.Generator().manual_seed(seed).get_state()

    def run_epoch(self) -> None:
        """Train on every text once.

        Raises
        ------
        ValueError
            If the loss is not finite.
        """
        self.model.train()
        with torch.random.fork_rng(devices=[]):
            torch.set_rng_state(self._masks)  # masks are drawn globally
            for rows in batches(self.features, self.recipe.batch_size, self._order):
                batch = {**self.features.batch(rows), "labels": self.labels[rows]}
                self._optimiser.param_groups[0]["lr"] = self._rate()
                loss = _backward(self.model, batch, self.recipe.instances)
                if not torch.isfinite(loss):
                    raise ValueError(f"the loss is {loss.item()} at step {self.step}")
                self._optimiser.step()
                if self._allocate is not None:
                    self._allocate(self.step)
                self._optimiser.zero_grad()
                self.step += 1
            self._masks = torch.get_rng_state()

    def _rate(self) -> float:
        """Learning rate of the next step: linear warm-up, then linear decay."""
        total = self.recipe.steps(len(self.features))
        warm = max(1, round(self.recipe.warmup * total))
        left = max(0.0, (total - self.step) / max(1, total - warm))
        return self.recipe.lr * min((self.step + 1) / warm, left)

    def arrays(self) -> dict[str, np.ndarray]:
        """Checkpoint: weights, AdamW's moments, both generators, steps done.

        Raises
        ------
        ValueError
            For AdaLoRA, whose budget is not part of it.
        """
        if self._allocate is not None:
            raise ValueError("AdaLoRA's budget cannot be saved; allowed: other methods")
        found = {"steps": np.array(self.step), "masks": self._masks.numpy()}
        found["order"] = self._order.get_state().numpy()
        for i, weight in enumerate(self._weights):
            found[f"weight.{i}"] = weight.detach().numpy().copy()
            for name, value in self._optimiser.state.get(weight, {}).items():
                found[f"{name}.{i}"] = value.numpy().copy()
        return found

    def set_arrays(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Go on from what :meth:`arrays` returned."""
        self.step = int(arrays["steps"])
        self._masks = torch.tensor(arrays["masks"])
        self._order.set_state(torch.tensor(arrays["order"]))
        moments: dict[int, dict[str, Tensor]] = {}
        for key, value in arrays.items():
            name, _, place = key.partition(".")
            if name == "weight":
                with torch.no_grad():
                    self._weights[int(place)].copy_(torch.tensor(value))
            elif place:
                moments.setdefault(int(place), {})[name] = torch.tensor(value)
        for i, weight in enumerate(self._weights):
            self._optimiser.state[weight] = moments.get(i, {})


def fit(
    model: nn.Module,
    features: Features,
    labels: Tensor,
    recipe: Recipe,
    *,
    seed: int,
    watch: dict[str, Features] | None = None,
    every: int = 1,
) -> History:
    """Train a model's trainable parameters with AdamW.

    Parameters
    ----------
    model, features, labels, recipe, seed
        See `Training`.
    watch : dict of str to Features, optional
        What is evaluated between epochs, without masks.
    every : int
        Epochs from one look at what is watched to the next.

    Raises
    ------
    ValueError
        If the numbers of texts and labels differ, or the loss is not finite.
    """
    training = Training(model, features, labels, recipe, seed=seed)
    history = History({name: [] for name in watch or {}})
    for epoch in range(1, recipe.epochs + 1):
        begun = time.process_time()
        training.run_epoch()
        history.seconds += time.process_time() - begun
        if epoch % every:
            continue
        for name, watched in (watch or {}).items():
            history.logits[name].append(logits_of(model, watched))
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
