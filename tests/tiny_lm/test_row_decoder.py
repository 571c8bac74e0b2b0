"""Rows in slots of a half-precision cache against transformers' own forward pass."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

from helpers.tiny_lm import row_decoder
from helpers.tiny_lm.config import TinyConfig
from helpers.tiny_lm.row_decoder import RowDecoder

CONFIG = TinyConfig(23, layers=2, width=16, heads=2, context=40)


@pytest.fixture(scope="module")
def model():
    model = CONFIG.model(0).eval()
    with torch.no_grad():  # far from the even distribution of small weights
        for weight in model.parameters():
            weight.normal_(0, 0.3)
    return model


def expected(model, tokens):
    with torch.no_grad():
        return model(torch.tensor([tokens])).logits[0]


def test_prompt_and_steps_match_the_model(model, monkeypatch) -> None:
    monkeypatch.setattr(row_decoder, "BLOCK", 5)  # a prompt lies in several blocks
    decoder = RowDecoder(model, slots=3)
    tokens = np.random.default_rng(0).integers(4, 23, 20)
    slot = np.full(12, 2)
    states = decoder.hidden(tokens[:12], slot, np.arange(12))
    parts = [decoder.logits(states)]
    for i in range(12, 20):
        state = decoder.hidden(tokens[i : i + 1], slot[:1], np.array([i]))
        parts.append(decoder.logits(state))
    found, wanted = torch.cat(parts), expected(model, tokens.tolist())
    # bfloat16 keys and values: three digits
    torch.testing.assert_close(found, wanted, rtol=0, atol=0.03 * float(wanted.std()))


def test_rows_of_different_age_do_not_meet(model) -> None:
    decoder = RowDecoder(model, slots=2)
    draw = np.random.default_rng(1)
    long, short = draw.integers(4, 23, 15), draw.integers(4, 23, 6)
    decoder.hidden(long[:9], np.zeros(9, int), np.arange(9))
    # slot 1 reads its prompt while slot 0 goes on
    decoder.hidden(
        np.concatenate([long[9:14], short[:5]]),
        np.repeat([0, 1], 5),
        np.concatenate([np.arange(9, 14), np.arange(5)]),
    )
    last = np.array([long[14], short[5]])
    found = decoder.logits(decoder.hidden(last, np.array([0, 1]), np.array([14, 5])))
    for row, tokens in zip(found, (long, short), strict=True):
        wanted = expected(model, tokens.tolist())[-1]
        torch.testing.assert_close(row, wanted, rtol=0, atol=0.05)


def test_a_slot_forgets_the_row_before(model) -> None:
    decoder = RowDecoder(model, slots=1)
    zeros = np.zeros(10, int)
    decoder.hidden(np.arange(4, 14), zeros, np.arange(10))
    decoder.hidden(np.arange(14, 18), zeros[:4], np.arange(4))
    found = decoder.logits(decoder.hidden(np.array([18]), zeros[:1], np.array([4])))
    fresh = RowDecoder(model, slots=1)
    wanted = fresh.logits(fresh.hidden(np.arange(14, 19), zeros[:5], np.arange(5)))[-1]
    torch.testing.assert_close(found[0], wanted, rtol=0, atol=1e-5)


def test_other_models_are_refused() -> None:
    other = GPT2LMHeadModel(GPT2Config(n_layer=1, n_embd=8, n_head=2, vocab_size=9))
    with pytest.raises(TypeError, match="LlamaForCausalLM"):
        RowDecoder(other)
    shared = LlamaConfig(
        vocab_size=9,
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=1,
        num_attention_heads=4,
        num_key_value_heads=2,
    )
    with pytest.raises(ValueError, match="key heads"):
        RowDecoder(LlamaForCausalLM(shared))


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"attention_bias": True}, "biases; allowed: none"),
        ({"mlp_bias": True}, "biases; allowed: none"),
        ({"hidden_act": "gelu"}, "'gelu'; allowed: 'silu'"),
    ],
)
def test_what_it_would_compute_wrongly_is_refused(setting, message) -> None:
    config = CONFIG.llama()
    config.update(setting)
    with pytest.raises(ValueError, match=message):
        RowDecoder(LlamaForCausalLM(config))
