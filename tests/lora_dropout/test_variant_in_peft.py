"""What users of peft expect to keep working: files, merging, several adapters."""

from __future__ import annotations

import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model, load_peft_weights
from torch import nn

from helpers.lora_dropout.config import LoraDropoutConfig
from helpers.lora_dropout.sampling import lora_dropout_sampling, masked_layers
from helpers.lora_dropout.variant import LoraDropoutVariant, mask_lora
from tests.lora_dropout.small_models import (
    TARGETS,
    adapted,
    batch,
    bert,
    logits,
    perceptron,
    randomised,
)

CLOSE = {"rtol": 0, "atol": 2e-6}


def test_no_parameters_and_no_keys_besides_lora_s(tmp_path) -> None:
    options = {"r": 4, "target_modules": TARGETS}
    ours = get_peft_model(bert(), LoraDropoutConfig(**options))
    plain = get_peft_model(bert(), LoraConfig(**options))
    assert ours.get_nb_trainable_parameters() == plain.get_nb_trainable_parameters()
    assert ours.state_dict().keys() == plain.state_dict().keys()
    ours.save_pretrained(str(tmp_path))
    keys = load_peft_weights(str(tmp_path)).keys()
    assert keys and all(".lora_A." in key or ".lora_B." in key for key in keys)


def test_save_and_load(tmp_path) -> None:
    model = adapted(mask_p=0.3, n_test=5)
    model.save_pretrained(str(tmp_path))
    config = LoraDropoutConfig.from_pretrained(str(tmp_path))
    back = PeftModel.from_pretrained(bert(), str(tmp_path), config=config).eval()
    assert torch.equal(logits(back), logits(model))
    for left, right in ((back, model),):
        with (
            lora_dropout_sampling(left, members=[1]),
            lora_dropout_sampling(right, members=[1]),
        ):
            assert torch.equal(logits(left), logits(right))
            assert not torch.allclose(logits(left), logits(bert()))
    layer = next(iter(masked_layers(back).values()))
    assert (layer.mask_settings["default"].p, config.n_test) == (0.3, 5)


@pytest.mark.filterwarnings("ignore:Unexpected keyword arguments")
def test_plain_peft_loads_plain_lora(tmp_path) -> None:
    model = adapted()
    model.save_pretrained(str(tmp_path))
    plain = PeftModel.from_pretrained(bert(), str(tmp_path)).eval()
    assert type(plain.peft_config["default"]) is LoraConfig
    assert torch.equal(logits(plain), logits(model))
    torch.testing.assert_close(logits(plain.merge_and_unload()), logits(model), **CLOSE)


@pytest.mark.parametrize("safe", [False, True])
def test_merge_and_unmerge(safe) -> None:
    model = adapted()
    before, base = logits(model), logits(bert())
    assert (before - base).abs().max() > 0.01
    model.merge_adapter(safe_merge=safe)
    torch.testing.assert_close(logits(model), before, **CLOSE)
    with model.disable_adapter():
        torch.testing.assert_close(logits(model), base, **CLOSE)
    model.merge_adapter(safe_merge=safe)
    model.unmerge_adapter()
    torch.testing.assert_close(logits(model), before, **CLOSE)
    merged = model.merge_and_unload(safe_merge=safe)
    assert not any("lora" in name for name, _ in merged.named_modules())
    torch.testing.assert_close(logits(merged), before, **CLOSE)


def test_disable_adapter_also_disables_the_masks() -> None:
    model = adapted().train()
    with model.disable_adapter():
        assert torch.equal(logits(model), logits(bert()))
        with lora_dropout_sampling(model, members=[0]):
            assert torch.equal(logits(model), logits(bert()))
    assert not torch.allclose(logits(model), logits(bert()))


def test_a_second_adapter_has_masks_of_its_own() -> None:
    model = adapted(mask_p=0.2)
    options = {"r": 4, "lora_alpha": 8, "target_modules": TARGETS}
    model.add_adapter("high", LoraDropoutConfig(**options, mask_p=0.9))
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if ".high." in name:
                weight.copy_(model.get_parameter(name.replace(".high.", ".default.")))

    def spread(adapter):
        model.set_adapter(adapter)
        with lora_dropout_sampling(model, members=range(20)):
            one = {k: v[:1].repeat(20, *[1] * (v.ndim - 1)) for k, v in batch().items()}
            return float(logits(model, one).std(dim=0).mean())

    low, high = spread("default"), spread("high")
    assert high > 1.2 * low > 0
    deterministic = [
        logits(model) for a in ("default", "high") if not model.set_adapter(a)
    ]
    assert torch.equal(*deterministic)
    model.delete_adapter("high")
    layer = next(iter(masked_layers(model).values()))
    assert list(layer.mask_settings) == list(layer.lora_variant) == ["default"]
    assert spread("default") == low


