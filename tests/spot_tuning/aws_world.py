"""A small EC2 and bucket in memory, with machines that really train."""

from __future__ import annotations

import math
import pickle
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from botocore.exceptions import ClientError

from helpers.spot_tuning.aws_agent import run_trial
from helpers.spot_tuning.aws_settings import AwsSettings
from helpers.spot_tuning.job import Action, Checkpoint, JobState, Launch

SMALL, LARGE = "r4.large", "m4.4xlarge"
ACCOUNT = "123456789012"  # must never be shown
STEP_SECONDS = 10.0


class Sgd:
    """Trainer with noise, so that a lost generator would show."""

    def __init__(self, seed: int) -> None:
        self.step, self.weights = 0, np.zeros(3)
        self.rng = np.random.default_rng(seed)

    def train_step(self) -> float:
        self.weights = self.weights + self.rng.normal(size=3)
        self.step += 1
        return float(self.weights @ self.weights)

    def state(self) -> bytes:
        return pickle.dumps((self.step, self.weights, self.rng))

    def restore(self, state: bytes) -> None:
        self.step, self.weights, self.rng = pickle.loads(state)


def uninterrupted(steps: int, seed: int = 1) -> list[float]:
    trainer = Sgd(seed)
    return [trainer.train_step() for _ in range(steps)]


class MemoryStore(dict):
    """A trial's folder."""

    def put(self, name: str, content: bytes) -> None:
        self[name] = content


class World:
    """Clock, bucket and the part of EC2's client that the driver uses.

    Attributes
    ----------
    refusals : list of str
        Error codes of the next requests to start a machine; "" lets one pass.
    busy : dict
        How many of the next calls of a method are throttled.
    notice_after : dict
        (trial, launch) whose machine gets a notice after so many steps of its own.
    crash_after : dict
        The same for a program that fails.
    """

    def __init__(self, price: float = 0.05) -> None:
        self.time = datetime(2026, 3, 2, 12, 0, 30, tzinfo=UTC)
        self.price = price
        self.stores: dict[str, MemoryStore] = {}
        self.instances: dict[str, dict[str, Any]] = {}
        self.calls: list[dict[str, Any]] = []
        self.refusals: list[str] = []
        self.busy: dict[str, int] = {}
        self.notice_after: dict[tuple[str, int], int] = {}
        self.crash_after: dict[tuple[str, int], int] = {}
        self.fail_after_start: Exception | None = None

    def now(self) -> datetime:
        return self.time

    def store(self, trial: str) -> MemoryStore:
        return self.stores.setdefault(trial, MemoryStore())

    def sleep(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)
        for row in self.instances.values():
            if row.get("taken", self.time) < self.time and row["state"] == "running":
                row.update(state="terminated", reason="Server.SpotInstanceTermination")
            if row["state"] == "pending":
                row["state"] = "running"
                self._train(row)

    def alive(self) -> list[dict[str, Any]]:
        return [r for r in self.instances.values() if r["state"] != "terminated"]

    def _train(self, row: dict[str, Any]) -> None:
        """All that the machine will do, at once; its own clock ticks per step."""
        words = row["request"]["UserData"].splitlines()[2].split()
        trial, launch, until_step, max_age = words[1], *map(int, words[2:])
        trainer, clock, steps = Sgd(1), [0.0], [0]
        train_step = trainer.train_step

        def slow_step() -> float:
            if steps[0] == self.crash_after.get((trial, launch), math.inf):
                raise MemoryError
            clock[0] += STEP_SECONDS
            steps[0] += 1
            return train_step()

        trainer.train_step = slow_step  # type: ignore[method-assign]
        noticed = self.notice_after.get((trial, launch), math.inf)
        try:
            status = run_trial(
                trainer,
                self.store(trial),
                launch=launch,
                until_step=until_step,
                max_age=max_age,
                notice=lambda: steps[0] >= noticed,
                save_every=25.0,
                clock=lambda: clock[0],
                sleep=lambda seconds: None,
            )
        except MemoryError:
            row.update(state="terminated", reason="Client.InstanceInitiatedShutdown")
        else:
            if status == "revoked":
                row["taken"] = self.time + timedelta(minutes=2)

    def _throttle(self, method: str) -> None:
        if self.busy.get(method, 0):
            self.busy[method] -= 1
            raise refusal("RequestLimitExceeded")

    # The client

    def run_instances(self, DryRun: bool = False, **request: Any) -> dict[str, Any]:
        self.calls.append(request | {"DryRun": DryRun})
        for row in self.instances.values():
            if row["request"]["ClientToken"] == request["ClientToken"]:
                if row["request"] != request:
                    raise refusal("IdempotentParameterMismatch")
                return {"Instances": [{"InstanceId": row["id"]}]}
        code = self.refusals.pop(0) if self.refusals else ""
        if code or DryRun:
            raise refusal(code or "DryRunOperation")
        name = f"i-{len(self.instances):04d}"
        self.instances[name] = {
            "id": name,
            "state": "pending",
            "request": request,
            "listed": self.time + timedelta(seconds=15),
        }
        if self.fail_after_start is not None:
            error, self.fail_after_start = self.fail_after_start, None
            raise error
        return {"Instances": [{"InstanceId": name}]}

    def describe_instances(self, Filters: Any) -> dict[str, Any]:
        self._throttle("describe_instances")
        (names,) = [f["Values"] for f in Filters if f["Name"] == "instance-id"]
        rows = [self.instances[name] for name in names]
        rows = [row for row in rows if row["listed"] <= self.time]
        found = [
            {
                "InstanceId": row["id"],
                "State": {"Name": row["state"]},
                "StateReason": {"Code": row.get("reason", "")},
            }
            for row in rows
        ]
        return {"Reservations": [{"Instances": found}]}

    def terminate_instances(self, InstanceIds: list[str]) -> dict[str, Any]:
        self._throttle("terminate_instances")
        for name in InstanceIds:
            self.instances[name].update(
                state="terminated", reason="Client.UserInitiatedShutdown"
            )
        return {}

    def describe_spot_price_history(self, **request: Any) -> dict[str, Any]:
        """Two pages, newest first, as EC2 does; the first change before the start."""
        before = request["StartTime"] - timedelta(hours=1)
        self._throttle("describe_spot_price_history")
        kinds = request["InstanceTypes"]
        half = [kinds[0]] if "NextToken" not in request else kinds[1:]
        rows = [
            {
                "InstanceType": kind,
                "SpotPrice": f"{price:.6f}",
                "Timestamp": when,
                "AvailabilityZone": request["AvailabilityZone"],
            }
            for kind in half
            for when, price in (
                (request["StartTime"] + timedelta(minutes=5), self.price),
                (before, self.price * 2),
            )
        ]
        more = len(kinds) > 1 and "NextToken" not in request
        return {"SpotPriceHistory": rows, "NextToken": "more" if more else ""}


