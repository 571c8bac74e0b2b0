"""The four properties against brute force, scipy and chance."""

from __future__ import annotations

import warnings
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ConstantInputWarning, pearsonr

from helpers.training_visualization import metrics
from helpers.training_visualization.heads import LinearHead, softmax

QUICK = settings(max_examples=25, deadline=None)


def brute_nearest(points, queries, k, *, itself=False):
    """The k nearest by sorting all distances; the point itself only if asked for."""
    lists = []
    for i, q in enumerate(points if queries is None else queries):
        distance = np.linalg.norm(points - q, axis=1)
        if queries is None:
            distance[i] = -1.0 if itself else np.inf
        lists.append(set(np.argsort(distance, kind="stable")[:k].tolist()))
    return lists


def brute_shared(first, second):
    return np.array([len(a & b) for a, b in zip(first, second, strict=True)])


@st.composite
def clouds(draw):
    """Points without ties, their places, boundary points, theirs, and a k."""
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    n, b, d = (
        draw(st.integers(4, 20)),
        draw(st.integers(3, 12)),
        draw(st.integers(1, 5)),
    )
    k = draw(st.integers(1, min(n - 1, b)))
    shapes = (n, d), (n, 2), (b, d), (b, 2)
    return *(rng.normal(size=s) for s in shapes), k


@QUICK
@given(clouds())
def test_neighbours_that_stay(cloud) -> None:
    high, low, _, _, k = cloud
    shared = brute_shared(brute_nearest(high, None, k), brute_nearest(low, None, k))
    assert metrics.neighbor_preservation(high, low, k) == pytest.approx(shared.mean())
    np.testing.assert_array_equal(
        metrics.overlap(metrics.nearest(high, None, k), metrics.nearest(low, None, k)),
        shared,
    )


@QUICK
@given(clouds())
def test_counts_that_include_the_point_itself(cloud) -> None:
    high, low, _, _, k = cloud
    lists = (brute_nearest(x, None, k, itself=True) for x in (high, low))
    found = metrics.neighbor_preservation(high, low, k, include_self=True)
    assert found == pytest.approx(brute_shared(*lists).mean())
    assert found >= 1


@QUICK
@given(clouds())
def test_boundary_points_that_stay(cloud) -> None:
    high, low, edge_high, edge_low, k = cloud
    shared = brute_shared(
        brute_nearest(edge_high, high, k), brute_nearest(edge_low, low, k)
    )
    found = metrics.boundary_preservation(high, low, edge_high, edge_low, k)
    assert found == pytest.approx(shared.mean())


def test_chance_level() -> None:
    rng = np.random.default_rng(0)
    n, b, k = 100, 40, 15
    neighbors, boundary = [], []
    for _ in range(40):
        high, low = rng.normal(size=(n, 5)), rng.normal(size=(n, 2))
        edges = rng.normal(size=(b, 5)), rng.normal(size=(b, 2))
        neighbors.append(metrics.neighbor_preservation(high, low, k))
        boundary.append(metrics.boundary_preservation(high, low, *edges, k))
    assert np.mean(neighbors) == pytest.approx(k**2 / (n - 1), rel=0.05)
    assert np.mean(boundary) == pytest.approx(k**2 / b, rel=0.05)


def test_a_perfect_map_keeps_everything() -> None:
    rng = np.random.default_rng(0)
    x, edge = rng.normal(size=(50, 2)), rng.normal(size=(20, 2))
    assert metrics.neighbor_preservation(x, 3 * x + 1, 15) == 15
    assert metrics.boundary_preservation(x, 3 * x, edge, 3 * edge, 15) == 15


@pytest.mark.parametrize("k", [0, 20])
def test_more_neighbours_than_points(k) -> None:
    with pytest.raises(ValueError, match=f"k is {k}; allowed: 1 to 19"):
        metrics.nearest(np.zeros((20, 2)), None, k)
    if k:
        assert metrics.nearest(np.zeros((20, 2)), np.zeros((3, 2)), k).shape == (3, k)


