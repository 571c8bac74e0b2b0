"""The AWS driver against an EC2 in memory: plan, budget, fallback, notice, resume."""

from __future__ import annotations

import json
import math

import pytest

pytest.importorskip("boto3", reason="needs the extra called cluster")

from helpers.spot_tuning.aws_budget import BudgetExceeded
from helpers.spot_tuning.aws_driver import AwsDriver
from helpers.spot_tuning.aws_machines import RequestRefused
from helpers.spot_tuning.aws_settings import BOOT, SHUTDOWN
from helpers.spot_tuning.early_shutdown import EarlyShutdown
from helpers.spot_tuning.job import Launch, Release
from helpers.spot_tuning.orchestrator import SpotTune
from helpers.spot_tuning.provisioning import Provisioner
from tests.spot_tuning.aws_world import (
    ACCOUNT,
    LARGE,
    SMALL,
    Steady,
    World,
    refusal,
    settings,
    uninterrupted,
)
from tests.spot_tuning.small_jobs import LastValue, Third


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def driver(world, tmp_path):
    def make(policy=None, trials=("t0", "t1"), dry_run=False, **changes):
        return AwsDriver(
            policy or Steady(20),
            trials,
            settings(**changes),
            tmp_path / "job.json",
            dry_run=dry_run,
            ec2=world,
            store=world.store,
            now=world.now,
            sleep=world.sleep,
        )

    return make


def test_a_job_runs_to_its_end(driver, world):
    job = driver()
    assert job.run() == ["t0", "t1"]
    assert not world.alive()
    for book in job.books.trials.values():
        assert book.metrics == uninterrupted(20)
    assert job.books.step_seconds == {(SMALL, "t0"): 10.0, (SMALL, "t1"): 10.0}
    assert [r.reason for r in job.books.records] == ["done", "done"]
    held = sum(r.ended - r.launched for r in job.books.records)
    assert job.books.ledger.net == pytest.approx(0.05 * held / 3600, abs=2e-6)
    options = world.calls[0]["InstanceMarketOptions"]
    assert options == {
        "MarketType": "spot",
        "SpotOptions": {"MaxPrice": "0.200000", "SpotInstanceType": "one-time"},
    }
    assert world.calls[0]["InstanceInitiatedShutdownBehavior"] == "terminate"
    # The machine ends itself after its lease and five minutes: 65 minutes.
    assert "shutdown -h +65\n" in world.calls[0]["UserData"]


def test_the_simulators_policy_runs_unchanged(driver, world):
    """SpotTune: all trials to half of their steps, the predicted best to the end."""
    names = ["t0", "t1"]
    shutdown = EarlyShutdown(
        dict.fromkeys(names, 20), 0.5, 1, dict.fromkeys(names, LastValue())
    )
    policy = SpotTune(shutdown, Provisioner((SMALL, LARGE), 10.0, Third()))
    job = driver(policy)
    best, other = job.run()
    assert job.books[best].metrics == uninterrupted(20)
    assert job.books[other].metrics == uninterrupted(10)
    assert not world.alive()


def test_a_dry_run_prints_the_plan_and_starts_nothing(driver, world, capsys):
    world.refusals = ["", "UnauthorizedOperation"]
    assert driver(dry_run=True).run() == []
    text = capsys.readouterr().out
    worst = 0.2 * (3600 + SHUTDOWN + BOOT) / 3600
    assert [line.split() for line in text.splitlines()[1:3]] == [
        ["t0", SMALL, "0.05000", "0.20000", f"{worst:.5f}", "ok"],
        ["t1", SMALL, "0.05000", "0.20000", f"{worst:.5f}", "UnauthorizedOperation"],
    ]
    assert f"worst case {2 * worst:.5f} USD, within the 5.00 USD" in text
    assert not world.instances
    assert all(call["DryRun"] for call in world.calls)
    assert ACCOUNT not in text
    with pytest.raises(RuntimeError, match="dry_run is True"):
        driver(dry_run=True).tick()
    assert "EXCEEDS" in driver(dry_run=True, budget_usd=0.1).plan()


def test_dry_run_is_the_default(world, tmp_path):
    made = AwsDriver(Steady(3), ["t0"], settings(), tmp_path / "s", ec2=world)
    assert made.dry_run


@pytest.mark.parametrize("budget", [0.3, 0.55, 0.7])
def test_the_budget_holds_in_the_worst_case(driver, world, budget):
    """Machines that could break the budget are not started; all else is saved."""
    worst = 0.2 * (3600 + SHUTDOWN + BOOT) / 3600
    job = driver(Steady(500), trials=["t0", "t1", "t2"], budget_usd=budget)
    with pytest.raises(BudgetExceeded, match=f"budget_usd is {budget:.2f}"):
        job.run()
    assert len(world.instances) == math.floor(budget / worst)
    assert not world.alive()
    assert job.books.ledger.gross <= budget
    for name, store in world.stores.items():
        if "checkpoint" in store:
            assert len(job.books[name].metrics) > 0


