"""Delays of the simulated cloud, and how fast its machines really are."""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from helpers.spot_tuning.curves import LearningCurves
from helpers.spot_tuning.instances import instance

# Object-store speed, MB/s, of the smallest and the largest of the paper's types
# (recalled); in between by the logarithm of the cores (our assumption).
SLOWEST_MB_S, FASTEST_MB_S = 62.83, 134.22


def transfer_seconds(megabytes: float, instance_type: str) -> float:
    """Seconds to save or restore a checkpoint of that size."""
    share = (math.log2(instance(instance_type).vcpu) - 1) / 3
    speed = SLOWEST_MB_S + (FASTEST_MB_S - SLOWEST_MB_S) * min(max(share, 0), 1)
    return megabytes / speed


@dataclass(frozen=True)
class Machinery:
    """Delays of the simulated cloud, seconds.

    Attributes
    ----------
    boot : float
        From the request to the first useful second (120, our assumption).
    notice : float
        From the notice to the loss (120, documented).
    poll : float
        How often the policy looks (10, recalled).
    checkpoint_mb : float or None
        Size of a checkpoint; None takes the workload's.
    jitter : float
        Standard deviation of the log of each (type, trial)'s deviation from the
        workload's speed law (0.05, our assumption).
    whole_steps : bool
        Whether a checkpoint holds whole steps only, as that of a `job.Trainer` does; by
        default it holds a step's part as well.

    Raises
    ------
    ValueError
        If one is negative, or ``poll`` is 0.
    """

    boot: float = 120.0
    notice: float = 120.0
    poll: float = 10.0
    checkpoint_mb: float | None = None
    jitter: float = 0.05
    whole_steps: bool = False

    def __post_init__(self) -> None:
        size = 0.0 if self.checkpoint_mb is None else self.checkpoint_mb
        none_below_zero = all(
            x >= 0 for x in (self.boot, self.notice, self.jitter, size)
        )
        if not none_below_zero or not self.poll > 0:
            raise ValueError(f"{self}; allowed: 0 or more, poll above 0")


def true_step_seconds(
    curves: LearningCurves, types: tuple[str, ...], jitter: float, seed: int
) -> Mapping[tuple[str, str], float]:
    """Seconds per step of every (type, trial): the speed law times a fixed deviation.

    The deviation is lognormal with standard deviation ``jitter``, so that no law of
    one factor per type and one per trial is exact. A type's deviations depend on its
    name and the seed: they are the same whatever else the market offers.
    """
    found = {}
    for kind in types:
        rng = np.random.default_rng([seed, zlib.crc32(kind.encode())])
        factors = np.exp(jitter * rng.standard_normal(len(curves.trials)))
        for trial, seconds in zip(
            curves.trials, curves.seconds(kind) * factors, strict=True
        ):
            found[kind, trial] = float(seconds)
    return found
