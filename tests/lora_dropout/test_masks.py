"""Masks against their distribution; the update against a formula of its own."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.lora_dropout.masks import (
    FRESH,
    MaskSettings,
    MaskSource,
    add_masked_update,
    member_mask,
    split_groups,
)


def factors(seed=0, r=3, n_in=7, n_out=5):
    generator = torch.Generator().manual_seed(seed)
    a = torch.randn(r, n_in, generator=generator, dtype=torch.float64)
    b = torch.randn(n_out, r, generator=generator, dtype=torch.float64)
    return a, b, generator


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    groups=st.integers(1, 4),
    each=st.integers(1, 3),
    middle=st.sampled_from([(), (2,), (2, 3)]),
)
def test_update_is_that_of_masked_matrices(seed, groups, each, middle) -> None:
    a, b, generator = factors(seed)
    x = torch.randn(groups * each, *middle, 7, generator=generator, dtype=a.dtype)
    m_a = (torch.rand(groups, 7, generator=generator) > 0.5).double()
    m_b = (torch.rand(groups, 5, generator=generator) > 0.5).double()
    base = torch.randn(groups * each, *middle, 5, generator=generator, dtype=a.dtype)
    found = add_masked_update(base, x, a, b, m_a, m_b, 1.7)
    assert found.shape == (groups * each, *middle, 5)
    for g in range(groups):
        weight = 1.7 * torch.diag(m_b[g]) @ b @ a @ torch.diag(m_a[g])
        for i in range(each):
            row = g * each + i  # group-major
            torch.testing.assert_close(found[row], base[row] + x[row] @ weight.T)


def test_dropped_features_neither_give_nor_take() -> None:
    a, b, generator = factors()
    x = torch.randn(4, 7, generator=generator, dtype=a.dtype, requires_grad=True)
    m_a, m_b = torch.ones(1, 7).double(), torch.ones(1, 5).double()
    m_a[0, 2], m_b[0, 3] = 0, 0
    a.requires_grad_(), b.requires_grad_()
    found = add_masked_update(torch.zeros(4, 5).double(), x, a, b, m_a, m_b)
    assert not found[:, 3].any() and found[:, [0, 1, 2, 4]].all()
    found.square().sum().backward()
    assert not x.grad[:, 2].any() and x.grad[:, 1].all()
    assert not a.grad[:, 2].any() and a.grad[:, 1].all()
    assert not b.grad[3].any() and b.grad[2].all()


def test_the_rank_is_never_dropped() -> None:
    a, b, _ = factors(r=4, n_in=60, n_out=50)
    for member in range(50):
        mask = member_mask(0, "layer", member, 110, 0.5).double()
        update = add_masked_update(
            torch.zeros(60, 50).double(),
            torch.eye(60).double(),
            a,
            b,
            mask[None, :60],
            mask[None, 60:],
        )
        assert torch.linalg.matrix_rank(update) == 4


@pytest.mark.parametrize("p", [0.0, 0.3, 0.8])
@pytest.mark.parametrize("members", [None, range(4000)])
def test_entries_are_kept_with_probability_one_minus_p(p, members) -> None:
    torch.manual_seed(0)
    drawn = MaskSource(4000, members).draw("layer", 30, p, torch.zeros(1))
    assert drawn.shape == (4000, 30) and set(drawn.unique().tolist()) <= {0.0, 1.0}
    error = (p * (1 - p) / 4000) ** 0.5
    # the largest of 30 deviations
    assert (drawn.mean(dim=0) - (1 - p)).abs().max() <= 4 * error
    if p:  # independent of each other: no pair of columns goes together
        correlation = torch.corrcoef(drawn.T) - torch.eye(30)
        assert correlation.abs().max() < 5 / 4000**0.5


def test_members_are_fixed_and_differ() -> None:
    one = member_mask(0, "a.query", 2, 500, 0.5)
    torch.manual_seed(1)
    assert torch.equal(one, member_mask(0, "a.query", 2, 500, 0.5))
    others = [
        member_mask(1, "a.query", 2, 500, 0.5),
        member_mask(0, "a.key", 2, 500, 0.5),
        member_mask(0, "a.query", 3, 500, 0.5),
    ]
    for other in others:
        assert 150 < int((one != other).sum()) < 350


def test_a_member_is_the_same_in_whatever_company() -> None:
    like = torch.zeros(1)
    alone = MaskSource(1, [5], 9).draw("layer", 40, 0.5, like)
    among = MaskSource(3, [1, 5, 2], 9).draw("layer", 40, 0.5, like)
    assert torch.equal(among[1:2], alone)


def test_fixed_members_leave_the_global_generator_alone() -> None:
    state = torch.get_rng_state()
    MaskSource(2, [0, 1]).draw("layer", 40, 0.5, torch.zeros(1))
    assert torch.equal(torch.get_rng_state(), state)
    FRESH.draw("layer", 40, 0.5, torch.zeros(1))
    assert not torch.equal(torch.get_rng_state(), state)


def test_fresh_masks_follow_the_global_seed() -> None:
    def two(seed):
        torch.manual_seed(seed)
        return [FRESH.draw("layer", 40, 0.5, torch.zeros(1)) for _ in range(2)]

    first, second = two(0)
    assert not torch.equal(first, second)
    assert torch.equal(first, two(0)[0]) and not torch.equal(first, two(1)[0])


def test_dtype_of_the_weights() -> None:
    for members in (None, [0, 1]):
        drawn = MaskSource(2, members).draw("layer", 9, 0.5, torch.zeros(1).bfloat16())
        assert drawn.dtype == torch.bfloat16


def test_gain() -> None:
    assert MaskSettings(0.75).gain() == pytest.approx(16)
    assert MaskSettings(0.75).gain(1) == pytest.approx(4)
    assert MaskSettings(0.75, rescale=False).gain() == 1
    assert MaskSettings(0).gain() == 1


@pytest.mark.parametrize("p", [-0.1, 1, 1.5, float("nan"), True, "0.5", None])
def test_probabilities_that_are_none(p) -> None:
    with pytest.raises(ValueError, match=r"`p` must be a number in \[0, 1\), got"):
        MaskSettings(p)


@pytest.mark.parametrize("count", [0, -1, 1.5, True, None])
@pytest.mark.parametrize("name", ["n_train", "n_test"])
def test_counts_that_are_none(name, count) -> None:
    with pytest.raises(ValueError, match=f"`{name}` must be an integer of at least 1"):
        MaskSettings(0.5, **{name: count})


@pytest.mark.parametrize("shape", [(5, 7), (1, 4, 7), (7,)])
def test_inputs_that_are_no_groups(shape) -> None:
    with pytest.raises(ValueError, match="one_pass=False"):
        split_groups(torch.zeros(shape), 2)