def test_what_was_spent_counts(driver, world):
    """Each lease fits, but not all of them one after the other."""
    policy = Steady(10_000, max_age=3600.0)
    job = driver(policy, trials=["t0"], budget_usd=0.30)
    with pytest.raises(BudgetExceeded):
        job.run(poll=600.0)
    assert len(world.instances) > 1
    gross = job.books.ledger.gross
    assert gross <= 0.30 < gross + 0.2 * (3600 + SHUTDOWN + BOOT) / 3600


@pytest.mark.parametrize(
    "code",
    [
        "InsufficientInstanceCapacity",
        "MaxSpotInstanceCountExceeded",
        "SpotMaxPriceTooLow",
    ],
)
def test_without_spot_capacity_it_falls_back_to_on_demand(driver, world, code):
    world.refusals = [code]
    job = driver(trials=["t0"])
    assert job.run() == ["t0"]
    first, second = world.calls
    assert "InstanceMarketOptions" in first
    assert "InstanceMarketOptions" not in second
    assert first["ClientToken"] != second["ClientToken"]
    (record,) = job.books.records
    assert (record.purchase, record.reason) == ("on-demand", "done")
    hours = (record.ended - record.launched) / 3600
    assert record.gross == pytest.approx(0.133 * hours, abs=2e-6)


def test_the_fallback_is_within_the_budget_or_not_at_all(driver, world):
    world.refusals = ["InsufficientInstanceCapacity"]
    # A lease of an hour and a quarter: 0.05 USD on spot, 0.166 USD on demand.
    job = driver(Steady(20, max_price=0.04), trials=["t0"], budget_usd=0.1)
    with pytest.raises(BudgetExceeded):
        job.run()
    assert not world.instances


def test_a_refused_fallback_waits_for_the_next_question(driver, world):
    world.refusals = ["InsufficientInstanceCapacity"] * 3
    job = driver(trials=["t0"])
    assert not job.tick()
    assert len(world.calls) == 2
    assert job.run() == ["t0"]
    spot = ["InstanceMarketOptions" in call for call in world.calls]
    assert spot == [True, False, True, False]
    assert len({call["ClientToken"] for call in world.calls}) == 4
    assert [r.purchase for r in job.books.records] == ["on-demand"]


def test_it_can_wait_for_spot_capacity_instead(driver, world):
    world.refusals = ["InsufficientInstanceCapacity"] * 2
    job = driver(trials=["t0"], fallback="wait")
    assert job.run() == ["t0"]
    assert [r.purchase for r in job.books.records] == ["spot"]
    assert len({call["ClientToken"] for call in world.calls}) == 3


def test_after_a_notice_the_trial_goes_on_elsewhere(driver, world):
    world.notice_after = {("t0", 1): 7, ("t0", 2): 4}
    job = driver(trials=["t0"])
    job.run()
    assert job.books["t0"].metrics == uninterrupted(20)
    records = [(r.last_step, r.reason, r.free) for r in job.books.records]
    assert records == [(7, "revoked", True), (11, "revoked", True), (20, "done", False)]
    assert job.failures == {"t0": 0}


def test_a_failing_program_is_given_up(driver, world):
    world.crash_after = {("t0", 1): 5, ("t0", 2): 0}
    job = driver(trials=["t0", "t1"])
    assert job.run() == ["t1"]
    assert job.books["t0"].failed
    # Saved every 25 s: three steps of ten seconds.
    assert job.books["t0"].metrics == uninterrupted(3)
    assert job.books["t1"].metrics == uninterrupted(20)


def test_one_failure_is_forgiven(driver, world):
    world.crash_after = {("t0", 1): 5}
    job = driver(trials=["t0"])
    assert job.run() == ["t0"]
    assert job.books["t0"].metrics == uninterrupted(20)


def test_a_lease_ends_before_its_longest_age(driver, world):
    job = driver(Steady(20, max_age=95.0), trials=["t0"])
    job.run()
    ends = [(r.last_step, r.reason) for r in job.books.records]
    assert ends == [(9, "recycled"), (18, "recycled"), (20, "done")]


def test_release_asks_the_machine_to_save(driver, world):
    class Impatient(Steady):
        def decide(self, state):
            held = [t.id for t in state.trials.values() if t.lease]
            return [Release(name) for name in held] or super().decide(state)

    job = driver(Impatient(20), trials=["t0"])
    job.tick()
    job.tick()
    assert world.store("t0")["stop"] == b"1"
    world.sleep(20.0)
    job.tick()
    (record,) = job.books.records
    assert record.reason == "released"
    assert job.books["t0"].metrics == uninterrupted(3)


def test_a_machine_past_its_time_is_ended(driver, world):
    """Its image does not run user data, say."""
    job = driver(trials=["t0"])
    job.tick()
    world._train = lambda row: None
    while not job.books.records:
        world.sleep(60.0)
        job.tick()
    (record,) = job.books.records
    assert record.reason == "recycled"
    assert record.ended - record.launched <= 3600 + SHUTDOWN + BOOT + 60


