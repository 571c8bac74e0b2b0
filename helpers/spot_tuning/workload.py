"""A training program with its grid of hyper-parameters: what drivers need to know."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from helpers.spot_tuning.curves import LearningCurves
from helpers.spot_tuning.workload_state import Setting, Trial, TrialKey


@dataclass(frozen=True)
class Workload:
    """One training program and its grid of hyper-parameters.

    Attributes
    ----------
    name : str
    task : str
        What is trained on what.
    metric : str
        Measured on validation rows after every step; lower is better.
    step : str
        What one step is.
    values : mapping of str to sequence
        Values of each hyper-parameter; the settings are all combinations.
    build : callable
        Trial for a key (it imports what it needs).
    seconds : callable
        Declared seconds per step of a setting on one core.
    length : callable
        Steps of a setting.
    decays : callable
        Steps after which a setting lowers its learning rate.
    alpha : float
        Speed grows as vCPU ** alpha. Our assumption: work in large arrays (deep
        networks) uses more cores better than many small updates.
    checkpoint_mb : float
        Size of a checkpoint in MB, assumed for each workload, not measured: 500 for
        our small CNN and ResNet, which stand for large networks, 300 and 10 for the
        paper's own.
    """

    name: str
    task: str
    metric: str
    step: str
    values: Mapping[str, Sequence[Any]]
    build: Callable[[TrialKey], Trial]
    seconds: Callable[[Setting], float]
    length: Callable[[Setting], int]
    decays: Callable[[Setting], tuple[int, ...]]
    alpha: float
    checkpoint_mb: float

    @property
    def settings(self) -> tuple[dict[str, Any], ...]:
        """All combinations in a fixed order, the last hyper-parameter fastest."""
        return tuple(
            dict(zip(self.values, combination, strict=True))
            for combination in product(*self.values.values())
        )

    def setting(self, choice: int | Setting) -> dict[str, Any]:
        """A setting by index or as it is; ValueError if it is none of this workload."""
        if isinstance(choice, Mapping):
            if dict(choice) not in self.settings:
                raise ValueError(
                    f"{self.name} has no setting {dict(choice)}; allowed: "
                    + "; ".join(f"{k} in {list(v)}" for k, v in self.values.items())
                )
            return dict(choice)
        if not 0 <= choice < len(self.settings):
            raise ValueError(
                f"{self.name} has settings 0 to {len(self.settings) - 1}, not {choice}"
            )
        return self.settings[choice]

    def spread(self, count: int | None) -> tuple[int, ...]:
        """Indices of ``count`` settings, evenly spread; all of them for None."""
        total = len(self.settings)
        if count is None:
            return tuple(range(total))
        if not 1 <= count <= total:
            raise ValueError(f"settings is {count}; allowed: 1 to {total}")
        return tuple(int(i) for i in np.linspace(0, total - 1, count).round())

    def trainer(self, choice: int | Setting, seed: int) -> Trial:
        """A fresh trial (`job.Trainer`) of one setting.

        ``seed`` decides data, initial weights and order; the first two are the same
        for all settings.
        """
        return self.build(TrialKey(self.name, self.setting(choice), seed))

    def steps(self, choice: int | Setting) -> int:
        """Full length of a trial."""
        return self.length(self.setting(choice))

    def decay_steps(self, choice: int | Setting) -> tuple[int, ...]:
        """Steps after which the learning rate falls."""
        return self.decays(self.setting(choice))

    def step_seconds(self, choice: int | Setting) -> float:
        """*Declared* seconds per step on one core, from counted operations.

        Simulated time and money follow from these, so that a verdict does not depend
        on the machine that trained the curves. `workload_training.step_times` puts
        the measured ones beside them.
        """
        return self.seconds(self.setting(choice))

    def curves(self, metrics: Sequence[np.ndarray] | None = None) -> LearningCurves:
        """Learning curves of all settings.

        Parameters
        ----------
        metrics : sequence of np.ndarray, optional
            What the settings did. Without them every metric is 0: names, lengths and
            step times for a job that is trained while it runs (`work.LiveWork`).
        """
        count = range(len(self.settings))
        found = metrics or [np.zeros(self.steps(i)) for i in count]
        return LearningCurves(
            workload=self.name,
            metric=self.metric,
            settings=self.settings,
            metrics=tuple(found),
            step_seconds=np.array([self.step_seconds(i) for i in count]),
            decay_steps=tuple(self.decay_steps(i) for i in count),
            alpha=self.alpha,
            checkpoint_mb=self.checkpoint_mb,
        )
