"""TimeVis: its edges against loops and umap-learn, its map, its manners."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch

from helpers.training_visualization.baselines import training_points
from helpers.training_visualization.projection import evaluate
from helpers.training_visualization.timevis import (
    PRUNE_SPATIAL,
    PRUNE_TEMPORAL,
    project_timevis,
    spatio_temporal_edges,
)
from tests.training_visualization.small_traces import small_trace

N = 40


@pytest.fixture(scope="module")
def trace():
    return small_trace(samples=N, boundary=8, test=10, uneven=False)


@pytest.fixture(scope="module")
def points(trace):
    return list(training_points(trace))


def dense(edges, size):
    weight = np.zeros((size, size))
    weight[edges.heads, edges.tails] = edges.weights
    return weight


def umap_graph(x, k):
    """Graph, sigmas and rhos of umap-learn, which looks for the neighbours itself."""
    from umap.umap_ import fuzzy_simplicial_set

    away = np.linalg.norm(x[:, None] - x, axis=2)
    return fuzzy_simplicial_set(away, k, np.random.RandomState(0), "precomputed")


def test_one_checkpoint_has_the_graph_of_umap(points) -> None:
    edges = spatio_temporal_edges([points[2][:N]], N, 10)
    expected = umap_graph(points[2][:N], 10)[0].toarray()
    expected[expected * PRUNE_SPATIAL < expected.max()] = 0
    np.testing.assert_allclose(
        dense(edges, N), expected / expected.max(), atol=1e-5, rtol=1e-4
    )


def test_boundary_edges_end_at_near_boundary_points(points) -> None:
    x = points[1]
    without = spatio_temporal_edges([x[:N]], N, 6)
    edges = spatio_temporal_edges([x], N, 6)
    assert len(edges) > len(without)
    head, tail = edges.heads[len(without) :], edges.tails[len(without) :]
    assert (np.maximum(head, tail) >= N).all()
    for a, b in zip(head, tail, strict=True):
        away = (
            np.linalg.norm(x[N:] - x[a], axis=1),
            np.linalg.norm(x[N:] - x[b], axis=1),
        )
        # of one end the other is among the six nearest boundary points
        ranks = [d.argsort().argsort() for d in away]
        assert (b >= N and ranks[0][b - N] < 6) or (a >= N and ranks[1][a - N] < 6)


@pytest.mark.parametrize("k", [3, 15])
def test_temporal_edges_agree_with_loops(points, k) -> None:
    edges = spatio_temporal_edges(points, N, k)
    first = np.cumsum([0, *map(len, points)])
    when = np.searchsorted(first, edges.heads, "right") - 1
    then = np.searchsorted(first, edges.tails, "right") - 1
    temporal = when != then
    assert (edges.heads - first[when] == edges.tails - first[then])[temporal].all()
    scales = [umap_graph(x[:N], k)[1:] for x in points]
    expected = {}
    for i in range(N):
        one_way = np.zeros((len(points), len(points)))
        for t, x in enumerate(points):
            away = np.array([np.linalg.norm(x[i] - other[i]) for other in points])
            for s in away.argsort()[:k]:
                if s != t:
                    sigma, rho = scales[t][0][i], scales[t][1][i]
                    one_way[t, s] = np.exp(-max(0, away[s] - rho) / sigma)
        union = one_way + one_way.T - one_way * one_way.T
        for t, s in zip(*np.nonzero(union), strict=True):
            expected[first[t] + i, first[s] + i] = union[t, s]
    top = max(expected.values())
    expected = {
        e: w / top for e, w in expected.items() if w * PRUNE_TEMPORAL > 1.01 * top
    }
    found = {
        (a, b): w
        for a, b, w in zip(
            edges.heads[temporal],
            edges.tails[temporal],
            edges.weights[temporal],
            strict=True,
        )
    }
    assert expected.keys() <= found.keys()
    for edge, weight in expected.items():
        assert found[edge] == pytest.approx(weight, rel=1e-3, abs=1e-4)


def test_every_kind_of_edge_reaches_weight_one(points) -> None:
    edges = spatio_temporal_edges(points, N, 10)
    assert edges.weights.max() == pytest.approx(1) and edges.weights.min() > 0
    np.testing.assert_array_equal(
        np.unique(np.concatenate([edges.heads, edges.tails])),
        np.arange(sum(map(len, points))),
    )


def test_the_map_keeps_neighbours_and_inverts() -> None:
    trace = small_trace(uneven=True)
    before = trace.train.copy()
    state = torch.get_rng_state()
    found = project_timevis(trace, 10, steps=500, hidden=(32, 32), batch_size=200)
    np.testing.assert_array_equal(trace.train, before)
    assert torch.equal(torch.get_rng_state(), state)
    assert [len(z) for z in found.boundary] == [30, 27, 24, 21]
    assert all(z.shape == (200, 16) for z in found.train_back)
    assert all(z.shape == (40, 16) for z in found.test_back)
    table = evaluate(found, trace, ks=(10,))
    assert (table.neighbors > 2 * 10**2 / 199).all()
    assert table.ppr.mean() > 0.75 and table.ppr.iloc[-1] > 0.85
    assert len(found.seconds) == 4 and len(set(found.seconds)) == 1


def test_a_seed_repeats_and_a_bare_trace_works() -> None:
    trace = small_trace(checkpoints=1, samples=40, boundary=0, test=0)
    options = {"n_neighbors": 5, "steps": 5, "hidden": (8,), "batch_size": 50}
    first, again, other = (
        project_timevis(trace, random_state=s, **options) for s in (0, 0, 1)
    )
    np.testing.assert_array_equal(first.train[0], again.train[0])
    assert np.abs(first.train[0] - other.train[0]).max() > 1e-3
    assert first.test == first.test_back == first.boundary == []


def test_a_dead_checkpoint_is_survived() -> None:
    trace = small_trace(checkpoints=2, samples=30, boundary=0)
    trace.train[0][:] = 0
    found = project_timevis(trace, 5, steps=5, hidden=(8,), batch_size=50)
    assert all(np.isfinite(z).all() for z in found.train + found.train_back)
    assert all(a.shape == b.shape for a, b in pairwise(found.train))


@pytest.mark.parametrize("k", [1, 30])
def test_neighbours_beyond_the_samples(k) -> None:
    with pytest.raises(ValueError, match="allowed: 2 to below 30"):
        project_timevis(small_trace(samples=30), k)
