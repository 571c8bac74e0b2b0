"""GLUE from local files with an encoder: the table, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertModel, BertTokenizerFast

from helpers.lora_dropout import glue_encoder
from helpers.lora_dropout.encoder import Encoder

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "good", "bad", "a", "day", "is"]


@pytest.fixture
def encoder(tmp_path, monkeypatch):
    (tmp_path / "vocab.txt").write_text("\n".join(WORDS))
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(WORDS),
        hidden_size=16,
        num_hidden_layers=3,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=128,
    )
    model = BertModel(config, add_pooling_layer=False).eval()
    made = Encoder("tiny", model, BertTokenizerFast(str(tmp_path / "vocab.txt")), "")
    monkeypatch.setattr(glue_encoder, "load_encoder", lambda: made)
    return made


@pytest.fixture
def folder(tmp_path):
    """CoLA's columns; sentences with "good" are acceptable."""
    draw = np.random.default_rng(0)
    where = tmp_path / "CoLA"
    where.mkdir()
    for name, count in (("train.tsv", 80), ("dev.tsv", 40)):
        lines = []
        for _ in range(count):
            label = int(draw.integers(2))
            filler = " ".join(draw.choice(["a", "day", "is"], 3))
            lines.append(f"x\t{label}\t\t{('bad', 'good')[label]} {filler}")
        (where / name).write_text("\n".join(lines) + "\n")
    return tmp_path


def test_both_methods_learn_and_the_ensemble_has_a_row(encoder, folder):
    table = glue_encoder.glue_with_encoder(
        "cola", folder, [0, 1], 0.3, epochs=40, members=3, progress=False
    )
    assert set(table.columns) == {
        "method",
        "seed",
        "predict",
        "matthews",
        "nll",
        "ece",
    }
    assert len(table) == 2 * 3
    kinds = table.groupby("method")["predict"].unique().map(sorted).to_dict()
    assert kinds == {
        "LoRA": ["mean network"],
        "LoRA + LoRA Dropout": ["ensemble", "mean network"],
    }
    assert table.loc[table["method"] == "LoRA", "matthews"].min() > 0.8


def test_a_regression_is_refused(encoder, tmp_path):
    where = tmp_path / "STS-B"
    where.mkdir()
    names = "index genre filename year old_index source1 source2 sentence1 sentence2"
    header = "\t".join([*names.split(), "score"])
    row = "\t".join(["0", "g", "f", "y", "0", "s", "s", "a day", "a day", "5.0"])
    for name in ("train.tsv", "dev.tsv"):
        (where / name).write_text(f"{header}\n{row}\n")
    with pytest.raises(ValueError, match="STS-B is a regression"):
        glue_encoder.glue_with_encoder("sts-b", tmp_path, [0])
