"""Baseline: asynchronous successive halving (ASHA) on machines of one type.

L. Li et al., *A system for massively parallel hyperparameter tuning*, MLSys 2020:
rungs at ``grace * eta ** k`` steps; a trial is promoted as soon as it is among the best
``1 / eta`` of those that have reached its rung.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from helpers.spot_tuning.instances import instance
from helpers.spot_tuning.job import Action, JobState, Launch, Purchase, TrialState
from helpers.spot_tuning.orchestrator import pursue


@dataclass(frozen=True)
class SuccessiveHalving:
    """ASHA with as many workers as trials.

    Attributes
    ----------
    max_steps : mapping of str to int
        Full length of every trial; rungs are shares of it.
    instance_type : str
    eta : int
        Reduction factor, 2 or more.
    rungs : int
        Number of decisions before the end, at shares ``eta ** -rungs .. eta ** -1``.
    max_price : float
        USD per hour.
    purchase : {"spot", "on-demand"}

    Raises
    ------
    ValueError
        If eta or rungs is out of range, or the type unknown.
    """

    max_steps: Mapping[str, int]
    instance_type: str
    eta: int = 3
    rungs: int = 2
    max_price: float = math.inf
    purchase: Purchase = "spot"

    def __post_init__(self) -> None:
        if self.eta < 2 or self.rungs < 1:
            raise ValueError(
                f"eta={self.eta}, rungs={self.rungs}; allowed: eta >= 2, rungs >= 1"
            )
        instance(self.instance_type)

    def rung_step(self, trial: str, rung: int) -> int:
        """Steps at a rung, 0 .. `rungs`; the last is the end of the trial."""
        return math.ceil(self.max_steps[trial] / self.eta ** (self.rungs - rung) - 1e-9)

    def decide(self, state: JobState) -> list[Action]:
        """Start what never ran, promote what may be, replace lost machines."""
        rungs = self._rungs(state)
        targets = {t: self.rung_step(t, rung) for t, rung in rungs.items()}

        def launch(trial: TrialState, target: int) -> Launch:
            return Launch(
                trial.id,
                self.instance_type,
                self.max_price,
                target,
                purchase=self.purchase,
            )

        return pursue(state, targets, launch)

    def _rungs(self, state: JobState) -> dict[str, int]:
        """The rung each trial may train to.

        A trial that trains beyond a rung, or did, stays promoted when better ones
        come; one that was promoted but lost its machine before the first step does not.
        """
        allowed = dict.fromkeys(state.trials, 0)
        for rung in range(self.rungs):
            here = {t: self.rung_step(t, rung) for t in state.trials}
            there = {
                t.id: float(t.metrics[here[t.id] - 1])
                for t in state.trials.values()
                if allowed[t.id] == rung and t.reached(here[t.id])
            }
            best = sorted(there, key=lambda t: there[t])[: len(there) // self.eta]
            for t in there:
                trial = state.trials[t]
                goal = trial.lease.until_step if trial.lease else 0
                if t in best or max(trial.step, goal) > here[t]:
                    allowed[t] = rung + 1
        return allowed

    def finished(self, state: JobState) -> bool:
        """Nobody runs and nobody can be promoted."""
        return not self.decide(state) and all(
            t.lease is None for t in state.trials.values()
        )

    def ranking(self, state: JobState) -> list[str]:
        """Those that went up most rungs first, then by their last metric."""
        rungs = self._rungs(state)
        return sorted(
            state.trials,
            key=lambda t: (-rungs[t], float(state.trials[t].metrics[-1])),
        )
