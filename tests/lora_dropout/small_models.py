"""Tiny models, adapters that are not zero, and one batch."""

from __future__ import annotations

import torch
from peft import PeftModel, get_peft_model
from torch import nn
from transformers import BertConfig, BertForSequenceClassification

from helpers.lora_dropout.config import LoraDropoutConfig

TARGETS = ["query", "value", "intermediate.dense", "output.dense"]


def bert(seed: int = 0, dropout: float = 0.0, **options) -> nn.Module:
    """A classifier of three classes with random weights, in evaluation mode."""
    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=50,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=48,
        max_position_embeddings=20,
        hidden_dropout_prob=dropout,
        attention_probs_dropout_prob=dropout,
        num_labels=3,
        **options,
    )
    return BertForSequenceClassification(config).eval()


def perceptron(seed: int = 0, dtype: torch.dtype = torch.float64) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(6, 10), nn.Tanh(), nn.Linear(10, 4)).to(dtype)


def randomised(model: nn.Module, seed: int = 1, std: float = 0.3) -> nn.Module:
    """Give all adapters' weights values, since B starts at zero."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "lora_" in name:
                weight.copy_(std * torch.randn(weight.shape, generator=generator))
    return model


def adapted(config=None, seed: int = 0, **options) -> PeftModel:
    """The tiny BERT with a random LoRA Dropout adapter, in evaluation mode."""
    config = config or LoraDropoutConfig(
        **{"r": 4, "lora_alpha": 8, "target_modules": TARGETS} | options
    )
    return randomised(get_peft_model(bert(seed), config)).eval()


def adapted_perceptron(dtype=torch.float64, **options) -> PeftModel:
    config = LoraDropoutConfig(
        **{"r": 3, "lora_alpha": 6, "target_modules": ["0", "2"]} | options
    )
    model = get_peft_model(
        perceptron(dtype=dtype), config, autocast_adapter_dtype=False
    )
    return randomised(model.to(dtype)).eval()


def batch(size: int = 5, tokens: int = 7, seed: int = 2) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    ids = torch.randint(1, 50, (size, tokens), generator=generator)
    mask = torch.ones_like(ids)
    mask[0, -2:] = 0
    labels = torch.randint(3, (size,), generator=generator)
    return {"input_ids": ids, "attention_mask": mask, "labels": labels}


def logits(model: nn.Module, inputs: dict[str, torch.Tensor] | None = None):
    with torch.no_grad():
        return model(**(inputs or batch())).logits
