"""pass@k against counting subsets, its interval, and the paired comparison."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from helpers.adaptive_temperature.pass_at_k import (
    bootstrap,
    paired_difference,
    pass_at_k,
)


def brute_force(n: int, c: int, k: int) -> float:
    """Share of all k-subsets of n samples, the first c right, that hold a right one."""
    subsets = list(combinations(range(n), k))
    return sum(min(chosen) < c for chosen in subsets) / len(subsets)


@pytest.mark.parametrize("n", range(1, 9))
def test_every_small_case_is_a_count_of_subsets(n):
    for k in range(1, n + 1):
        expected = [brute_force(n, c, k) for c in range(n + 1)]
        assert pass_at_k(n, np.arange(n + 1), k) == pytest.approx(expected)


@given(st.integers(1, 200), st.data())
def test_large_counts_agree_with_the_hypergeometric_law(n, data):
    c, k = data.draw(st.integers(0, n)), data.draw(st.integers(1, n))
    none_right = stats.hypergeom(n, c, k).pmf(0)
    assert float(pass_at_k(n, c, k)) == pytest.approx(1 - none_right, abs=1e-9)


def test_broadcasting_and_the_ends():
    assert pass_at_k(10, [0, 10], 10).tolist() == [0.0, 1.0]
    assert pass_at_k([5, 10], 1, 1) == pytest.approx([0.2, 0.1])
    assert pass_at_k(15, [[1, 2], [3, 4]], 15).tolist() == [[1, 1], [1, 1]]


@pytest.mark.parametrize(
    ("n", "c", "k", "message"),
    [
        ([15, 4], [1, 1], 5, "1 of 2 problems have fewer samples"),
        (5, 6, 1, "c exceeds n"),
        (5, -1, 1, "integers from 0"),
        (5, 0.5, 1, "integers from 0"),
        (5, 1, 0, "k is 0"),
        (5, 1, 2.0, "k is 2.0"),
        (5, 1, True, "k is True"),
    ],
)
def test_bad_input_is_refused(n, c, k, message):
    with pytest.raises(ValueError, match=message):
        pass_at_k(n, c, k)


def test_bootstrap_covers_what_it_should():
    """Of 200 experiments, about 95 % of the intervals hold the true mean."""
    rng = np.random.default_rng(0)
    held = 0
    for seed in range(200):
        ability = rng.beta(0.5, 1.0, size=80)  # mean 1/3
        found = bootstrap(10, rng.binomial(10, ability), 1, seed=seed, draws=400)
        held += found["low"] <= 1 / 3 <= found["high"]
    assert 0.90 <= held / 200 <= 0.99


def test_bootstrap_is_close_to_the_normal_interval_and_repeats():
    c = np.random.default_rng(1).integers(0, 11, size=400)
    found = bootstrap(10, c, 1, seed=3)
    half = 1.96 * (c / 10).std() / 20
    assert found["value"] == pytest.approx((c / 10).mean())
    assert found["high"] - found["low"] == pytest.approx(2 * half, rel=0.1)
    assert found == bootstrap(10, c, 1, seed=3)
    assert found != bootstrap(10, c, 1, seed=4)


def test_bootstrap_needs_problems_and_a_level():
    with pytest.raises(ValueError, match="at least one problem"):
        bootstrap(10, np.array([], dtype=int), 1, seed=0)
    with pytest.raises(ValueError, match="level in"):
        bootstrap(10, [1, 2], 1, seed=0, level=95)


def test_pairs_see_what_separate_intervals_do_not():
    rng = np.random.default_rng(2)
    ability = rng.uniform(0, 0.8, size=200)
    b = rng.binomial(50, ability)
    a = np.minimum(50, b + rng.integers(0, 3, size=200))
    found = paired_difference(a, b, 50, 1, seed=0)
    apart_a, apart_b = bootstrap(50, a, 1, seed=0), bootstrap(50, b, 1, seed=0)
    assert apart_b["high"] > apart_a["low"]
    assert 0 < found.low < found.value < found.high
    assert found.value == pytest.approx(((a - b) / 50).mean())


def test_sign_test_leaves_ties_out():
    found = paired_difference([5, 5, 5, 5, 9], [1, 2, 3, 6, 9], 10, 1, seed=0)
    assert (found.better, found.worse) == (3, 1)
    assert found.p == pytest.approx(stats.binomtest(3, 4).pvalue)
    back = paired_difference([1, 2, 3, 6, 9], [5, 5, 5, 5, 9], 10, 1, seed=0)
    assert (back.value, back.better, back.p) == (-found.value, 1, found.p)


def test_equal_samplers_do_not_differ():
    found = paired_difference([0, 3, 9], [0, 3, 9], 10, 5, seed=0)
    assert (found.value, found.low, found.high, found.p) == (0, 0, 0, 1)


def test_pairs_must_match():
    with pytest.raises(ValueError, match="one count per problem in both"):
        paired_difference([1, 2], [1, 2, 3], 10, 1, seed=0)
