"""Case study: what a map shows of adversarial samples while a network is hardened.

A trained network is trained on with attacked samples. Test samples are followed clean,
with the attack that was made against the network before, and with an attack that is
made anew against every checkpoint.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from helpers.cache import stage
from helpers.torch_threads import single_thread
from helpers.training_visualization.estimator import DVI
from helpers.training_visualization.heads import logits
from helpers.training_visualization.recorder import Recorder
from helpers.training_visualization.subjects import (
    DigitsCNN,
    Training,
    digits,
    seeded,
    train_and_record,
)
from helpers.training_visualization.trace import Trace

if TYPE_CHECKING:
    import pandas as pd

KINDS = ("clean", "old attack", "new attack")
NATURAL_EPOCHS = 15  # of the training before


@dataclass(frozen=True)
class AdversarialStudy:
    """A network before and during adversarial training, with its maps.

    Attributes
    ----------
    trace : Trace
        Clean training samples; epoch 0 is the network before. Its test samples are
        m clean ones, the same with the old attack, and the same with the new one.
    images : np.ndarray
        Shape (checkpoints, 3 m, 1, 8, 8), the test samples' images.
    dvi : DVI
        Fitted to the trace, and so to no attacked sample.
    places : list of np.ndarray
        Places (3 m, 2) of the test samples per checkpoint.
    table : pd.DataFrame
        See `measures`.
    """

    trace: Trace
    images: np.ndarray
    dvi: DVI
    places: list[np.ndarray]
    table: pd.DataFrame

    def rows(self, kind: str) -> slice:
        """Which test samples are of a kind, one of `KINDS`."""
        return rows(kind, len(self.trace.y_test))

    @property
    def curves(self) -> pd.DataFrame:
        """Clean and newly attacked samples side by side, a row per checkpoint.

        Columns epoch, clean_accuracy, adversarial_accuracy, displacement and
        in_true_region, the last two of the attacked samples.
        """
        wide = self.table.pivot(index="epoch", columns="kind")
        attacked = {
            "adversarial_accuracy": "accuracy",
            "displacement": "moved",
            "in_true_region": "territory",
        }
        curves = wide["accuracy"][["clean"]].set_axis(["clean_accuracy"], axis=1)
        for name, column in attacked.items():
            curves[name] = wide[column]["new attack"]
        return curves.reset_index()


@dataclass(frozen=True)
class Attack:
    """Projected gradient ascent on the loss inside a box around each image.

    ``x <- clip(x + step sign(grad loss), x0 - epsilon, x0 + epsilon)``, within [0, 1],
    from a random start in the box (Madry et al. 2018).

    Attributes
    ----------
    epsilon : float
        Greatest change of a pixel; 8/255 in the paper for CIFAR-10, more here because
        digits have few and strong pixels.
    steps : int
        10, as in the paper.
    step : float
        Of a pixel; a quarter of epsilon by default (2/255 in the paper).
    """

    epsilon: float = 0.15
    steps: int = 10
    step: float | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.epsilon <= 1:
            raise ValueError(f"epsilon is {self.epsilon}; allowed: 0 to 1")
        if self.steps < 1:
            raise ValueError(f"steps is {self.steps}; allowed: 1 or more")

    def __call__(
        self, model: nn.Module, x: Tensor, y: Tensor, random: torch.Generator
    ) -> Tensor:
        """Attacked images, shape as ``x``; the model's weights get no gradient."""
        size = self.epsilon / 4 if self.step is None else self.step
        low, high = (x - self.epsilon).clamp(min=0), (x + self.epsilon).clamp(max=1)
        out = low + (high - low) * torch.rand(x.shape, generator=random)
        for _ in range(self.steps):
            out.requires_grad_(True)
            loss = F.cross_entropy(model(out), y, reduction="sum")
            (slope,) = torch.autograd.grad(loss, out)
            out = torch.clamp(out.detach() + size * slope.sign(), low, high)
        return out.detach()


