"""Sparsity, rank and mean of masked updates against brute force and binomials."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.lora_dropout.sparsity import (
    dropped_norm,
    dropped_share,
    equivalent_alpha,
    masked_factors,
    masked_ranks,
    rescaling,
)


def factors(n1=30, n2=50, rank=4, seed=0):
    draw = np.random.default_rng(seed)
    return draw.normal(size=(n1, rank)), draw.normal(size=(rank, n2))


@given(st.floats(0, 1), st.integers(0, 99))
def test_identity_holds_in_exact_expectation(p, seed):
    """All masks of a 3 x 2 update, each with its probability."""
    update = np.random.default_rng(seed).normal(size=(3, 2))
    expected = 0.0
    for bits in itertools.product([0, 1], repeat=5):
        rows, columns = np.array(bits[:3]), np.array(bits[3:])
        chance = np.prod([1 - p if bit else p for bit in bits])
        dropped = update * (1 - np.outer(rows, columns))
        expected += chance * (dropped**2).sum()
    assert dropped_share(p) * (update**2).sum() == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("p", [0.1, 0.5, 0.8])
@pytest.mark.parametrize("scheme", ["rows and columns", "entries"])
def test_both_schemes_drop_the_same_share(scheme, p):
    found = dropped_norm(*factors(), p, scheme, draws=2000, seed=0)
    error = found.std() / np.sqrt(len(found))
    assert found.mean() == pytest.approx(dropped_share(p), abs=5 * error)


def test_rows_and_columns_spread_more():
    spreads = [
        dropped_norm(*factors(), 0.5, scheme, draws=500, seed=0).std()
        for scheme in ("entries", "rows and columns")
    ]
    assert spreads[1] > 2 * spreads[0]


def test_dropped_norm_is_that_of_the_masked_product():
    b, a = factors(6, 5, 2)
    left, right = masked_factors(b, a, 0.4, "rows and columns", seed=3, draws=50)
    update = b @ a
    norms = ((update - left @ right) ** 2).sum(axis=(1, 2)) / (update**2).sum()
    found = dropped_norm(b, a, 0.4, "rows and columns", draws=50, seed=3)
    assert found == pytest.approx(norms)


def test_masked_products_have_whole_rows_and_columns_of_zeros():
    left, right = masked_factors(*factors(), 0.5, "rows and columns", seed=0, draws=20)
    alive = (left @ right) != 0
    whole = alive.any(axis=2)[:, :, None] & alive.any(axis=1)[:, None, :]
    assert np.array_equal(alive, whole)


def test_rank_stays_with_the_papers_masks_and_is_binomial_without():
    b, a = factors()
    kept = masked_ranks(b, a, 0.5, "rows and columns", draws=300, seed=0)
    assert (kept == 4).all()
    lost = masked_ranks(b, a, 0.5, "rank", draws=2000, seed=0)
    shares = np.bincount(lost, minlength=5) / len(lost)
    assert shares == pytest.approx(np.array([1, 4, 6, 4, 1]) / 16, abs=0.04)


@pytest.mark.parametrize("p", [0.0, 0.3, 0.5, 0.9])
def test_unscaled_masks_are_rescaled_masks_at_another_alpha(p):
    found = rescaling(p)
    assert max(found.output, found.gradient) < 1e-12
    assert found.mean_error < 4 * np.sqrt((1 / (1 - p) ** 2 - 1) / 4000) + 1e-12


def test_a_wrong_alpha_would_be_seen(monkeypatch):
    from helpers.lora_dropout import sparsity

    monkeypatch.setattr(sparsity, "equivalent_alpha", lambda a, p: a * (1 - p))
    assert sparsity.rescaling(0.5).output > 0.1
    assert equivalent_alpha(8, 0.25) == 4.5


@pytest.mark.parametrize("p", [-0.1, 1.1, float("nan")])
def test_p_is_a_probability(p):
    with pytest.raises(ValueError, match=r"`p` must be a number in \[0, 1\],"):
        dropped_norm(*factors(), p, "entries", draws=1, seed=0)
    with pytest.raises(ValueError, match=r"`p` must be a number in \[0, 1\),"):
        rescaling(p)


def test_unknown_schemes():
    with pytest.raises(ValueError, match="did you mean 'entries'"):
        dropped_norm(*factors(), 0.5, "entry", draws=1, seed=0)
    with pytest.raises(ValueError, match="unknown scheme 'entries'"):
        masked_ranks(*factors(), 0.5, "entries", draws=1, seed=0)
