"""The forward pass: against an oracle, in training, autocast and checkpointing."""

from __future__ import annotations

import pytest
import torch
from peft import get_peft_model
from torch import nn

from helpers.lora_dropout.config import LoraDropoutConfig
from helpers.lora_dropout.masks import MaskSource, member_mask
from helpers.lora_dropout.sampling import lora_dropout_sampling, masked_layers
from tests.lora_dropout.small_models import (
    TARGETS,
    adapted,
    adapted_perceptron,
    batch,
    bert,
    logits,
    randomised,
)


def oracle(model, x, member, p, rescale, seed=0):
    """The perceptron's output with the dense masked matrices of Equations 2 and 3."""
    for name in ("0", "1", "2"):
        layer = model.base_model.model.get_submodule(name)
        if name == "1":
            x = layer(x)
            continue
        a, b = layer.lora_A["default"].weight, layer.lora_B["default"].weight
        mask = member_mask(seed, name, member, a.shape[1] + b.shape[0], p).to(a)
        m_a, m_b = mask[: a.shape[1]], mask[a.shape[1] :]
        if rescale:
            m_a, m_b = m_a / (1 - p), m_b / (1 - p)
        update = torch.diag(m_b) @ b @ a @ torch.diag(m_a)
        weight = layer.base_layer.weight + layer.scaling["default"] * update
        x = x @ weight.T + layer.base_layer.bias
    return x


@pytest.mark.parametrize("rescale", [True, False])
@pytest.mark.parametrize("p", [0.2, 0.5, 0.9])
def test_same_masks_same_output_and_gradients_as_the_oracle(p, rescale) -> None:
    model = adapted_perceptron(mask_p=p, mask_rescale=rescale)
    x = torch.randn(7, 6, dtype=torch.float64)
    weights = [w for n, w in model.named_parameters() if "lora_" in n]
    with lora_dropout_sampling(model, members=[3], seed=11):
        found = model(x)
    expected = oracle(model, x, 3, p, rescale, seed=11)
    torch.testing.assert_close(found, expected)
    for got, want in zip(
        torch.autograd.grad(found.square().sum(), weights),
        torch.autograd.grad(expected.square().sum(), weights),
        strict=True,
    ):
        torch.testing.assert_close(got, want)


@pytest.mark.parametrize("p", [0.2, 0.5, 0.9])
def test_unscaled_masks_are_rescaled_ones_of_a_smaller_alpha(p) -> None:
    x, results = torch.randn(5, 6, dtype=torch.float64), []
    for alpha, rescale in ((6, False), (6 * (1 - p) ** 2, True)):
        model = adapted_perceptron(mask_p=p, mask_rescale=rescale, lora_alpha=alpha)
        model.train()
        torch.manual_seed(3)
        out = model(x)
        out.square().sum().backward()
        grads = [w.grad for n, w in model.named_parameters() if "lora_" in n]
        results.append([out, *grads])
    for ours, theirs in zip(*results, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("rescale", "factor"), [(True, 1.0), (False, 0.49)])
def test_the_mean_over_masks_is_the_unmasked_layer(rescale, factor) -> None:
    """Of one layer: E[masked update] is the update, or (1 - p)^2 times it, unscaled."""
    config = LoraDropoutConfig(
        r=3, target_modules=["0"], mask_p=0.3, mask_rescale=rescale
    )
    model = randomised(get_peft_model(nn.Sequential(nn.Linear(6, 4)), config)).eval()
    draws, x = 4000, torch.randn(2, 6)
    with torch.no_grad():
        update = model(x) - model.base_model.model[0].base_layer(x)
        with lora_dropout_sampling(model, members=range(draws)):
            found = model(x.repeat(draws, 1)).view(draws, 2, 4)
        found = found - model.base_model.model[0].base_layer(x)
    error = found.std(dim=0) / draws**0.5
    assert ((found.mean(dim=0) - factor * update).abs() < 4.5 * error).all()
    assert (update.abs() > 10 * error).any()  # so that the factor is told from others


def test_the_ordinary_dropout_comes_before_the_masks() -> None:
    model = adapted_perceptron(mask_p=0.5, lora_dropout=0.4)
    layer, x = model.base_model.model[0], torch.ones(4, 6, dtype=torch.float64)
    layer.train()
    torch.manual_seed(0)
    mask = torch.empty(1, 16, dtype=x.dtype).bernoulli_(0.5)
    dropped = nn.functional.dropout(x, 0.4)
    a, b = layer.lora_A["default"].weight, layer.lora_B["default"].weight
    update = ((dropped * mask[:, :6] / 0.5) @ a.T @ b.T) * mask[:, 6:] / 0.5
    expected = layer.base_layer(x) + layer.scaling["default"] * update
    torch.manual_seed(0)
    torch.testing.assert_close(layer(x), expected)


