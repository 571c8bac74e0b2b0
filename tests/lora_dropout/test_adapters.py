"""Bottleneck adapters: identity at first, where they sit, how large they are."""

from __future__ import annotations

import pytest
import torch
from transformers import BertConfig, BertModel

from helpers.lora_dropout.adapters import AdaptedLinear, add_adapters, matched_width


@pytest.fixture
def model():
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=30,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
    )
    return BertModel(config, add_pooling_layer=False).eval()


def trainable(model):
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


@pytest.mark.parametrize(("style", "each_layer"), [("houlsby", 2), ("pfeiffer", 1)])
def test_adapters_start_as_the_identity(model, style, each_layer):
    ids = torch.arange(8)[None]
    before = model(ids).last_hidden_state
    add_adapters(model, style, 3)
    found = [m for m in model.modules() if isinstance(m, AdaptedLinear)]
    assert len(found) == 2 * each_layer
    torch.testing.assert_close(model(ids).last_hidden_state, before)
    assert trainable(model) == len(found) * (2 * 16 * 3 + 16 + 3)


def test_houlsby_sits_behind_attention_and_feed_forward(model):
    add_adapters(model, "houlsby", 2)
    layer = model.encoder.layer[0]
    assert isinstance(layer.attention.output.dense, AdaptedLinear)
    assert isinstance(layer.output.dense, AdaptedLinear)
    assert not isinstance(layer.intermediate.dense, AdaptedLinear)


def test_pfeiffer_sits_behind_the_feed_forward_only(model):
    add_adapters(model, "pfeiffer", 2)
    layer = model.encoder.layer[0]
    assert not isinstance(layer.attention.output.dense, AdaptedLinear)
    assert isinstance(layer.output.dense, AdaptedLinear)


def test_the_adapter_is_the_formula():
    torch.manual_seed(0)
    layer = AdaptedLinear(torch.nn.Linear(4, 6), 3, torch.Generator().manual_seed(0))
    torch.nn.init.normal_(layer.up.weight)
    x = torch.randn(5, 4)
    h = layer.base(x)
    bottleneck = torch.clamp(h @ layer.down.weight.T + layer.down.bias, min=0)
    expected = h + bottleneck @ layer.up.weight.T + layer.up.bias
    torch.testing.assert_close(layer(x), expected)


@pytest.mark.parametrize("style", ["houlsby", "pfeiffer"])
@pytest.mark.parametrize("budget", [500, 1000, 5000])
def test_the_matched_width_is_the_largest_within_the_budget(model, style, budget):
    width = matched_width(model, style, budget)
    add_adapters(model, style, width)
    used = trainable(model)
    layers = sum(isinstance(m, AdaptedLinear) for m in model.modules())
    assert used <= budget < used + layers * (2 * 16 + 1)


def test_bad_input_is_refused(model):
    with pytest.raises(ValueError, match="allowed: houlsby, pfeiffer"):
        add_adapters(model, "hulsby", 3)
    with pytest.raises(ValueError, match="width is 0; allowed: 1 or more"):
        add_adapters(model, "houlsby", 0)
    with pytest.raises(ValueError, match="no layer whose name ends in"):
        add_adapters(torch.nn.Sequential(torch.nn.Linear(2, 2)), "houlsby", 1)
