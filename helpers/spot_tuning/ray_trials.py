"""What Ray Tune does not say plainly about a trial: why it died, how to unstart it.

Written against Ray 2.60, to which the extra ``cluster`` is pinned: `cancel_start` and
`hold` use methods of Tune's controller that are not public.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helpers.spot_tuning.job_books import TrialBook
from helpers.spot_tuning.job_result import EndReason

try:
    from ray import cloudpickle
    from ray.exceptions import RayActorError, RayTaskError
    from ray.tune.experiment import Trial
except ImportError as error:
    raise ImportError(
        "Ray is missing; install it with: pip install -e '.[cluster]'"
    ) from error

DEATHS = 3  # in a row without one new step: the program's own fault


@dataclass
class Run:
    """A trial of Tune beside its book.

    Attributes
    ----------
    trial : ray.tune.experiment.Trial
    book : TrialBook
    machine : str or None
        Name of the local machine it runs on.
    latest : float
        When its lease must be over, seconds of the job's clock.
    stop : EndReason or None
        Why it is to be paused, or was.
    saving : float
        Seconds its slowest checkpoint took.
    failures : int
        Errors of the program itself.
    deaths : int
        Lost processes since its last step.
    """

    trial: Trial
    book: TrialBook
    machine: str | None = None
    latest: float = 0.0
    stop: EndReason | None = None
    saving: float = 0.0
    failures: int = 0
    deaths: int = 0

    def machine_was_lost(self, known: bool) -> bool:
        """Whether the process died with its machine, not by its own error.

        Parameters
        ----------
        known : bool
            The machine is known to be gone.

        Notes
        -----
        A cluster does not always know at once that a node is gone. So a process that
        vanished lost its machine, unless this happens three times in a row without
        one step in between (out of memory, for example).
        """
        error = last_error(self.trial)
        if not isinstance(error, RayActorError) or error.actor_init_failed:
            return known
        if known or error.preempted:
            return True
        self.deaths += 1
        return self.deaths < DEATHS


def last_error(trial: Trial) -> BaseException | None:
    """What ended the trial's process."""
    file = trial.pickled_error_file
    if file is None or not Path(file).exists():
        return None
    error = cloudpickle.loads(Path(file).read_bytes())
    return error.as_instanceof_cause() if isinstance(error, RayTaskError) else error


def saved_step(trial: Trial) -> int:
    """Step of the trial's last checkpoint; 0 without one."""
    saved = trial.latest_checkpoint_result
    return int(saved.metrics["training_iteration"]) if saved else 0


def hold(controller: Any, trial: Trial, *, new: bool) -> None:
    """Keep a PENDING trial from starting; Tune would start it where it likes."""
    if new:  # the controller files it under its status afterwards
        trial.init_local_path()  # Tune's reports expect the folder
        trial.set_status(Trial.PAUSED)
    else:
        controller._set_trial_status(trial, Trial.PAUSED)


def cancel_start(controller: Any, trial: Trial) -> None:
    """Take back the start of a PENDING trial; it is PAUSED then.

    Without this a trial would wait for ever for a machine that is gone.
    """
    controller = getattr(controller, "_tune_controller", controller)
    actor = controller._trial_to_actor[trial]
    controller._unstage_trial_with_resources(trial)
    controller.pause_trial(trial, should_checkpoint=False)
    if controller._actor_manager.is_actor_started(actor):
        # It may never come up, so that a polite stop would never be answered.
        controller._actor_manager.remove_actor(actor, kill=True)
