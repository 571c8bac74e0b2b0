"""The paper's classifiers, for a machine with a GPU, from the reader's image files.

A training is saved after every epoch and goes on from there; what it recorded is
kept, a file per checkpoint.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from helpers.names import unknown_name
from helpers.paths import write_atomic
from helpers.progress import progress_bar
from helpers.training_visualization.boundary_samples import BoundarySampler
from helpers.training_visualization.image_files import Images, read_images
from helpers.training_visualization.recorder import Recorder
from helpers.training_visualization.subjects import seeded
from helpers.training_visualization.subjects_paper_recipes import (
    RECIPES,
    Recipe,
    ResNet,
)
from helpers.training_visualization.trace import Trace

_FLOOR = 1e-8  # of the learning rate, before the warm-up and after the cosine


def rate_factor(step: int, steps: int, recipe: Recipe) -> float:
    """Learning rate over its highest value: a linear rise, then half a cosine.

    Examples
    --------
    >>> [round(rate_factor(s, 100, RECIPES["mnist"]), 2) for s in (0, 15, 30, 65, 100)]
    [0.0, 0.5, 1.0, 0.5, 0.0]
    """
    floor = _FLOOR / recipe.rate
    rising = recipe.warm_up * steps
    if step < rising:
        return floor + (1 - floor) * step / rising
    done = min(1.0, (step - rising) / max(1.0, steps - rising))
    return floor + (1 - floor) * (1 + math.cos(math.pi * done)) / 2


def normalised(images: np.ndarray, recipe: Recipe) -> np.ndarray:
    """Pixels 0 to 255 as the network takes them: float32, same shape."""
    if images.ndim != 4 or images.shape[1] != len(recipe.mean):
        raise ValueError(
            f"images have shape {images.shape}; allowed: (n, {len(recipe.mean)}, "
            "height, width)"
        )
    mean, deviation = (
        np.array(part, np.float32)[:, None, None]
        for part in (recipe.mean, recipe.deviation)
    )
    out = images.astype(np.float32)
    out /= 255
    out -= mean
    out /= deviation
    return out


def moved_and_mirrored(x: Tensor, recipe: Recipe, draw: torch.Generator) -> Tensor:
    """Normalised images, each moved by up to ``crop`` pixels and maybe mirrored.

    What comes in from outside is black, as when the pixels are moved before they are
    normalised.
    """
    count, channels, height, width = x.shape
    if recipe.crop:
        mean, deviation = (
            torch.tensor(part, device=x.device)[:, None, None]
            for part in (recipe.mean, recipe.deviation)
        )
        black = -mean / deviation
        padded = F.pad(x - black, (recipe.crop,) * 4) + black
        shifts = torch.randint(0, 2 * recipe.crop + 1, (2, count, 1), generator=draw)
        rows = (shifts[0] + torch.arange(height)).to(x.device)
        columns = (shifts[1] + torch.arange(width)).to(x.device)
        x = padded[
            torch.arange(count, device=x.device)[:, None, None, None],
            torch.arange(channels, device=x.device)[:, None, None],
            rows[:, None, :, None],
            columns[:, None, None, :],
        ]
    if recipe.flip:
        mirrored = (torch.rand(count, generator=draw) < 0.5).to(x.device)
        x = torch.where(mirrored[:, None, None, None], x.flip(3), x)
    return x


class PaperTraining:
    """A training that can be stopped after any epoch and gone on with.

    Parameters
    ----------
    recipe : Recipe
    x, y : np.ndarray
        Normalised images (n, channels, height, width) and labels (n,).
    seed : int
        Of initial weights, order, moves and mirroring.
    device : str
    """

    def __init__(
        self, recipe: Recipe, x: np.ndarray, y: np.ndarray, seed: int, device: str
    ) -> None:
        self.recipe, self.seed, self.epoch = recipe, seed, 0
        self.x = torch.from_numpy(x)
        self.y = torch.from_numpy(y)
        self.model = seeded(lambda: ResNet(recipe), seed).to(device)
        self.device = device
        self.optimiser = torch.optim.SGD(
            self.model.parameters(),
            recipe.rate,
            recipe.momentum,
            weight_decay=recipe.weight_decay,
            nesterov=True,
        )
        steps = recipe.epochs * math.ceil(len(x) / recipe.batch)
        self.schedule = torch.optim.lr_scheduler.LambdaLR(
            self.optimiser, lambda step: rate_factor(step, steps, recipe)
        )
        self.draw = torch.Generator().manual_seed(seed)

    def train_epoch(self) -> None:
        """Once through the images."""
        self.model.train()
        order = torch.randperm(len(self.x), generator=self.draw)
        for batch in order.split(self.recipe.batch):
            images = self.x[batch].to(self.device)
            images = moved_and_mirrored(images, self.recipe, self.draw)
            loss = F.cross_entropy(self.model(images), self.y[batch].to(self.device))
            self.optimiser.zero_grad()
            loss.backward()
            self.optimiser.step()
            self.schedule.step()
        self.epoch += 1

    def save(self, path: Path) -> None:
        """Write all that going on needs, whole or not at all."""
        buffer = io.BytesIO()
        torch.save({"key": self._key(), **self._state()}, buffer)
        write_atomic(path, buffer.getvalue())

    def restore(self, path: Path) -> None:
        """Go on from a file of :meth:`save`; no code in it is run.

        Raises
        ------
        ValueError
            If it is damaged, or of another recipe, seed or number of images.
        """
        try:
            state = torch.load(path, map_location="cpu", weights_only=True)
            key = state["key"]
        except Exception as error:  # damaged bytes fail in any way
            raise ValueError(f"{path} is no saved training ({error})") from None
        if key != self._key():
            raise ValueError(
                f"{path} is of another training: {key}; this one is {self._key()}"
            )
        self.model.load_state_dict(state["model"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.schedule.load_state_dict(state["schedule"])
        self.draw.set_state(state["draw"])
        self.epoch = int(state["epoch"])

    def _state(self) -> dict[str, Any]:
        return {
            "epoch": self.epoch,
            "model": self.model.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "schedule": self.schedule.state_dict(),
            "draw": self.draw.get_state(),
        }

    def _key(self) -> dict[str, Any]:
        recipe = {
            k: list(v) if isinstance(v, tuple) else v
            for k, v in asdict(self.recipe).items()
        }
        return {"recipe": recipe, "seed": self.seed, "images": len(self.x)}


@contextmanager
def _steady() -> Iterator[None]:
    """cuDNN sums in the same order each time: a resumed run is like a straight one."""
    before = torch.backends.cudnn.deterministic
    torch.backends.cudnn.deterministic = True
    try:
        yield
    finally:
        torch.backends.cudnn.deterministic = before


def train_paper(
    name: str,
    folder: str | Path,
    work: str | Path,
    *,
    seed: int = 0,
    device: str | None = None,
    recipe: Recipe | None = None,
    images: Images | None = None,
) -> Trace:
    """Train and record a classifier of the paper; call again to go on after a stop.

    Parameters
    ----------
    name : {"cifar10", "mnist", "fashion_mnist"}
    folder : path
        Of the image files, see `image_files`.
    work : path
        Where the training is saved after each epoch, and each recorded checkpoint.
    seed : int
        0 in the released code.
    device : str, optional
        By default a GPU if there is one.
    recipe : Recipe, optional
        Instead of the paper's (`RECIPES`), for example a shorter one.
    images : Images, optional
        Instead of those in ``folder``.

    Raises
    ------
    ValueError
        For an unknown name, damaged files, or a ``work`` of another training.
    FileNotFoundError
        If image files are missing; the message says which, and where they belong.
    """
    if name not in RECIPES:
        raise unknown_name("image set", name, tuple(RECIPES))
    recipe = recipe or RECIPES[name]
    images = images or read_images(name, folder)
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    x = normalised(images.x, recipe)
    training = PaperTraining(recipe, x, images.y, seed, device)
    saved = Path(work) / "training.pt"
    with (
        _steady(),
        Recorder(
            training.model,
            head="fc",
            data=x,
            y=images.y,
            test=normalised(images.x_test, recipe),
            y_test=images.y_test,
            boundary=BoundarySampler(lower=recipe.lower),
            folder=Path(work) / "recording",
            seed=seed,
        ) as recorder,
        progress_bar(total=recipe.epochs, desc=name, unit=" epochs") as bar,
    ):
        if saved.exists():
            training.restore(saved)
        marks = [epoch for epoch in recipe.checkpoints if epoch < training.epoch]
        if lost := sorted(set(marks) - set(recorder.epochs)):
            raise ValueError(
                f"{work} lacks the recording of epochs {lost}, which are over; "
                "allowed: an empty folder, to begin again"
            )
        bar.update(training.epoch)
        while True:
            # saved before it is recorded, so that a stop between the two loses nothing
            if training.epoch in recipe.checkpoints:
                recorder.snapshot(training.epoch)
            if training.epoch >= recipe.epochs:
                return recorder.trace()
            training.train_epoch()
            training.save(saved)
            bar.update()
