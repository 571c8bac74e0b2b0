"""Tables of the four properties equal the metrics called one by one."""

from __future__ import annotations

import numpy as np
import pytest

from helpers.training_visualization import metrics
from helpers.training_visualization.projection import (
    Projection,
    evaluate,
    evaluate_time,
)
from tests.training_visualization.small_traces import small_trace


@pytest.fixture(scope="module")
def trace():
    return small_trace(samples=80, uneven=True)


@pytest.fixture(scope="module")
def maps(trace):
    """The first two features, and all others as zero on the way back."""
    parts = {
        split: [x[:, :2] for x in getattr(trace, split)]
        for split in ("train", "test", "boundary")
    }
    backs = {
        f"{split}_back": [
            np.pad(z, ((0, 0), (0, trace.train.shape[2] - 2))) for z in parts[split]
        ]
        for split in ("train", "test")
    }
    return Projection("axes", **parts, **backs, seconds=[1.0, 2.0, 3.0, 6.0])


def test_every_row_is_the_metric(trace, maps) -> None:
    table = evaluate(maps, trace, ks=(5, 10))
    assert len(table) == len(trace) * 2 * 2 and set(table.method) == {"axes"}
    for row in table.itertuples():
        t = trace.epochs.index(row.epoch)
        high, low = getattr(trace, row.split)[t], getattr(maps, row.split)[t]
        edges = trace.boundary[t], maps.boundary[t]
        assert row.boundary == pytest.approx(
            metrics.boundary_preservation(high, low, *edges, row.k)
        )
        back = getattr(maps, f"{row.split}_back")[t]
        inverse = metrics.inverse_projection(high, back, trace.heads[t])
        assert {k: getattr(row, k) for k in inverse} == pytest.approx(inverse)
        if row.split == "test":
            high = np.concatenate([trace.train[t], high])
            low = np.concatenate([maps.train[t], low])
        assert row.neighbors == pytest.approx(
            metrics.neighbor_preservation(high, low, row.k)
        )


def test_what_a_method_cannot_do_is_missing(trace, maps) -> None:
    table = evaluate(Projection("bare", maps.train), trace, ks=(10,))
    assert set(table.split) == {"train"} and table.neighbors.notna().all()
    assert table[["boundary", "ppr", "confidence_difference"]].isna().all(axis=None)


def test_fewer_boundary_points_than_neighbours(trace, maps) -> None:
    table = evaluate(maps, trace, ks=(25,))
    counts = [len(b) for b in trace.boundary for _ in ("train", "test")]
    assert counts[0] > 25 > counts[-1]
    assert table.boundary.isna().tolist() == [count < 25 for count in counts]


def test_time(trace, maps) -> None:
    row = evaluate_time(maps, trace, k=10)
    rates = metrics.transition_rates(trace.train, 10)
    assert row["temporal"] == pytest.approx(
        metrics.temporal_preservation(trace.train, maps.train, 10)
    )
    null = metrics.temporal_null(rates, metrics.displacements(maps.train))
    assert row["null"] == pytest.approx(np.quantile(null, 0.05))
    assert row["movement"] == pytest.approx(metrics.relative_movement(maps.train))
    assert row["seconds"] == 3.0 and row["split"] == "train"


def test_time_without_maps_or_with_two_epochs(trace, maps) -> None:
    assert np.isnan(
        evaluate_time(Projection("bare", maps.train), trace, split="test")["temporal"]
    )
    short = Projection("short", maps.train[:2])
    assert np.isnan(evaluate_time(short, trace.at([0, 1]))["temporal"])
    assert np.isnan(evaluate_time(Projection("bare", maps.train), trace, 10)["seconds"])
