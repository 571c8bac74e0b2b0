"""The search beyond the exact one's size; numba compiles for most of a minute."""

from __future__ import annotations

import numpy as np
from sklearn.neighbors import NearestNeighbors

from helpers.training_visualization import complex as complexes
from helpers.training_visualization.complex import fuzzy_set, neighbor_graph


def test_an_approximate_search_finds_the_nearest(monkeypatch) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 5)).astype(np.float32)
    queries = rng.normal(size=(40, 5)).astype(np.float32)
    monkeypatch.setattr(complexes, "EXACT", 50)
    search = NearestNeighbors(n_neighbors=10).fit(x)
    for asked in (x, queries):
        indices, distances = neighbor_graph(x, asked, 10)
        gaps, expected = search.kneighbors(asked)
        shared = [len(set(a) & set(b)) for a, b in zip(indices, expected, strict=True)]
        assert np.mean(shared) > 9
        np.testing.assert_allclose(distances.mean(), gaps.mean(), rtol=0.02)
    indices, distances = neighbor_graph(x, x, 10)
    np.testing.assert_array_equal(indices[:, 0], np.arange(300))
    assert not distances[:, 0].any()
    edges = fuzzy_set(indices, distances, 10)
    assert ((edges.weights > 0) & (edges.weights <= 1)).all()
