"""One simulated machine: it boots, restores, trains and saves, and how it ends.

Progress counts in steps and parts of steps: what is saved is the state after the last
mini-batch; or, with ``whole_steps``, that after the last step. Work counts once it is
saved, so only if the save ends before the machine.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from helpers.spot_tuning.billing import MICRO, Charge
from helpers.spot_tuning.job import Launch
from helpers.spot_tuning.job_result import EndReason, LeaseRecord

TOLERANCE = 1e-6  # seconds (or steps): rounding of sums of durations


@dataclass
class Machine:
    """A lease in progress; times in seconds of the market's clock.

    Attributes
    ----------
    action : Launch
        What was asked for.
    number : int
        Running number of the launch.
    launched, ready : float
        Request, and start of training.
    first_step : float
        Progress that was restored.
    per_step : float
        True seconds per step.
    restore, save : float
        Seconds to get the checkpoint, and to store it.
    stop : float
        End of training as planned, or when it was told to save.
    end : float
        When it is given back; infinite while it waits to be taken.
    reason : str
        Why it is given back.
    gone : float
        When the provider takes it; infinite before a notice.
    told_to_save : bool
    whole_steps : bool
        Whether a step that is not complete is lost.
    """

    action: Launch
    number: int
    launched: float
    ready: float
    first_step: float
    per_step: float
    restore: float
    save: float
    stop: float
    end: float
    reason: EndReason
    gone: float = math.inf
    told_to_save: bool = False
    whole_steps: bool = False

    @classmethod
    def plan(
        cls,
        action: Launch,
        number: int,
        now: float,
        *,
        first_step: float,
        per_step: float,
        boot: float,
        transfer: float,
        whole_steps: bool = False,
    ) -> Machine:
        """Train to the target, or as long as the lease allows, if nothing happens.

        ValueError if the lease is too short to train at all.
        """
        restore = transfer if first_step > 0 else 0.0
        ready = now + boot + restore
        done = ready + (action.until_step - first_step) * per_step
        latest = now + action.max_age - transfer
        if whole_steps and math.isfinite(latest):
            # a step that the lease would cut is not begun
            latest = ready + (latest - ready + TOLERANCE) // per_step * per_step
        if not latest > ready:
            least = f" and a step {per_step:.0f} s" if whole_steps else ""
            raise ValueError(
                f"{action.trial} on {action.instance_type}: boot, restore and save "
                f"take {boot + restore + transfer:.0f} s{least}; its lease is "
                f"{action.max_age:.0f} s long"
            )
        stop = min(done, latest)
        return cls(
            action,
            number,
            launched=now,
            ready=ready,
            first_step=first_step,
            per_step=per_step,
            restore=restore,
            save=transfer,
            stop=stop,
            end=stop + transfer,
            reason="done" if done <= latest else "recycled",
            whole_steps=whole_steps,
        )

    def steps_at(self, time: float) -> float:
        """Progress at a moment, saved or not."""
        trained = min(time, self.stop) - self.ready
        steps = self.first_step + max(trained, 0.0) / self.per_step
        whole = round(steps)
        error = abs(steps - whole)
        if error < TOLERANCE or error * self.per_step < TOLERANCE:
            steps = float(whole)
        return min(steps, float(self.action.until_step))

    def kept_steps(self, *, interrupted: bool) -> float:
        """Progress that outlives the machine."""
        if interrupted and self.stop + self.save > self.gone + TOLERANCE:
            return self.first_step
        steps = self.steps_at(self.stop)
        return float(math.floor(steps)) if self.whole_steps else steps

    def stop_training(self, now: float) -> None:
        """Train no further, and save."""
        self.stop = min(self.stop, max(now, self.ready))

    def release(self, now: float) -> None:
        """Save, then go; at once if there is nothing to save."""
        self.stop_training(now)
        saved = self.stop + self.save if self.stop > self.ready else now
        self.end = max(now, saved)
        self.reason = "released"

    def give_notice(self, gone: float) -> None:
        """The provider will take it: nobody gives it back, unless it gets too old."""
        self.gone = gone
        oldest = self.launched + self.action.max_age
        self.end = math.inf if gone <= oldest else oldest

    def record(self, bill: Charge) -> LeaseRecord:
        """What it did, once it has ended."""
        ended, interrupted = bill.ended, bill.interrupted
        restoring = min(max(ended - (self.ready - self.restore), 0.0), self.restore)
        saving = min(max(ended - self.stop, 0.0), self.save)
        return LeaseRecord(
            trial=bill.trial,
            instance_type=bill.instance_type,
            purchase=bill.purchase,
            max_price=self.action.max_price,
            launched=self.launched,
            ready=min(self.ready, ended),
            stopped=min(self.stop, ended),
            ended=ended,
            first_step=self.first_step,
            last_step=self.kept_steps(interrupted=interrupted),
            reason="revoked" if interrupted else self.reason,
            gross=bill.gross / MICRO,
            refund=bill.refund / MICRO,
            transfer=restoring + (saving if self.stop > self.ready else 0.0),
        )
