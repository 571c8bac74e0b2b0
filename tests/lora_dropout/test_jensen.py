"""Jensen's inequality per example, against brute force."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.functional import cross_entropy, nll_loss

from helpers.lora_dropout.jensen import jensen_gap


def sample(seed, n=5, b=7, c=3, scale=3.0):
    draw = torch.Generator().manual_seed(seed)
    logits = scale * torch.randn(n, b, c, generator=draw)
    return logits, torch.randint(0, c, (b,), generator=draw)


@given(st.integers(0, 999), st.integers(1, 8), st.floats(0.01, 30))
def test_an_ensemble_is_at_most_as_bad_as_its_members(seed, n, scale):
    found = jensen_gap(*sample(seed, n=n, scale=scale))
    assert (found.logit_gap > -1e-9).all() and (found.probability_gap > -1e-9).all()


def test_losses_are_those_of_torch():
    logits, labels = sample(0)
    found = jensen_gap(logits, labels)
    each = [cross_entropy(one, labels, reduction="none") for one in logits]
    mean_logit = cross_entropy(logits.mean(dim=0), labels, reduction="none")
    probability = logits.softmax(dim=2).mean(dim=0)
    pairs = [
        (found.members, torch.stack(each).mean(dim=0)),
        (found.mean_logit, mean_logit),
        (found.mean_probability, nll_loss(probability.log(), labels, reduction="none")),
    ]
    for ours, theirs in pairs:
        assert torch.allclose(ours, theirs.double(), atol=1e-5)


def test_equal_members_save_nothing():
    logits, labels = sample(1, n=1)
    found = jensen_gap(logits.expand(4, -1, -1), labels)
    assert found.logit_gap.abs().max() < 1e-12
    assert found.probability_gap.abs().max() < 1e-12


def test_shapes_must_agree():
    logits, labels = sample(0)
    with pytest.raises(ValueError, match=r"allowed: \(n, b, c\) and \(b,\)"):
        jensen_gap(logits, labels[:3])
    with pytest.raises(ValueError, match=r"allowed: \(n, b, c\) and \(b,\)"):
        jensen_gap(logits[0], labels)
