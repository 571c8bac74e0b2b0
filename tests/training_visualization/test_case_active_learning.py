"""The active-learning case study: strategies against brute force, and the table."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from helpers.training_visualization.canvas import BAND
from helpers.training_visualization.case_active_learning import (
    STRATEGIES,
    ActiveStudy,
    active_study,
    coreset,
    cover_radius,
    least_confident,
)
from helpers.training_visualization.heads import LinearHead, logits, margin
from helpers.training_visualization.trace import Trace


def small_trace(seed: int = 0, count: int = 60) -> Trace:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(1, count, 5)).astype(np.float32)
    x[0, 7] = x[0, 8]  # duplicates
    head = LinearHead(rng.normal(size=(3, 5)).astype(np.float32), np.zeros(3))
    none = np.zeros((1, 0, 5), np.float32)
    return Trace((0,), x, (head,), np.zeros(count, int), none, np.zeros(0, int))


@pytest.fixture(scope="module")
def study() -> ActiveStudy:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CURRICULUM_CACHE", "off")
        return active_study(0, epochs=60, first_steps=500)


@pytest.mark.parametrize("name", STRATEGIES)
@pytest.mark.parametrize("count", [1, 20, 56])
def test_picks_are_new_and_different(name: str, count: int) -> None:
    labelled = np.array([3, 9, 11, 40])
    picks = STRATEGIES[name](small_trace(), labelled, count, 0)
    assert len(set(picks)) == len(picks) == count
    assert not set(picks) & set(labelled)


def test_least_confidence_takes_the_least_confident() -> None:
    trace, labelled = small_trace(1), np.arange(10)
    picks = least_confident(trace, labelled, 12)
    scores = torch.tensor(trace.train_scores[0])
    confidence = torch.softmax(scores, dim=1).max(dim=1).values.numpy()
    rest = np.setdiff1d(np.arange(10, 60), picks)
    assert confidence[picks].max() <= confidence[rest].min()
    assert (np.diff(confidence[picks]) >= -1e-6).all()


def test_coreset_takes_the_farthest_each_time() -> None:
    trace, labelled = small_trace(2), np.array([0, 5])
    x = trace.train[0].astype(float)
    known = list(labelled)
    for pick in coreset(trace, labelled, 15):
        gaps = {
            i: min(np.linalg.norm(x[i] - x[j]) for j in known)
            for i in range(len(x))
            if i not in known
        }
        assert gaps[pick] == pytest.approx(max(gaps.values()))
        known.append(int(pick))


def test_the_cover_radius_is_the_farthest_point() -> None:
    points = np.array([[0, 0], [3, 4], [1, 0]], float)
    assert cover_radius(points, points[:1]) == pytest.approx(5)
    assert cover_radius(points, points) == 0


def test_the_table_is_what_it_says(study: ActiveStudy) -> None:
    table, z = study.table, study.places
    assert list(table.index) == ["pool", *STRATEGIES]
    assert len(study.pool) == 1437 - 100
    edge = study.dvi.boundary_places_[0]
    size = np.sqrt(z.var(axis=0).mean())
    gap = np.linalg.norm(z[:, None] - edge[None], axis=2)
    near = np.sort(gap, axis=1)[:, :5].mean(axis=1) / size
    unsure = margin(study.trace.train_scores[0]) < 0.1
    for name in table.index:
        chosen = study.picks.get(name, study.pool)
        row = table.loc[name]
        assert row.white == pytest.approx(study.canvas.on_boundary(z[chosen]).mean())
        assert row.unsure == pytest.approx(unsure[chosen].mean())
        assert row.boundary_distance == pytest.approx(near[chosen].mean(), rel=1e-4)
        known = np.union1d(study.labelled, study.picks.get(name, study.labelled))
        farthest = np.linalg.norm(z[:, None] - z[known][None], axis=2).min(axis=1).max()
        assert row.cover == pytest.approx(farthest / size, rel=1e-3, abs=1e-4)
        assert 0.6 < row.test <= 1
    assert table.loc["pool", "test"] == study.trace.accuracy("test")[0]


def test_a_cell_of_the_canvas_is_as_fine_as_a_place(study: ActiveStudy) -> None:
    back = study.dvi.inverse_transform(study.places)
    exact = margin(logits(study.trace.heads[0], back)) < BAND
    assert (exact == study.canvas.on_boundary(study.places)).mean() > 0.95


def test_the_papers_reading(study: ActiveStudy) -> None:
    white, table = study.table.white, study.table
    assert white["least confidence"] > white["random"] + 0.2
    assert white["least confidence"] > white["pool"] + 0.2
    assert abs(white["random"] - white["pool"]) < 0.15
    assert table.unsure["least confidence"] > 0.9
    assert table.cover_features.idxmin() == "coreset"
    assert table.boundary_distance["least confidence"] < table.boundary_distance["pool"]
    assert (table.test.drop("pool") > table.test["pool"]).all()


@pytest.mark.parametrize(("start", "count"), [(0, 10), (10, 0), (1400, 100)])
def test_there_must_be_enough_samples(start: int, count: int) -> None:
    with pytest.raises(ValueError, match="1437 together"):
        active_study(0, start, count)
