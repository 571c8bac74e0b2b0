"""Comparisons: labels, one number per seed, refusals; fits are short here."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from helpers.training_visualization import experiments
from helpers.training_visualization.projection import evaluate

EFFORT = experiments.Effort(first_steps=40, steps=20)


@pytest.fixture(autouse=True)
def _no_cache(monkeypatch):
    monkeypatch.setenv("CURRICULUM_CACHE", "off")


@pytest.fixture(scope="module")
def found():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CURRICULUM_CACHE", "off")
        return experiments.compare(
            {"tangle": (1, 5, 9)},
            [0, 1],
            ("DVI", "PCA"),
            EFFORT,
            samples=120,
            workers=1,
        )


def test_every_row_says_what_it_is(found):
    properties, times, inverse = found
    assert set(properties["method"]) == {"DVI", "PCA"}
    assert set(properties["split"]) == {"train", "test"}
    sizes = properties.groupby(["subject", "seed", "method", "split"]).size()
    assert (sizes == 3 * 3).all()  # checkpoints times k
    assert len(times) == 4
    assert inverse.empty


def test_a_row_is_the_measurement_of_its_maps(found):
    properties, _, _ = found
    task = experiments.Task("tangle", 1, "PCA", (1, 5, 9), EFFORT, 120)
    trace = task.trace()
    assert trace.train.shape[:2] == (3, 120)
    expected = evaluate(experiments.METHODS["PCA"](trace, task), trace)
    rows = properties[(properties["seed"] == 1) & (properties["method"] == "PCA")]
    pd.testing.assert_frame_equal(
        rows[expected.columns].reset_index(drop=True), expected
    )


def test_a_shared_recording_gives_the_same_trace():
    alone = experiments.Task("tangle", 1, "PCA", (1, 9), EFFORT, 120)
    shared = replace(alone, recorded=(1, 5, 9))
    for name in ("epochs", "train", "test", "boundary"):
        one, other = (getattr(task.trace(), name) for task in (alone, shared))
        np.testing.assert_array_equal(one, other)
    for x, y in zip(alone.trace().heads, shared.trace().heads, strict=True):
        np.testing.assert_array_equal(x.weight, y.weight)
    with pytest.raises(ValueError, match=r"checkpoints \[2, 3\]; allowed: recorded"):
        replace(shared, checkpoints=(3, 1, 2)).trace()


def test_few_samples_for_deepview():
    task = experiments.Task("tangle", 0, "DeepView", (9,), EFFORT, 60)
    edges = len(task.trace().boundary[0])
    properties = experiments.measure(task).properties
    assert set(properties["split"]) == {"train"}
    chance = properties["k"] ** 2 / edges
    assert (properties["boundary"] > 2 * chance).all()


def test_one_number_per_seed(found):
    properties, times, _ = found
    values = experiments.per_seed(properties, "ppr", "PCA", subject="tangle")
    rows = properties[
        (properties["method"] == "PCA")
        & (properties["split"] == "train")
        & (properties["k"] == 15)
    ]
    assert values == pytest.approx(rows.groupby("seed")["ppr"].mean())
    last = experiments.per_seed(properties, "ppr", "PCA", subject="tangle", epochs=[9])
    assert last == pytest.approx(rows[rows["epoch"] == 9].groupby("seed")["ppr"].mean())
    moved = experiments.seed_times(times, "movement", "DVI", "tangle")
    assert moved.shape == (2,)
    assert np.isfinite(moved).all()


def test_unknown_names(found):
    properties, times, _ = found
    with pytest.raises(ValueError, match="did you mean 'PCA'"):
        experiments.per_seed(properties, "ppr", "PCB", subject="tangle")
    with pytest.raises(ValueError, match="did you mean 'DVI'"):
        experiments.seed_times(times, "movement", "DVJ", "tangle")
    with pytest.raises(ValueError, match="did you mean 'digits'"):
        experiments.Task("digit", 0, "PCA", (1,)).trace()
    with pytest.raises(ValueError, match="did you mean 'no attention'"):
        experiments.measure(
            experiments.Task("tangle", 0, "no atention", (1, 5), EFFORT, 60)
        )


def test_studies_come_in_the_order_of_the_seeds():
    wanted = {"a": (np.full, {"fill_value": 7}), "b": (np.full, {"fill_value": 8})}
    found = experiments.studies(wanted, [1, 2, 3], 1)
    assert [len(x) for x in found["a"]] == [1, 2, 3]
    assert {x[0] for x in found["b"]} == {8}
