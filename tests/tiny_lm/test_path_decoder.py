"""Logits over a tree of prefixes against transformers' own forward pass."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

from helpers.tiny_lm import path_decoder
from helpers.tiny_lm.path_decoder import PathDecoder


def llama(seed=0, **settings):
    torch.manual_seed(seed)
    small = {
        "vocab_size": 19,
        "hidden_size": 16,
        "intermediate_size": 24,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 4,
        "max_position_embeddings": 40,
    }
    model = LlamaForCausalLM(LlamaConfig(**small | settings)).eval()
    with torch.no_grad():  # far from the even distribution of small weights
        for weight in model.parameters():
            weight.normal_(0, 0.4)
    return model


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"num_key_value_heads": 2, "attention_bias": True, "mlp_bias": True},
        {"tie_word_embeddings": True, "hidden_act": "gelu", "head_dim": 6},
    ],
)
def test_prompt_and_branches_match_the_model(settings, monkeypatch) -> None:
    monkeypatch.setattr(path_decoder, "BLOCK", 3)  # a prompt spans blocks
    model = llama(**settings)
    decoder = PathDecoder(model, capacity=2)  # grows, and forgets
    rng = np.random.default_rng(0)
    prompt = rng.integers(0, 19, 7)
    none = np.zeros((0, 1), dtype=np.int32)
    with torch.inference_mode():
        entries, _ = decoder.allocate(7, none, np.zeros(0, dtype=int))
        paths = np.tile(entries, (7, 1))
        lengths = np.arange(1, 8)
        found = decoder.logits(decoder.hidden(prompt, paths, lengths))
        expected = model(torch.from_numpy(prompt)[None]).logits[0]
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)

        texts, paths, lengths = [list(prompt)], paths[-1:], lengths[-1:]
        for _ in range(8):  # most nodes have two children, others none
            parent = np.sort(rng.integers(0, len(texts), min(2 * len(texts), 9)))
            tokens = rng.integers(0, 19, len(parent))
            paths, lengths = paths[parent], lengths[parent]
            entries, paths = decoder.allocate(len(parent), paths, lengths)
            paths = np.concatenate([paths, entries[:, None]], axis=1)
            lengths = lengths + 1
            texts = [texts[i] + [t] for i, t in zip(parent, tokens, strict=True)]
            found = decoder.logits(decoder.hidden(tokens, paths, lengths))
            expected = model(torch.tensor(np.array(texts))).logits[:, -1]
            torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def test_memory_is_that_of_the_live_paths() -> None:
    decoder = PathDecoder(llama(), capacity=8)
    paths, lengths = np.zeros((1, 0), dtype=np.int32), np.zeros(1, dtype=int)
    for _ in range(200):  # a single path of one token, again and again
        entries, _ = decoder.allocate(1, paths, lengths)
        paths, lengths = entries[:, None], np.ones(1, dtype=int)
        decoder.hidden(np.array([3]), paths, lengths)
    assert decoder.capacity == 8


def test_other_models_are_refused() -> None:
    other = GPT2LMHeadModel(GPT2Config(n_layer=1, n_head=1, n_embd=8, vocab_size=9))
    with pytest.raises(TypeError, match="GPT2LMHeadModel; allowed: LlamaForCausalLM"):
        PathDecoder(other)
    with pytest.raises(TypeError, match=r"float16 on cpu; allowed: torch\.float32"):
        PathDecoder(llama().half())
    scaled = {"rope_type": "linear", "factor": 2.0, "rope_theta": 10000.0}
    with pytest.raises(ValueError, match="rotary embedding 'linear'"):
        PathDecoder(llama(rope_parameters=scaled))