@pytest.mark.parametrize("moment", ["before the answer", "while it runs"])
def test_a_restarted_driver_resumes_and_never_launches_twice(driver, world, moment):
    first = driver(trials=["t0"])
    if moment == "before the answer":
        world.fail_after_start = ConnectionError("cable cut")
        with pytest.raises(ConnectionError):
            first.run()
        assert first.pending
    else:
        first.tick()
    world.sleep(3.0)
    # By now the policy would bid otherwise.
    second = driver(Steady(20, max_price=0.3), trials=["t0"])
    assert second.run() == ["t0"]
    assert len(world.instances) == 1
    assert second.books["t0"].metrics == uninterrupted(20)
    assert len(second.books.records) == 1
    third = driver(trials=["t0"])  # all done: nothing to do
    assert third.run() == ["t0"]
    assert third.books.ledger.net == second.books.ledger.net
    assert len(world.instances) == 1


def test_a_busy_ec2_is_asked_again_with_the_same_token(driver, world):
    world.refusals = ["RequestLimitExceeded", "InternalError"]
    job = driver(trials=["t0"])
    assert job.run() == ["t0"]
    assert len({call["ClientToken"] for call in world.calls}) == 1
    assert len(world.calls) == 3


@pytest.mark.parametrize(
    "method",
    ["describe_instances", "terminate_instances", "describe_spot_price_history"],
)
def test_a_throttled_call_only_costs_a_tick(driver, world, method):
    # A lease that must be ended from outside, so that every call is needed.
    world._train = lambda row: None
    job = driver(trials=["t0"])
    job.tick()
    while not job.books.records:
        world.busy[method] = 1
        world.sleep(60.0)
        assert not job.tick()
        job.tick()
    assert [r.reason for r in job.books.records] == ["recycled"]
    assert job.failures == {"t0": 0}


def test_a_throttled_ranking_is_asked_for_again(driver, world):
    job = driver(trials=["t0"])

    def last_tick():
        world.sleep(61.0)
        world.busy["describe_spot_price_history"] = 2
        return True

    job.tick = last_tick
    assert job.run() == ["t0"]


def test_machines_are_ended_whatever_is_throttled(driver, world):
    job = driver(Steady(500))
    job.tick()
    world._train = lambda row: None  # nobody saves, so ending is left to the driver
    world.busy = {
        "describe_instances": 99,
        "terminate_instances": 3,
        "describe_spot_price_history": 3,
    }
    job.give_back_all()
    assert not world.alive()
    assert [r.reason for r in job.books.records] == ["released", "released"]


def test_a_machine_that_ec2_did_not_confirm_is_given_back(driver, world):
    world.fail_after_start = refusal("Unavailable")
    job = driver(Steady(500), budget_usd=0.30)
    with pytest.raises(BudgetExceeded):
        job.run()
    assert len(world.instances) == 1
    assert not world.alive()
    assert not job.pending
    assert len(job.books["t0"].metrics) > 0


def test_what_ec2_never_answers_is_said(driver, world):
    world.refusals = ["Unavailable"] * 99
    job = driver(trials=["t0"])
    job.tick()
    with pytest.warns(UserWarning, match="EC2 did not answer for t0"):
        job.give_back_all()
    assert set(job.pending) == {"t0"}


def test_giving_back_starts_no_fallback(driver, world):
    world.refusals = ["Unavailable", "InsufficientInstanceCapacity"]
    job = driver(trials=["t0"])
    job.tick()
    job.give_back_all()
    assert not world.instances
    assert not job.pending


def test_another_refusal_gives_all_back_and_shows_only_its_code(driver, world, capsys):
    world.refusals = ["", "UnauthorizedOperation"]
    job = driver(Steady(500))
    with pytest.raises(RequestRefused) as caught:
        job.run()
    assert str(caught.value) == "EC2 refused run_instances: UnauthorizedOperation"
    assert caught.value.__cause__ is None
    assert ACCOUNT not in str(caught.getrepr(style="long")) + capsys.readouterr().out
    assert not world.alive()
    assert len(job.books["t0"].metrics) > 0


def test_a_state_of_another_job_is_refused(driver, world):
    driver(trials=["t0"]).tick()
    with pytest.raises(ValueError, match="saved job has trials t0; this one has t9"):
        driver(trials=["t9"])
    with pytest.raises(ValueError, match="is of job 'spottune', not 'other'"):
        driver(trials=["t0"], job="other")


def test_the_state_is_json_without_secrets(driver, world, tmp_path):
    job = driver()
    job.tick()
    content = json.loads((tmp_path / "job.json").read_text())
    assert content["ids"] == {"t0": "i-0000", "t1": "i-0001"}
    assert ACCOUNT not in json.dumps(content)
    assert [p.name for p in tmp_path.iterdir()] == ["job.json"]


def test_an_impossible_action_names_its_trial(driver, world):
    class Wrong(Steady):
        def decide(self, state):
            return [Launch("t0", "c5.large", 0.1, 5)]

    with pytest.raises(ValueError, match="unknown instance type of on_demand 'c5"):
        driver(Wrong(5), trials=["t0"]).tick()
    assert not world.instances
