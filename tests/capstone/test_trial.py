"""A trial of LoRA Dropout keeps the promises of SpotTune's `Trainer`."""

from __future__ import annotations

import pytest
import torch

from helpers.capstone.trial import Data, data_of, lora_workload
from helpers.lora_dropout.variant import LoraDropoutLinear
from tests.capstone.conftest import SMALL


@pytest.fixture(scope="module")
def workload():
    return lora_workload(SMALL, (0.0, 0.5), (2, 4))


def test_a_trial_goes_on_bit_for_bit_in_a_fresh_object(workload):
    whole, part = (workload.trainer({"p": 0.5, "rank": 4}, 3) for _ in range(2))
    expected = [whole.train_step() for _ in range(4)]
    metrics = []
    for _ in range(4):
        metrics.append(part.train_step())
        saved, part = part.state(), workload.trainer({"p": 0.5, "rank": 4}, 3)
        torch.rand(3)  # the global generator has no say
        part.restore(saved)
    assert metrics == expected
    assert part.state() == whole.state()


def test_a_checkpoint_of_another_setting_is_refused(workload):
    saved = workload.trainer(0, 3).state()
    with pytest.raises(ValueError, match="the checkpoint is of"):
        workload.trainer(1, 3).restore(saved)


def test_settings_share_texts_and_first_weights_of_a_seed(workload):
    one, other = workload.trainer(0, 3), workload.trainer({"p": 0.5, "rank": 2}, 3)
    assert one.data is other.data
    assert one.probabilities(one.data.test).tobytes() == (
        other.probabilities(other.data.test).tobytes()
    )
    assert any(isinstance(m, LoraDropoutLinear) for m in other.model.modules())
    elsewhere = data_of(SMALL, 4)
    assert elsewhere.task.train.texts != one.data.task.train.texts


def test_the_tuner_never_sees_the_test_texts(workload):
    data = Data(SMALL, 3)
    trial, blind = workload.trainer(0, 3), workload.trainer(0, 3)
    blind.data = data
    assert blind.train_step() == trial.train_step()
    assert "test" not in vars(data)  # nobody has asked for it
    parts = (data.train, data.validation, data.test)
    assert [len(part.labels) for part in parts] == [32, 32, 64]
    texts = data.task.test.texts
    assert not set(texts[:32]) & set(texts[32:])


@pytest.mark.parametrize(
    ("p_grid", "ranks", "name"), [((), (2,), "p_grid"), ((0.5,), (2, 2), "ranks")]
)
def test_a_grid_without_values_or_with_one_twice_is_refused(p_grid, ranks, name):
    with pytest.raises(ValueError, match=f"{name} is .*allowed: one or more"):
        lora_workload(SMALL, p_grid, ranks)


def test_an_epoch_costs_more_at_a_higher_rank(workload):
    low, high = (workload.step_seconds({"p": 0.0, "rank": r}) for r in (2, 4))
    assert 0 < low < high < 1.1 * low
    assert len(workload.settings) == 4 and workload.steps(0) == SMALL.epochs
