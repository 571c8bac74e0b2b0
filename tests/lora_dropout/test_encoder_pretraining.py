"""The encoder that replaces the pretrained one."""

import math

import numpy as np
import pytest
import torch

from helpers.lora_dropout import encoder as encoders
from helpers.lora_dropout import encoder_pretraining as module
from helpers.lora_dropout.encoder import hidden_states, load_encoder
from helpers.lora_dropout.encoder_pretraining import (
    SPECIAL,
    masked_loss,
    network,
    pretrained,
    tokenizer,
    vocabulary,
    word_vectors,
)
from helpers.lora_dropout.opinions import opinions
from helpers.lora_dropout.top_layers import TopLayers

TEXTS = opinions(600, seed=0).train.texts


def test_vocabulary_is_deterministic_and_spells_every_word():
    words = vocabulary(TEXTS, 200)
    assert words == vocabulary(TEXTS, 200)
    assert len(words) == len(set(words)) == 200 and words[:5] == list(SPECIAL)
    assert {"the", "was", "##a", "a"} <= set(words)
    coder = tokenizer(words)
    unknown = coder("The pacing: a zebra?")["input_ids"]
    assert coder.convert_ids_to_tokens(unknown)[1] == "the"
    ids = coder(list(TEXTS))["input_ids"]
    assert not any(SPECIAL.index("[UNK]") in row for row in ids)


def test_neighbours_count_as_by_hand():
    rows, size, width = [[5, 6, 7, 5], [6, 5]], 8, 3
    vectors = word_vectors(rows, size, width)
    counts = np.zeros((size, size))
    for row in rows:
        for i, a in enumerate(row):
            for j, b in enumerate(row):
                counts[a, b] += i != j
    n = counts.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = counts / (n[:, None] * n**0.75 / (n**0.75).sum())
        matrix = np.where(counts > 0, np.maximum(np.log(ratio), 0), 0)
    u, s, _ = np.linalg.svd(matrix)
    expected = u[:, :width] * np.sqrt(s[:width])
    assert vectors @ vectors.T == pytest.approx(expected @ expected.T, abs=1e-8)


def test_masked_loss_of_an_untrained_network_is_that_of_guessing():
    torch.manual_seed(0)
    model = network(300).eval()
    ids = torch.randint(5, 300, (64, 20))
    loss = masked_loss(model, ids, torch.Generator().manual_seed(0))
    assert loss.item() == pytest.approx(math.log(300), rel=0.1)


def test_special_tokens_and_padding_are_never_guessed():
    model = network(50)
    ids = torch.tensor([[2, 7, 3, 0]] * 400)
    seen = []
    model.register_forward_pre_hook(
        lambda _, __, kwargs: seen.append(kwargs["input_ids"]), with_kwargs=True
    )
    masked_loss(model, ids, torch.Generator().manual_seed(0))
    changed = (seen[0] != ids).float().mean(dim=0)
    assert changed[[0, 2, 3]].tolist() == [0, 0, 0]
    assert changed[1].item() == pytest.approx(0.15 * 0.9, abs=0.05)


def test_training_learns_and_repeats_itself():
    torch.manual_seed(1)
    first = pretrained(TEXTS, 300, 12, seed=0)
    torch.manual_seed(2)
    again = pretrained(TEXTS, 300, 12, seed=0)
    assert np.mean(first[2][-3:]) < np.mean(first[2][:3]) - 1
    assert first[2] == again[2] and first[0] == again[0]
    assert all(np.array_equal(first[1][k], again[1][k]) for k in first[1])


def test_an_absent_package_is_replaced_with_a_message(monkeypatch, capsys):
    monkeypatch.setattr(encoders, "PACKAGE", "no_such_package_for_encoders")
    monkeypatch.setattr(
        module, "_pretrained_on_corpus", lambda *_: pretrained(TEXTS, 300, 2, seed=0)
    )
    monkeypatch.setattr(module, "docstring_sentences", _Corpus)
    found = load_encoder()
    assert "no-such-package-for-encoders is not installed" in capsys.readouterr().out
    assert len(found.sha256) == 64 and not found.model.training
    features = hidden_states(found, TEXTS[:4], top_layers=2, progress=False)
    top = TopLayers(found, 2, top_layers=2).eval()
    assert top(**features.batch([0, 1])).logits.shape == (2, 2)


class _Corpus:
    digest = ""
