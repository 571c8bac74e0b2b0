"""Masked AdaLoRA: its oracle, and everything of AdaLoRA that goes on as before."""

from __future__ import annotations

import pytest
import torch
from peft import (
    AdaLoraConfig,
    LoraConfig,
    PeftModel,
    get_peft_model,
    load_peft_weights,
)
from torch import nn

from helpers.lora_dropout.adalora import MaskedSVDLinear, mask_adalora
from helpers.lora_dropout.ensemble import ensemble_predict, member_logits
from helpers.lora_dropout.instances import instances_backward
from helpers.lora_dropout.masks import member_mask
from helpers.lora_dropout.sampling import active_settings, lora_dropout_sampling
from tests.lora_dropout.small_models import (
    TARGETS,
    batch,
    bert,
    logits,
    perceptron,
    randomised,
)


def config(**options) -> AdaLoraConfig:
    usual = {"init_r": 4, "target_r": 2, "total_step": 20, "lora_alpha": 8}
    return AdaLoraConfig(**usual | {"target_modules": TARGETS} | options)


def adalora(mask_p=0.5, mask_rescale=True, **options) -> PeftModel:
    model = randomised(get_peft_model(bert(), config(**options))).eval()
    return mask_adalora(model, mask_p=mask_p, mask_rescale=mask_rescale, n_train=2)


@pytest.mark.parametrize("rescale", [True, False])
def test_p_and_q_are_masked_and_lambda_is_not(rescale) -> None:
    model = get_peft_model(perceptron(), config(target_modules=["0"], init_r=3))
    mask_adalora(randomised(model).double().eval(), mask_p=0.4, mask_rescale=rescale)
    layer, x = model.base_model.model[0], torch.randn(5, 6).double()
    p, e, q = (getattr(layer, f"lora_{k}")["default"] for k in "BEA")
    mask = member_mask(0, "0", 2, 16, 0.4).double()
    m_q, m_p = mask[:6], mask[6:]
    if rescale:
        m_q, m_p = m_q / 0.6, m_p / 0.6
    update = torch.diag(m_p) @ p @ torch.diag(e[:, 0]) @ q @ torch.diag(m_q)
    expected = (
        x @ update.T * layer.scaling["default"] / (layer.ranknum["default"] + 1e-5)
    )
    with lora_dropout_sampling(model, members=[2]):
        found = layer(x) - layer.base_layer(x)
    torch.testing.assert_close(found, expected)
    assert torch.linalg.matrix_rank(update) == 3


def test_the_ordinary_dropout_comes_before_the_masks() -> None:
    options = {"target_modules": ["0"], "init_r": 3, "lora_dropout": 0.4}
    model = randomised(get_peft_model(perceptron(), config(**options))).double()
    layer, x = mask_adalora(model, mask_p=0.5).base_model.model[0], torch.ones(4, 6)
    layer.train()
    x = x.double()
    torch.manual_seed(0)
    dropped = nn.functional.dropout(x, 0.4)
    mask = torch.empty(1, 16, dtype=x.dtype).bernoulli_(0.5)
    p, e, q = (getattr(layer, f"lora_{k}")["default"] for k in "BEA")
    update = ((dropped * mask[:, :6] / 0.5) @ (q * e).T @ p.T) * mask[:, 6:] / 0.5
    scaling = layer.scaling["default"] / (layer.ranknum["default"] + 1e-5)
    torch.manual_seed(0)
    torch.testing.assert_close(layer(x), layer.base_layer(x) + update * scaling)


def test_off_in_evaluation_on_in_training() -> None:
    model = adalora()
    plain = randomised(get_peft_model(bert(), config())).eval()
    assert torch.equal(logits(model), logits(plain))
    model.train()
    torch.manual_seed(0)
    first, second = logits(model), logits(model)
    assert not torch.allclose(first, second)
    torch.manual_seed(0)
    assert torch.equal(logits(model), first)


def test_without_probability_this_is_adalora() -> None:
    plain = randomised(get_peft_model(bert(), config())).train()
    torch.testing.assert_close(logits(adalora(0.0).train()), logits(plain))


