"""Tiny pretrained models, on disk as the hub has them, and what interrupts a run."""

from __future__ import annotations

from pathlib import Path

import torch
from transformers import (
    BertConfig,
    BertModel,
    BertTokenizer,
    DebertaV2Config,
    DebertaV2Model,
    TrainerCallback,
)

WORDS = [*"abcdefgh.?", "who", "ran", "sat", "fox", "dog", "hill", "saw", "the", "on"]
QUICK = {"warmup": 1, "evaluate_every": 2, "batch": 4, "epochs": 1, "head_dropout": 0.1}


class StopAt(TrainerCallback):
    """Interrupts a training as a user does, in the middle of step ``step``."""

    def __init__(self, step: int) -> None:
        self.step = step

    def on_step_begin(self, args, state, control, **kwargs):
        if state.global_step == self.step:
            raise KeyboardInterrupt


def tokenizer(folder: Path) -> BertTokenizer:
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    vocabulary = folder / "vocab.txt"
    folder.mkdir(exist_ok=True)
    vocabulary.write_text("\n".join([*special, *WORDS]))
    return BertTokenizer(str(vocabulary), model_max_length=64)


def saved_model(folder: Path, kind: str = "bert") -> Path:
    """A folder with a random encoder, its dropout on, and a tokenizer."""
    torch.manual_seed(0)
    sizes = {
        "vocab_size": 5 + len(WORDS),
        "hidden_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 24,
        "max_position_embeddings": 64,
    }
    if kind == "bert":
        model = BertModel(BertConfig(**sizes))
    else:
        model = DebertaV2Model(deberta_config(**sizes))
    model.save_pretrained(folder)
    tokenizer(folder).save_pretrained(folder)
    return folder


def deberta_config(**sizes) -> DebertaV2Config:
    """DeBERTaV3-base's kind of attention."""
    return DebertaV2Config(
        relative_attention=True,
        position_buckets=8,
        share_att_key=True,
        norm_rel_ebd="layer_norm",
        pos_att_type=["p2c", "c2p"],
        position_biased_input=False,
        pooler_hidden_size=16,
        **sizes,
    )
