"""What the machines of a simulated job do to its trials.

`RecordedWork` reads learning curves that were trained before. `LiveWork` trains while
the job runs: every machine starts a fresh trial, restores its last checkpoint, and what
a lost machine did is done again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from helpers.names import unknown_name
from helpers.spot_tuning.curves import LearningCurves
from helpers.spot_tuning.job import Metrics, Trainer


class Work(Protocol):
    """What a simulation asks for, and what it tells."""

    def launched(self, trial: str) -> None:
        """A machine begins with what was last kept of the trial."""
        ...

    def metrics(self, trial: str, steps: int) -> Metrics:
        """Metric after each of the first ``steps`` steps."""
        ...

    def kept(self, trial: str, steps: int) -> None:
        """The machine is gone; the trial is saved as it was after ``steps`` steps."""
        ...


class RecordedWork:
    """Curves that are known beforehand."""

    def __init__(self, curves: LearningCurves) -> None:
        self._metrics = dict(zip(curves.trials, curves.metrics, strict=True))

    def launched(self, trial: str) -> None:
        """Nothing to do."""

    def metrics(self, trial: str, steps: int) -> Metrics:
        return self._metrics[trial][:steps]

    def kept(self, trial: str, steps: int) -> None:
        """Nothing to do."""


class LiveWork:
    """Trials that are trained when a machine of the job does so.

    Goes with ``Machinery(whole_steps=True)``, for a trainer stops between steps only.
    Steps that are asked for when the job is over are trained then, from the last
    checkpoint on.

    Parameters
    ----------
    make : mapping of str to callable
        For each trial a function that makes a fresh trainer, as a new machine would.

    Attributes
    ----------
    checkpoints : dict of str to bytes
        The bucket: last state kept of every trial.
    restored : dict of str to int
        How often a trial was taken up from a checkpoint.
    repeated : dict of str to int
        Steps that were lost with a machine.
    """

    def __init__(self, make: Mapping[str, Callable[[], Trainer]]) -> None:
        self._make = dict(make)
        self._running: dict[str, Trainer] = {}
        self._metrics: dict[str, list[float]] = {trial: [] for trial in make}
        self._saved = dict.fromkeys(make, 0)
        self.checkpoints: dict[str, bytes] = {}
        self.restored = dict.fromkeys(make, 0)
        self.repeated = dict.fromkeys(make, 0)

    def launched(self, trial: str) -> None:
        """Make a fresh trainer, and restore what was last kept."""
        if trial not in self._make:
            raise unknown_name("trial", trial, list(self._make))
        trainer = self._make[trial]()
        if trial in self.checkpoints:
            trainer.restore(self.checkpoints[trial])
            self.restored[trial] += 1
        self._running[trial] = trainer

    def metrics(self, trial: str, steps: int) -> Metrics:
        """Train as far as needed."""
        done = self._metrics[trial]
        if steps > len(done) and trial not in self._running:
            self.launched(trial)
        while len(done) < steps:
            done.append(self._running[trial].train_step())
        return tuple(done[:steps])

    def kept(self, trial: str, steps: int) -> None:
        """Save the trial; or drop what it has done since it was last saved.

        Raises
        ------
        ValueError
            If ``steps`` are neither those of the trainer nor those of its checkpoint.
        """
        trainer, done = self._running.pop(trial), self._metrics[trial]
        if trainer.step == steps:
            self.checkpoints[trial] = trainer.state()
            self._saved[trial] = steps
            return
        if self._saved[trial] != steps:
            raise ValueError(
                f"{trial} is at step {trainer.step}, its checkpoint at "
                f"{self._saved[trial]}; {steps} are to be kept. Is whole_steps set in "
                "the machinery?"
            )
        self.repeated[trial] += len(done) - steps
        del done[steps:]
