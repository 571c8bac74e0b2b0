"""Training instances: loop, repeated batch and the mean of losses are one gradient."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from helpers.lora_dropout.instances import instance_count, instances_backward
from helpers.lora_dropout.sampling import lora_dropout_sampling
from tests.lora_dropout.small_models import adapted, adapted_perceptron, batch


def gradients(model):
    return [w.grad.clone() for n, w in model.named_parameters() if "lora_" in n]


def mean_loss(model, n, seed):
    losses = []
    for member in range(n):
        with lora_dropout_sampling(model, members=[member], seed=seed):
            losses.append(model(**batch()).loss)
    return torch.stack(losses).mean()


@pytest.mark.parametrize("one_pass", [False, True])
@pytest.mark.parametrize("n", [1, 3])
def test_gradient_of_the_mean_of_losses(n, one_pass) -> None:
    model = adapted(mask_p=0.4).train()
    expected = mean_loss(model, n, seed=5)
    expected.backward()
    want = gradients(model)
    model.zero_grad()
    found = instances_backward(model, batch(), n, one_pass=one_pass, seed=5)
    assert not found.requires_grad and found.ndim == 0
    torch.testing.assert_close(found, expected.detach())
    for ours, theirs in zip(gradients(model), want, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-6)
    # gradients add up, as those of any backward pass
    instances_backward(model, batch(), n, one_pass=one_pass, seed=5)
    torch.testing.assert_close(gradients(model)[0], 2 * want[0], rtol=1e-4, atol=1e-6)


def test_a_loss_of_the_caller() -> None:
    x, y = torch.randn(5, 6).double(), torch.randint(4, (5,))

    def loss_fn(outputs, inputs):
        return functional.cross_entropy(outputs, y.repeat(len(outputs) // 5))

    found = []
    for one_pass in (False, True):
        model = adapted_perceptron()
        loss = instances_backward(
            model, {"input": x}, 3, one_pass=one_pass, loss_fn=loss_fn, seed=0
        )
        found.append([loss, *gradients(model)])
    for ours, theirs in zip(*found, strict=True):
        torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize("one_pass", [False, True])
def test_fresh_instances_follow_the_global_generator(one_pass) -> None:
    model = adapted()  # evaluation mode: masks are on nevertheless

    def loss(seed):
        torch.manual_seed(seed)
        return float(instances_backward(model, batch(), 2, one_pass=one_pass))

    assert loss(0) == loss(0) != loss(1)


@pytest.mark.parametrize("one_pass", [False, True])
def test_with_gradient_checkpointing(one_pass) -> None:
    found = []
    for checkpointed in (False, True):
        model = adapted().train()
        if checkpointed:
            model.enable_input_require_grads()
            model.base_model.model.gradient_checkpointing_enable()
        torch.manual_seed(0)
        instances_backward(model, batch(), 2, one_pass=one_pass)
        found.append(gradients(model))
    for ours, theirs in zip(*found, strict=True):
        torch.testing.assert_close(ours, theirs)


def test_the_default_is_the_adapter_s_number() -> None:
    assert instance_count(adapted(n_train=3)) == 3
    assert instance_count(adapted(n_train=3, mask_p=0.0)) == 1
    model = adapted(n_train=3)
    torch.manual_seed(0)
    found = instances_backward(model, batch())
    torch.manual_seed(0)
    torch.testing.assert_close(instances_backward(model, batch(), 3), found)


def test_bad_arguments() -> None:
    model = adapted()
    with pytest.raises(ValueError, match="`n` must be an integer of at least 1"):
        instances_backward(model, batch(), 0)
    unlabelled = {k: v for k, v in batch().items() if k != "labels"}
    with pytest.raises(TypeError, match="put `labels` into the batch"):
        instances_backward(model, unlabelled, 2)
