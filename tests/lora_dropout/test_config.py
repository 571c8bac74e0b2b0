"""The configuration: validation, what it registers, and the way to a file and back."""

from __future__ import annotations

import copy
import json
from dataclasses import fields, replace

import numpy as np
import pytest
from peft import (
    AdaLoraConfig,
    LoraConfig,
    PeftConfig,
    get_peft_model,
)
from peft.tuners.lora import Linear
from torch import nn

from helpers.lora_dropout.config import LoraDropoutConfig
from helpers.lora_dropout.variant import LoraDropoutLinear, LoraDropoutVariant
from tests.lora_dropout.small_models import TARGETS, bert, perceptron


def test_the_user_writes_one_config() -> None:
    model = get_peft_model(bert(), LoraDropoutConfig(target_modules=TARGETS))
    layers = [m for m in model.modules() if isinstance(m, Linear)]
    assert len(layers) == 10  # two blocks, and two matrices are called output.dense
    for layer in layers:
        assert type(layer) is LoraDropoutLinear
        assert type(layer.lora_variant["default"]) is LoraDropoutVariant


def test_fields_have_help_texts() -> None:
    own = {f.name for f in fields(LoraDropoutConfig)} - {
        f.name for f in fields(LoraConfig)
    }
    assert own == {"mask_p", "mask_rescale", "n_train", "n_test"}
    for f in fields(LoraDropoutConfig):
        assert f.name not in own or len(f.metadata["help"]) > 40


@pytest.mark.parametrize("p", [-0.1, 1, 1.0, 3, float("nan"), "0.5", None, True])
def test_probabilities_outside(p) -> None:
    with pytest.raises(ValueError, match=r"`mask_p` must be a number in \[0, 1\), got"):
        LoraDropoutConfig(mask_p=p)


@pytest.mark.parametrize("name", ["n_train", "n_test"])
@pytest.mark.parametrize("count", [0, -2, 1.5, None])
def test_counts_below_one(name, count) -> None:
    with pytest.raises(ValueError, match=f"`{name}` must be an integer of at least 1"):
        LoraDropoutConfig(**{name: count})


def test_rescaling_is_yes_or_no() -> None:
    with pytest.raises(ValueError, match="`mask_rescale` must be True or False"):
        LoraDropoutConfig(mask_rescale=0.5)


def test_zero_is_plain_lora() -> None:
    model = get_peft_model(
        perceptron(), LoraDropoutConfig(target_modules=["0"], mask_p=0)
    )
    layer = model.base_model.model[0]
    assert isinstance(layer, LoraDropoutLinear) and not layer.lora_variant


def test_round_trip(tmp_path) -> None:
    config = LoraDropoutConfig(
        r=3,
        target_modules=["a", "b"],
        mask_p=0.3,
        mask_rescale=False,
        n_train=2,
        n_test=5,
        modules_to_save=["classifier"],
    )
    config.save_pretrained(str(tmp_path))
    back = LoraDropoutConfig.from_pretrained(str(tmp_path))
    assert type(back) is LoraDropoutConfig
    assert back.to_dict() == config.to_dict()
    assert back._custom_modules == config._custom_modules


def test_numbers_of_numpy_can_be_saved(tmp_path) -> None:
    config = LoraDropoutConfig(mask_p=np.float32(0.5), n_train=np.int64(3))
    config.save_pretrained(str(tmp_path))
    assert LoraDropoutConfig.from_pretrained(str(tmp_path)).n_train == 3


def test_peft_alone_reads_plain_lora(tmp_path) -> None:
    LoraDropoutConfig(r=3, target_modules=["a"]).save_pretrained(str(tmp_path))
    with pytest.warns(UserWarning, match="Unexpected keyword arguments.*mask_p"):
        found = PeftConfig.from_pretrained(str(tmp_path))
    assert type(found) is LoraConfig and found.r == 3


def test_fields_of_later_versions_are_ignored(tmp_path) -> None:
    LoraDropoutConfig(mask_p=0.3).save_pretrained(str(tmp_path))
    path = tmp_path / "adapter_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"of_the_future": 1}))
    with pytest.warns(UserWarning, match="of_the_future"):
        assert LoraDropoutConfig.from_pretrained(str(tmp_path)).mask_p == 0.3


def test_a_file_of_another_method(tmp_path) -> None:
    AdaLoraConfig(total_step=10).save_pretrained(str(tmp_path))
    with pytest.raises(ValueError, match="ADALORA adapter; LoraDropoutConfig reads"):
        LoraDropoutConfig.from_pretrained(str(tmp_path))


def test_copies_still_mask() -> None:
    config = LoraDropoutConfig(target_modules=["0"])
    for other in (copy.deepcopy(config), replace(config, mask_p=0.25)):
        layer = get_peft_model(perceptron(), other).base_model.model[0]
        assert layer.mask_settings["default"].p == other.mask_p
        assert "default" in layer.lora_variant


class WithTable(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.table, self.out = nn.Embedding(9, 4), nn.Linear(4, 2)


def test_targets_that_are_not_linear() -> None:
    with pytest.raises(ValueError, match=r"Embedding\(9, 4\) is not supported.*only"):
        get_peft_model(WithTable(), LoraDropoutConfig(target_modules=["table"]))
    plain = LoraDropoutConfig(target_modules=["table"], mask_p=0.0)
    get_peft_model(WithTable(), plain)


def test_targets_that_are_not_there() -> None:
    with pytest.raises(ValueError, match="not found in the base model"):
        get_peft_model(perceptron(), LoraDropoutConfig(target_modules=["query"]))


def test_target_parameters() -> None:
    with pytest.raises(ValueError, match="`target_parameters` is not supported"):
        LoraDropoutConfig(target_parameters=["0.weight"])


def test_other_variants_do_not_combine() -> None:
    config = LoraDropoutConfig(target_modules=["0"], use_dora=True)
    with pytest.raises(ValueError, match=r"unsupported variant combination.*mask_p"):
        get_peft_model(perceptron(), config)


def test_dora_alone_is_peft_s(tmp_path) -> None:
    config = LoraDropoutConfig(target_modules=["0"], use_dora=True, mask_p=0.0)
    layer = get_peft_model(perceptron(), config).base_model.model[0]
    assert "Dora" in type(layer.lora_variant["default"]).__name__
