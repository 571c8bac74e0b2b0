"""Sub-networks of a context: fixed, grouped, restored, and refused with a reason."""

from __future__ import annotations

import contextlib
import copy

import pytest
import torch
from peft import LoraConfig, get_peft_model

from helpers.lora_dropout.config import LoraDropoutConfig
from helpers.lora_dropout.sampling import (
    active_settings,
    lora_dropout_sampling,
    masked_layers,
)
from tests.lora_dropout.small_models import (
    adapted,
    adapted_perceptron,
    batch,
    logits,
    perceptron,
    randomised,
)


def members(model, chosen, inputs=None, seed=0):
    """Logits of members, one forward pass each."""
    rows = []
    for member in chosen:
        with lora_dropout_sampling(model, members=[member], seed=seed):
            rows.append(logits(model, inputs))
    return torch.stack(rows)


def repeated(inputs, groups):
    return {k: v.repeat(groups, *[1] * (v.ndim - 1)) for k, v in inputs.items()}


def test_masks_in_one_batch_equal_forwards_of_their_own() -> None:
    model, inputs = adapted(mask_p=0.4), batch()
    one_by_one = members(model, range(6))
    with lora_dropout_sampling(model, members=range(6)):
        together = logits(model, repeated(inputs, 6)).view(6, 5, 3)
    torch.testing.assert_close(together, one_by_one, rtol=0, atol=2e-6)
    assert (one_by_one[0] - one_by_one[1]).abs().max() > 0.01


def test_masks_in_one_batch_in_double_precision() -> None:
    model = adapted_perceptron(mask_p=0.4)
    x = torch.randn(3, 6, dtype=torch.float64)
    one_by_one = []
    for member in (4, 0, 9):
        with lora_dropout_sampling(model, members=[member]):
            one_by_one.append(model(x))
    with lora_dropout_sampling(model, members=[4, 0, 9]):
        together = model(x.repeat(3, 1))
    torch.testing.assert_close(together, torch.cat(one_by_one), rtol=0, atol=1e-12)


def test_members_are_the_same_in_every_batch_and_order() -> None:
    model = adapted()
    inputs = batch()
    part = {k: v[2:4] for k, v in inputs.items()}
    whole = members(model, [0, 1, 2])
    torch.testing.assert_close(members(model, [0, 1, 2], part), whole[:, 2:4])
    assert torch.equal(members(model, [2, 0]), whole[[2, 0]])
    assert not torch.allclose(members(model, [0, 1, 2], seed=1), whole)


def test_members_belong_to_the_base_model_s_names() -> None:
    """A member is the same through the PeftModel, its inside, and a model around it."""
    model, x = adapted_perceptron(), torch.randn(3, 6, dtype=torch.float64)
    found = []
    for watched in (model, model.base_model, model.base_model.model):
        with lora_dropout_sampling(watched, members=[3]):
            found.append(model(x))
    around = torch.nn.ModuleDict({"module": model})
    with lora_dropout_sampling(around, members=[3]):
        found.append(model(x))
    assert all(torch.equal(found[0], other) for other in found[1:])
    assert list(masked_layers(around)) == ["0", "2"]


def test_two_models_in_one() -> None:
    first, second = adapted_perceptron(), adapted_perceptron()
    x = torch.randn(3, 6, dtype=torch.float64)
    pair = torch.nn.ModuleList([first, second])
    assert len(masked_layers(pair)) == 4
    with lora_dropout_sampling(pair, members=[3]):
        assert not torch.allclose(first(x), second(x))  # they have masks of their own
    assert torch.equal(first(x), second(x))


def test_modes_and_the_generator_stay() -> None:
    model = adapted()
    before = {name: module.training for name, module in model.named_modules()}
    state = torch.get_rng_state()
    deterministic = logits(model)
    with lora_dropout_sampling(model, members=[0]):
        inside = {name: module.training for name, module in model.named_modules()}
        logits(model)
    assert inside == before
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(logits(model), deterministic)


def test_the_end_of_a_context_restores_the_one_around() -> None:
    model = adapted()
    outer, inner = members(model, [0, 1])
    with lora_dropout_sampling(model, members=[0]):
        with (
            pytest.raises(KeyError, match="inside"),
            lora_dropout_sampling(model, members=[1]),
        ):
            assert torch.equal(logits(model), inner)
            raise KeyError("inside")
        assert torch.equal(logits(model), outer)


def test_fixed_masks_also_in_training_mode() -> None:
    model = adapted().train()
    first, second = (members(model, [7]) for _ in range(2))
    assert torch.equal(first, second)
    assert torch.equal(first, members(model.eval(), [7]))


def test_members_seen_in_inference_mode_can_be_trained() -> None:
    model = adapted()
    with lora_dropout_sampling(model, members=[0]):
        with torch.inference_mode():
            found = model(**batch()).logits
        outputs = model(**batch())
        outputs.loss.backward()
    assert torch.equal(found, outputs.logits)


