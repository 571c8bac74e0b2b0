"""SpotTune's main loop as a pure policy (the paper's Algorithm 1, reconstructed).

Every setting runs on one machine at a time, all settings in parallel. On a notice:
checkpoint. Machine gone: wait for a new one. Machine one hour old: checkpoint and
choose again, so that every machine stays within the refundable first hour and the
choice follows the market. At theta of the steps: predict the final metric; the best
``winners`` go on to the end by the same loop.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from helpers.spot_tuning.early_shutdown import EarlyShutdown
from helpers.spot_tuning.instances import instance
from helpers.spot_tuning.job import Action, Checkpoint, JobState, Launch, TrialState
from helpers.spot_tuning.prices import HOUR
from helpers.spot_tuning.provisioning import Provisioner


def pursue(
    state: JobState,
    targets: Mapping[str, int],
    launch: Callable[[TrialState, int], Launch],
) -> list[Action]:
    """Checkpoint what is about to be lost, launch what waits short of its target."""
    actions: list[Action] = []
    for trial in state.trials.values():
        if trial.lease is not None:
            if trial.lease.notice_at is not None:
                actions.append(Checkpoint(trial.id))
        elif trial.step < targets[trial.id]:
            actions.append(launch(trial, targets[trial.id]))
    return actions


@dataclass(frozen=True)
class SpotTune:
    """Cost-aware provisioning with early shutdown.

    Attributes
    ----------
    shutdown : EarlyShutdown
        Which trials are trained how far.
    provisioner : Provisioner
        Which machine a waiting trial gets.
    recycle : float
        Seconds after which a machine is given back and chosen anew (3600, recalled);
        infinite: a machine is kept until the work is done or it is lost.

    Raises
    ------
    ValueError
        If ``recycle`` is not positive.
    """

    shutdown: EarlyShutdown
    provisioner: Provisioner
    recycle: float = HOUR

    def __post_init__(self) -> None:
        if not self.recycle > 0:
            raise ValueError(f"recycle is {self.recycle}; allowed: above 0 seconds")

    def decide(self, state: JobState) -> list[Action]:
        """Checkpoint on a notice; a waiting trial gets the best offer of now."""

        def launch(trial: TrialState, target: int) -> Launch:
            offer = self.provisioner.best(trial, state)
            return Launch(
                trial.id, offer.instance_type, offer.max_price, target, self.recycle
            )

        return pursue(state, self.shutdown.targets(state), launch)

    def finished(self, state: JobState) -> bool:
        return self.shutdown.finished(state)

    def ranking(self, state: JobState) -> list[str]:
        return self.shutdown.ranking(state)


@dataclass(frozen=True)
class SingleType:
    """Baseline: every trial stays on one machine of one type ("Single-Spot Tune").

    The bid is high enough that a machine is hardly ever lost; a lost one is replaced
    by its like. ``shutdown.theta = 1`` is the paper's baseline; lower values give it
    SpotTune's early shutdown as well.

    Attributes
    ----------
    shutdown : EarlyShutdown
    instance_type : str
    max_price : float
        USD per hour; infinite (default): never lost to a price.
    on_demand : bool
        Pay the list price instead of the spot price.

    Raises
    ------
    ValueError
        If the type is unknown.
    """

    shutdown: EarlyShutdown
    instance_type: str
    max_price: float = math.inf
    on_demand: bool = False

    def __post_init__(self) -> None:
        instance(self.instance_type)

    def decide(self, state: JobState) -> list[Action]:
        """Checkpoint on a notice; a waiting trial gets a machine of the one type."""

        def launch(trial: TrialState, target: int) -> Launch:
            return Launch(
                trial.id,
                self.instance_type,
                self.max_price,
                target,
                purchase="on-demand" if self.on_demand else "spot",
            )

        return pursue(state, self.shutdown.targets(state), launch)

    def finished(self, state: JobState) -> bool:
        return self.shutdown.finished(state)

    def ranking(self, state: JobState) -> list[str]:
        return self.shutdown.ranking(state)
