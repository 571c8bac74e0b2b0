"""A recording on disk: one numpy archive per checkpoint, written whole.

Reading one never unpickles, so a file from elsewhere cannot run code.
"""

from __future__ import annotations

import copy
import io
import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from helpers.paths import write_atomic
from helpers.training_visualization.heads import Head, LinearHead
from helpers.training_visualization.trace import Trace

LAYOUT = 1  # raised when the archives change
_HEAD = "head."  # in front of the names of the head's arrays


@dataclass(frozen=True)
class Checkpoint:
    """What is recorded at one epoch.

    Attributes
    ----------
    epoch : int
    train, test : np.ndarray
        Representations (n, features) and (m, features), float32; m may be 0.
    boundary : np.ndarray or None
        Those of the boundary samples; None where none were asked for.
    head : callable
        Frozen.
    """

    epoch: int
    train: np.ndarray
    test: np.ndarray
    boundary: np.ndarray | None
    head: Head


@dataclass(frozen=True)
class Recorded:
    """A checkpoint's file: the checkpoint, the labels, and whose recording it is."""

    checkpoint: Checkpoint
    y: np.ndarray
    y_test: np.ndarray
    key: str


def to_trace(
    checkpoints: Sequence[Checkpoint], y: np.ndarray, y_test: np.ndarray
) -> Trace:
    """Checkpoints in order of their epochs as one trace.

    Raises
    ------
    ValueError
        If there is none.
    """
    if not checkpoints:
        raise ValueError("nothing is recorded yet")
    ordered = sorted(checkpoints, key=lambda c: c.epoch)
    tested = ordered[0].test.size > 0
    edges = [c.boundary for c in ordered if c.boundary is not None]
    return Trace(
        epochs=tuple(c.epoch for c in ordered),
        train=np.stack([c.train for c in ordered]),
        heads=tuple(c.head for c in ordered),
        y=y,
        test=np.stack([c.test for c in ordered])
        if tested
        else np.zeros((0, 0, 0), np.float32),
        y_test=y_test,
        boundary=tuple(edges),
    )


def path_of(folder: Path, epoch: int) -> Path:
    """File of one checkpoint."""
    return folder / f"epoch_{epoch:06d}.npz"


def write(folder: Path, recorded: Recorded) -> None:
    """Write one checkpoint so that a reader never sees half of it.

    Raises
    ------
    ValueError
        If the head is a function, which has no weights to write.
    """
    checkpoint = recorded.checkpoint
    head = checkpoint.head
    if isinstance(head, LinearHead):
        weights = {"weight": head.weight, "bias": head.bias}
    elif isinstance(head, nn.Module):
        weights = {k: v.cpu().numpy() for k, v in head.state_dict().items()}
    else:
        raise ValueError(f"a head of type {type(head).__name__} cannot be written")
    info = {
        "layout": LAYOUT,
        "epoch": checkpoint.epoch,
        "linear": isinstance(head, LinearHead),
        "key": recorded.key,
    }
    arrays = {
        "info": np.frombuffer(json.dumps(info, sort_keys=True).encode(), np.uint8),
        "train": checkpoint.train,
        "test": checkpoint.test,
        "y": recorded.y,
        "y_test": recorded.y_test,
        **{_HEAD + name: array for name, array in weights.items()},
    }
    if checkpoint.boundary is not None:
        arrays["boundary"] = checkpoint.boundary
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    write_atomic(path_of(folder, checkpoint.epoch), buffer.getvalue())


def read(path: Path, head: nn.Module | None = None) -> Recorded:
    """One checkpoint's file.

    Parameters
    ----------
    head : nn.Module, optional
        Of the recorded head's architecture; only needed if it is not linear.

    Raises
    ------
    ValueError
        If the file is damaged, of another layout, or its head cannot be made.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        info: dict[str, Any] = json.loads(arrays.pop("info").tobytes())
        if info["layout"] != LAYOUT:
            raise ValueError(f"layout {info['layout']}; this version reads {LAYOUT}")
        weights = {
            name.removeprefix(_HEAD): arrays.pop(name)
            for name in list(arrays)
            if name.startswith(_HEAD)
        }
        checkpoint = Checkpoint(
            int(info["epoch"]),
            arrays["train"],
            arrays["test"],
            arrays.get("boundary"),
            LinearHead(**weights) if info["linear"] else _restored(weights, head),
        )
        return Recorded(checkpoint, arrays["y"], arrays["y_test"], info["key"])
    except (AttributeError, EOFError, KeyError, OSError, TypeError) as error:
        raise ValueError(f"{path} is no recorded checkpoint ({error})") from None
    except (ValueError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path}: {error}") from None


def read_all(folder: Path, head: nn.Module | None = None) -> list[Recorded]:
    """All checkpoints of a folder, by epoch; none if there is no such folder."""
    found = [read(path, head) for path in sorted(folder.glob("epoch_*.npz"))]
    if len({recorded.key for recorded in found}) > 1:
        raise ValueError(f"{folder} mixes checkpoints of several recordings")
    return sorted(found, key=lambda recorded: recorded.checkpoint.epoch)


def _restored(weights: dict[str, np.ndarray], head: nn.Module | None) -> nn.Module:
    if head is None:
        raise ValueError(
            "the head is not linear; pass head=, a module of the same architecture"
        )
    made = copy.deepcopy(head).eval().requires_grad_(False)
    try:
        made.load_state_dict({k: torch.from_numpy(v) for k, v in weights.items()})
    except RuntimeError as error:
        raise ValueError(f"the head is of another architecture ({error})") from None
    return made
