"""Driver: a whole tuning job in simulated time, event by event.

Training is real, machines and money are simulated: learning curves were recorded
before, or trials are trained while the job runs (see `work`). The simulator is the
world: it knows the future prices, and tells the policy only what has happened.

A machine boots, restores the trial, trains, and saves the trial before it is given
back. When the price rises above the maximum price the provider gives notice and takes
the machine two minutes later. The policy looks at multiples of the polling interval;
it is asked at the first one after something happened.
"""

from __future__ import annotations

import heapq
import math
from dataclasses import replace

from helpers.spot_tuning.billing import Billing, Ledger, charge
from helpers.spot_tuning.curves import LearningCurves
from helpers.spot_tuning.job import (
    Action,
    Checkpoint,
    JobState,
    Launch,
    Lease,
    Policy,
    Release,
    TrialState,
)
from helpers.spot_tuning.job_result import JobResult, LeaseRecord, relative_regret
from helpers.spot_tuning.machinery import (
    Machinery,
    transfer_seconds,
    true_step_seconds,
)
from helpers.spot_tuning.prices import MINUTE, Market
from helpers.spot_tuning.simulated_machine import TOLERANCE, Machine
from helpers.spot_tuning.work import RecordedWork, Work


class Simulation:
    """One job; use :func:`simulate`."""

    def __init__(
        self,
        policy: Policy,
        curves: LearningCurves,
        market: Market,
        start: float,
        rules: Billing,
        machinery: Machinery,
        seed: int,
        work: Work | None = None,
    ) -> None:
        self.policy, self.curves, self.market = policy, curves, market
        self.work = work or RecordedWork(curves)
        self.start, self.rules, self.machinery = start, rules, machinery
        size = machinery.checkpoint_mb
        self.megabytes = curves.checkpoint_mb if size is None else size
        self.lengths = curves.max_steps
        self.progress = dict.fromkeys(curves.trials, 0.0)  # saved, in steps
        self.states = {
            t: TrialState(t, 0, self.work.metrics(t, 0)) for t in curves.trials
        }
        self.machines: dict[str, Machine] = {}
        self.measured: dict[tuple[str, str], float] = {}
        self.true_seconds = true_step_seconds(
            curves, market.types, machinery.jitter, seed
        )
        self.launches = 0
        # (time, order of arrival, what, trial, number of the machine)
        self.events: list[tuple[float, int, str, str, int]] = []
        self.arrivals = 0
        self.records: list[LeaseRecord] = []
        self.ledger = Ledger()
        self.log: list[tuple[float, Action]] = []

    def run(self) -> JobResult:
        """Ask, act, jump to the next event; until nothing is left to happen."""
        tick = 0
        while True:
            now = self.start + tick * self.machinery.poll
            state = self._state(now)
            for action in self.policy.decide(state):
                self._act(action, now)
            if not self.events:
                if not self.policy.finished(state):
                    raise RuntimeError(
                        f"{type(self.policy).__name__} does nothing at {now:.0f} s, "
                        "and is not finished"
                    )
                return self._result(state)
            tick = max(tick + 1, self._tick_after(self.events[0][0]))
            due = self.start + tick * self.machinery.poll + TOLERANCE
            while self.events and self.events[0][0] <= due:
                self._happen(*heapq.heappop(self.events))

    def _tick_after(self, seconds: float) -> int:
        since = seconds - self.start - TOLERANCE / 2
        return math.ceil(since / self.machinery.poll)

    def _push(self, time: float, what: str, trial: str, number: int = 0) -> None:
        self.arrivals += 1
        heapq.heappush(self.events, (time, self.arrivals, what, trial, number))

    def _state(self, now: float) -> JobState:
        """All that can be known now, the progress of live machines included."""
        for trial, machine in self.machines.items():
            self._see(trial, machine, now)
        return JobState(
            now, self.market.view(now), dict(self.states), dict(self.measured)
        )

    def _see(self, trial: str, machine: Machine, now: float) -> None:
        steps = machine.steps_at(now)
        if steps > machine.first_step:
            self.measured[machine.action.instance_type, trial] = machine.per_step
        state, whole = self.states[trial], int(steps)
        if whole != state.step:
            metrics = self.work.metrics(trial, whole)
            self.states[trial] = TrialState(
                trial, whole, metrics, state.lease, state.launches
            )

    def _act(self, action: Action, now: float) -> None:
        if action.trial not in self.states:
            raise ValueError(f"no trial {action.trial!r} in this job")
        machine = self.machines.get(action.trial)
        if isinstance(action, Launch):
            if machine is not None:
                raise ValueError(f"{action.trial} already holds a machine")
            self._launch(action, now)
        elif machine is None:
            raise ValueError(f"{action.trial} holds no machine")
        elif isinstance(action, Checkpoint):
            if machine.told_to_save:
                return
            machine.told_to_save = True
            machine.stop_training(now)
        elif isinstance(action, Release):
            if machine.reason == "released":
                return
            machine.release(now)
            self._push(machine.end, "end", action.trial, machine.number)
        self.log.append((now, action))

    def _launch(self, action: Launch, now: float) -> None:
        kind, trial = action.instance_type, action.trial
        price = self.market.price(kind, now)
        progress, length = self.progress[trial], self.lengths[trial]
        if not progress < action.until_step <= length:
            raise ValueError(
                f"{trial} is at step {progress:g} of {length}; "
                f"it cannot be launched until step {action.until_step}"
            )
        spot = action.purchase == "spot"
        if spot and price > action.max_price:  # refused; open until the price changes
            self._push((self.market.minute(now) + 1) * MINUTE, "retry", trial)
            return
        self.launches += 1
        machine = Machine.plan(
            action,
            self.launches,
            now,
            first_step=progress,
            per_step=self.true_seconds[kind, trial],
            boot=self.machinery.boot,
            transfer=transfer_seconds(self.megabytes, kind),
            whole_steps=self.machinery.whole_steps,
        )
        self.work.launched(trial)
        self.machines[trial] = machine
        state = self.states[trial]
        lease = Lease(kind, action.purchase, action.max_price, now, action.until_step)
        self.states[trial] = replace(state, lease=lease, launches=state.launches + 1)
        self._push(machine.end, "end", trial, machine.number)
        if spot and math.isfinite(action.max_price):
            crossing = self.market.first_above(kind, action.max_price, now)
            if crossing is not None and crossing < machine.end:
                self._push(crossing, "notice", trial, machine.number)

    def _happen(
        self, time: float, arrival: int, what: str, trial: str, number: int
    ) -> None:
        """An event; one of a machine that has gone, or changed its plan, is void."""
        machine = self.machines.get(trial)
        if machine is None or machine.number != number:
            return
        if what == "notice" and time < machine.end:
            machine.give_notice(time + self.machinery.notice)
            state = self.states[trial]
            assert state.lease is not None
            self.states[trial] = replace(
                state, lease=replace(state.lease, notice_at=time)
            )
            if math.isfinite(machine.end):
                self._push(machine.end, "end", trial, number)
            self._push(machine.gone, "gone", trial, number)
        elif what == "gone":
            self._finish(trial, machine, time, interrupted=True)
        elif what == "end" and time >= machine.end:
            self._finish(trial, machine, time, interrupted=False)

    def _finish(
        self, trial: str, machine: Machine, time: float, *, interrupted: bool
    ) -> None:
        self._see(trial, machine, time)
        kept = machine.kept_steps(interrupted=interrupted)
        self.work.kept(trial, int(kept))
        self.progress[trial] = kept
        self.states[trial] = replace(
            self.states[trial],
            step=int(kept),
            metrics=self.work.metrics(trial, int(kept)),
            lease=None,
        )
        del self.machines[trial]
        bill = charge(
            self.rules,
            self.market,
            trial=trial,
            instance_type=machine.action.instance_type,
            launched=machine.launched,
            ended=time,
            interrupted=interrupted,
            purchase=machine.action.purchase,
        )
        self.ledger.charges.append(bill)
        self.records.append(machine.record(bill))

    def _result(self, state: JobState) -> JobResult:
        ranking = self.policy.ranking(state)
        # known afterwards only: the job has not trained all of them so far
        final = {t: self.work.metrics(t, n)[-1] for t, n in self.lengths.items()}
        best = min(final, key=lambda t: final[t])
        return JobResult(
            leases=self.records,
            ledger=self.ledger,
            jct=max(record.ended for record in self.records) - self.start,
            ranking=ranking,
            regret=relative_regret(float(final[ranking[0]]), float(final[best])),
            best_in_top3=best in ranking[:3],
            log=self.log,
        )


def simulate(
    policy: Policy,
    curves: LearningCurves,
    market: Market,
    *,
    start: float,
    rules: Billing,
    machinery: Machinery | None = None,
    seed: int = 0,
    work: Work | None = None,
) -> JobResult:
    """Run one whole tuning job.

    Parameters
    ----------
    policy : Policy
    curves : LearningCurves
        What the trials will do, and their true step times.
    market : Market
        Prices; must last as long as the job.
    start : float
        Seconds of the market's clock at which the job starts.
    rules : Billing
    machinery : Machinery, optional
    seed : int
        Of the deviations from the speed law.
    work : Work, optional
        What machines do to trials; the metrics of ``curves`` by default. With another
        one, only names, lengths and step times of ``curves`` are used.

    Raises
    ------
    IndexError
        If the price trace ends before the job does.
    ValueError
        If a policy's action is impossible.
    """
    return Simulation(
        policy, curves, market, start, rules, machinery or Machinery(), seed, work
    ).run()
