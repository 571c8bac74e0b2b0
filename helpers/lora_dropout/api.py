"""The chapter's names in one place: ``from helpers.lora_dropout import api``.

The modules behind them, one concept each, are what other programs should import.
"""

from __future__ import annotations

from helpers.lora_dropout.adalora import mask_adalora
from helpers.lora_dropout.config import LoraDropoutConfig
from helpers.lora_dropout.docstrings import docstring_sentences
from helpers.lora_dropout.encoder import TARGETS, hidden_states
from helpers.lora_dropout.ensemble import ensemble_predict, member_logits
from helpers.lora_dropout.explorer import DropoutFamily, dropout_explorer
from helpers.lora_dropout.glue_encoder import glue_with_encoder
from helpers.lora_dropout.instances import instances_backward
from helpers.lora_dropout.jensen import jensen_gap
from helpers.lora_dropout.masks import member_mask
from helpers.lora_dropout.paper_recipes import Adaptation
from helpers.lora_dropout.paper_tables import fine_tune
from helpers.lora_dropout.sampling import lora_dropout_sampling
from helpers.lora_dropout.sparsity import (
    dropped_norm,
    dropped_share,
    masked_ranks,
    rescaling,
)
from helpers.lora_dropout.stability import logistic_stability
from helpers.lora_dropout.top_layers import TopLayers
from helpers.lora_dropout.trainer import LoraDropoutTrainer
from helpers.lora_dropout.trials import outcomes, task_of, the_encoder
from helpers.lora_dropout.variant import mask_lora

__all__ = [
    "TARGETS",
    "Adaptation",
    "DropoutFamily",
    "LoraDropoutConfig",
    "LoraDropoutTrainer",
    "TopLayers",
    "docstring_sentences",
    "dropout_explorer",
    "dropped_norm",
    "dropped_share",
    "ensemble_predict",
    "fine_tune",
    "glue_with_encoder",
    "hidden_states",
    "instances_backward",
    "jensen_gap",
    "logistic_stability",
    "lora_dropout_sampling",
    "mask_adalora",
    "mask_lora",
    "masked_ranks",
    "member_logits",
    "member_mask",
    "outcomes",
    "rescaling",
    "task_of",
    "the_encoder",
]
