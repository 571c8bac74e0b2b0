"""Learning curves of one workload: what its trials really did, step by step.

Curves are real (trained here); machine time and money are simulated on top of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from helpers.spot_tuning.instances import relative_speed


@dataclass(frozen=True)
class LearningCurves:
    """Validation curves of all hyper-parameter settings, lower is better.

    Attributes
    ----------
    workload : str
        Name, for example ``"LoR"``.
    metric : str
        What the curves show, for example ``"cross-entropy"``.
    settings : tuple of dict
        Hyper-parameters, one per trial.
    metrics : tuple of np.ndarray
        Shape (steps,) each; settings may differ in length. ``metrics[i][k]`` is the
        metric after step k + 1.
    step_seconds : np.ndarray
        Shape (settings,): seconds per step on one core.
    decay_steps : tuple of tuple of int
        Steps after which a setting lowers its learning rate (its stages).
    alpha : float
        Assumed speed-up with cores: speed grows as vCPU ** alpha.
    checkpoint_mb : float
        Assumed size of a checkpoint in MB.

    Raises
    ------
    ValueError
        If lengths differ, a curve is empty or not finite, or a size out of range.
    """

    workload: str
    metric: str
    settings: tuple[Mapping[str, Any], ...]
    metrics: tuple[np.ndarray, ...]
    step_seconds: np.ndarray
    decay_steps: tuple[tuple[int, ...], ...] = field(default=())
    alpha: float = 0.6
    checkpoint_mb: float = 500.0

    def __post_init__(self) -> None:
        if not self.settings:
            raise ValueError(f"{self.workload}: no settings")
        sizes = {
            "metrics": len(self.metrics),
            "step_seconds": len(self.step_seconds),
            "decay_steps": len(self.decay_steps or self.settings),
        }
        for name, size in sizes.items():
            if size != len(self.settings):
                raise ValueError(
                    f"{self.workload}: {size} {name}, {len(self.settings)} settings"
                )
        for trial, curve in zip(self.trials, self.metrics, strict=True):
            if not len(curve) or not np.isfinite(curve).all():
                raise ValueError(f"{self.workload}: curve of {trial} is not finite")
        seconds = np.asarray(self.step_seconds, dtype=float)
        if not (np.isfinite(seconds) & (seconds > 0)).all():
            raise ValueError(
                f"{self.workload}: step_seconds {seconds.tolist()}; allowed: above 0"
            )
        if not self.checkpoint_mb >= 0:
            raise ValueError(
                f"{self.workload}: checkpoint_mb is {self.checkpoint_mb}; "
                "allowed: 0 or more"
            )

    @property
    def trials(self) -> tuple[str, ...]:
        """Trial ids in the order of `settings`."""
        width = len(str(max(len(self.settings) - 1, 0)))
        return tuple(f"t{i:0{width}d}" for i in range(len(self.settings)))

    @property
    def max_steps(self) -> dict[str, int]:
        """Full length of every trial."""
        return {t: len(c) for t, c in zip(self.trials, self.metrics, strict=True)}

    @property
    def final(self) -> np.ndarray:
        """Metric at the end of every setting, shape (settings,)."""
        return np.array([curve[-1] for curve in self.metrics])

    def seconds(self, instance_type: str) -> np.ndarray:
        """Seconds per step on a machine of that type, shape (settings,)."""
        return self.step_seconds / relative_speed(instance_type, self.alpha)

    def lasting(self, hours: float, instance_type: str) -> LearningCurves:
        """The same curves with step times scaled so that the *mean* trial takes
        ``hours`` on ``instance_type``; ratios between settings stay as measured.

        ValueError unless ``hours`` is above 0.
        """
        if not hours > 0:
            raise ValueError(f"hours is {hours}; allowed: above 0")
        steps = np.array([len(curve) for curve in self.metrics])
        mean = float((self.seconds(instance_type) * steps).mean())
        scaled = self.step_seconds * (hours * 3600.0 / mean)
        return replace(self, step_seconds=scaled)
