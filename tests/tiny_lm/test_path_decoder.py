"""Logits over a tree of prefixes against transformers' own forward pass."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

from helpers.tiny_lm import path_decoder
from helpers.tiny_lm.path_decoder import RUN, PathDecoder


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
    prompts = [list(rng.integers(0, 19, length)) for length in (7, 3)]
    with torch.inference_mode():
        sizes = np.array([7, 3])
        paths = decoder.begin(sizes)
        found = decoder.logits(
            decoder.hidden(
                np.concatenate(prompts),
                np.repeat(paths, sizes, axis=0),
                np.r_[np.arange(7), np.arange(3)] + 1,
            )
        )
        for i, rows in enumerate(found.split([7, 3])):
            expected = model(torch.tensor([prompts[i]])).logits[0]
            torch.testing.assert_close(rows, expected, rtol=1e-4, atol=1e-5)

        texts, lengths = prompts, sizes
        for _ in range(25):  # a node has several children or none
            parent = np.sort(rng.integers(0, len(texts), min(2 * len(texts), 9)))
            tokens = rng.integers(0, 19, len(parent))
            paths, lengths = decoder.extend(paths[parent], lengths[parent])
            texts = [texts[i] + [t] for i, t in zip(parent, tokens, strict=True)]
            assert lengths.tolist() == [len(text) for text in texts]
            found = decoder.logits(decoder.hidden(tokens, paths, lengths))
            for text, row in zip(texts, found, strict=True):
                expected = model(torch.tensor([text])).logits[0, -1]
                torch.testing.assert_close(row, expected, rtol=1e-4, atol=1e-5)


def test_no_entry_is_given_twice() -> None:
    decoder = PathDecoder(llama(), capacity=RUN)
    rng = np.random.default_rng(1)
    lengths = np.array([RUN, 1, RUN - 1])
    paths = decoder.begin(lengths)
    texts = [[(i, t) for t in range(n)] for i, n in enumerate(lengths)]
    for step in range(60):
        owner = {}  # of every entry the one prefix that it belongs to
        for text, path in zip(texts, paths, strict=True):
            for t, entry in enumerate(path[: len(text)]):
                assert owner.setdefault(int(entry), text[: t + 1]) == text[: t + 1]
        parent = np.sort(rng.integers(0, len(texts), 7))
        paths, lengths = decoder.extend(paths[parent], lengths[parent])
        texts = [[*texts[i], (step, row)] for row, i in enumerate(parent)]


def test_memory_is_that_of_the_live_paths() -> None:
    decoder = PathDecoder(llama(), capacity=20 * RUN)
    for _ in range(20):
        lengths = np.array([3])
        paths = decoder.begin(lengths)
        for _ in range(2 * RUN):  # three children each time, of which one goes on
            some = np.zeros(3, dtype=int)
            paths, lengths = decoder.extend(paths[some], lengths[some])
    assert decoder.capacity == 20 * RUN


def test_other_models_are_refused() -> None:
    other = GPT2LMHeadModel(GPT2Config(n_layer=1, n_head=1, n_embd=8, vocab_size=9))
    with pytest.raises(TypeError, match="GPT2LMHeadModel; allowed: LlamaForCausalLM"):
        PathDecoder(other)
    with pytest.raises(TypeError, match=r"float16 on cpu; allowed: torch\.float32"):
        PathDecoder(llama().half())
    scaled = {"rope_type": "linear", "factor": 2.0, "rope_theta": 10000.0}
    with pytest.raises(ValueError, match="rotary embedding 'linear'"):
        PathDecoder(llama(rope_parameters=scaled))