def refusal(code: str) -> ClientError:
    text = f"arn:aws:iam::{ACCOUNT}:user/someone may not"
    return ClientError({"Error": {"Code": code, "Message": text}}, "RunInstances")


class Steady:
    """Policy: every trial on one type up to its last step."""

    def __init__(self, steps: int, max_price: float = 0.2, max_age: float = 3600.0):
        self.steps, self.max_price, self.max_age = steps, max_price, max_age

    def decide(self, state: JobState) -> list[Action]:
        actions: list[Action] = []
        for trial in state.trials.values():
            if trial.lease is None and trial.step < self.steps:
                launch = (trial.id, SMALL, self.max_price, self.steps, self.max_age)
                actions.append(Launch(*launch))
            elif trial.lease is not None and trial.lease.notice_at is not None:
                actions.append(Checkpoint(trial.id))
        return actions

    def finished(self, state: JobState) -> bool:
        return all(
            t.step >= self.steps and t.lease is None for t in state.trials.values()
        )

    def ranking(self, state: JobState) -> list[str]:
        return sorted(state.trials)


def settings(**changes: Any) -> AwsSettings:
    usual = {
        "command": "train {trial} {launch} {until_step} {max_age}",
        "request": {"ImageId": "ami-0"},
        "bucket": "bucket",
        "zone": "us-east-1a",
        "on_demand": {SMALL: 0.133, LARGE: 0.80},
        "budget_usd": 5.0,
    }
    return AwsSettings(**{**usual, **changes})
