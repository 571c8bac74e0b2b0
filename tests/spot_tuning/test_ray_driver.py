"""Real trials on a local Ray cluster whose machines are really killed."""

from __future__ import annotations

import ast
import inspect
import math
import textwrap
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from helpers.spot_tuning.early_shutdown import EarlyShutdown
from helpers.spot_tuning.job import Action, Checkpoint, JobState, Launch
from helpers.spot_tuning.job_clock import ScaledClock
from helpers.spot_tuning.orchestrator import SpotTune
from helpers.spot_tuning.prices import Market, PriceTrace
from helpers.spot_tuning.provisioning import Provisioner
from tests.spot_tuning.small_jobs import LastValue, Third

pytest.importorskip("ray", reason="needs the extra called cluster")

import ray
from ray import tune

from helpers.spot_tuning import ray_driver
from helpers.spot_tuning.ray_driver import (
    LocalMachines,
    PolicyScheduler,
    trainable,
)

SMALL, LARGE = "m3.large", "m4.4xlarge"
STEPS = 9
CRISIS = 3000.0  # second from which the large type costs more than anyone pays


@pytest.fixture(scope="module")
def machines() -> Iterator[LocalMachines]:
    before = {p.pid for p in psutil.Process().children(recursive=True)}
    with LocalMachines() as started:
        yield started
    left = [p for p in psutil.Process().children(recursive=True) if p.pid not in before]
    _, alive = psutil.wait_procs(left, timeout=30)
    assert not alive
    assert not ray.is_initialized()


