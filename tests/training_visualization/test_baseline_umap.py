"""UMAP from map to map: starts, seeds, inverses that change nothing."""

from __future__ import annotations

import warnings
from contextlib import nullcontext
from types import SimpleNamespace

import numpy as np
import pytest

from helpers.training_visualization import baseline_umap
from helpers.training_visualization.baseline_umap import (
    _start,
    project_umap,
    umap_inverse,
)
from helpers.training_visualization.metrics import relative_movement
from helpers.training_visualization.projection import evaluate
from tests.training_visualization.small_traces import small_trace


@pytest.fixture(scope="module")
def trace():
    return small_trace(uneven=True)


@pytest.fixture(scope="module")
def umap_maps(trace):
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        return project_umap(trace, n_neighbors=10, n_epochs=100)


def test_umap_places_everything(trace, umap_maps) -> None:
    assert [len(z) for z in umap_maps.boundary] == [30, 27, 24, 21]
    assert all(z.shape == (200, 2) for z in umap_maps.train)
    assert all(z.shape == (40, 2) for z in umap_maps.test)
    assert all(np.isfinite(z).all() for z in umap_maps.train + umap_maps.test)
    assert umap_maps.train_back == [] and len(umap_maps.seconds) == len(trace)
    table = evaluate(umap_maps, trace, ks=(10,))
    chance = 10**2 / 199
    assert (table.neighbors > 4 * chance).all()
    assert (table.boundary > 1.2 * 10**2 / 30).all()


def test_inverses_are_counted_apart_and_move_no_map(trace, umap_maps) -> None:
    found = project_umap(trace, n_neighbors=10, n_epochs=100, inverse=100)
    places = found.train + found.test, umap_maps.train + umap_maps.test
    for a, b in zip(*places, strict=True):
        np.testing.assert_array_equal(a, b)
    rows = umap_inverse(found, trace)
    assert [r["epoch"] for r in rows] == list(trace.epochs)
    assert all(r["points"] == 100 for r in rows)
    assert np.isnan([r["milliseconds"] for r in rows[:-1]]).all()
    assert rows[-1]["milliseconds"] > 0
    assert rows[-1]["ppr"] > 0.7 and 0 <= rows[-1]["confidence_difference"] < 0.3
    assert all(len(set(s.rows)) == 100 for s in found.inverse)
    assert found.train_back == []


def test_what_every_call_begins_with_is_no_cost_of_a_sample(monkeypatch) -> None:
    watch = SimpleNamespace(seconds=0.0)

    class Model:
        embedding_ = np.zeros((100, 2))

        def inverse_transform(self, places):
            watch.seconds = 2 + 0.01 * len(places)
            return places

    monkeypatch.setattr(baseline_umap, "ProcessorTime", lambda: nullcontext(watch))
    for count in (2, 20, 100):
        found = baseline_umap._invert(Model(), np.arange(count), timed=True)
        assert found.milliseconds == pytest.approx(10)
    one, untimed = np.arange(1), np.arange(9)
    assert np.isnan(baseline_umap._invert(Model(), one, timed=True).milliseconds)
    assert np.isnan(baseline_umap._invert(Model(), untimed, timed=False).milliseconds)


def test_no_inverse_was_asked_for(trace, umap_maps) -> None:
    with pytest.raises(ValueError, match="inverse > 0"):
        umap_inverse(umap_maps, trace)


def test_boundary_points_start_amid_their_neighbours() -> None:
    rng = np.random.default_rng(0)
    points, before = rng.normal(size=(25, 3)), rng.normal(size=(20, 2))
    found = _start(points, before, 4)
    np.testing.assert_array_equal(found[:20], before)
    for point, place in zip(points[20:], found[20:], strict=True):
        order = np.linalg.norm(points[:20] - point, axis=1).argsort()[:4]
        np.testing.assert_allclose(place, before[order].mean(axis=0))
    assert _start(points[:20], before, 4) is before


def test_the_previous_map_steadies_the_next(trace, umap_maps) -> None:
    apart = [
        project_umap(trace.at([t]), n_neighbors=10, n_epochs=100).train[0]
        for t in range(len(trace))
    ]
    assert relative_movement(umap_maps.train) < relative_movement(apart)


@pytest.mark.parametrize("k", [1, 40, 300])
def test_neighbours_beyond_the_samples(k) -> None:
    with pytest.raises(ValueError, match="allowed: 2 to below 40"):
        project_umap(small_trace(samples=40), n_neighbors=k)


@pytest.mark.parametrize("inverse", [-1, 41])
def test_more_inverses_than_samples(inverse) -> None:
    with pytest.raises(ValueError, match="allowed: 0 to 40, the samples"):
        project_umap(small_trace(samples=40), inverse=inverse)