def test_fresh_masks_of_groups() -> None:
    model, inputs = adapted(), batch(1)
    model.train()
    torch.manual_seed(0)
    alone = logits(model, inputs)
    torch.manual_seed(0)
    with lora_dropout_sampling(model):
        assert torch.equal(logits(model, inputs), alone)
        assert not torch.equal(logits(model, inputs), alone)
    model.eval()
    with lora_dropout_sampling(model, groups=3):
        rows = logits(model, repeated(inputs, 3))
    assert len({round(float(row[0]), 5) for row in rows}) == 3


def test_in_training_one_mask_serves_the_whole_batch() -> None:
    """Examples of a batch that are equal have equal outputs, unlike with dropout."""
    model, one = adapted().train(), batch(1)
    rows = logits(model, repeated(one, 4))
    torch.testing.assert_close(rows, rows[:1].expand(4, 3))
    assert not torch.allclose(logits(model, one), rows[:1])


def test_a_copy_inside_a_context_is_usable() -> None:
    model = adapted()
    with lora_dropout_sampling(model, members=[0]):
        other = copy.deepcopy(model)
        assert torch.equal(logits(other), logits(model))


def test_settings_of_the_active_adapter() -> None:
    model = adapted(mask_p=0.3, n_train=2, n_test=5)
    model.add_adapter("b", LoraDropoutConfig(r=2, target_modules=["query"], mask_p=0.7))
    model.add_adapter("plain", LoraConfig(r=2, target_modules=["query"]))
    found = active_settings(model)
    assert (found.p, found.n_train, found.n_test) == (0.3, 2, 5)
    model.set_adapter("b")
    assert active_settings(model).p == 0.7
    model.set_adapter("plain")
    with pytest.raises(ValueError, match="allowed: b, default"):
        active_settings(model)


def test_adapters_that_change_inside_a_context() -> None:
    model = adapted(mask_p=0.3)
    model.add_adapter("b", LoraDropoutConfig(r=4, target_modules=["query"], mask_p=0.7))
    randomised(model)
    alone = {}
    for name in ("default", "b"):
        model.set_adapter(name)
        alone[name] = members(model, [2])[0]
    with lora_dropout_sampling(model, members=[2]):
        for name in ("default", "b", "default"):
            model.set_adapter(name)
            assert torch.equal(logits(model), alone[name])


def test_models_without_masks() -> None:
    plain = get_peft_model(perceptron(), LoraConfig(target_modules=["0"]))
    for model in (plain, perceptron()):
        with (
            pytest.raises(ValueError, match=r"has LoRA Dropout; allowed"),
            lora_dropout_sampling(model, members=[0]),
        ):
            pass


def test_without_probability_members_are_plain_lora() -> None:
    model = adapted(mask_p=0.0)
    assert torch.equal(members(model, [0, 1]), logits(model).expand(2, 5, 3))


@pytest.mark.parametrize("chosen", [[], [-1], [0.5], ["a"]])
def test_members_that_are_none(chosen) -> None:
    with (
        pytest.raises(ValueError, match="`members` must be one or more integers"),
        lora_dropout_sampling(adapted_perceptron(), members=chosen),
    ):
        pass


def test_groups_that_are_none() -> None:
    model = adapted_perceptron()
    for groups, chosen in ((0, None), (3, [0, 1])):
        with (
            pytest.raises(ValueError, match="`groups`"),
            lora_dropout_sampling(model, members=chosen, groups=groups),
        ):
            pass


def test_merged_adapters_have_nothing_to_mask() -> None:
    model = adapted()
    model.merge_adapter()
    with (
        pytest.raises(ValueError, match="unmerge_adapter"),
        lora_dropout_sampling(model, members=[0]),
    ):
        pass
    model.unmerge_adapter()
    assert not torch.allclose(members(model, [0])[0], logits(model))


def test_a_batch_that_is_no_multiple_of_the_groups() -> None:
    model = adapted()
    with (
        lora_dropout_sampling(model, members=[0, 1]),
        pytest.raises(ValueError, match="2 mask sets"),
    ):
        model(**batch(5))


def test_once_is_one_subnetwork_for_all_calls_inside() -> None:
    model = adapted_perceptron().train()
    x = torch.randn(5, 6).double()
    with lora_dropout_sampling(model, once=True):
        first, second = model(x), model(x)
    with lora_dropout_sampling(model, once=True):
        other = model(x)
    with lora_dropout_sampling(model):
        fresh = [model(x) for _ in range(2)]
    assert torch.equal(first, second)
    assert not torch.equal(first, other) and not torch.equal(*fresh)


def test_once_draws_what_training_mode_draws() -> None:
    """Also when layers are called again: the generator goes on as without it."""
    model = adapted_perceptron().train()
    x = torch.randn(5, 6).double()
    ends = []
    for context in (contextlib.nullcontext(), lora_dropout_sampling(model, once=True)):
        torch.manual_seed(3)
        with context:
            found = model(x)
            model(x)
        ends.append((found, torch.rand(2)))
    for ours, theirs in zip(*ends, strict=True):
        assert torch.equal(ours, theirs)
