"""Frozen weights in bfloat16: what is converted, and that nothing trained is."""

from __future__ import annotations

import pytest
import torch
from peft import AdaLoraConfig, LoraConfig, get_peft_model
from torch import nn

from helpers.lora_dropout.config import LoraDropoutConfig
from helpers.lora_dropout.frozen import FrozenLinear, fast_bfloat16, halve_frozen


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(96, 80), nn.GELU(), nn.Linear(80, 2))


CONFIGS = {
    "LoRA": LoraConfig(r=4, target_modules=["0"], init_lora_weights=False),
    "LoRA Dropout": LoraDropoutConfig(
        r=4, target_modules=["0"], mask_p=0.5, init_lora_weights=False
    ),
    "AdaLoRA": AdaLoraConfig(init_r=4, target_r=2, total_step=10, target_modules=["0"]),
}


@pytest.mark.parametrize("name", list(CONFIGS))
def test_only_frozen_matrices_change_and_outputs_hardly(name):
    model = get_peft_model(network(), CONFIGS[name]).eval()
    x = torch.randn(7, 5, 96)
    expected = model(x)
    assert halve_frozen(model) == 1  # the other one is small
    base = model.base_model.model[0].base_layer
    assert isinstance(base, FrozenLinear) and base.weight.dtype == torch.bfloat16
    for key, value in model.named_parameters():
        assert value.requires_grad <= (value.dtype == torch.float32), key
    found = model(x)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, expected, atol=0.02, rtol=0.02)
    assert not torch.equal(found, expected)


def test_gradients_are_those_of_float32():
    plain, half = (get_peft_model(network(), CONFIGS["LoRA"]) for _ in range(2))
    half.load_state_dict(plain.state_dict())
    halve_frozen(half)
    x = torch.randn(64, 96, requires_grad=True)
    for model in (plain, half):
        x.grad = None
        model(x).square().mean().backward()
        model.x_grad = x.grad
    torch.testing.assert_close(half.x_grad, plain.x_grad, atol=1e-3, rtol=0.1)
    for (key, a), (_, b) in zip(
        plain.named_parameters(), half.named_parameters(), strict=True
    ):
        if a.requires_grad:
            assert b.grad.dtype == torch.float32, key
            assert (a.grad - b.grad).norm() < 0.02 * a.grad.norm(), key


def test_a_trained_bias_on_a_frozen_weight_gets_its_gradient():
    layer = nn.Linear(64, 64)
    layer.weight.requires_grad_(False)
    model = nn.Sequential(layer)
    assert halve_frozen(model) == 1
    model(torch.ones(3, 64)).sum().backward()
    torch.testing.assert_close(layer.bias.grad, torch.full((64,), 3.0))


def test_without_a_bias_the_type_of_the_input_is_kept():
    layer = nn.Linear(64, 64, bias=False).requires_grad_(False)
    halve_frozen(layer)
    assert layer(torch.ones(2, 64)).dtype == torch.float32


def test_what_is_trained_stays(monkeypatch):
    model = network()
    assert halve_frozen(model) == 0
    assert {p.dtype for p in model.parameters()} == {torch.float32}
    monkeypatch.setattr(
        torch.cpu, "get_capabilities", lambda: {"amx_bf16": True}, raising=False
    )
    assert fast_bfloat16()
    monkeypatch.setattr(torch.cpu, "get_capabilities", dict, raising=False)
    assert not fast_bfloat16()


def test_merging_adds_the_update_to_the_half_weight():
    model = get_peft_model(network(), CONFIGS["LoRA Dropout"]).eval()
    halve_frozen(model)
    x = torch.randn(5, 96)
    expected = model(x)
    merged = model.merge_and_unload()
    torch.testing.assert_close(merged(x), expected, atol=0.03, rtol=0.03)
