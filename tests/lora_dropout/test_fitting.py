"""Training on cached hidden states: reproducible, with the right schedule and loss."""

from __future__ import annotations

import pytest
import torch
from peft import AdaLoraConfig, LoraConfig, MontecloraConfig, get_peft_model
from torch import nn
from transformers.modeling_outputs import SequenceClassifierOutput

from helpers.lora_dropout.config import LoraDropoutConfig
from helpers.lora_dropout.encoder import Features
from helpers.lora_dropout.fitting import (
    Recipe,
    Training,
    batches,
    fit,
    logits_of,
)


class Small(nn.Module):
    """Mean pooling, one layer, and a head, with the arguments of `TopLayers`."""

    def __init__(self):
        super().__init__()
        self.dense, self.head = nn.Linear(6, 6), nn.Linear(6, 2)
        self.config = {"model_type": "small"}

    def forward(self, hidden, attention_mask, labels=None):
        weight = attention_mask[:, :, None].float()
        pooled = (hidden * weight).sum(1) / weight.sum(1)
        logits = self.head(torch.tanh(self.dense(pooled)))
        loss = None if labels is None else nn.functional.cross_entropy(logits, labels)
        return SequenceClassifierOutput(loss=loss, logits=logits)


@pytest.fixture
def data():
    draw = torch.Generator().manual_seed(0)
    mask = torch.arange(4) < torch.randint(1, 5, (40, 1), generator=draw)
    hidden = torch.randn(40, 4, 6, generator=draw)
    labels = ((hidden * mask[:, :, None]).sum(1)[:, 0] > 0).long()
    return Features(hidden, mask), labels


def small(config=None, seed=0):
    torch.manual_seed(seed)
    model = Small()
    return model if config is None else get_peft_model(model, config)


LORA = {"r": 2, "target_modules": ["dense"], "modules_to_save": ["head"]}
RECIPE = Recipe(lr=0.05, epochs=8, batch_size=8)


def test_training_learns_and_repeats_itself(data):
    features, labels = data
    found = []
    for _ in range(2):
        model = small(LoraDropoutConfig(mask_p=0.3, **LORA))
        torch.manual_seed(99)  # the global generator has no say
        torch.rand(len(found))
        fit(model, features, labels, RECIPE, seed=1)
        found.append(logits_of(model, features))
    torch.testing.assert_close(found[0], found[1], rtol=0, atol=0)
    assert (found[0].argmax(1) == labels).float().mean() > 0.85


def test_the_global_generator_is_given_back(data):
    features, labels = data
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    fit(small(), features, labels, RECIPE, seed=1)
    # building the model drew numbers: compare what follows the fit
    torch.manual_seed(5)
    model = Small()
    torch.manual_seed(5)
    fit(model, features, labels, RECIPE, seed=1)
    torch.testing.assert_close(torch.rand(3), expected)


def test_watched_logits_are_those_of_the_model(data):
    features, labels = data
    model = small(LoraDropoutConfig(mask_p=0.5, **LORA))
    watch = {"test": features}
    history = fit(model, features, labels, RECIPE, seed=1, watch=watch)
    assert len(history.logits["test"]) == RECIPE.epochs
    torch.testing.assert_close(history.logits["test"][-1], logits_of(model, features))


def test_logits_do_not_depend_on_the_batches(data):
    features, _ = data
    model = small().eval()
    together = model(features.hidden, features.mask).logits
    torch.testing.assert_close(logits_of(model, features, batch_size=7), together)


def test_several_instances_average_their_gradient(data):
    features, labels = data
    one = small(LoraDropoutConfig(mask_p=0.0, **LORA))
    many = small(LoraDropoutConfig(mask_p=0.0, **LORA))
    fit(one, features, labels, RECIPE, seed=1)
    recipe = Recipe(lr=0.05, epochs=8, batch_size=8, instances=3)
    fit(many, features, labels, recipe, seed=1)
    # without masks all instances are equal, and so is their mean
    torch.testing.assert_close(
        logits_of(one, features), logits_of(many, features), atol=1e-4, rtol=1e-4
    )


