"""DeBERTa calls query and key twice in a pass: both calls belong to one sub-network."""

from __future__ import annotations

import pytest
import torch
from peft import get_peft_model
from torch import nn
from transformers import (
    DebertaV2Config,
    DebertaV2ForSequenceClassification,
    TrainingArguments,
)

from helpers.lora_dropout import masks, variant
from helpers.lora_dropout.config import LoraDropoutConfig
from helpers.lora_dropout.instances import instances_backward
from helpers.lora_dropout.trainer import LoraDropoutTrainer
from tests.lora_dropout.small_models import batch, randomised

pytestmark = pytest.mark.filterwarnings("ignore:.*pin_memory.*")

TWICE = ("query_proj", "key_proj")


def deberta(dropout: float = 0.0) -> nn.Module:
    """The tiny DeBERTa with a random LoRA Dropout adapter on its attention."""
    torch.manual_seed(0)
    config = DebertaV2Config(
        vocab_size=50,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=24,
        max_position_embeddings=64,
        relative_attention=True,
        position_buckets=8,
        pos_att_type=["p2c", "c2p"],
        share_att_key=True,
        norm_rel_ebd="layer_norm",
        type_vocab_size=0,
        hidden_dropout_prob=dropout,
        attention_probs_dropout_prob=dropout,
        num_labels=3,
    )
    options = LoraDropoutConfig(
        r=4, target_modules=[*TWICE, "value_proj"], mask_p=0.5, n_train=3
    )
    return randomised(
        get_peft_model(DebertaV2ForSequenceClassification(config), options)
    )


@pytest.fixture
def seen(monkeypatch):
    """Mask of every call, by the factor it belongs to."""
    found: list = []
    plain = masks.add_masked_update

    def watched(base, x, a, b, input_mask, *rest):
        found.append((id(a), input_mask.clone()))
        return plain(base, x, a, b, input_mask, *rest)

    monkeypatch.setattr(variant, "add_masked_update", watched)
    return found


def check_passes(seen: list, count: int) -> None:
    """That each of the passes has one mask per factor, and they are not all alike."""
    calls = 2 * (2 * len(TWICE) + 1)  # layers; query and key twice, value once
    assert len(seen) == count * calls
    firsts = []
    for begin in range(0, len(seen), calls):
        of_factor: dict = {}
        for factor, mask in seen[begin : begin + calls]:
            assert torch.equal(of_factor.setdefault(factor, mask), mask)
        assert len(of_factor) == 2 * 3
        firsts.append(seen[begin][1])
    assert len(torch.cat(firsts).unique(dim=0)) > 1


def test_training_mode_alone_would_mask_each_call_anew(seen) -> None:
    model = deberta().train()
    model(**batch()).loss.backward()
    with pytest.raises(AssertionError):
        check_passes(seen, 1)


def test_instances(seen) -> None:
    instances_backward(deberta().train(), batch(), 3)
    check_passes(seen, 3)


class Rows(torch.utils.data.Dataset):
    def __len__(self) -> int:
        return 4

    def __getitem__(self, index):
        return {k: v[index] for k, v in batch(4).items()}


@pytest.mark.parametrize("n", [1, 3])
def test_the_trainer(tmp_path, seen, n) -> None:
    options = TrainingArguments(
        str(tmp_path),
        use_cpu=True,
        report_to=[],
        disable_tqdm=True,
        save_strategy="no",
        max_steps=2,
        per_device_train_batch_size=2,
    )
    LoraDropoutTrainer(deberta(), options, train_dataset=Rows(), n_train=n).train()
    check_passes(seen, 2 * n)


def test_gradient_checkpointing_sees_masks_and_other_dropout_again() -> None:
    found = []
    for checkpointed in (False, True):
        model = deberta(dropout=0.3).train()
        if checkpointed:
            model.enable_input_require_grads()
            model.base_model.model.gradient_checkpointing_enable()
        torch.manual_seed(4)
        instances_backward(model, batch(), 2)
        found.append(
            [w.grad.clone() for name, w in model.named_parameters() if "lora_" in name]
        )
    for ours, theirs in zip(*found, strict=True):
        torch.testing.assert_close(ours, theirs)
