"""Driver: real trials on a Ray cluster, placed and moved by a policy.

A Ray program needs a policy, the prices, and its trials' ids in the order in which Tune
makes them::

    scheduler = PolicyScheduler(policy, market, ["t0", "t1"], metric="loss")
    tuner = tune.Tuner(
        MyTrainable,
        param_space={"rate": tune.grid_search([0.1, 0.3])},
        tune_config=tune.TuneConfig(scheduler=scheduler),
        run_config=tune.RunConfig(
            storage_path=bucket,
            checkpoint_config=tune.CheckpointConfig(checkpoint_frequency=1),
        ),
    )
    tuner.fit()
    scheduler.books.ledger.net, scheduler.ranking

``MyTrainable`` is a class with ``setup, step, save_checkpoint, load_checkpoint``, or
``trainable(make)`` for a `job.Trainer`. Instance types are custom resources of the same
name: a worker of type m4.4xlarge is started with ``resources={"m4.4xlarge": 1}``.

A launch gives a paused trial its placement; the end of a lease, a release or a notice
pauses it with a checkpoint; a trial whose machine is lost goes on from its last
checkpoint, and that does not count as its failure. Tune's own restore of a whole
experiment is not supported: curves are kept in the scheduler.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from helpers.spot_tuning.billing import Billing
from helpers.spot_tuning.job import Checkpoint, Launch, Policy
from helpers.spot_tuning.job_books import JobBooks
from helpers.spot_tuning.job_clock import Clock, ScaledClock
from helpers.spot_tuning.job_result import EndReason
from helpers.spot_tuning.prices import Market
from helpers.spot_tuning.ray_machines import LocalMachines
from helpers.spot_tuning.ray_trainable import NOTICE, trainable
from helpers.spot_tuning.ray_trials import Run, cancel_start, hold, saved_step

try:
    from ray.tune import PlacementGroupFactory
    from ray.tune.experiment import Trial
    from ray.tune.schedulers import TrialScheduler
except ImportError as error:
    raise ImportError(
        "Ray is missing; install it with: pip install -e '.[cluster]'"
    ) from error

__all__ = ["LocalMachines", "PolicyScheduler", "trainable"]

NOTICE_SECONDS = 120.0  # from notice to loss, documented


class PolicyScheduler(TrialScheduler):
    """Carries out a policy's actions in Ray Tune.

    Parameters
    ----------
    policy : Policy
    market : Market or callable
        Prices; a callable returns the market as known now (live prices).
    trials : sequence of str
        Ids by which the policy knows the trials, in the order Tune makes them.
    metric : str
        Key of the results; lower is better.
    clock : Clock, optional
        Time on the market's clock; by default it starts at the first price.
    machines : LocalMachines, optional
        Local nodes that play the machines: started on demand, and taken back when
        the market's price rises above the maximum price. Without it machines are
        the cluster's (and its autoscaler's) business.
    cpus : float
        CPUs a trial asks for, besides one of its instance type.
    poll : float
        Seconds of the job's clock between two looks at the market (10, recalled).
    max_failures : int
        Errors of its own that a trial may have; lost machines do not count. A trial
        with more is no longer part of the job.
    rules : Billing, optional

    Attributes
    ----------
    books : JobBooks
        Curves, leases (``books.records``) and bill (``books.ledger``).
    ranking : list of str
        Trial ids, best first; empty until the policy is done.

    Raises
    ------
    ValueError
        While Tune runs: if it makes more trials than were named, or the policy asks
        for what cannot be done.
    """

    def __init__(
        self,
        policy: Policy,
        market: Market | Callable[[], Market],
        trials: Sequence[str],
        metric: str,
        *,
        clock: Clock | None = None,
        machines: LocalMachines | None = None,
        cpus: float = 1.0,
        poll: float = 10.0,
        max_failures: int = 0,
        rules: Billing | None = None,
    ) -> None:
        super().__init__()
        self._metric = self._key = metric
        self.policy = policy
        self.clock = clock or ScaledClock()
        self.machines = machines
        self.cpus = cpus
        self.poll = poll
        self.max_failures = max_failures
        self.books = JobBooks(trials, rules)
        self.ranking: list[str] = []
        self._prices = market
        self._runs: dict[str, Run] = {}  # by Tune's id
        self._next_look = -float("inf")

    @property
    def market(self) -> Market:
        return self._prices if isinstance(self._prices, Market) else self._prices()

    def machine_of(self, trial: str) -> str | None:
        """Name of the local machine that a trial holds."""
        book = self.books[trial]
        return next((r.machine for r in self._runs.values() if r.book is book), None)

    # What Tune tells us

    def on_trial_add(self, tune_controller: Any, trial: Trial) -> None:
        """Hold a new trial, or one that came back, until the policy launches it."""
        run = self._runs.get(trial.trial_id)
        if run is not None and run.book.failed:
            tune_controller._set_trial_status(trial, Trial.ERROR)
            return
        hold(tune_controller, trial, new=run is None)
        if run is None:
            waiting = list(self.books.trials.values())[len(self._runs) :]
            if not waiting:
                raise ValueError(
                    "Tune makes more trials than the "
                    f"{len(self._runs)} that `trials` names"
                )
            self._runs[trial.trial_id] = Run(trial, waiting[0])
            trial.max_failures = -1  # counted here: a lost machine is no failure

    def on_trial_result(
        self, tune_controller: Any, trial: Trial, result: Mapping[str, Any]
    ) -> str:
        """Write the step down; pause the trial if its machine has to go."""
        now = self.clock.now()
        run = self._runs[trial.trial_id]
        book, lease = run.book, run.book.lease
        assert lease is not None
        self._record(run, result)
        if result.get(NOTICE) and lease.notice_at is None:
            self.books.notice(book.id, now)
            self._look(tune_controller, now)
        step = self.books.step_seconds[lease.instance_type, book.id]
        if run.stop is None and book.step >= lease.until_step:
            run.stop = "done"
        if run.stop is None and now + step + run.saving > run.latest:
            run.stop = "recycled"
        if run.stop is None:
            return self.CONTINUE
        book.stopped = now
        return self.PAUSE

    def on_trial_complete(
        self, tune_controller: Any, trial: Trial, result: Mapping[str, Any]
    ) -> None:
        """The program ended by itself."""
        run = self._runs[trial.trial_id]
        if result["training_iteration"] > run.book.step:
            self._record(run, result)
        run.book.ended = True
        self._give_back(run, self.clock.now(), "done")

    def on_trial_error(self, tune_controller: Any, trial: Trial) -> None:
        """Its machine was lost, or its program failed: back to the checkpoint."""
        run = self._runs[trial.trial_id]
        gone = (
            self.machines is not None
            and run.machine is not None
            and not self.machines.alive(run.machine)
        )
        lost = run.machine_was_lost(known=gone)
        self.books.rewind(run.book.id, saved_step(trial))
        run.failures += not lost
        run.book.failed = run.failures > self.max_failures
        self._give_back(run, self.clock.now(), "revoked" if lost else "released")

    def on_trial_remove(self, tune_controller: Any, trial: Trial) -> None:
        """Nothing to do: only ``_close`` ends trials that wait."""

    # What we tell Tune

    def choose_trial_to_run(self, tune_controller: Any) -> Trial | None:
        """Look at machines and market; then a launched trial that has to start."""
        if len(self._runs) < len(self.books.trials):
            return None  # Tune still makes trials
        now = self.clock.now()
        for run in self._runs.values():
            if run.book.lease is not None:
                self._watch(tune_controller, run, now)
        if now >= self._next_look:
            self._look(tune_controller, now)
        for run in self._runs.values():
            launched = run.book.lease is not None and run.stop is None
            if launched and run.trial.status == Trial.PAUSED:
                return run.trial
        return None

    def debug_string(self) -> str:
        held = sum(run.book.lease is not None for run in self._runs.values())
        return f"{type(self.policy).__name__}: {held} machines"

    def _watch(self, controller: Any, run: Run, now: float) -> None:
        """One machine: its start, its notice, its loss, its return."""
        book, status = run.book, run.trial.status
        if status == Trial.RUNNING and book.ready is None:
            book.ready = now
        if status == Trial.PAUSED and book.stopped is not None and book.saved is None:
            book.saved = now
            run.saving = max(run.saving, now - book.stopped)
        notice = self._notice(run, now)
        if notice is not None:
            if now >= notice + NOTICE_SECONDS:
                self._take(controller, run, notice + NOTICE_SECONDS)
        elif run.stop is not None and status == Trial.PAUSED:
            self._give_back(run, now, run.stop)

    def _notice(self, run: Run, now: float) -> float | None:
        """When the provider gave notice; a local machine's provider is the market."""
        lease = run.book.lease
        assert lease is not None
        if lease.notice_at is None and lease.purchase == "spot" and self.machines:
            crossing = self.market.first_above(
                lease.instance_type, lease.max_price, lease.launched_at
            )
            if crossing is not None and crossing <= now:
                self.books.notice(run.book.id, crossing)
                self._next_look = now
                return crossing
        return lease.notice_at

    def _take(self, controller: Any, run: Run, gone: float) -> None:
        """The two minutes are over; a trial still running dies with its machine."""
        if self.machines is not None and run.machine is not None:
            self.machines.kill(run.machine)
        if run.trial.status == Trial.PENDING:
            cancel_start(controller, run.trial)
        if run.trial.status == Trial.PAUSED:
            self._give_back(run, gone, "revoked")

    def _look(self, controller: Any, now: float) -> None:
        """Ask the policy and do what it says."""
        market = self.market
        self._next_look = now + self.poll
        state = self.books.state(now, market)
        if self.policy.finished(state):
            self.ranking = self.policy.ranking(state)
            self._close(controller)
            return
        for action in self.policy.decide(state):
            book = self.books[action.trial]
            run = next(run for run in self._runs.values() if run.book is book)
            if isinstance(action, Launch):
                self._launch(run, action, now, market)
            elif book.lease is None:
                raise ValueError(f"{action.trial} holds no machine")
            else:
                saving = isinstance(action, Checkpoint)
                self._pause(controller, run, "revoked" if saving else "released")

    def _launch(self, run: Run, action: Launch, now: float, market: Market) -> None:
        self.books.check(action)
        price = market.price(action.instance_type, now)
        if action.purchase == "spot" and price > action.max_price:
            run.book.launches += 1  # no machine at this price; asked again later
            return
        placement = {"CPU": self.cpus, action.instance_type: 1.0}
        if self.machines is not None:
            run.machine = self.machines.get(action.instance_type)
            placement[run.machine] = 1.0
        run.trial.update_resources(PlacementGroupFactory([placement]))
        self.books.launch(action, now)
        run.stop, run.latest = None, now + action.max_age

    def _pause(self, controller: Any, run: Run, reason: EndReason) -> None:
        """At its next result; at once if it has not started yet."""
        run.stop = run.stop or reason
        if run.trial.status == Trial.PENDING:
            cancel_start(controller, run.trial)

    def _close(self, controller: Any) -> None:
        """Give every machine back, then end the trials."""
        held = [run for run in self._runs.values() if run.book.lease is not None]
        for run in held:
            self._pause(controller, run, "released")
        if not held:
            for run in self._runs.values():
                controller.stop_trial(run.trial)

    # Books

    def _record(self, run: Run, result: Mapping[str, Any]) -> None:
        seconds = float(result["time_this_iter_s"]) * self.clock.rate
        self.books.stepped(
            run.book.id,
            int(result["training_iteration"]),
            float(result[self._key]),
            seconds,
        )
        run.deaths = 0

    def _give_back(self, run: Run, now: float, reason: EndReason) -> None:
        self.books.end(run.book.id, now, reason, self.market)
        if self.machines is not None and run.machine is not None:
            self.machines.give_back(run.machine)
        run.machine = run.stop = None
        self._next_look = now
