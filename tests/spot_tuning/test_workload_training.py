"""Training of whole workloads: processes, order, size, and going on after a stop."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from helpers.spot_tuning.workload_training import (
    step_times,
    tasks_of,
    train_all,
    train_curves,
)
from helpers.spot_tuning.workloads import workload

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _nothing_cached(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CURRICULUM_CACHE", "off")


def test_processes_and_order_change_nothing() -> None:
    sizes = {"settings": 2, "steps": 2}
    two = train_all(("LiR", "SVM"), (0, 1), **sizes, processes=2)
    one = train_all(("SVM", "LiR"), (1, 0), **sizes, processes=1)
    assert list(two) == ["LiR", "SVM"]
    for name, curves in two.items():
        for left, right in zip(curves, reversed(one[name]), strict=True):
            assert left.settings == right.settings
            np.testing.assert_array_equal(left.metrics, right.metrics)
        assert not np.array_equal(curves[0].metrics, curves[1].metrics)


def test_curves_are_those_of_the_trials() -> None:
    curves = train_curves("GBTR", 2, settings=3, steps=4, processes=1)
    chosen = workload("GBTR")
    assert curves.settings == tuple(chosen.settings[i] for i in (0, 8, 15))
    for setting, metrics in zip(curves.settings, curves.metrics, strict=True):
        trial = chosen.trainer(setting, 2)
        assert metrics.tolist() == [trial.train_step() for _ in range(4)]
    declared = [chosen.step_seconds(setting) for setting in curves.settings]
    assert curves.step_seconds.tolist() == declared
    assert (curves.metric, curves.alpha) == (chosen.metric, chosen.alpha)


def test_stages_end_with_the_curve() -> None:
    curves = train_curves("LiR", settings=2, steps=15, processes=1)
    assert curves.decay_steps == ((10,), ())
    assert [task.steps for task in tasks_of("GBTR", 0, settings=16)] == [
        workload("GBTR").steps(i) for i in range(16)
    ]


def test_step_times_are_measured_and_declared() -> None:
    table = step_times(("LiR",), settings=2, steps=5, processes=1)
    assert table["setting"].tolist() == [0, 15]
    assert table["workload"].tolist() == ["LiR", "LiR"]
    assert (table[["declared_ms", "measured_ms", "cpu_seconds"]] > 0).all(axis=None)
    assert (1e3 * table["cpu_seconds"] >= 2 * table["measured_ms"]).all()


def test_bad_sizes() -> None:
    with pytest.raises(ValueError, match="allowed: 1 or more"):
        train_curves("LiR", steps=0)
    with pytest.raises(ValueError, match="allowed: 1 to 16"):
        train_curves("LiR", settings=0)
    with pytest.raises(ValueError, match="did you mean 'LiR'"):
        train_all(("Lir",))


INTERRUPTED = """
from helpers.spot_tuning import workload_training as training
from helpers.spot_tuning.workload import Workload

made, original, limit = [], Workload.trainer, 3

def counting(self, choice, seed):
    made.append(choice)
    if len(made) == limit:
        raise KeyboardInterrupt
    return original(self, choice, seed)

Workload.trainer = counting
def train():
    training.train_curves("LiR", settings=4, steps=2, processes=1)
    return made

try:
    train()
except KeyboardInterrupt:
    pass
limit = None
print(made[:3], train()[3:], train()[5:])
"""


def test_an_interrupted_training_goes_on_with_what_is_missing(tmp_path: Path) -> None:
    environment = {k: v for k, v in os.environ.items() if k != "CURRICULUM_CACHE"}
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED],
        cwd=ROOT,
        env={**environment, "CURRICULUM_BUILD": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[0, 5, 10] [10, 15] []"