@stage
def adversarial_study(
    seed: int = 0,
    epsilon: float = 0.15,
    checkpoints: Sequence[int] = (1, 3, 8),
    rate: float = 0.02,
    first_steps: int = 1200,
    steps: int = 600,
) -> AdversarialStudy:
    """Train on digits, then on attacked digits, and fit the maps.

    Every batch of the second training is attacked anew, and only attacked images are
    learned from.

    Parameters
    ----------
    seed : int
        Of the network, its batches, the attacks and the maps.
    epsilon : float
        Of the `Attack`, in training and test.
    checkpoints : sequence of int
        Epochs of the second training that are recorded besides 0, ascending; the last
        one ends it.
    rate : float
        Learning rate of the second training.
    first_steps, steps : int
        Of `DVI`; half of its defaults.
    """
    training = Training(checkpoints[-1], (0, *checkpoints), rate)
    trace, images = _hardened(seed, Attack(epsilon), training)
    dvi = DVI(first_steps=first_steps, steps=steps, random_state=seed).fit_trace(trace)
    places = [
        dvi.transform(x, epoch)
        for x, epoch in zip(trace.test, trace.epochs, strict=True)
    ]
    return AdversarialStudy(trace, images, dvi, places, measures(trace, dvi, places))


def rows(kind: str, total: int) -> slice:
    """Which of all test samples are of a kind."""
    part = total // len(KINDS)
    first = KINDS.index(kind) * part
    return slice(first, first + part)


def measures(trace: Trace, dvi: DVI, places: Sequence[np.ndarray]) -> pd.DataFrame:
    """What network and map make of each kind of test sample.

    One row per checkpoint and kind, with columns

    - ``accuracy``: of the network;
    - ``territory``: share of samples whose place lies in their true class's territory;
    - ``ppr``: share whose place lies in the territory of what the network predicts;
    - ``moved``, ``moved_features``: mean distance to the clean counterpart, of places
      and of representations, over the root mean square distance of the training
      samples from their mean (two random samples lie about 1.4 apart);
    - ``fooled_shown``: of the samples that are predicted wrongly, the share whose place
      lies outside the true class's territory; NaN if there are none.
    """
    import pandas as pd

    y, found = trace.y_test, []
    for t, epoch in enumerate(trace.epochs):
        says = trace.test_scores[t].argmax(axis=1)
        back = dvi.inverse_transform(places[t], epoch)
        shows = logits(trace.heads[t], back).argmax(axis=1)
        size, spread = _spread(dvi.places_[t]), _spread(trace.train[t])
        clean = rows("clean", len(y))
        for kind in KINDS:
            part = rows(kind, len(y))
            wrong = says[part] != y[part]
            lost = shows[part] != y[part]
            found.append(
                {
                    "epoch": epoch,
                    "kind": kind,
                    "accuracy": float((~wrong).mean()),
                    "territory": float((~lost).mean()),
                    "ppr": float((shows[part] == says[part]).mean()),
                    "moved": _distance(places[t][part], places[t][clean]) / size,
                    "moved_features": _distance(
                        trace.test[t][part], trace.test[t][clean]
                    )
                    / spread,
                    "fooled_shown": float(lost[wrong].mean())
                    if wrong.any()
                    else np.nan,
                }
            )
    return pd.DataFrame(found)


def _hardened(
    seed: int, attack: Attack, training: Training
) -> tuple[Trace, np.ndarray]:
    """The second training's trace, and the images of its test samples."""
    split = digits()
    model = seeded(DigitsCNN, seed)
    train_and_record(
        model, split, Training(NATURAL_EPOCHS, (NATURAL_EPOCHS,)), seed=seed
    )
    x, y = torch.tensor(split.x), torch.tensor(split.y)
    clean, targets = torch.tensor(split.x_test), torch.tensor(split.y_test)
    random = torch.Generator().manual_seed(seed)
    optimiser = torch.optim.SGD(model.parameters(), training.rate, training.momentum)
    images, features = [], []
    with single_thread(), Recorder(model, data=split.x, y=split.y, seed=seed) as record:
        old = attack(model.eval(), clean, targets, random)
        for epoch in range(training.epochs + 1):
            if epoch:
                model.train()
                mixed = torch.randperm(len(x), generator=random)
                for batch in mixed.split(training.batch):
                    attacked = attack(model, x[batch], y[batch], random)
                    optimiser.zero_grad()
                    F.cross_entropy(model(attacked), y[batch]).backward()
                    optimiser.step()
            if epoch in training.checkpoints:
                record.snapshot(epoch)
                new = attack(model.eval(), clean, targets, random) if epoch else old
                seen = torch.cat([clean, old, new])
                with torch.no_grad():
                    features.append(model.features(seen).numpy())
                images.append(seen.numpy())
    trace = replace(
        record.trace(),
        test=np.stack(features),
        y_test=np.tile(split.y_test, len(KINDS)),
    )
    return trace, np.stack(images)


def _spread(x: np.ndarray) -> float:
    """Root mean square distance of points (n, d) from their mean."""
    return float(np.sqrt(x.var(axis=0).sum()))


def _distance(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.linalg.norm(a - b, axis=1).mean())