def test_a_bias_of_b_is_not_masked() -> None:
    model = adapted_perceptron(mask_p=0.99, lora_bias=True)
    layer, x = model.base_model.model[0], torch.zeros(1, 6, dtype=torch.float64)
    with lora_dropout_sampling(model, members=[0]):
        found = layer(x) - layer.base_layer(x)
    expected = layer.lora_B["default"].bias * layer.scaling["default"]
    torch.testing.assert_close(found[0], expected)


def test_off_in_evaluation_on_in_training() -> None:
    model = adapted()
    assert torch.equal(logits(model), logits(model))
    model.train()
    torch.manual_seed(0)
    first, second = logits(model), logits(model)
    assert not torch.allclose(first, second)
    torch.manual_seed(0)
    assert torch.equal(logits(model), first)
    torch.manual_seed(1)
    assert not torch.allclose(logits(model), first)


@pytest.mark.parametrize("reentrant", [False, True])
def test_gradient_checkpointing_sees_the_same_masks(reentrant, monkeypatch) -> None:
    grads, draws = [], []
    draw = MaskSource.draw

    def counted(*args):
        draws.append(checkpointed)
        return draw(*args)

    monkeypatch.setattr(MaskSource, "draw", counted)
    for checkpointed in (False, True):
        model = adapted()
        model.enable_input_require_grads()
        if checkpointed:
            model.base_model.model.gradient_checkpointing_enable(
                {"use_reentrant": reentrant}
            )
        model.train()
        torch.manual_seed(0)
        loss = model(**batch()).loss
        loss.backward()
        grads.append([w.grad for n, w in model.named_parameters() if "lora_" in n])
        # another draw gives other gradients: the test would notice
        other = model(**batch()).loss
        assert not torch.equal(other, loss)
    assert draws.count(True) == 30 and draws.count(False) == 20  # it ran them again
    for ours, theirs in zip(*grads, strict=True):
        torch.testing.assert_close(ours, theirs)


def test_checkpointing_of_fixed_members_inside_the_context() -> None:
    grads = []
    for checkpointed in (False, True):
        model = adapted()
        if checkpointed:
            model.enable_input_require_grads()
            model.base_model.model.gradient_checkpointing_enable()
        model.train()
        with lora_dropout_sampling(model, members=[4]):
            model(**batch()).loss.backward()
        grads.append([w.grad for n, w in model.named_parameters() if "lora_" in n])
    for ours, theirs in zip(*grads, strict=True):
        torch.testing.assert_close(ours, theirs)


def test_autocast_of_bfloat16() -> None:
    model = adapted()
    for groups in (1, 2):
        inputs = batch(4)
        with lora_dropout_sampling(model, members=range(groups)):
            exact = logits(model, inputs)
            with torch.autocast("cpu", dtype=torch.bfloat16):
                found = logits(model, inputs)
        assert found.dtype == torch.bfloat16
        torch.testing.assert_close(found.float(), exact, rtol=0.1, atol=0.05)
    model.train()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = model(**batch()).loss
    loss.backward()
    for name, weight in model.named_parameters():
        if "lora_" in name:
            assert weight.grad.dtype == torch.float32 and weight.grad.abs().sum() > 0


@pytest.mark.parametrize("cast", [True, False])
def test_a_base_model_in_bfloat16(cast) -> None:
    """Adapter in float32, peft's default, or in the model's type."""
    config = LoraDropoutConfig(r=4, target_modules=TARGETS)
    model = get_peft_model(bert().bfloat16(), config, autocast_adapter_dtype=cast)
    layer = next(iter(masked_layers(model).values()))
    kind = torch.float32 if cast else torch.bfloat16
    assert layer.lora_A["default"].weight.dtype == kind
    model.train()
    assert logits(randomised(model)).dtype == torch.bfloat16


def test_training_lowers_the_loss() -> None:
    torch.manual_seed(0)
    model = adapted(mask_p=0.3, modules_to_save=["classifier"]).train()
    optimiser = torch.optim.AdamW(
        [w for w in model.parameters() if w.requires_grad], 2e-2
    )
    losses = []
    for _ in range(80):
        loss = model(**batch()).loss
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert sum(losses[-5:]) < 0.5 * sum(losses[:5])