def test_plain_and_masked_adapters_side_by_side() -> None:
    model = adapted()
    model.add_adapter("plain", LoraConfig(r=4, target_modules=TARGETS))
    model.add_adapter("dora", LoraConfig(r=4, target_modules=TARGETS, use_dora=True))
    randomised(model)
    model.set_adapter("plain")
    model.train()
    assert torch.equal(logits(model), logits(model))
    model.base_model.set_adapter(["default", "plain"])
    assert not torch.equal(logits(model), logits(model))


def test_a_plain_model_refuses_a_masked_adapter() -> None:
    plain = get_peft_model(perceptron(), LoraConfig(target_modules=["0"]))
    with pytest.raises(ValueError, match=r"unsupported variant combination.*mask_p"):
        plain.add_adapter("b", LoraDropoutConfig(target_modules=["0"]))


def test_adapters_mixed_in_a_batch() -> None:
    model = adapted()
    inputs = batch(4)
    names = ["default", "__base__", "default", "__base__"]
    with torch.no_grad():
        mixed = model(**inputs, adapter_names=names).logits
    torch.testing.assert_close(mixed[::2], logits(model, inputs)[::2], **CLOSE)
    torch.testing.assert_close(mixed[1::2], logits(bert(), inputs)[1::2], **CLOSE)


def test_modules_to_save(tmp_path) -> None:
    model = adapted(modules_to_save=["classifier"]).train()
    head = model.base_model.model.classifier.modules_to_save["default"]
    optimiser = torch.optim.SGD([w for w in model.parameters() if w.requires_grad], 0.1)
    before = head.weight.detach().clone()
    model(**batch()).loss.backward()
    optimiser.step()
    assert not torch.equal(head.weight, before)
    model.save_pretrained(str(tmp_path))
    config = LoraDropoutConfig.from_pretrained(str(tmp_path))
    back = PeftModel.from_pretrained(bert(), str(tmp_path), config=config).eval()
    assert torch.equal(logits(back), logits(model.eval()))


def test_rank_stabilised_scaling_and_rank_patterns() -> None:
    model = adapted(use_rslora=True, rank_pattern={"query": 2})
    layers = masked_layers(model)
    ranks = {len(layer.lora_A["default"].weight) for layer in layers.values()}
    assert ranks == {2, 4}
    assert not torch.equal(logits(model.train()), logits(model))


def test_the_variant_lets_peft_convert_the_adapter() -> None:
    assert LoraDropoutVariant().supports_lora_conversion()


def test_masks_for_an_adapter_that_was_plain_lora() -> None:
    options = {"r": 4, "lora_alpha": 8, "target_modules": TARGETS}
    model = randomised(get_peft_model(bert(), LoraConfig(**options))).eval()
    before = logits(model)
    assert mask_lora(model, mask_p=0.4) is model
    assert torch.equal(logits(model), before)
    found = []
    for one in (model, adapted(mask_p=0.4)):
        with lora_dropout_sampling(one, members=[2]):
            found.append(logits(one))
    assert torch.equal(*found) and not torch.equal(found[0], before)
    mask_lora(model, mask_p=0.0)
    assert torch.equal(logits(model.train()), before)


def test_adapters_that_cannot_be_given_masks() -> None:
    model = get_peft_model(perceptron(), LoraConfig(target_modules=["0"]))
    with pytest.raises(ValueError, match="unknown adapter 'defaul'; did you mean"):
        mask_lora(model, mask_p=0.5, adapter_name="defaul")
    with pytest.raises(ValueError, match=r"`p` must be a number in \[0, 1\)"):
        mask_lora(model, mask_p=1.0)
    dora = get_peft_model(perceptron(), LoraConfig(target_modules=["0"], use_dora=True))
    with pytest.raises(ValueError, match="variant DoraLinearVariant"):
        mask_lora(dora, mask_p=0.5)
    table = get_peft_model(
        nn.Sequential(nn.Embedding(9, 4)), LoraConfig(target_modules=["0"])
    )
    with pytest.raises(ValueError, match=r"Embedding\(9, 4\) is not supported"):
        mask_lora(table, mask_p=0.5)
