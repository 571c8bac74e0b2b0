"""The complex against umap-learn's own, and where points are few or alike."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import coo_array

from helpers.training_visualization import complex as complexes
from helpers.training_visualization.complex import (
    Edges,
    neighbor_graph,
    spatial_complex,
)


@pytest.fixture(scope="module")
def points():
    rng = np.random.default_rng(0)
    train = rng.normal(size=(120, 6)).astype(np.float32)
    return train, rng.normal(size=(25, 6)).astype(np.float32)


def exact(points, queries, k):
    gaps = np.linalg.norm(points[None] - queries[:, None].astype(float), axis=2)
    order = np.argsort(gaps, axis=1, kind="stable")[:, :k]
    return order, np.take_along_axis(gaps, order, axis=1)


def matrix(edges, size):
    return coo_array(
        (edges.weights, (edges.heads, edges.tails)), (size, size)
    ).toarray()


def test_training_part_is_umaps_own(points) -> None:
    from umap.umap_ import fuzzy_simplicial_set

    train, _ = points
    indices, distances = exact(train, train, 15)
    expected, _, _ = fuzzy_simplicial_set(
        train,
        15,
        np.random.RandomState(0),
        "euclidean",
        knn_indices=indices,
        knn_dists=distances.astype(np.float32),
    )
    found = spatial_complex(train, train[:0], 15)
    np.testing.assert_allclose(matrix(found, 120), expected.toarray(), atol=1e-4)


def test_boundary_ties_come_after_and_end_in_boundary_points(points) -> None:
    train, boundary = points
    alone = spatial_complex(train, boundary[:0])
    edges = spatial_complex(train, boundary)
    cut = len(alone)
    for name in ("heads", "tails", "weights"):
        np.testing.assert_array_equal(getattr(edges, name)[:cut], getattr(alone, name))
    assert (np.maximum(edges.heads, edges.tails)[cut:] >= 120).all()
    assert (np.maximum(alone.heads, alone.tails) < 120).all()
    # an undirected tie joins a point to one of its 15 nearest boundary points, or
    # the other way round for two boundary points
    near = exact(boundary, np.concatenate([train, boundary]), 15)[0]
    for a, b in zip(edges.heads[cut:], edges.tails[cut:], strict=True):
        assert (b >= 120 and b - 120 in near[a]) or (a >= 120 and a - 120 in near[b])
    tied = np.unique(edges.heads[cut:])
    np.testing.assert_array_equal(tied, np.arange(145))


def test_memberships(points) -> None:
    train, boundary = points
    edges = spatial_complex(train, boundary)
    assert ((edges.weights > 0) & (edges.weights <= 1)).all()
    assert (edges.heads != edges.tails).all()
    dense = matrix(edges, 145)
    np.testing.assert_allclose(dense, dense.T, atol=1e-6)
    # UMAP: everyone's nearest other point belongs to it fully
    np.testing.assert_allclose(dense[:120, :120].max(axis=1), 1, atol=1e-6)


@pytest.mark.parametrize("offset", [0.0, 1e4])
def test_own_distance_is_zero(offset) -> None:
    """Far from the origin a search by dot products puts a point apart from itself."""
    rng = np.random.default_rng(0)
    x = (offset + rng.normal(size=(60, 40))).astype(np.float32)
    indices, distances = neighbor_graph(x, x, 10)
    np.testing.assert_array_equal(indices[:, 0], np.arange(60))
    assert not distances[:, 0].any() and (distances[:, 1:] > 0).all()
    assert all(len(set(row)) == 10 for row in indices.tolist())


def test_ties_ignore_what_rounding_puts_between_a_point_and_itself(monkeypatch) -> None:
    rng = np.random.default_rng(1)
    train, boundary = (rng.normal(size=(n, 5)).astype(np.float32) for n in (40, 20))
    clean = spatial_complex(train, boundary, 8)
    graph = complexes.neighbor_graph

    def rounded(points, queries, k):
        indices, distances = graph(points, queries, k)
        if queries is not points:
            distances = np.where(distances < 1e-6, 1e-3, distances)
        return indices, distances

    monkeypatch.setattr(complexes, "neighbor_graph", rounded)
    found = spatial_complex(train, boundary, 8)
    np.testing.assert_allclose(matrix(found, 60), matrix(clean, 60), atol=1e-6)


def test_chances_of_either_rule() -> None:
    ends = np.arange(4)
    edges = Edges(ends, ends + 1, np.array([1.0, 0.5, 0.2, 0.05]))
    by_weight = edges.chances()
    np.testing.assert_allclose(by_weight, np.array([1, 0.5, 0.2, 0]) / 1.7)
    released = edges.chances("as_released")
    np.testing.assert_allclose(released, np.array([1, 2, 5, 0]) / 8)
    assert edges.chances(rounds=100)[3] > 0
    with pytest.raises(ValueError, match="did you mean 'weight'"):
        edges.chances("wieght")


def test_as_released_repeats_weak_edges_more(points) -> None:
    edges = spatial_complex(*points)
    weights = edges.weights
    for rule, sign in (("weight", 1), ("as_released", -1)):
        chance = edges.chances(rule)
        assert chance.sum() == pytest.approx(1)
        drawn = chance > 0
        np.testing.assert_array_equal(drawn, weights >= weights.max() / 10)
        assert sign * np.corrcoef(chance[drawn], weights[drawn])[0, 1] > 0.7


@pytest.mark.parametrize(("samples", "boundary"), [(3, 0), (3, 2), (6, 1), (6, 4)])
def test_fewer_points_than_neighbours(samples, boundary) -> None:
    rng = np.random.default_rng(0)
    train, edge = (
        rng.normal(size=(n, 4)).astype(np.float32) for n in (samples, boundary)
    )
    edges = spatial_complex(train, edge, 15)
    assert len(edges) and np.isfinite(edges.weights).all()
    assert edges.chances().sum() == pytest.approx(1)
    assert edges.heads.max() < samples + (boundary if boundary > 1 else 0)


def test_identical_points() -> None:
    train, boundary = np.ones((30, 4), np.float32), np.ones((8, 4), np.float32)
    edges = spatial_complex(train, boundary, 10)
    assert ((edges.weights > 0) & (edges.weights <= 1)).all()
    assert (edges.heads != edges.tails).all()
    assert edges.chances().sum() == pytest.approx(1)


def test_two_samples() -> None:
    with pytest.raises(ValueError, match="2 samples; a complex needs at least 3"):
        spatial_complex(np.zeros((2, 3), np.float32), np.zeros((0, 3), np.float32))