@pytest.fixture
def market() -> Market:
    large = np.full(2000, 0.2)
    large[int(CRISIS // 60) :] = 9.0
    return Market([PriceTrace(SMALL, np.full(2000, 0.03)), PriceTrace(LARGE, large)])


def noisy_sgd(config: Mapping[str, Any]) -> Any:
    """Trainer of a least-squares problem; every step draws from its generator."""

    class Sgd:
        def __init__(self) -> None:
            self.step = 0
            self.rate = config["rate"]
            self.weights = np.zeros(5)
            self.rng = np.random.default_rng(7)

        def train_step(self) -> float:
            x = self.rng.normal(size=(8, 5))
            error = x @ (self.weights - np.arange(5.0))
            self.weights = self.weights - self.rate * x.T @ error / 8
            self.step += 1
            return float((error**2).mean())

        def state(self) -> bytes:
            import pickle

            return pickle.dumps((self.step, self.weights, self.rng))

        def restore(self, state: bytes) -> None:
            import pickle

            self.step, self.weights, self.rng = pickle.loads(state)

    return Sgd()


def sometimes_failing(config: Mapping[str, Any]) -> Any:
    if math.isnan(config["rate"]):
        raise ValueError("rate is nan")
    return noisy_sgd(config)


def third_call() -> Any:
    calls = 0

    def notice() -> bool:
        nonlocal calls
        calls += 1
        return calls == 3

    return notice


def uninterrupted(rate: float) -> list[float]:
    trainer = noisy_sgd({"rate": rate})
    return [trainer.train_step() for _ in range(STEPS)]


@dataclass
class Route:
    """A trial's n-th machine is of its n-th leg: type, until step, maximum age."""

    legs: Mapping[str, list[tuple[str, int, float]]]

    def decide(self, state: JobState) -> list[Action]:
        actions: list[Action] = []
        for trial in state.trials.values():
            if trial.lease is None and trial.step < self.legs[trial.id][-1][1]:
                kind, until, age = self.legs[trial.id][trial.launches]
                actions.append(Launch(trial.id, kind, 1.0, until, age))
            elif trial.lease is not None and trial.lease.notice_at is not None:
                actions.append(Checkpoint(trial.id))
        return actions

    def finished(self, state: JobState) -> bool:
        return all(
            t.lease is None and t.step >= self.legs[t.id][-1][1]
            for t in state.trials.values()
        )

    def ranking(self, state: JobState) -> list[str]:
        return sorted(state.trials, key=lambda t: state.trials[t].metrics[-1])


class JumpingClock:
    """Real time, unless somebody turns it forward."""

    rate = 1.0

    def __init__(self) -> None:
        self.zero = time.monotonic()

    def now(self) -> float:
        return time.monotonic() - self.zero

    def jump(self, to: float) -> None:
        self.zero = time.monotonic() - to


def tuner(scheduler: Any, program: Any, folder: Any, rates: Any, **run: Any) -> Any:
    return tune.Tuner(
        program,
        param_space={"rate": tune.grid_search(list(rates))},
        tune_config=tune.TuneConfig(scheduler=scheduler),
        run_config=tune.RunConfig(
            storage_path=str(folder),
            verbose=0,
            checkpoint_config=tune.CheckpointConfig(checkpoint_frequency=2),
            **run,
        ),
    )


def test_trials_move_survive_a_lost_machine_and_a_notice(machines, market, tmp_path):
    """t0 moves to a large machine, gets a notice there and ends on a small one; t1's
    large machine dies unannounced."""
    policy = Route(
        {
            "t0": [(SMALL, 3, math.inf), (LARGE, 9, math.inf), (SMALL, 9, math.inf)],
            "t1": [(LARGE, 9, math.inf), (SMALL, 9, math.inf)],
        }
    )
    clock = JumpingClock()
    scheduler = PolicyScheduler(
        policy, market, ["t0", "t1"], "loss", clock=clock, machines=machines
    )
    seen: dict[str, list[tuple[int, str]]] = {"t0": [], "t1": []}
    program = trainable(noisy_sgd)

    class Placed(program):
        def step(self) -> dict[str, Any]:
            time.sleep(0.05)
            return {**super().step(), "node": ray.get_runtime_context().get_node_id()}

    class World(tune.Callback):
        """Kills t1's machine at its fifth step; gives notice at t0's sixth."""

        killed = noticed = taken = False

        def on_trial_result(self, iteration, trials, trial, result, **info):
            name, step = f"t{int(trial.trial_id[-1])}", result["training_iteration"]
            resources = {n["NodeID"]: n["Resources"] for n in ray.nodes()}
            (kind,) = {SMALL, LARGE} & resources[result["node"]].keys()
            seen[name].append((step, kind))
            if name == "t1" and step == 5 and not self.killed:
                self.killed = True
                machines.kill(scheduler.machine_of("t1"))
            if name == "t0" and step == 6 and not self.noticed:
                self.noticed = True
                clock.jump(to=CRISIS)

        def on_step_begin(self, iteration, trials, **info):
            paused = [t.trial_id[-1] for t in trials if t.status == "PAUSED"]
            if self.noticed and not self.taken and "0" in paused:
                self.taken = True
                clock.jump(to=CRISIS + 121)

    rates = {"t0": 0.05, "t1": 0.1}
    results = tuner(
        scheduler, Placed, tmp_path, rates.values(), callbacks=[World()]
    ).fit()

    assert not results.errors
    assert results.num_terminated == 2
    for name, rate in rates.items():
        assert scheduler.books[name].metrics == uninterrupted(rate)
    # Each step ran where the policy said; the checkpoint of step 4 was restored.
    assert seen["t1"][:5] == [(step, LARGE) for step in range(1, 6)]
    assert seen["t1"][5:] == [(step, SMALL) for step in range(5, 10)]
    saved = max(step for step, kind in seen["t0"] if kind == LARGE)
    assert saved in (6, 7)  # one more step may have been under way
    assert seen["t0"] == [
        *((step, SMALL) for step in range(1, 4)),
        *((step, LARGE) for step in range(4, saved + 1)),
        *((step, SMALL) for step in range(saved + 1, 10)),
    ]
    leases = {
        name: [
            (r.instance_type, r.first_step, r.last_step, r.reason)
            for r in scheduler.books.records
            if r.trial == name
        ]
        for name in rates
    }
    assert leases == {
        "t0": [
            (SMALL, 0, 3, "done"),
            (LARGE, 3, saved, "revoked"),
            (SMALL, saved, 9, "done"),
        ],
        "t1": [(LARGE, 0, 4, "revoked"), (SMALL, 4, 9, "done")],
    }
    (noticed,) = [r for r in scheduler.books.records if r.ended == CRISIS + 120]
    assert noticed.refund == noticed.gross > 0
    pairs = {(kind, name) for name in rates for kind in (SMALL, LARGE)}
    assert scheduler.books.step_seconds.keys() == pairs
    assert min(scheduler.books.step_seconds.values()) >= 0.05
    best = min(rates, key=lambda name: uninterrupted(rates[name])[-1])
    assert scheduler.ranking[0] == best


def test_a_cluster_of_ones_own_failing_programs_and_notices(machines, market, tmp_path):
    """No `LocalMachines` in the scheduler: notices come from the trials themselves."""
    for name in [machines.get(SMALL) for _ in range(2)]:
        machines.give_back(name)
    program = trainable(sometimes_failing, notice=third_call())
    policy = Route(
        {
            "bad": [(SMALL, 5, math.inf)],
            "good": [(SMALL, 5, math.inf), (SMALL, 5, math.inf)],
        }
    )
    scheduler = PolicyScheduler(
        policy, market, ["bad", "good"], "loss", clock=ScaledClock(rate=100.0)
    )
    results = tuner(scheduler, program, tmp_path, (math.nan, 0.1)).fit()

    assert len(results.errors) == 1
    assert "rate is nan" in str(results.errors[0])
    assert scheduler.books["bad"].failed
    assert scheduler.ranking == ["good"]
    assert scheduler.books["good"].metrics == uninterrupted(0.1)[:5]
    records = [r for r in scheduler.books.records if r.trial == "good"]
    assert [(r.last_step, r.reason) for r in records] == [
        (3, "revoked"),
        (5, "done"),
    ]
    assert records[1].launched >= records[0].ended  # not while the machine is dying


def test_the_example_of_the_docstring(machines, market, tmp_path):
    """Five lines around an ordinary Trainable; SpotTune trains the better one on."""
    example = textwrap.dedent(
        inspect.getdoc(ray_driver).partition("::\n\n")[2].partition("\n\n``My")[0]
    )
    assert len(ast.parse(example).body) == 4
    machines.give_back(machines.get(SMALL))

    class MyTrainable(tune.Trainable):
        def setup(self, config):
            self.x, self.rate = 1.0, config["rate"]

        def step(self):
            self.x -= self.rate * self.x
            return {"loss": self.x**2}

        def save_checkpoint(self, checkpoint_dir):
            Path(checkpoint_dir, "x").write_text(repr(self.x))

        def load_checkpoint(self, checkpoint):
            self.x = float(Path(checkpoint, "x").read_text())

    steps = {"t0": 4, "t1": 4}
    shutdown = EarlyShutdown(steps, 0.5, 1, dict.fromkeys(steps, LastValue()))
    policy = SpotTune(shutdown, Provisioner((SMALL,), 1.0, Third()))
    names = {
        "PolicyScheduler": PolicyScheduler,
        "tune": tune,
        "policy": policy,
        "market": market,
        "MyTrainable": MyTrainable,
        "bucket": str(tmp_path),
    }
    exec(example, names)
    scheduler = names["scheduler"]
    assert scheduler.ranking == ["t1", "t0"]
    curve = [0.7 ** (2 * step) for step in range(1, 5)]
    assert scheduler.books["t1"].metrics == pytest.approx(curve)
    assert scheduler.books["t0"].step == 2
    assert scheduler.books.ledger.net > 0