def test_inverse_projection_with_groups() -> None:
    rng = np.random.default_rng(0)
    head = LinearHead(rng.normal(size=(4, 6)), rng.normal(size=4))
    high = rng.normal(size=(60, 6)).astype(np.float32)
    back = high + rng.normal(size=high.shape).astype(np.float32)
    kept, change = [], []
    for x, r in zip(high, back, strict=True):
        before, after = softmax(head(np.stack([x, r])))
        c = before.argmax()
        kept.append(c == after.argmax())
        change.append(abs(before[c] - after[c]))
    mask = rng.random(60) < 0.3
    groups = {"some": mask, "few": np.array([3, 5, 7]), "none": np.zeros(60, bool)}
    found = metrics.inverse_projection(high, back, head, groups)
    parts = {"all": slice(None), "some": mask, "few": [3, 5, 7]}
    for name, part in parts.items():
        assert found[name]["ppr"] == pytest.approx(np.array(kept)[part].mean())
        assert found[name]["confidence_difference"] == pytest.approx(
            np.array(change)[part].mean(), abs=1e-6
        )
    assert np.isnan(found["none"]["ppr"])
    assert metrics.inverse_projection(high, back, head) == found["all"]
    same = metrics.inverse_projection(high, high, head)
    assert same == {"ppr": 1.0, "confidence_difference": 0.0}


def sequence(seed, epochs=6, n=30):
    rng = np.random.default_rng(seed)
    steps = rng.normal(size=(epochs, n, 4)) * rng.uniform(0.1, 1, (epochs, 1, 1))
    high = np.cumsum(steps, axis=0)
    low = high[:, :, :2] + 0.1 * rng.normal(size=(epochs, n, 2))
    return high, low


@pytest.mark.parametrize("seed", range(5))
def test_temporal_correlation_against_scipy(seed) -> None:
    high, low = sequence(seed)
    low[:, 0] = 0.0  # does not move: no variance
    k = 7
    lists = [brute_nearest(x, None, k) for x in high]
    rates = np.array([brute_shared(a, b) for a, b in pairwise(lists)]) / k
    moves = np.array([np.sqrt(((b - a) ** 2).sum(axis=1)) for a, b in pairwise(low)])
    np.testing.assert_allclose(metrics.transition_rates(high, k), rates)
    np.testing.assert_allclose(metrics.preserving_rate(high[0], high[1], k), rates[0])
    np.testing.assert_allclose(metrics.displacements(low), moves)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConstantInputWarning)
        r = [pearsonr(rates[:, i], moves[:, i])[0] for i in range(30)]
    expected = np.nan_to_num(r).mean()
    assert metrics.temporal_preservation(high, low, k) == pytest.approx(expected)
    assert metrics.temporal_preservation(high, low, k, rates=rates) == pytest.approx(
        expected
    )


def test_two_epochs_have_no_correlation() -> None:
    high, low = sequence(0, epochs=2)
    with pytest.raises(ValueError, match="2 epochs; a correlation needs at least 3"):
        metrics.temporal_preservation(high, low, 7)


def test_permuted_transitions_mean_nothing() -> None:
    rng = np.random.default_rng(0)
    rates = rng.random((6, 200))
    null = metrics.temporal_null(rates, 1 - rates, draws=400)
    # a transition keeps its place in one of six orders, where r is -1
    assert null.mean() == pytest.approx(0, abs=0.05)
    assert null.min() > -1.0001 and len(null) == 400
    observed = metrics._correlation(rates, 1 - rates).mean()
    assert observed == pytest.approx(-1) and (null > observed - 1e-9).all()
    again = metrics.temporal_null(rates, 1 - rates, draws=400)
    np.testing.assert_array_equal(null, again)
    assert (null != metrics.temporal_null(rates, 1 - rates, draws=400, seed=1)).any()


@pytest.mark.parametrize("factor", [1e-3, 7.0])
def test_relative_movement_ignores_scale_and_place(factor) -> None:
    _, low = sequence(3)
    found = metrics.relative_movement(low)
    moved = metrics.relative_movement(factor * low + [4.0, -9.0])
    assert found == pytest.approx(moved) and found > 0
    assert metrics.relative_movement([low[0]] * 3) == 0
    assert metrics.relative_movement([np.zeros((5, 2))] * 3) == 0


def test_relative_movement_of_a_known_shift() -> None:
    z = np.random.default_rng(0).normal(size=(500, 2))
    z = (z - z.mean(axis=0)) / z.std(axis=0)
    assert metrics.relative_movement([z, z + np.array([3, 4])]) == pytest.approx(5)
