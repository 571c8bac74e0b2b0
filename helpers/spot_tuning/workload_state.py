"""What every real trial has in common: steps, seeded generators and checkpoints.

A checkpoint is a numpy archive with one JSON record. Reading one never unpickles, so
a file from a shared bucket cannot run code.
"""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

Setting = Mapping[str, Any]
# One generator per purpose: settings of one seed share data and initial weights.
DATA, WEIGHTS, ORDER = 0, 1, 2
_INFO = "info"  # the archive's JSON record


def generator(seed: int, purpose: int) -> np.random.Generator:
    """Independent generator for one of `DATA`, `WEIGHTS`, `ORDER`."""
    return np.random.default_rng([seed, purpose])


@dataclass(frozen=True)
class TrialKey:
    """Which trial a checkpoint belongs to: workload, hyper-parameters, seed."""

    workload: str
    setting: Setting
    seed: int

    def record(self) -> dict[str, Any]:
        """The key as it looks after a round trip through JSON."""
        return json.loads(json.dumps({**self.__dict__, "setting": dict(self.setting)}))


@dataclass(frozen=True)
class Schedule:
    """Learning rate that falls by a factor after given steps.

    .. math:: \\eta_k = \\eta_0 \\, r^{\\,|\\{d \\in D : d \\le k\\}|}

    with k completed steps. It depends on k alone, so a checkpoint need not hold it.
    """

    rate: float
    factor: float
    decay_steps: tuple[int, ...] = ()

    def __call__(self, step: int) -> float:
        return self.rate * self.factor ** sum(d <= step for d in self.decay_steps)


def every(period: int, steps: int) -> tuple[int, ...]:
    """Multiples of ``period`` below ``steps``.

    Examples
    --------
    >>> every(20, 60)
    (20, 40)
    """
    return tuple(range(period, steps, period))


def pack(info: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> bytes:
    """One archive of a JSON record and arrays; equal input gives equal bytes."""
    if _INFO in arrays:
        raise ValueError(f"an array must not be called {_INFO!r}")
    text = json.dumps(info, sort_keys=True).encode()
    buffer = io.BytesIO()
    np.savez(
        buffer,
        allow_pickle=False,
        **{_INFO: np.frombuffer(text, np.uint8)},
        **arrays,
    )
    return buffer.getvalue()


def unpack(state: bytes) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Record and arrays of :func:`pack`; ValueError for anything else."""
    try:
        with np.load(io.BytesIO(state), allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        return json.loads(arrays.pop(_INFO).tobytes()), arrays
    except (
        TypeError,  # a bare array, not an archive
        EOFError,
        KeyError,
        OSError,
        ValueError,
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        raise ValueError(
            f"not a checkpoint of a trial: {len(state)} bytes ({error})"
        ) from None


class Trial(ABC):
    """A `job.Trainer`: trains step by step, saves and restores itself exactly.

    Subclasses give one step's work, the metric, and the arrays that training on
    needs. `_rng` decides the order of the data; its state is part of a checkpoint.
    """

    def __init__(self, key: TrialKey) -> None:
        self.key = key
        self.step = 0
        self._rng = generator(key.seed, ORDER)

    def train_step(self) -> float:
        """Do one step; returns the validation metric after it."""
        self._update()
        self.step += 1
        return self._metric()

    def state(self) -> bytes:
        """Checkpoint: step, generator and arrays, tagged with the trial's key."""
        info = {
            "key": self.key.record(),
            "step": self.step,
            "generator": self._rng.bit_generator.state,
        }
        return pack(info, self._arrays())

    def restore(self, state: bytes) -> None:
        """Continue from a checkpoint, bit for bit.

        Raises
        ------
        ValueError
            If the bytes are no checkpoint, or one of another trial; the trial is
            then as it was.
        """
        info, arrays = unpack(state)
        if info.get("key") != self.key.record():
            raise ValueError(
                f"the checkpoint is of {info.get('key')}, this trial is "
                f"{self.key.record()}"
            )
        self._set_arrays(arrays)
        self._rng.bit_generator.state = info["generator"]
        self.step = int(info["step"])

    @abstractmethod
    def _update(self) -> None:
        """Train for one step; ``self.step`` steps are complete."""

    @abstractmethod
    def _metric(self) -> float:
        """Validation metric of the present model."""

    @abstractmethod
    def _arrays(self) -> dict[str, np.ndarray]:
        """All that training on needs besides step and generator."""

    @abstractmethod
    def _set_arrays(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Take over the arrays of a checkpoint."""