def test_adalora_updates_its_budget(data):
    features, labels = data
    steps = RECIPE.steps(len(features))
    config = AdaLoraConfig(
        init_r=4,
        target_r=1,
        tinit=2,
        tfinal=5,
        total_step=steps,
        target_modules=["dense"],
        modules_to_save=["head"],
    )
    model = small(config)
    fit(model, features, labels, RECIPE, seed=1)
    kept = model.base_model.model.dense.lora_E["default"]
    assert int((kept != 0).sum()) == 1


def test_monteclora_gets_its_own_loss(data, monkeypatch):
    features, labels = data
    config = LoraConfig(monteclora_config=MontecloraConfig(num_samples=2), **LORA)
    model = small(config)
    calls = []
    own = type(model.base_model)._get_monteclora_loss
    monkeypatch.setattr(
        type(model.base_model),
        "_get_monteclora_loss",
        lambda self: calls.append(own(self)) or calls[-1],
    )
    fit(model, features, labels, RECIPE, seed=1)
    assert len(calls) == RECIPE.steps(len(features))
    assert all(float(loss.detach()) != 0 for loss in calls)


def test_bad_input_is_refused(data):
    features, labels = data
    with pytest.raises(ValueError, match="40 texts, but 39 labels"):
        fit(small(), features, labels[1:], RECIPE, seed=0)
    with pytest.raises(ValueError, match="epochs is 0; allowed: 1 or more"):
        Recipe(epochs=0)
    with pytest.raises(ValueError, match="lr is 0; allowed: above 0"):
        Recipe(lr=0)
    broken = Features(features.hidden * float("nan"), features.mask)
    with pytest.raises(ValueError, match="the loss is nan at step 0"):
        fit(small(), broken, labels, RECIPE, seed=0)


def test_steps_count_the_last_short_batch():
    assert Recipe(epochs=3, batch_size=8).steps(17) == 9


def test_batches_hold_every_row_once_and_little_padding(data):
    features, _ = data
    draw = torch.Generator().manual_seed(3)
    first = batches(features, 6, draw)
    assert sorted(torch.cat(first).tolist()) == list(range(40))
    assert all(len(rows) <= 6 for rows in first)
    second = batches(features, 6, draw)
    assert [rows.tolist() for rows in first] != [rows.tolist() for rows in second]
    lengths = features.mask.sum(dim=1)

    def padded(parts):
        return sum(len(rows) * int(lengths[rows].max()) for rows in parts)

    assert padded(first) < padded(torch.randperm(40, generator=draw).split(6))


def test_a_training_taken_up_in_a_fresh_object_is_the_same_bit_for_bit(data):
    features, labels = data

    def fresh():
        model = small(LoraDropoutConfig(mask_p=0.3, **LORA))
        return Training(model, features, labels, RECIPE, seed=1)

    whole, parts = fresh(), fresh()
    parts.set_arrays(parts.arrays())  # nothing done yet
    for epoch in range(RECIPE.epochs):
        whole.run_epoch()
        parts.run_epoch()
        saved, parts = parts.arrays(), fresh()
        torch.rand(epoch)  # the global generator has no say
        parts.set_arrays(saved)
    one, other = whole.arrays(), parts.arrays()
    assert one.keys() == other.keys()
    assert {"masks", "order", "steps", "exp_avg.0", "weight.0"} < one.keys()
    for name, array in one.items():
        assert array.tobytes() == other[name].tobytes(), name
    fitted = small(LoraDropoutConfig(mask_p=0.3, **LORA))
    fit(fitted, features, labels, RECIPE, seed=1)
    again = logits_of(fitted, features)
    assert torch.equal(logits_of(parts.model, features), again)


def test_a_checkpoint_is_a_copy(data):
    training = Training(small(LoraConfig(**LORA)), *data, RECIPE, seed=0)
    training.run_epoch()
    saved = training.arrays()
    before = {name: array.copy() for name, array in saved.items()}
    training.run_epoch()
    assert all((saved[name] == before[name]).all() for name in saved)
    other = Training(small(LoraConfig(**LORA)), *data, RECIPE, seed=0)
    other.set_arrays(saved)
    other.run_epoch()
    assert all((saved[name] == before[name]).all() for name in saved)


def test_adalora_cannot_be_saved(data):
    config = AdaLoraConfig(
        total_step=40, init_r=4, target_r=2, target_modules=["dense"]
    )
    training = Training(small(config), *data, RECIPE, seed=0)
    with pytest.raises(ValueError, match="AdaLoRA's budget"):
        training.arrays()
