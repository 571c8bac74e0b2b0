"""What the scheduler answers to Tune, event by event, without a cluster."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import pytest

from helpers.spot_tuning.job import Action, Checkpoint, JobState, Launch, Release
from helpers.spot_tuning.prices import Market, PriceTrace

pytest.importorskip("ray", reason="needs the extra called cluster")

from helpers.spot_tuning.ray_driver import PolicyScheduler

KIND = "m4.4xlarge"


class Script:
    """Policy that says one prepared list of actions after the other."""

    def __init__(self, *turns: list[Action], end: bool = False) -> None:
        self.turns, self.end = list(turns), end
        self.states: list[JobState] = []

    def decide(self, state: JobState) -> list[Action]:
        self.states.append(state)
        return self.turns.pop(0) if self.turns else []

    def finished(self, state: JobState) -> bool:
        return self.end and not self.turns

    def ranking(self, state: JobState) -> list[str]:
        return sorted(state.trials)


class FakeTrial:
    """The part of Tune's trial that the scheduler touches."""

    def __init__(self, name: str) -> None:
        self.trial_id, self.status = name, "PENDING"
        self.placement: Any = None
        self.latest_checkpoint_result: Any = None
        self.pickled_error_file = None

    def set_status(self, status: str) -> None:
        self.status = status

    def init_local_path(self) -> None:
        pass

    def update_resources(self, resources: Any) -> None:
        assert self.status != "RUNNING"
        self.placement = resources.bundles


class FakeTune:
    """Runs what the scheduler chooses; saves at once."""

    def __init__(self, scheduler: PolicyScheduler, *names: str) -> None:
        self.scheduler = scheduler
        self.trials = [FakeTrial(name) for name in names]
        for trial in self.trials:
            scheduler.on_trial_add(self, trial)

    def _set_trial_status(self, trial: FakeTrial, status: str) -> None:
        trial.status = status

    def stop_trial(self, trial: FakeTrial) -> None:
        trial.status = "TERMINATED"

    def loop(self) -> FakeTrial | None:
        trial = self.scheduler.choose_trial_to_run(self)
        if trial is not None:
            trial.status = "RUNNING"
        return trial

    def result(self, trial: FakeTrial, step: int, **more: Any) -> str:
        found = {"training_iteration": step, "time_this_iter_s": 1.0, "loss": 1 / step}
        answer = self.scheduler.on_trial_result(self, trial, {**found, **more})
        if answer == "PAUSE":
            trial.status = "PAUSED"
        return answer


def scheduler(policy: Script, prices: float | list[float] = 0.2, names="ab"[:1]):
    trace = prices if isinstance(prices, list) else [prices] * 600
    clock = SimpleNamespace(rate=1.0, seconds=0.0)
    clock.now = lambda: clock.seconds
    made = PolicyScheduler(
        policy, Market([PriceTrace(KIND, trace)]), names, "loss", clock=clock
    )
    return made, clock


def test_a_lease_is_over_before_it_gets_too_old():
    policy = Script([Launch("a", KIND, 1.0, 100, max_age=10.0)])
    driver, clock = scheduler(policy)
    tune = FakeTune(driver, "a")
    assert tune.trials[0].status == "PAUSED"
    trial = tune.loop()
    assert trial.placement == [{"CPU": 1.0, KIND: 1.0}]
    for step in range(1, 10):
        clock.seconds = float(step)
        assert tune.result(trial, step) == "CONTINUE"
    clock.seconds = 9.5
    assert tune.result(trial, 10) == "PAUSE"  # the next step would end at 10.5
    tune.loop()
    (record,) = driver.books.records
    assert (record.reason, record.ended, record.last_step) == ("recycled", 9.5, 10)


def test_a_bid_below_the_price_waits_until_the_price_falls():
    bid = Launch("a", KIND, 0.5, 3)
    driver, clock = scheduler(Script([bid], [bid]), [0.9, 0.4, 0.4])
    tune = FakeTune(driver, "a")
    assert tune.loop() is None
    assert driver.books["a"].launches == 1
    clock.seconds = 5.0
    assert tune.loop() is None  # not asked before the poll is due
    clock.seconds = 60.0
    assert tune.loop() is tune.trials[0]
    assert driver.books["a"].lease.launched_at == 60.0


def test_release_pauses_at_the_next_result_and_the_end_stops_all():
    turns = [[Launch("a", KIND, 1.0, 9)], [Release("a")], []]
    driver, clock = scheduler(Script(*turns, end=True))
    tune = FakeTune(driver, "a")
    trial = tune.loop()
    assert tune.result(trial, 1) == "CONTINUE"
    clock.seconds = 10.0
    tune.loop()
    assert tune.result(trial, 2) == "PAUSE"
    tune.loop()
    assert [r.reason for r in driver.books.records] == ["released"]
    clock.seconds = 20.0
    tune.loop()
    clock.seconds = 30.0
    tune.loop()
    assert trial.status == "TERMINATED"
    assert driver.ranking == ["a"]


def test_a_trials_own_notice_saves_it_at_once_and_holds_it_for_two_minutes():
    turns = [[Launch("a", KIND, 1.0, 9)], [Checkpoint("a")], [], []]
    driver, clock = scheduler(Script(*turns))
    tune = FakeTune(driver, "a")
    trial = tune.loop()
    clock.seconds = 5.0
    assert tune.result(trial, 1, spot_notice=True) == "PAUSE"
    clock.seconds = 124.0
    tune.loop()
    assert driver.books["a"].lease is not None
    clock.seconds = 126.0
    tune.loop()
    (record,) = driver.books.records
    assert (record.reason, record.ended, record.last_step) == ("revoked", 125.0, 1)


@pytest.mark.parametrize(
    ("actions", "message"),
    [
        ([Launch("b", KIND, 1.0, 9)], "unknown trial 'b'"),
        ([Launch("a", KIND, 1.0, 0)], "until_step is 0"),
        ([Launch("a", KIND, 1.0, 9)] * 2, "already holds a machine"),
        ([Launch("a", "m4.4xlage", 1.0, 9)], "did you mean 'm4.4xlarge'"),
        ([Release("a")], "holds no machine"),
    ],
)
def test_impossible_actions(actions, message):
    driver, _ = scheduler(Script(actions))
    with pytest.raises(ValueError, match=message):
        FakeTune(driver, "a").loop()


def test_trials_and_names_must_be_as_many():
    driver, _ = scheduler(Script([Launch("a", KIND, 1.0, 9)]), names=["a", "b"])
    assert FakeTune(driver, "1").loop() is None  # the second is still to come
    driver, _ = scheduler(Script())
    with pytest.raises(ValueError, match="more trials than the 1"):
        FakeTune(driver, "1", "2")


def test_a_program_that_ends_early_is_not_launched_again():
    launch = Launch("a", KIND, 1.0, 9)
    driver, clock = scheduler(Script([launch], [launch]))
    tune = FakeTune(driver, "a")
    trial = tune.loop()
    last = {"training_iteration": 1, "time_this_iter_s": 1.0, "loss": 0.5}
    driver.on_trial_complete(tune, trial, last)
    trial.status = "TERMINATED"
    assert driver.books["a"].metrics == [0.5]
    clock.seconds = 10.0
    with pytest.raises(ValueError, match="ended by itself after 1 steps"):
        tune.loop()
    assert math.isclose(driver.books.step_seconds[KIND, "a"], 1.0)
