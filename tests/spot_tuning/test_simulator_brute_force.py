"""The simulator against a naive one that goes through every half second.

All durations are whole seconds here (half seconds where a trial moves between machines
of different speed) and step times are powers of two, so that both must agree on every
machine, step and cent.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from helpers.spot_tuning.billing import billing
from helpers.spot_tuning.early_shutdown import EarlyShutdown
from helpers.spot_tuning.job import (
    Checkpoint,
    JobState,
    Launch,
    Lease,
    Release,
    TrialState,
)
from helpers.spot_tuning.machinery import SLOWEST_MB_S, Machinery
from helpers.spot_tuning.orchestrator import SingleType, SpotTune
from helpers.spot_tuning.prices import Market
from helpers.spot_tuning.provisioning import Delta, Provisioner
from helpers.spot_tuning.simulator import simulate
from helpers.spot_tuning.successive_halving import SuccessiveHalving

TICK = 0.5  # seconds
TYPES = ("m3.medium", "m3.large", "r4.large")  # 1, 2 and 2 cores, one transfer speed
CORES = {"m3.medium": 1, "m3.large": 2, "r4.large": 2}
LIST = {"m3.medium": 0.067, "m3.large": 0.133, "r4.large": 0.133}


@dataclass
class Box:
    """A machine: seconds left of each phase, and what it was told."""

    want: Launch
    born: float
    boot: float
    restore: float
    save: float
    steps: float
    first: float
    seconds: float  # per step
    transfer: float
    notice: float | None = None
    told: bool = False
    released: bool = False
    kept_for_refund: bool = False

    def trains(self, t):
        latest = self.born + self.want.max_age - self.transfer
        return not self.told and self.steps < self.want.until_step and t < latest


@dataclass
class Naive:
    """Everything, one half second after the other."""

    policy: object
    curves: object
    market: Market
    start: float
    refunds: bool
    boot: float
    notice: float
    poll: float
    transfer: float
    boxes: dict = field(default_factory=dict)
    leases: list = field(default_factory=list)

    def run(self):
        self.saved = dict.fromkeys(self.curves.trials, 0.0)
        self.launches = dict.fromkeys(self.curves.trials, 0)
        self.measured = {}
        t = self.start
        while True:
            for trial, box in list(self.boxes.items()):
                self.ends(trial, box, t)
                self.price_rises(trial, box, t)
            if (t - self.start) % self.poll == 0:
                state = self.state(t)
                for action in self.policy.decide(state):
                    self.act(action, t)
                if not self.boxes and self.policy.finished(state):
                    return self
            for trial, box in self.boxes.items():
                self.live(trial, box, t)
            t += TICK

    def state(self, t):
        trials = {}
        for trial, curve in zip(self.curves.trials, self.curves.metrics, strict=True):
            box = self.boxes.get(trial)
            step = int(box.steps if box else self.saved[trial])
            lease = box and Lease(
                box.want.instance_type,
                box.want.purchase,
                box.want.max_price,
                box.born,
                box.want.until_step,
                box.notice,
            )
            trials[trial] = TrialState(
                trial, step, curve[:step], lease, self.launches[trial]
            )
        return JobState(t, self.market.view(t), trials, dict(self.measured))

    def act(self, action, t):
        if isinstance(action, Launch):
            price = self.market.price(action.instance_type, t)
            if action.purchase == "spot" and price > action.max_price:
                return
            steps = self.saved[action.trial]
            self.launches[action.trial] += 1
            seconds = self.curves.step_seconds[self.curves.trials.index(action.trial)]
            self.boxes[action.trial] = Box(
                action,
                t,
                self.boot,
                self.transfer if steps else 0.0,
                self.transfer,
                steps,
                steps,
                seconds / CORES[action.instance_type],
                self.transfer,
            )
            return
        box = self.boxes[action.trial]
        if isinstance(action, Release) and not box.released:
            box.released, box.kept_for_refund = True, False
            if box.steps == box.first:  # nothing to save
                box.boot = box.restore = box.save = 0.0
        box.told = True
        self.ends(action.trial, box, t)

    def price_rises(self, trial, box, t):
        if (
            trial not in self.boxes
            or box.want.purchase != "spot"
            or box.notice is not None
        ):
            return
        later = t // 60 > box.born // 60
        price = self.market.price(box.want.instance_type, t)
        if t % 60 == 0 and later and price > box.want.max_price:
            box.notice, box.kept_for_refund = t, True
            self.ends(trial, box, t)  # without notice time it is gone at once

    def ends(self, trial, box, t):
        if box.notice is not None and t == box.notice + self.notice:
            self.close(trial, box, t, taken=True)
        elif t == box.born + box.want.max_age or (
            self.all_done(box, t) and not box.kept_for_refund
        ):
            self.close(trial, box, t, taken=False)

    def all_done(self, box, t):
        return not (box.boot or box.restore or box.trains(t) or box.save)

    def close(self, trial, box, t, taken):
        safe = not taken or self.all_done(box, t)
        self.saved[trial] = box.steps if safe else box.first
        del self.boxes[trial]
        seconds = np.arange(box.born, t, TICK)
        if box.want.purchase == "spot":
            minutes = (seconds // 60).astype(int)
            cost = self.market.prices(box.want.instance_type)[minutes].sum() * TICK
        else:
            cost = LIST[box.want.instance_type] * (t - box.born)
        free = taken and self.refunds and t - box.born < 3600
        self.leases.append(
            (
                trial,
                box.want.instance_type,
                box.born,
                t,
                box.first,
                self.saved[trial],
                taken,
                cost / 3600,
                0.0 if not free else cost / 3600,
            )
        )

    def live(self, trial, box, t):
        if box.boot:
            box.boot -= TICK
        elif box.restore:
            box.restore -= TICK
        elif box.trains(t):
            box.steps += TICK / box.seconds
            self.measured[box.want.instance_type, trial] = box.seconds
        elif box.save:
            box.save -= TICK


@dataclass(frozen=True)
class Wild:
    """Any launch, by the number of launches; may ignore notices, or release early."""

    curves: object
    seed: int
    heeds: float

    def decide(self, state):
        actions = []
        for i, trial in enumerate(state.trials.values()):
            rng = np.random.default_rng([self.seed, i, trial.launches])
            if trial.lease is None:
                if trial.step < self.curves.max_steps[trial.id]:
                    actions.append(self.launch(trial, rng))
            elif trial.lease.notice_at is not None and rng.random() < self.heeds:
                actions.append(Checkpoint(trial.id))
                if rng.random() < 0.2:
                    actions.append(Release(trial.id))
            elif rng.random() < 0.3 and any(
                other.lease and (other.lease.notice_at or 0) > trial.lease.launched_at
                for other in state.trials.values()
            ):
                actions.append(Release(trial.id))
        return actions

    def launch(self, trial, rng):
        kind = TYPES[rng.integers(3)]
        until = int(rng.integers(trial.step + 1, self.curves.max_steps[trial.id] + 1))
        return Launch(
            trial.id,
            kind,
            LIST[kind] * float(rng.choice([0.35, 0.5, 0.8, 99.0])),
            until,
            float(rng.choice([900.0, 3600.0, math.inf])),
            "on-demand" if rng.random() < 0.1 else "spot",
        )

    def finished(self, state):
        return all(t.step >= self.curves.max_steps[t.id] for t in state.trials.values())

    def ranking(self, state):
        return list(state.trials)


def policy(kind, curves, seed, predictor, last):
    steps = curves.max_steps
    rule = EarlyShutdown(
        steps, (0.5, 0.7, 1.0)[seed % 3], 2, dict.fromkeys(steps, last)
    )
    delta = Delta("fixed", (1e-5, 0.01)[seed % 2]) if seed % 4 else Delta(high=0.03)
    single = TYPES[seed % 3]
    chooser = Provisioner(TYPES, 16.0, predictor, delta, seed=seed)
    return {
        "wild": Wild(curves, seed, heeds=(1.0, 0.7)[seed % 2]),
        "SpotTune": SpotTune(rule, chooser, (3600.0, 1200.0)[seed % 2]),
        "single": SingleType(rule, single, LIST[single] * 0.4),
        "ASHA": SuccessiveHalving(steps, single, 2, 2, LIST[single] * 0.5),
    }[kind]


def compare(curves, market, chosen, start, refunds, boot, notice, poll, transfer):
    rules = billing("first-hour-refund" if refunds else "no-refund")
    machinery = Machinery(boot, notice, poll, transfer * SLOWEST_MB_S, jitter=0.0)
    naive = Naive(chosen, curves, market, start, refunds, boot, notice, poll, transfer)
    try:
        naive.run()
    except IndexError:
        with pytest.raises(IndexError, match="outside the trace"):
            simulate(
                chosen, curves, market, start=start, rules=rules, machinery=machinery
            )
        return None
    result = simulate(
        chosen, curves, market, start=start, rules=rules, machinery=machinery
    )
    found = [
        (
            x.trial,
            x.instance_type,
            x.launched,
            x.ended,
            x.first_step,
            x.last_step,
            x.reason == "revoked",
            x.gross,
            x.refund,
        )
        for x in result.leases
    ]
    found.sort(key=lambda row: (row[2], row[0]))
    wanted = sorted(naive.leases, key=lambda row: (row[2], row[0]))
    assert [row[:2] for row in found] == [row[:2] for row in wanted]
    for mine, theirs in zip(found, wanted, strict=True):
        assert mine[2:] == pytest.approx(theirs[2:], abs=1e-6)
    assert result.jct == pytest.approx(max(row[3] for row in wanted) - start)
    assert result.revocations == sum(row[6] for row in wanted)
    cost = sum(row[7] - row[8] for row in wanted)
    assert result.cost == pytest.approx(cost, abs=1e-6 * len(wanted))
    return result


@pytest.mark.parametrize("kind", ["wild", "SpotTune", "single", "ASHA"])
@given(
    seed=st.integers(0, 10_000),
    start=st.integers(0, 100),
    boot=st.sampled_from([0, 20, 120]),
    notice=st.sampled_from([0, 45, 120]),
    poll=st.sampled_from([5, 10, 150]),
    transfer=st.sampled_from([0, 8, 70, 130]),
)
@settings(max_examples=40)
@example(seed=0, start=0, boot=120, notice=120, poll=10, transfer=8)
def test_event_driven_and_naive_simulators_agree(
    kind,
    seed,
    start,
    boot,
    notice,
    poll,
    transfer,
    make_curves,
    random_market,
    constant_revocation,
    last_value,
):
    curves = make_curves(3, (9, 12, 5), seconds=(256.0, 128.0, 512.0), alpha=1.0)
    market = random_market(seed, 240, TYPES, moves=0.3, spikes=0.02)
    chosen = policy(kind, curves, seed, constant_revocation(0.3), last_value)
    compare(
        curves, market, chosen, 60.0 + start, seed % 5 > 0, boot, notice, poll, transfer
    )
