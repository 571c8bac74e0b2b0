"""The language between a policy and its drivers: state in, actions out.

A policy never starts, stops or waits for anything. A driver (simulator, Ray, AWS)
hands it a `JobState` whenever something happened and carries out the `Action`
objects that come back.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from helpers.spot_tuning.prices import MarketView

Purchase = Literal["spot", "on-demand"]
Metrics = Sequence[float] | np.ndarray


@dataclass(frozen=True)
class Lease:
    """One machine held for one trial.

    Attributes
    ----------
    instance_type : str
    purchase : {"spot", "on-demand"}
    max_price : float
        USD per hour above which the provider takes the machine back; infinite for
        on-demand.
    launched_at : float
        Seconds of the job's clock.
    until_step : int
        The step at which the machine is given back.
    notice_at : float or None
        When the provider gave notice (it takes the machine two minutes later).
    """

    instance_type: str
    purchase: Purchase
    max_price: float
    launched_at: float
    until_step: int = 0
    notice_at: float | None = None


@dataclass(frozen=True)
class TrialState:
    """What is known of one hyper-parameter setting.

    Attributes
    ----------
    id : str
    step : int
        Steps completed and saved or still held by a live machine.
    metrics : sequence of float
        Metric after each completed step; ``len(metrics) == step``.
    lease : Lease or None
        The machine it runs on; None while it waits.
    launches : int
        How many machines it has had.
    """

    id: str
    step: int
    metrics: Metrics
    lease: Lease | None = None
    launches: int = 0

    def reached(self, steps: int) -> bool:
        """True once ``steps`` are done and the machine launched to do them is gone.

        Only then are they saved; a machine launched to go further does not matter.
        """
        return self.step >= steps and (
            self.lease is None or self.lease.until_step > steps
        )


@dataclass(frozen=True)
class JobState:
    """All that a policy may know at one moment.

    Attributes
    ----------
    now : float
        Seconds of the job's clock.
    market : MarketView
        Prices up to now.
    trials : mapping of str to TrialState
    step_seconds : mapping of (instance type, trial id) to float
        Step times *measured so far*.
    """

    now: float
    market: MarketView
    trials: Mapping[str, TrialState]
    step_seconds: Mapping[tuple[str, str], float]


@dataclass(frozen=True)
class Launch:
    """Get a machine, restore the trial's last checkpoint and run it.

    The machine is given back, after a checkpoint, when the trial has completed
    ``until_step`` steps, or in time for its age to stay below ``max_age`` seconds.
    """

    trial: str
    instance_type: str
    max_price: float
    until_step: int
    max_age: float = math.inf
    purchase: Purchase = "spot"


@dataclass(frozen=True)
class Checkpoint:
    """Save the trial now and do no further step: the machine is about to go."""

    trial: str


@dataclass(frozen=True)
class Release:
    """Save the trial, then give its machine back before its lease is over."""

    trial: str


Action = Launch | Checkpoint | Release


class Policy(Protocol):
    """Decides; must depend on the given state only, not on a clock or on past calls."""

    def decide(self, state: JobState) -> list[Action]:
        """Actions to carry out now; an empty list means: go on."""
        ...

    def finished(self, state: JobState) -> bool:
        """True when the job needs no further step."""
        ...

    def ranking(self, state: JobState) -> list[str]:
        """Trial ids, best (predicted) final metric first."""
        ...


class RevocationPredictor(Protocol):
    """How likely a machine is taken back within the hour."""

    def probability(
        self, market: MarketView, instance_type: str, max_price: float
    ) -> float:
        """P(price exceeds ``max_price`` within 60 minutes), from past prices only."""
        ...


class FinalMetricPredictor(Protocol):
    """What a learning curve will end at."""

    def predict(self, metrics: Metrics, final_step: int) -> float:
        """Metric after ``final_step`` steps, given the first ``len(metrics)``."""
        ...


class Trainer(Protocol):
    """A real trial: trains step by step and can be saved and restored exactly."""

    step: int

    def train_step(self) -> float:
        """Do one step; returns the metric after it."""
        ...

    def state(self) -> bytes:
        """Checkpoint: all that training on needs, generators included."""
        ...

    def restore(self, state: bytes) -> None:
        """Continue from a checkpoint, bit for bit."""
        ...