@pytest.mark.parametrize("one_pass", [True, False])
def test_the_ensemble(one_pass) -> None:
    model, rows = adalora(), []
    for member in range(3):
        with lora_dropout_sampling(model, members=[member]):
            rows.append(logits(model))
    rows = torch.stack(rows)
    found = member_logits(model, batch(), 3, one_pass=one_pass)
    torch.testing.assert_close(found, rows, rtol=0, atol=2e-6)
    found = ensemble_predict(model, batch(), 3, one_pass=one_pass)
    torch.testing.assert_close(found, rows.softmax(-1).mean(0), rtol=0, atol=2e-6)
    assert not torch.allclose(rows[0], rows[1])


def test_instances_carry_the_orthogonality_loss_once() -> None:
    found = []
    for one_pass in (False, True):
        model = adalora().train()
        loss = instances_backward(model, batch(), 3, one_pass=one_pass, seed=0)
        grads = [w.grad for n, w in model.named_parameters() if "lora_" in n]
        found.append([loss, *(g for g in grads if g is not None)])
    for ours, theirs in zip(*found, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)


def train(model, steps):
    optimiser = torch.optim.AdamW(
        [w for w in model.parameters() if w.requires_grad], 1e-2
    )
    model.train()
    for step in range(1, steps + 1):
        instances_backward(model, batch(), 2)
        optimiser.step()
        model.base_model.update_and_allocate(step)
        optimiser.zero_grad()
    return model.eval()


@pytest.mark.filterwarnings("ignore:Adapter default:UserWarning")
def test_budget_saving_and_loading(tmp_path) -> None:
    model = train(adalora(tfinal=5, tinit=2), 20)
    rank = sum(
        int((m.lora_E["default"] != 0).sum())
        for m in model.modules()
        if isinstance(m, MaskedSVDLinear)
    )
    assert rank <= 2 * 10  # target_r of ten layers, from four
    model.save_pretrained(str(tmp_path))
    keys = load_peft_weights(str(tmp_path)).keys()
    assert keys and all(".lora_" in key for key in keys)
    back = PeftModel.from_pretrained(bert(), str(tmp_path)).eval()
    torch.testing.assert_close(logits(back), logits(model))
    mask_adalora(back, mask_p=0.5)
    ours, theirs = (member_logits(m, batch(), 2) for m in (model, back))
    torch.testing.assert_close(ours, theirs)


def test_merging_and_disabling() -> None:
    model = adalora()
    before = logits(model)
    model.merge_adapter()
    torch.testing.assert_close(logits(model), before, rtol=0, atol=2e-6)
    assert torch.equal(logits(model.train()), logits(model))
    model.unmerge_adapter()
    torch.testing.assert_close(logits(model.eval()), before, rtol=0, atol=2e-6)
    with model.disable_adapter():
        torch.testing.assert_close(logits(model.train()), logits(bert()))


def test_autocast_of_bfloat16() -> None:
    model = adalora().train()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        model(**batch()).loss.backward()
    assert all(
        w.grad.abs().sum() > 0 for n, w in model.named_parameters() if "lora_A" in n
    )


def test_settings() -> None:
    found = active_settings(adalora(mask_p=0.3))
    assert (found.p, found.n_train, found.n_test) == (0.3, 2, 8)
    model = adalora(mask_p=0.3)
    assert active_settings(mask_adalora(model, mask_p=0.6)).p == 0.6


def test_adapters_come_and_go() -> None:
    model = adalora(mask_p=0.3)
    model.add_adapter("other", config(inference_mode=True))
    model.set_adapter("other")
    model.train()
    assert torch.equal(logits(model), logits(model))  # it has no masks
    model.set_adapter("default")
    model.delete_adapter("other")
    assert not torch.equal(logits(model), logits(model))


def test_what_is_refused() -> None:
    with pytest.raises(ValueError, match="`total_step` is None, supply a value"):
        AdaLoraConfig(target_modules=TARGETS)
    model = get_peft_model(bert(), config())
    with pytest.raises(ValueError, match=r"must be a number in \[0, 1\), got 1"):
        mask_adalora(model, mask_p=1)
    lora = get_peft_model(bert(), LoraConfig(target_modules=TARGETS))
    for other in (lora, bert()):
        with pytest.raises(ValueError, match="not AdaLoRA's; allowed"):
            mask_adalora(other, mask_p=0.5)
    convolution = nn.Sequential(nn.Conv2d(3, 4, 3))
    model = get_peft_model(convolution, config(target_modules=["0"]))
    with pytest.raises(ValueError, match=r"Conv2d.*is not supported"):
        mask_adalora(model, mask_p=0.5)
