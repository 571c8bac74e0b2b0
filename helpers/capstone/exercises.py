"""Checks of notebook 07's exercises; each raises AssertionError with a hint."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from helpers.spot_tuning.early_shutdown import EarlyShutdown
from helpers.spot_tuning.final_metric import LastValue


def check_steps(
    attempt: Callable[[Mapping[str, int], float, Sequence[str]], float],
) -> None:
    """``attempt(lengths, theta, winners)`` -> steps that the job trains in all."""
    lengths = {"a": 10, "b": 16, "c": 7, "d": 1}
    ends = dict.fromkeys(lengths, LastValue())
    for theta in (0.3, 0.5, 1.0):
        for winners in (["b"], ["a", "d"], ["c", "b", "a"]):
            first = EarlyShutdown(lengths, theta, predictors=ends)
            wanted = sum(
                n if t in winners else first.first_target(t) for t, n in lengths.items()
            )
            found = attempt(dict(lengths), theta, list(winners))
            assert found == wanted, (
                f"lengths {lengths}, theta {theta:g}, winners {winners}: {wanted} "
                f"steps, got {found}. A part of theta is rounded up to whole steps"
            )


class Toy:
    """A trainer whose metric depends on every step before it."""

    made = 0

    def __init__(self) -> None:
        Toy.made += 1
        self.step, self.weight = 0, 1.0

    def train_step(self) -> float:
        self.step += 1
        self.weight = math.fmod(1.7 * self.weight + 0.3 * self.step, 1.0)
        return self.weight

    def state(self) -> bytes:
        return json.dumps([self.step, self.weight]).encode()

    def restore(self, state: bytes) -> None:
        self.step, self.weight = json.loads(state)


Machine = tuple[int, bool]


def check_carry_on(
    attempt: Callable[[Callable[[], Toy], Sequence[Machine]], bytes],
) -> None:
    """``attempt(make, machines)`` -> last checkpoint; machines are (until, lost)."""
    for machines in (
        [(4, False)],
        [(2, False), (5, True), (3, False), (9, False)],
        [(1, True), (6, True), (6, False), (8, False), (9, True)],
    ):
        whole = Toy()
        for _ in range(max(until for until, lost in machines if not lost)):
            whole.train_step()
        Toy.made = 0
        found = attempt(Toy, list(machines))
        assert Toy.made == len(machines), (
            f"{len(machines)} machines, but {Toy.made} fresh trainers. Each machine "
            "calls make() once"
        )
        assert found == whole.state(), (
            f"machines {machines}: the last checkpoint is {found!r}, without any "
            f"interruption {whole.state()!r}. A lost machine leaves no checkpoint; "
            "train while trainer.step < until"
        )


def check_told_apart(
    attempt: Callable[[np.ndarray, np.ndarray], float],
) -> None:
    """``attempt(wrong, score)`` -> chance that a wrong label scores the higher."""
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(0)
    for n, digits in ((12, 6), (60, 6), (40, 0)):
        wrong = np.arange(n) % 4 == 0
        score = (rng.normal(size=n) + wrong).round(digits)
        wanted = float(roc_auc_score(wrong, score))
        found = float(attempt(wrong, score))
        assert math.isclose(found, wanted, abs_tol=1e-9), (
            f"{n} labels: {wanted:.4f}, got {found:.4f}. Compare every wrong label's "
            "score with every right one's; a tie counts one half"
        )
