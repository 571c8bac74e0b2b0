"""The control: its oracle, the rank it leaves, and the kinds of adapters together."""

from __future__ import annotations

import pytest
import torch
from peft import PeftModel, get_peft_model

from helpers.lora_dropout.config import LoraDropoutConfig
from helpers.lora_dropout.ensemble import ensemble_predict, member_logits
from helpers.lora_dropout.masks import member_mask
from helpers.lora_dropout.rank_dropout import RankDropoutConfig, RankDropoutLinear
from helpers.lora_dropout.sampling import active_settings, lora_dropout_sampling
from tests.lora_dropout.small_models import (
    TARGETS,
    adapted,
    batch,
    bert,
    logits,
    perceptron,
    randomised,
)


def ranked(**options) -> PeftModel:
    usual = {"r": 4, "lora_alpha": 8, "target_modules": TARGETS}
    return adapted(RankDropoutConfig(**usual | options))


@pytest.mark.parametrize(("rescale", "factor"), [(True, 1 / 0.6), (False, 1.0)])
def test_oracle(rescale, factor) -> None:
    config = RankDropoutConfig(
        r=4, target_modules=["0"], rank_p=0.4, mask_rescale=rescale
    )
    model = randomised(get_peft_model(perceptron(), config)).double().eval()
    layer, x = model.base_model.model[0], torch.randn(5, 6).double()
    a, b = layer.lora_A["default"].weight, layer.lora_B["default"].weight
    mask = member_mask(0, "0", 3, 4, 0.4).double()
    assert 0 < mask.sum() < 4
    update = b @ torch.diag(mask) @ a * factor
    with lora_dropout_sampling(model, members=[3]):
        found = layer(x) - layer.base_layer(x)
    torch.testing.assert_close(found, layer.scaling["default"] * x @ update.T)
    assert torch.linalg.matrix_rank(update) == mask.sum()
    assert (update != 0).all()  # no sparsity, which is what the theory is about


def test_the_ensemble_and_its_loop() -> None:
    model = ranked()
    found = [member_logits(model, batch(), 4, one_pass=one) for one in (True, False)]
    torch.testing.assert_close(*found, rtol=0, atol=2e-6)
    assert not torch.allclose(found[0][0], found[0][1])


def test_off_in_evaluation_and_plain_with_zero() -> None:
    model = ranked()
    before = logits(model)
    assert torch.equal(logits(model), before)
    assert not torch.allclose(logits(model.train()), before)
    torch.testing.assert_close(
        logits(model.eval().merge_and_unload()), before, rtol=0, atol=2e-6
    )
    for per_token in (False, True):
        model = ranked(rank_p=0.0, per_token=per_token).train()
        assert torch.equal(logits(model), before)


def test_a_mask_of_each_token() -> None:
    torch.manual_seed(0)
    one = {k: v[:1].repeat(3, *[1] * (v.ndim - 1)) for k, v in batch().items()}
    same, other = (logits(ranked(per_token=t).train(), one) for t in (False, True))
    torch.testing.assert_close(same[0], same[1])
    assert not torch.allclose(other[0], other[1])
    model = ranked(per_token=True)
    with pytest.raises(ValueError, match="no sub-networks"):
        ensemble_predict(model, batch(), 2)
    with lora_dropout_sampling(model):
        assert not torch.equal(logits(model), logits(model))


@pytest.mark.parametrize("rescale", [True, False])
def test_token_masks_against_dropout(rescale) -> None:
    config = RankDropoutConfig(
        r=4, target_modules=["0"], rank_p=0.4, per_token=True, mask_rescale=rescale
    )
    model = randomised(get_peft_model(perceptron(), config)).double()
    layer, x = model.base_model.model[0], torch.randn(5, 6).double()
    a, b = layer.lora_A["default"].weight, layer.lora_B["default"].weight
    torch.manual_seed(0)
    mask = torch.nn.functional.dropout(torch.ones(5, 4).double(), 0.4)
    expected = (x @ a.T * mask) @ b.T * layer.scaling["default"]
    torch.manual_seed(0)
    found = layer(x) - layer.base_layer(x)
    torch.testing.assert_close(found, expected * (1 if rescale else 0.6))


def test_round_trip(tmp_path) -> None:
    model = ranked(rank_p=0.3, per_token=False)
    model.save_pretrained(str(tmp_path))
    config = RankDropoutConfig.from_pretrained(str(tmp_path))
    back = PeftModel.from_pretrained(bert(), str(tmp_path), config=config).eval()
    assert torch.equal(logits(back), logits(model))
    assert active_settings(back).p == 0.3


def test_both_kinds_on_one_layer() -> None:
    model = ranked()
    model.add_adapter("io", LoraDropoutConfig(r=4, target_modules=TARGETS, mask_p=0.2))
    layer = next(m for m in model.modules() if isinstance(m, RankDropoutLinear))
    kinds = {k: type(v).__name__ for k, v in layer.lora_variant.items()}
    assert kinds == {"default": "RankDropoutVariant", "io": "LoraDropoutVariant"}
    other = adapted()
    with pytest.raises(ValueError, match=r"unsupported variant combination.*rank_p"):
        other.add_adapter("rank", RankDropoutConfig(r=4, target_modules=TARGETS))


def test_bad_arguments() -> None:
    with pytest.raises(ValueError, match=r"`rank_p` must be a number in \[0, 1\)"):
        RankDropoutConfig(rank_p=1.0)
    config = RankDropoutConfig(target_modules=["0"], use_dora=True)
    with pytest.raises(ValueError, match="unsupported variant combination"):
        get_peft_model(perceptron(), config)
