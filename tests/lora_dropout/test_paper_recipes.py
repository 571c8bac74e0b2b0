"""Recipes of the paper's baselines, and DeBERTa's names in transformers."""

from __future__ import annotations

import pytest
from torch import nn
from transformers import AutoModelForSequenceClassification, LlamaConfig

from helpers.lora_dropout import paper_recipes as recipes
from helpers.lora_dropout.glue import RECIPES as GLUE
from helpers.lora_dropout.paper_plan import EXAMPLES
from helpers.lora_dropout.paper_recipes import (
    METHODS,
    RECIPES,
    Adaptation,
    InstructionRecipe,
    paper_recipe,
    targets_of,
)
from tests.lora_dropout.paper_models import deberta_config


def test_every_task_of_the_paper_has_a_recipe():
    assert RECIPES.keys() == {*GLUE, "SQuAD v1.1", "SQuAD v2.0"}


@pytest.mark.parametrize("task", RECIPES)
def test_schedules_are_the_papers_at_full_length_and_fit_at_any_other(task):
    recipe = paper_recipe(task)
    whole = recipe.steps(EXAMPLES[task])
    exact = (recipe.initial, recipe.interval, recipe.final)
    assert recipe.schedule(whole) == exact
    assert recipe.warmup <= -(-whole // 10)
    for steps in (5, 50, whole // 7):
        initial, interval, final = recipe.schedule(steps)
        assert initial + final < steps and interval >= 1


def test_rates_by_hand():
    assert paper_recipe("STS-B").rate_of("AdaLoRA + LoRA Dropout") == 2.2e-3
    assert paper_recipe("STS-B").rate_of("LoRA + LoRA Dropout") == 1e-3
    assert paper_recipe("QQP").rate_of("LoRA") == 5e-4
    assert paper_recipe("SST-2").shortened(rate=1e-5).rate_of("LoRA") == 3e-5
    assert paper_recipe("RTE").rate_of("Full fine-tuning") == recipes.FULL_RATE
    with pytest.raises(ValueError, match="did you mean 'BitFit'"):
        paper_recipe("RTE").rate_of("Bitfit")


def test_names_are_corrected():
    with pytest.raises(ValueError, match=r"did you mean 'SQuAD v1\.1'"):
        paper_recipe("SQuAD 1.1")
    with pytest.raises(ValueError, match=r"did you mean 'LoRA . LoRA Dropout'"):
        Adaptation("LoRA + Dropout")


@pytest.mark.parametrize(
    "wrong", [{"p": 1.0}, {"rank": 0}, {"instances": 0}, {"members": 1.5}]
)
def test_numbers_are_checked(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Adaptation(**wrong)


def test_methods_without_dropout_have_no_p():
    dropping = [m for m in METHODS if Adaptation(m).p]
    assert dropping == ["LoRA + LoRA Dropout", "AdaLoRA + LoRA Dropout"]


def test_batch_of_instructions_is_a_multiple():
    with pytest.raises(ValueError, match="multiple"):
        InstructionRecipe(batch=10, micro_batch=4)


def test_debertas_targets_are_its_six_matrices_per_layer():
    config = deberta_config(
        vocab_size=30,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=24,
    )
    model = AutoModelForSequenceClassification.from_config(config)
    names = targets_of(model)
    linear = [
        name
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear) and ".layer." in name
    ]
    hits = {name: [t for t in names if name.endswith("." + t)] for name in linear}
    assert len(linear) == 12 and all(hits.values())
    assert {t for found in hits.values() for t in found} == set(names)


def test_unknown_kind_of_model():
    class Gpt(nn.Module):
        config = LlamaConfig()

    Gpt.config.model_type = "lama"
    with pytest.raises(ValueError, match=r"did you mean 'llama'.*Adaptation"):
        targets_of(Gpt())
