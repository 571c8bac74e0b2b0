"""Train all settings part of the way, then only the predicted best to the end.

Shared by SpotTune and by the baselines that get the same early shutdown.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from helpers.spot_tuning.job import FinalMetricPredictor, JobState


@dataclass(frozen=True)
class EarlyShutdown:
    """Phase 1 up to ``theta`` of the steps, phase 2 for the ``winners`` best.

    Attributes
    ----------
    max_steps : mapping of str to int
        Full length of every trial.
    theta : float
        Share of the steps after which a trial is judged, in (0, 1]; 1: no shutdown.
        The paper's default is about 0.7 (recalled).
    winners : int
        How many predicted-best trials are trained on (the paper's mcnt).
    predictors : mapping of str to FinalMetricPredictor
        One per trial; lower predictions are better. Unused with theta = 1.

    Raises
    ------
    ValueError
        If theta, winners or a length is out of range, or predictors are missing.
    """

    max_steps: Mapping[str, int]
    theta: float = 0.7
    winners: int = 3
    predictors: Mapping[str, FinalMetricPredictor] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 0 < self.theta <= 1:
            raise ValueError(f"theta is {self.theta}; allowed: 0 < theta <= 1")
        if self.winners < 1:
            raise ValueError(f"winners is {self.winners}; allowed: 1 or more")
        if not self.max_steps or min(self.max_steps.values()) < 1:
            raise ValueError("every trial needs at least one step")
        missing = self.max_steps.keys() - self.predictors.keys()
        if self.theta < 1 and missing:
            raise ValueError(f"no predictor for {', '.join(sorted(missing))}")

    def first_target(self, trial: str) -> int:
        """Steps of phase 1, at least one."""
        return max(1, math.ceil(self.theta * self.max_steps[trial] - 1e-9))

    def first_phase_over(self, state: JobState) -> bool:
        """True once every trial has done its part, and it is saved: for good."""
        return all(t.reached(self.first_target(t.id)) for t in state.trials.values())

    def predicted(self, state: JobState) -> dict[str, float]:
        """Final metrics predicted from phase 1 alone, so that they never change.

        Every trial needs at least one step. A prediction that is no number is the
        worst of all (infinite).
        """
        found = {}
        for trial in state.trials.values():
            seen = trial.metrics[: self.first_target(trial.id)]
            full = self.max_steps[trial.id]
            value = (
                float(seen[-1])
                if len(seen) == full
                else self.predictors[trial.id].predict(seen, full)
            )
            found[trial.id] = math.inf if math.isnan(value) else value
        return found

    def best_predicted(self, state: JobState) -> list[str]:
        """The winners, best first; ties in the order of the trials."""
        predicted = self.predicted(state)
        return sorted(predicted, key=lambda t: predicted[t])[: self.winners]

    def targets(self, state: JobState) -> dict[str, int]:
        """How far every trial has to be trained, as far as is known now."""
        wanted = {t: self.first_target(t) for t in state.trials}
        if self.theta < 1 and self.first_phase_over(state):
            wanted.update({t: self.max_steps[t] for t in self.best_predicted(state)})
        return wanted

    def finished(self, state: JobState) -> bool:
        """Everything that has to be trained has been, and no machine is held."""
        return self.first_phase_over(state) and all(
            state.trials[t].step >= steps and state.trials[t].lease is None
            for t, steps in self.targets(state).items()
        )

    def ranking(self, state: JobState) -> list[str]:
        """Fully trained trials by their metric, then the others by prediction."""
        predicted = self.predicted(state)

        def key(trial: str) -> tuple[bool, float]:
            done = state.trials[trial].step >= self.max_steps[trial]
            metric = state.trials[trial].metrics[-1] if done else predicted[trial]
            return not done, float(metric)

        return sorted(state.trials, key=key)
