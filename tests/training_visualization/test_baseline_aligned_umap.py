"""AlignedUMAP: a steady map, rows in their order, bad input (compiling takes 15 s)."""

from __future__ import annotations

import warnings

import pytest

from helpers.training_visualization.baseline_umap import project_aligned_umap
from helpers.training_visualization.metrics import relative_movement
from helpers.training_visualization.projection import evaluate
from tests.training_visualization.small_traces import small_trace


def test_aligned_maps_stay_where_they_are() -> None:
    trace = small_trace(uneven=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        found = project_aligned_umap(trace, n_neighbors=10, n_epochs=60)
    assert [len(z) for z in found.boundary] == [30, 27, 24, 21]
    assert all(z.shape == (200, 2) for z in found.train) and found.test == []
    assert relative_movement(found.train) < 0.6
    # rows were reordered for the library and have to be back in their order
    table = evaluate(found, trace, ks=(10,))
    assert (table.neighbors > 4 * 10**2 / 199).all()
    assert (table.boundary > 1.2 * 10**2 / 30).all()


@pytest.mark.parametrize("k", [1, 40, 300])
def test_neighbours_beyond_the_samples(k) -> None:
    with pytest.raises(ValueError, match="allowed: 2 to below 40"):
        project_aligned_umap(small_trace(samples=40), n_neighbors=k)


def test_a_single_checkpoint_has_nothing_to_align() -> None:
    with pytest.raises(ValueError, match="alignment needs at least 2"):
        project_aligned_umap(small_trace(checkpoints=1, samples=40))
