"""The paper's training, in small: its parts, and going on after a stop."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from helpers.training_visualization import subjects_paper as paper
from helpers.training_visualization.image_files import Images
from helpers.training_visualization.recorder import Recorder
from helpers.training_visualization.subjects_paper import (
    PaperTraining,
    moved_and_mirrored,
    normalised,
    rate_factor,
    train_paper,
)
from helpers.training_visualization.subjects_paper_recipes import (
    RECIPES,
    Recipe,
    ResNet,
)

RNG = np.random.default_rng(0)
TINY = replace(
    RECIPES["cifar10"],
    epochs=4,
    batch=16,
    checkpoints=(0, 2, 4),
    sizes=(4, 8),
    depths=(1, 1),
    crop=2,
)


def pictures(channels: int = 3, size: int = 12) -> Images:
    """Two classes that brightness tells apart."""
    parts = []
    for count in (40, 12):
        y = np.arange(count) % 2
        x = RNG.integers(0, 128, (count, channels, size, size))
        parts += [(x + 127 * y[:, None, None, None]).astype(np.uint8), y]
    return Images(*parts)


@pytest.mark.parametrize(
    ("name", "weights", "size"),
    [
        # torchvision's 11,689,512 with 10 classes and another first layer
        ("cifar10", 11_689_512 - 990 * 513 - 3 * 64 * (49 - 9), 32),
        ("mnist", 11_689_512 - 990 * 513 - 2 * 64 * 49, 28),
        ("fashion_mnist", 11_689_512 - 990 * 513 - 2 * 64 * 49, 28),
    ],
)
def test_resnet18_is_as_large_as_published(name: str, weights: int, size: int) -> None:
    recipe = RECIPES[name]
    model = ResNet(recipe).eval()
    assert sum(p.numel() for p in model.parameters()) == weights
    images = torch.zeros(2, len(recipe.mean), size, size)
    with torch.no_grad():
        stem = model.body.embedder(images)
        assert stem.shape[2:] == ((32, 32) if recipe.small_stem else (7, 7))
        assert model.body(images).pooler_output.shape == (2, 512, 1, 1)
        assert model(images).shape == (2, 10)


def test_the_rate_rises_and_falls() -> None:
    recipe = RECIPES["cifar10"]
    rates = [recipe.rate * rate_factor(step, 1000, recipe) for step in range(1001)]
    assert rates[0] == pytest.approx(1e-8)
    assert max(rates) == rates[300] == pytest.approx(1e-2)
    np.testing.assert_allclose(np.diff(rates[:301], 2), 0, atol=1e-12)
    expected = [0.5e-2 * (1 + math.cos(math.pi * s / 700)) for s in range(701)]
    np.testing.assert_allclose(rates[300:], expected, atol=1e-7)


def test_a_training_follows_the_rate_to_its_end() -> None:
    images = pictures()
    x = normalised(images.x, TINY)
    training = PaperTraining(TINY, x, images.y, 0, "cpu")
    for _ in range(TINY.epochs):
        training.train_epoch()
    assert training.schedule.last_epoch == 4 * 3  # 40 images in batches of 16
    assert training.optimiser.param_groups[0]["lr"] == pytest.approx(1e-8)
    assert training.optimiser.param_groups[0]["nesterov"]


def test_the_network_learns() -> None:
    images = pictures()
    recipe = replace(TINY, epochs=15, crop=1)
    x = normalised(images.x, recipe)
    training = PaperTraining(recipe, x, images.y, 0, "cpu")
    for _ in range(recipe.epochs):
        training.train_epoch()
    with torch.no_grad():
        scores = training.model.eval()(torch.tensor(x)).numpy()
    assert (scores.argmax(axis=1) == images.y).mean() > 0.9


def test_pixels_are_normalised() -> None:
    recipe = RECIPES["cifar10"]
    x = RNG.integers(0, 256, (5, 3, 4, 4)).astype(np.uint8)
    found = normalised(x, recipe)
    assert found.dtype == np.float32
    for c in range(3):
        expected = (x[:, c] / 255 - recipe.mean[c]) / recipe.deviation[c]
        np.testing.assert_allclose(found[:, c], expected, atol=1e-5)
    with pytest.raises(ValueError, match=r"allowed: \(n, 3, height, width\)"):
        normalised(x[:, :1], recipe)


def test_moves_and_mirrors_by_hand() -> None:
    """Every image is one of the (2 crop + 1)² x 2 that the pixels allow."""
    x = normalised(RNG.integers(1, 256, (60, 3, 5, 4)).astype(np.uint8), TINY)
    found = moved_and_mirrored(torch.tensor(x), TINY, torch.Generator().manual_seed(0))
    assert found.shape == x.shape
    black = -np.array(TINY.mean) / np.array(TINY.deviation)
    seen = set()
    for before, after in zip(x, found.numpy(), strict=True):
        padded = np.tile(black[:, None, None], (1, 9, 8)).astype(np.float32)
        padded[:, 2:-2, 2:-2] = before
        places = [
            (row, column, step)
            for row in range(5)
            for column in range(5)
            for step in (1, -1)
            if np.allclose(
                padded[:, row : row + 5, column : column + 4][:, :, ::step],
                after,
                atol=1e-5,
            )
        ]
        assert len(places) == 1
        seen.add(places[0])
    assert len(seen) > 25
    still = replace(TINY, crop=0, flip=False)
    same = moved_and_mirrored(torch.tensor(x), still, torch.Generator())
    assert torch.equal(same, torch.tensor(x))


def test_a_stopped_training_ends_as_a_straight_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = pictures()

    def run(name: str) -> dict[str, torch.Tensor]:
        trace = train_paper("cifar10", "", tmp_path / name, recipe=TINY, images=images)
        assert trace.epochs == (0, 2, 4)
        assert trace.train.shape == (3, 40, 8)
        assert trace.test.shape == (3, 12, 8)
        state = torch.load(tmp_path / name / "training.pt", weights_only=True)
        return {**state["model"], "draw": state["draw"], "trace": trace.train}

    straight = run("straight")
    train_epoch, record = PaperTraining.train_epoch, Recorder.snapshot
    calls = {"train": 0, "record": 0}

    def stopping_train(self: PaperTraining) -> None:
        calls["train"] += 1
        train_epoch(self)
        if calls["train"] == 2:  # trained, neither saved nor recorded
            raise KeyboardInterrupt

    def stopping_record(self: Recorder, epoch: int) -> None:
        calls["record"] += 1
        if calls["record"] == 2:  # saved, not recorded
            raise KeyboardInterrupt
        record(self, epoch)

    monkeypatch.setattr(PaperTraining, "train_epoch", stopping_train)
    monkeypatch.setattr(Recorder, "snapshot", stopping_record)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            train_paper("cifar10", "", tmp_path / "cut", recipe=TINY, images=images)
    resumed = run("cut")
    assert calls == {"train": 5, "record": 4}  # one epoch and one record were lost
    for name, value in straight.items():
        np.testing.assert_allclose(resumed[name], value, atol=1e-6)
    assert run("cut")["draw"] is not None  # complete: nothing is trained again
    assert calls["train"] == 5


def test_another_training_is_not_gone_on_with(tmp_path: Path) -> None:
    images = pictures()
    short = replace(TINY, epochs=1, checkpoints=(1,))

    def run(recipe: Recipe = short, seed: int = 0) -> None:
        train_paper("cifar10", "", tmp_path, recipe=recipe, images=images, seed=seed)

    run()
    with pytest.raises(ValueError, match="another training"):
        run(replace(short, rate=0.5))
    longer = replace(short, epochs=2, checkpoints=(0, 1, 2))
    work = tmp_path / "longer"
    train_paper("cifar10", "", work, recipe=longer, images=images)
    (work / "recording" / "epoch_000001.npz").unlink()
    with pytest.raises(ValueError, match=r"lacks the recording of epochs \[1\]"):
        train_paper("cifar10", "", work, recipe=longer, images=images)
    (work / "training.pt").unlink()  # what is left of the recording is this training's
    assert len(train_paper("cifar10", "", work, recipe=longer, images=images)) == 3
    (tmp_path / "training.pt").write_bytes(b"damaged")
    with pytest.raises(ValueError, match="no saved training"):
        run()


def test_files_of_the_reader_are_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = []

    def fake(name: str, folder: Path) -> Images:
        read.append((name, folder))
        return pictures(channels=1)

    monkeypatch.setattr(paper, "read_images", fake)
    tiny = replace(
        RECIPES["mnist"], epochs=1, checkpoints=(1,), sizes=(4, 8), depths=(1, 1)
    )
    trace = train_paper("mnist", tmp_path, tmp_path / "work", recipe=tiny)
    assert read == [("mnist", tmp_path)]
    assert trace.epochs == (1,)
    monkeypatch.undo()
    with pytest.raises(ValueError, match="did you mean 'mnist'"):
        train_paper("mnits", tmp_path, tmp_path)
    with pytest.raises(FileNotFoundError, match="wanted there"):
        train_paper("cifar10", tmp_path, tmp_path)
