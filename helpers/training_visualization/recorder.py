"""Watches any torch classifier learn: representations, head and boundary per epoch.

Hooks are in place only while a snapshot is taken, so training between snapshots runs
as if nobody watched, and nothing is left behind by an error.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import torch
from torch import Tensor, nn

from helpers.names import unknown_name
from helpers.training_visualization import recording_files as files
from helpers.training_visualization.boundary_samples import BoundarySampler
from helpers.training_visualization.heads import Head, logits
from helpers.training_visualization.layer_tap import Forward
from helpers.training_visualization.recording_files import Checkpoint, Recorded
from helpers.training_visualization.split_model import (
    SplitModel,
    head_weights,
    undisturbed,
)
from helpers.training_visualization.trace import Trace

MIXES = ("inputs", "representations")
_SAME = 0.05  # relative difference up to which two heads are of one training
_SAMPLER = BoundarySampler()


class Recorder:
    """Snapshots of a classifier during its training, as one `Trace`.

    ``recorder.snapshot(epoch)`` goes into a plain training loop, or use
    `trainer_callback.RecorderCallback`. A snapshot runs in evaluation mode without
    gradients and leaves modes, weights and torch's random numbers as they were.

    Parameters
    ----------
    model : nn.Module
        The classifier; it stays on its device.
    layer : str or nn.Module, optional
        Submodule whose output, flattened to (n, d), are the representations. Without
        one: the input of ``head``.
    data, y : array or tensor
        The training samples (n, ...) as the model takes them, and the labels (n,)
        that it is trained on.
    test, y_test : array or tensor, optional
        Other samples (m, ...) and their labels.
    head : str or nn.Module, optional
        Submodule that makes logits of representations. Without one: the last
        ``nn.Linear`` if that is all that follows, else the rest of the network.
    boundary : BoundarySampler or None
        How boundary samples are made; None makes none.
    boundary_share : float
        Their number over the number of training samples (the paper's N / 10).
    mix : {"inputs", "representations"}
        What is mixed into boundary samples: inputs, as in the paper, or (where inputs
        are token ids, for example) representations.
    forward : callable, optional
        Of model and batch, to logits or an object with ``.logits``.
    folder : path, optional
        Every checkpoint is written there at once; those that are there are kept.
    batch : int
        Samples per forward pass.
    seed : int
        Of the boundary samples.

    Raises
    ------
    ValueError
        If counts disagree, there are fewer than 2 samples, labels are no class
        numbers, a layer is unknown, never called or called twice, or ``folder`` holds
        another recording.

    Examples
    --------
    >>> from torch import nn
    >>> model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 2))
    >>> x = np.eye(2, dtype=np.float32)
    >>> with Recorder(model, data=x, y=[0, 1], boundary=None) as recorder:
    ...     for epoch in (1, 2):
    ...         recorder.snapshot(epoch)  # after an epoch of training
    >>> recorder.trace().train.shape
    (2, 2, 3)
    """

    def __init__(
        self,
        model: nn.Module,
        layer: str | nn.Module | None = None,
        *,
        data: Any,
        y: Any,
        test: Any = None,
        y_test: Any = None,
        head: str | nn.Module | None = None,
        boundary: BoundarySampler | None = _SAMPLER,
        boundary_share: float = 0.1,
        mix: Literal["inputs", "representations"] = "inputs",
        forward: Forward | None = None,
        folder: str | Path | None = None,
        batch: int = 512,
        seed: int = 0,
    ) -> None:
        self.model = model
        self.data, self.y = _samples("data", data, y)
        self.test, self.y_test = self.data[:0], self.y[:0]
        if (test is None) != (y_test is None):
            raise ValueError("test and y_test belong together; one is missing")
        if test is not None:
            self.test, self.y_test = _samples("test", test, y_test)
        if len(self.data) < 2:
            raise ValueError(f"{len(self.data)} samples; allowed: 2 or more")
        if not 0 < boundary_share <= 1:
            raise ValueError(f"boundary_share is {boundary_share}; allowed: (0, 1]")
        if mix not in MIXES:
            raise unknown_name("mix", mix, MIXES)
        if boundary and mix == "inputs" and self.data.dtype.kind != "f":
            raise ValueError(
                f"inputs of type {self.data.dtype} cannot be mixed into boundary "
                "samples; allowed: mix='representations' or boundary=None"
            )
        self.boundary, self.boundary_share, self.mix = boundary, boundary_share, mix
        self.seed = seed
        self._split = SplitModel(model, layer, head, self.data, forward, batch)
        highest = int(max(self.y.max(), self.y_test.max(initial=0)))
        if highest >= self._split.classes:
            raise ValueError(
                f"label {highest}, but the model has {self._split.classes} classes; "
                f"allowed: 0 to {self._split.classes - 1}"
            )
        self._checkpoints: dict[int, Checkpoint] = {}
        self._recorded: set[int] = set()  # by this object, not found in the folder
        self._open = True
        self.folder = Path(folder) if folder is not None else None
        self._key = ""
        if self.folder is not None:
            self._checkpoints = self._found_in(self.folder)

    @property
    def epochs(self) -> tuple[int, ...]:
        """Epochs that are recorded, ascending; also those found in the folder."""
        return tuple(sorted(self._checkpoints))

    def snapshot(self, epoch: int) -> None:
        """Take a snapshot; an epoch that was found in the folder is kept as it is.

        Raises
        ------
        ValueError
            If the epoch is negative or was recorded before, representations are not
            finite or do not decide the logits, or the folder's checkpoint is of
            another training.
        RuntimeError
            After the ``with`` block.
        """
        if not self._open:
            raise RuntimeError("the recorder is closed: its with block has ended")
        if epoch != int(epoch) or epoch < 0:
            raise ValueError(f"epoch is {epoch}; allowed: whole numbers from 0 on")
        epoch = int(epoch)
        if epoch in self._recorded:
            raise ValueError(f"epoch {epoch} is recorded twice")
        if epoch in self._checkpoints:
            self._confirm(epoch)
        else:
            with undisturbed(self.model):
                checkpoint = self._snapshot(epoch)
            if self.folder is not None:
                self._write(self.folder, checkpoint)
            self._checkpoints[epoch] = checkpoint
        self._recorded.add(epoch)

    def trace(self) -> Trace:
        """All that is recorded so far."""
        return files.to_trace(list(self._checkpoints.values()), self.y, self.y_test)

    def save(self, folder: str | Path) -> None:
        """Write every checkpoint that the folder lacks, a file each."""
        there = self._found_in(Path(folder))
        for epoch in self.epochs:
            if epoch not in there:
                self._write(Path(folder), self._checkpoints[epoch])

    @staticmethod
    def load_trace(folder: str | Path, head: nn.Module | None = None) -> Trace:
        """The trace of a folder.

        Parameters
        ----------
        head : nn.Module, optional
            Of the recorded head's architecture; only needed if it is not linear.

        Raises
        ------
        ValueError
            If the folder holds no checkpoint, or a file of it cannot be read.
        """
        found = files.read_all(Path(folder), head)
        if not found:
            raise ValueError(f"{folder} holds no recorded checkpoint")
        checkpoints = [recorded.checkpoint for recorded in found]
        return files.to_trace(checkpoints, found[0].y, found[0].y_test)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._open = False

    def _snapshot(self, epoch: int) -> Checkpoint:
        train, scores = self._split.represent(self.data)
        if not np.isfinite(train).all():
            raise ValueError(f"representations of epoch {epoch} are not finite")
        test = self._split.represent(self.test)[0] if len(self.test) else train[:0]
        head = self._split.frozen_head()
        self._split.check(head, train, scores)
        return Checkpoint(
            epoch, train, test, self._edge(epoch, head, train, scores), head
        )

    def _edge(
        self, epoch: int, head: Head, train: np.ndarray, scores: np.ndarray
    ) -> np.ndarray | None:
        """Representations of new boundary samples, shape (b, features)."""
        if self.boundary is None:
            return None
        count = max(1, round(self.boundary_share * len(self.data)))
        seed = int(np.random.SeedSequence([self.seed, epoch]).generate_state(1)[0])
        if self.mix == "representations":
            return self.boundary(
                lambda x: logits(head, x), train, count, seed, scores
            ).samples
        mixed = self.boundary(
            lambda x: self._split.represent(x)[1], self.data, count, seed, scores
        )
        return self._split.represent(mixed.samples)[0] if len(mixed) else train[:0]

    def _found_in(self, folder: Path) -> dict[int, Checkpoint]:
        """Checkpoints of this recording in a folder, by epoch."""
        self._key = self._key or self._identity()
        head = self._split.frozen_head()
        found = files.read_all(folder, head if isinstance(head, nn.Module) else None)
        if found and found[0].key != self._key:
            raise ValueError(
                f"{folder} holds a recording of other data, layer or boundary; "
                "allowed: an empty folder, or this recording's own"
            )
        return {r.checkpoint.epoch: r.checkpoint for r in found}

    def _write(self, folder: Path, checkpoint: Checkpoint) -> None:
        files.write(folder, Recorded(checkpoint, self.y, self.y_test, self._key))

    def _identity(self) -> str:
        """Hash of what is recorded and how."""
        digest = hashlib.sha256()
        for part in (self.data, self.y, self.test, self.y_test):
            digest.update(f"{part.dtype} {part.shape} ".encode())
            digest.update(np.ascontiguousarray(part).reshape(-1).view(np.uint8).data)
        tap = self._split.tap
        how = [tap.name, tap.side, self.boundary_share, self.mix, self.seed]
        digest.update(json.dumps([*how, repr(self.boundary)]).encode())
        return digest.hexdigest()[:32]

    def _confirm(self, epoch: int) -> None:
        """Checkpoints of two trainings must not end up in one trace."""
        kept, now = (
            head_weights(head)
            for head in (self._checkpoints[epoch].head, self._split.frozen_head())
        )
        scale = float(np.linalg.norm(kept)) or 1.0
        if kept.shape != now.shape or np.linalg.norm(kept - now) > _SAME * scale:
            raise ValueError(
                f"{self.folder} holds epoch {epoch} of another training; allowed: an "
                "empty folder, or one of the same training"
            )


def _samples(name: str, x: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
    """Arrays of equal length: samples, and labels that are class numbers."""
    arrays = []
    for given in (x, y):
        if isinstance(given, Tensor):
            given = given.detach().cpu()
            given = given.float() if given.dtype == torch.bfloat16 else given
            given = given.numpy()
        arrays.append(np.asarray(given))
    samples, labels = arrays
    label_name = "y" if name == "data" else "y_test"
    if not samples.ndim or labels.ndim != 1 or len(samples) != len(labels):
        raise ValueError(
            f"{name} has shape {samples.shape}, {label_name} {labels.shape}; allowed: "
            "(n, ...) and (n,) with the same n"
        )
    if labels.dtype.kind not in "iub" or (labels.size and labels.min() < 0):
        raise ValueError(f"{label_name} must be class numbers from 0 on")
    return samples, labels.astype(np.int64)
