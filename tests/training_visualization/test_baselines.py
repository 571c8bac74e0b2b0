"""PCA against the singular value decomposition; t-SNE's shape, seed and errors."""

from __future__ import annotations

import numpy as np
import pytest

from helpers.training_visualization.baselines import (
    project_pca,
    project_tsne,
    split_places,
    training_points,
)
from helpers.training_visualization.projection import evaluate, evaluate_time
from tests.training_visualization.small_traces import small_trace


def test_the_small_trace_learns_and_has_a_boundary() -> None:
    trace = small_trace()
    accuracy = trace.accuracy()
    assert accuracy[0] < accuracy[-1] and accuracy[-1] > 0.95
    assert [len(b) for b in trace.boundary] == [30] * 4
    assert [len(b) for b in small_trace(uneven=True).boundary] == [30, 27, 24, 21]


def test_points_are_split_as_they_were_joined() -> None:
    trace = small_trace(uneven=True)
    train, boundary = split_places(trace, list(training_points(trace)))
    np.testing.assert_array_equal(np.stack(train), trace.train)
    for found, expected in zip(boundary, trace.boundary, strict=True):
        np.testing.assert_array_equal(found, expected)


def test_pca_agrees_with_the_decomposition() -> None:
    trace = small_trace(uneven=True)
    found = project_pca(trace)
    for t, x in enumerate(trace.train):
        points = np.concatenate([x, trace.boundary[t]]).astype(float)
        mean = points.mean(axis=0)
        axes = np.linalg.svd(points - mean, full_matrices=False)[2][:2]
        for split in ("train", "test", "boundary"):
            places = (getattr(trace, split)[t] - mean) @ axes.T
            np.testing.assert_allclose(
                np.abs(getattr(found, split)[t]), np.abs(places), atol=2e-4
            )
        for split in ("train", "test"):
            back = (getattr(trace, split)[t] - mean) @ axes.T @ axes + mean
            np.testing.assert_allclose(
                getattr(found, f"{split}_back")[t], back, atol=2e-4
            )
    assert len(found.seconds) == len(trace)


def test_pca_of_a_bare_trace() -> None:
    trace = small_trace(boundary=0, test=0)
    found = project_pca(trace)
    assert found.test == found.test_back == found.boundary == []
    table = evaluate(found, trace, ks=(5,))
    assert table.boundary.isna().all() and (table.ppr > 0.4).all()


def test_tsne_keeps_more_neighbours_than_pca_and_has_no_inverse() -> None:
    trace = small_trace(checkpoints=3, uneven=True)
    found = project_tsne(trace, perplexity=15)
    assert found.test == found.train_back == found.test_back == []
    assert [z.shape for z in found.boundary] == [(30, 2), (27, 2), (24, 2)]
    table, pca = (evaluate(p, trace, ks=(10,)) for p in (found, project_pca(trace)))
    assert (
        table.neighbors.mean() > pca[pca.split == "train"].neighbors.mean() + 1
        and table.ppr.isna().all()
    )
    assert -1 <= float(evaluate_time(found, trace)["temporal"]) <= 1


def test_tsne_repeats_with_its_seed() -> None:
    trace = small_trace(checkpoints=1, samples=60, boundary=0)
    first, again, other = (
        project_tsne(trace, perplexity=8, random_state=s).train[0] for s in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, again)
    assert first.shape == other.shape


@pytest.mark.parametrize("perplexity", [0.5, 50, 500])
def test_tsne_refuses_a_perplexity_beyond_the_points(perplexity: float) -> None:
    with pytest.raises(ValueError, match="allowed: 1 to below 50"):
        project_tsne(small_trace(samples=50, boundary=0), perplexity)
