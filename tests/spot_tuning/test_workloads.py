"""The registry, and the promise that an interrupted trial is the same trial."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr

from helpers.spot_tuning.workload_data import correlated_regression, digits
from helpers.spot_tuning.workloads import WORKLOADS, workload

NAMES = tuple(WORKLOADS)
FAST = ("LoR", "SVM", "GBTR", "LiR")
NETWORKS = ("CNN", "ResNet")


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def curve(name: str, setting: int, steps: int, seed: int = 0) -> list[float]:
    trial = workload(name).trainer(setting, seed)
    return [trial.train_step() for _ in range(steps)]


def interrupted(
    name: str, setting: int, steps: int, cuts: Sequence[int]
) -> list[float]:
    """The same curve by trials that are lost at ``cuts``, each after a checkpoint.

    Each goes on for two more steps after its checkpoint; that work is lost.
    """
    metrics: list[float] = []
    trial = workload(name).trainer(setting, 0)
    for first, last in pairwise([0, *sorted(cuts), steps]):
        metrics += [trial.train_step() for _ in range(last - first)]
        state = trial.state()
        trial.train_step(), trial.train_step()
        trial = workload(name).trainer(setting, 0)
        trial.restore(state)
        assert trial.step == last
    return metrics


@given(
    name=st.sampled_from(FAST),
    setting=st.integers(0, 15),
    cuts=st.sets(st.integers(0, 30), max_size=3),
)
@settings(max_examples=15)
def test_interruptions_leave_no_trace(name: str, setting: int, cuts: set[int]) -> None:
    assert interrupted(name, setting, 30, sorted(cuts)) == curve(name, setting, 30)


@pytest.mark.parametrize(
    ("name", "setting", "cuts"),
    [
        ("CNN", 0, (0, 1, 19, 20, 21)),  # the learning rate falls after step 20
        ("CNN", 15, (7,)),
        ("ResNet", 2, (0, 1, 11, 12, 13)),  # version 1, falls after step 12
        ("ResNet", 14, (7,)),  # version 2
    ],
)
def test_interrupted_networks_leave_no_trace(
    name: str, setting: int, cuts: tuple[int, ...]
) -> None:
    steps = max(cuts) + 2
    assert interrupted(name, setting, steps, cuts) == curve(name, setting, steps)


CONTINUE = """
import json, sys, torch
from pathlib import Path
from helpers.spot_tuning.workloads import workload
torch.set_num_threads(1)
found = {}
for path in sorted(Path(sys.argv[1]).iterdir()):
    trial = workload(path.name).trainer(9, 3)
    trial.restore(path.read_bytes())
    found[path.name] = [trial.train_step().hex() for _ in range(2)]
print(json.dumps(found))
"""


def test_another_process_goes_on_exactly(tmp_path: Path) -> None:
    expected = {}
    for name in NAMES:
        trial = workload(name).trainer(9, 3)
        for _ in range(3):
            trial.train_step()
        (tmp_path / name).write_bytes(trial.state())
        expected[name] = [trial.train_step().hex() for _ in range(2)]
    done = subprocess.run(
        [sys.executable, "-c", CONTINUE, str(tmp_path)],
        cwd=Path(__file__).resolve().parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout) == expected


@pytest.mark.parametrize("name", NAMES)
def test_a_state_can_be_taken_without_effect(name: str) -> None:
    trial = workload(name).trainer(5, 0)
    metrics = []
    for _ in range(3):
        assert trial.state() == trial.state()
        metrics.append(trial.train_step())
    assert metrics == curve(name, 5, 3)


@pytest.mark.parametrize("name", NAMES)
def test_sixteen_settings_of_four_hyper_parameters(name: str) -> None:
    chosen = workload(name)
    assert len(chosen.values) == 4
    assert len({json.dumps(setting) for setting in chosen.settings}) == 16
    for i, setting in enumerate(chosen.settings):
        assert chosen.setting(i) == chosen.setting(setting) == setting
        assert 40 <= chosen.steps(i) <= 100
        decays = chosen.decay_steps(setting)
        assert list(decays) == sorted(d for d in decays if 0 < d < chosen.steps(i))
        assert chosen.step_seconds(i) > 0
    assert 0.5 < chosen.alpha < 1


@pytest.mark.parametrize("name", NETWORKS)
def test_last_decay_of_networks_is_in_the_middle(name: str) -> None:
    chosen = workload(name)
    for i in range(16):
        assert 0.4 <= chosen.decay_steps(i)[-1] / chosen.steps(i) <= 0.65


@pytest.mark.parametrize(
    ("name", "setting", "decay"), [("CNN", 4, 20), ("ResNet", 1, 16)]
)
def test_loss_drops_where_the_learning_rate_falls(
    name: str, setting: int, decay: int
) -> None:
    """Means of four steps: a drop at the decay, in the CNN after a flat stretch."""
    assert workload(name).decay_steps(setting)[0] == decay
    losses = np.array(curve(name, setting, decay + 4)[decay - 8 :])
    earlier, before, after = losses.reshape(3, 4).mean(axis=1)
    assert after < 0.85 * before
    if name == "CNN":
        assert after / before < 0.85 * before / earlier


def test_settings_matter_more_than_seeds() -> None:
    finals = [
        [curve("LiR", i, workload("LiR").steps(i), seed)[-1] for i in range(16)]
        for seed in (0, 1)
    ]
    assert finals[0] != finals[1]
    assert spearmanr(*finals).statistic > 0.8


@pytest.mark.parametrize("name", NAMES)
def test_training_helps(name: str) -> None:
    metrics = curve(name, 13, 12)
    assert metrics[-1] < 0.9 * metrics[0]


def test_unknown_names() -> None:
    with pytest.raises(ValueError, match="did you mean 'ResNet'"):
        workload("Resnet")
    with pytest.raises(ValueError, match="did you mean 'paper'"):
        workload("LoR", "papers")  # type: ignore[arg-type]


def test_unknown_settings() -> None:
    chosen = workload("SVM")
    with pytest.raises(ValueError, match="settings 0 to 15, not 16"):
        chosen.trainer(16, 0)
    with pytest.raises(ValueError, match=r"learning rate in \[0.01, 0.1\]"):
        chosen.steps({**chosen.settings[0], "learning rate": 0.2})
    with pytest.raises(ValueError, match="allowed: 1 to 16"):
        chosen.spread(17)
    assert chosen.spread(4) == (0, 5, 10, 15)
    assert chosen.spread(None) == tuple(range(16))


def test_data_follow_from_the_seed_and_are_standardised_on_training_rows() -> None:
    data = digits(0)
    assert len(data.x) + len(data.x_val) == 1797
    varying = data.x.std(axis=0) > 0
    np.testing.assert_allclose(data.x.mean(axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(data.x.std(axis=0)[varying], 1)
    assert not np.allclose(data.x_val.mean(axis=0), 0, atol=1e-3)
    assert not np.array_equal(digits(1).y, data.y)
    rows = {row.tobytes() for row in correlated_regression(0).x}
    assert not rows & {row.tobytes() for row in correlated_regression(0).x_val}
