"""Notebook 03 at paper scale: ResNet-18 on few images in the published files."""

from __future__ import annotations

import io
import tarfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from helpers.assets import needed
from helpers.training_visualization import api, subjects_paper
from helpers.training_visualization.subjects_paper import PaperTraining, train_paper
from tests.stand_ins.conftest import Fetch, execute, run_of
from tests.training_visualization.test_image_files import cifar_batch, idx

RNG = np.random.default_rng(0)


def idx_files(folder: Path) -> None:
    for part, count in (("train", 40), ("t10k", 10)):
        y = np.arange(count) % 10
        x = RNG.integers(0, 100, (count, 28, 28)) + 15 * y[:, None, None]
        (folder / f"{part}-images-idx3-ubyte.gz").write_bytes(idx(x))
        (folder / f"{part}-labels-idx1-ubyte.gz").write_bytes(idx(y))


def cifar_archive(folder: Path) -> None:
    with tarfile.open(folder / "cifar-10-python.tar.gz", "w:gz") as archive:
        for name in (*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"):
            y = np.arange(4)
            x = (RNG.integers(0, 100, (4, 3072)) + 15 * y[:, None]).astype(np.uint8)
            content = cifar_batch(x, y)
            info = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))


def shorten(monkeypatch: pytest.MonkeyPatch, name: str, **sizes: Any) -> None:
    short = {"epochs": 2, "batch": 20, "checkpoints": (1, 2), **sizes}
    recipe = replace(subjects_paper.RECIPES[name], **short)
    monkeypatch.setitem(subjects_paper.RECIPES, name, recipe)


def test_the_papers_cell_goes_on_after_a_stop(
    fetched: Fetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched("03", {"mnist": idx_files})
    shorten(monkeypatch, "mnist")
    names = {
        "run": run_of(images="mnist", images_folder=None),
        "options": {"steps": 5, "first_steps": 5, "n_neighbors": 5},
        "tv": api,
        "pd": pd,
    }
    train = PaperTraining.train_epoch

    def stop(self: PaperTraining) -> None:
        if self.epoch == 1:
            raise KeyboardInterrupt
        train(self)

    monkeypatch.setattr(PaperTraining, "train_epoch", stop)
    with pytest.raises(KeyboardInterrupt):
        execute("03", "paper", **names)
    trained = []
    monkeypatch.setattr(
        PaperTraining,
        "train_epoch",
        lambda self: (trained.append(self.epoch), train(self)),
    )
    left = execute("03", "paper", **names)
    assert trained == [1]
    assert left["large"].epochs == (1, 2)
    assert left["large"].train.shape == (2, 40, 512)


@pytest.mark.parametrize(
    ("name", "build"), [("fashion_mnist", idx_files), ("cifar10", cifar_archive)]
)
def test_the_other_image_sets(
    fetched: Fetch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, build
) -> None:
    fetched("03", {name: build})
    # the depth is ResNet-18's
    sizes = {"sizes": (4, 4, 8, 8), "epochs": 1, "checkpoints": (1,)}
    shorten(monkeypatch, name, **sizes)
    trace = train_paper(name, needed(name), tmp_path / "work")
    assert trace.train.shape[2] == 8
