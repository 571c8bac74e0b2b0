"""A policy that does as it is told, on a price that changes when it should."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from helpers.spot_tuning.billing import billing
from helpers.spot_tuning.job import Checkpoint, Launch
from helpers.spot_tuning.machinery import SLOWEST_MB_S, Machinery
from helpers.spot_tuning.prices import Market, PriceTrace
from helpers.spot_tuning.simulator import simulate

REFUND, KEEP = billing("first-hour-refund"), billing("no-refund")
SECOND = SLOWEST_MB_S  # MB that a two-core machine saves in one second


@dataclass(frozen=True)
class Script:
    """Launches trials as told (the last line repeats); may ignore notices."""

    steps: dict
    launches: list
    heeds: bool = True
    extra: object = lambda state: []
    seen: list = field(default_factory=list)

    def decide(self, state):
        self.seen.append(state)
        actions = list(self.extra(state))
        for t in state.trials.values():
            if t.lease is None and t.step < self.steps[t.id]:
                line = self.launches[min(t.launches, len(self.launches) - 1)]
                actions.append(Launch(t.id, **{"until_step": self.steps[t.id], **line}))
            elif t.lease is not None and t.lease.notice_at is not None and self.heeds:
                actions.append(Checkpoint(t.id))
        return actions

    def finished(self, state):
        return all(
            t.step >= self.steps[t.id] and t.lease is None
            for t in state.trials.values()
        )

    def ranking(self, state):
        return list(state.trials)


def script(curves, *launches, **more):
    lines = launches or ({},)
    default = {"instance_type": "r4.large", "max_price": 0.1}
    return Script(curves.max_steps, [{**default, **line} for line in lines], **more)


def priced(*pairs, kind="r4.large", minutes=600):
    """Market of one type: price 0.05, then (first minute, price) from there on."""
    prices = np.full(minutes, 0.05)
    for first, price in pairs:
        prices[first:] = price
    return Market([PriceTrace(kind, prices)])


def run(policy, curves, market, *, rules=REFUND, start=0.0, **machinery):
    wanted = {"boot": 100.0, "checkpoint_mb": 20 * SECOND, "jitter": 0.0}
    return simulate(
        policy,
        curves,
        market,
        start=start,
        rules=rules,
        machinery=Machinery(**{**wanted, **machinery}),
    )
