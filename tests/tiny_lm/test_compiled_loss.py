"""The loss in bfloat16 against the one in float32, values and gradients."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from helpers.tiny_lm import compiled_loss as module
from helpers.tiny_lm.batches import IGNORED, Batch
from helpers.tiny_lm.compiled_loss import compiled_loss
from helpers.tiny_lm.config import TinyConfig
from helpers.tiny_lm.training import token_loss

CONFIG = TinyConfig(50, layers=2, width=32, heads=2, context=64)


@pytest.fixture
def batch():
    draw = np.random.default_rng(0)
    ids = torch.from_numpy(draw.integers(4, 50, (6, 40)))
    labels = ids.clone()
    labels[:, :7] = IGNORED
    labels[2, 20:] = IGNORED
    return Batch(ids, labels)


def gradient(loss, model, batch):
    model.zero_grad()
    value = loss(model, batch)
    value.backward()
    return value.item(), torch.cat([p.grad.flatten() for p in model.parameters()])


@pytest.mark.parametrize("queries", [128, 16])  # attention in one block, in three
def test_same_loss_and_gradient_within_rounding(batch, queries, monkeypatch) -> None:
    monkeypatch.setattr(module, "QUERIES", queries)
    model = CONFIG.model(0)
    with torch.no_grad():
        for weight in model.parameters():
            weight.mul_(4)  # attention that is not even
    exact, wanted = gradient(token_loss, model, batch)
    value, found = gradient(compiled_loss(compiled=False), model, batch)
    check(exact, wanted, value, found)


def check(exact, wanted, value, found):
    assert value == pytest.approx(exact, abs=0.02)
    cosine = torch.nn.functional.cosine_similarity(wanted, found, dim=0)
    assert cosine > 0.995
    assert float(found.norm()) == pytest.approx(float(wanted.norm()), rel=0.03)


def test_weights_count(batch) -> None:
    model = CONFIG.model(0)
    weights = torch.rand(batch.ids.shape, generator=torch.manual_seed(0))
    weighted = Batch(batch.ids, batch.labels, weights)
    exact, wanted = gradient(token_loss, model, weighted)
    check(exact, wanted, *gradient(compiled_loss(compiled=False), model, weighted))
    logits = model(batch.ids).logits[:, :-1]
    losses = torch.nn.functional.cross_entropy(
        logits.transpose(1, 2), batch.labels[:, 1:], reduction="none"
    )
    share = weights[:, 1:] * (batch.labels[:, 1:] != IGNORED)
    assert exact == pytest.approx(
        float((share * losses).sum().detach() / share.sum()), abs=1e-4
    )
    even = Batch(batch.ids, batch.labels, torch.full(batch.ids.shape, 0.5))
    plain = float(token_loss(model, batch).detach())
    assert float(token_loss(model, even).detach()) == pytest.approx(plain)


def test_the_future_stays_hidden(batch) -> None:
    model = CONFIG.model(0)
    seen = batch.labels.clone()
    seen[:, 25:] = IGNORED
    later = batch.ids.clone()
    later[:, 25:] = 5
    loss = compiled_loss(compiled=False)
    first = loss(model, Batch(batch.ids, seen)).item()
    assert loss(model, Batch(later, seen)).item() == pytest.approx(first)
