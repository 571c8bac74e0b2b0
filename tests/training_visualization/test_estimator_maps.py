"""What the maps of a DVI show: canvases, and its quality on easy classes."""

from __future__ import annotations

import numpy as np
import pytest

from helpers.training_visualization.estimator import DVI
from helpers.training_visualization.heads import logits, margin
from helpers.training_visualization.projection import evaluate, evaluate_time
from tests.training_visualization.same_maps import QUICK
from tests.training_visualization.small_traces import small_trace

GOOD = {"hidden": (48, 48), "batch_size": 96, "steps": 250}


@pytest.fixture(scope="module")
def trace():
    return small_trace(checkpoints=3, samples=80, features=8, boundary=12)


@pytest.fixture(scope="module")
def fitted(trace):
    return DVI(**QUICK).fit_trace(trace)


@pytest.fixture(scope="module")
def easy():
    return small_trace(samples=200)


@pytest.fixture(scope="module")
def good(easy):
    return DVI(**GOOD, first_steps=500).fit_trace(easy)


def test_a_cell_is_what_the_head_says_at_its_centre(fitted) -> None:
    rng = np.random.default_rng(0)
    for epoch in fitted.epochs_:
        canvas = fitted.decision_canvas(epoch, resolution=30)
        x0, x1, y0, y1 = canvas.extent
        head = fitted._maps[epoch - 1].head
        for row, column in rng.integers(30, size=(12, 2)):
            centre = np.array(
                [
                    [
                        x0 + (column + 0.5) / 30 * (x1 - x0),
                        y0 + (row + 0.5) / 30 * (y1 - y0),
                    ]
                ]
            )
            scores = logits(head, fitted.inverse_transform(centre, epoch))
            assert canvas.margin[row, column] == pytest.approx(
                margin(scores)[0], abs=1e-3
            )
            if margin(scores)[0] > 1e-2:
                assert canvas.classes[row, column] == scores.argmax()


def test_canvases_share_an_extent_that_holds_all_places(fitted) -> None:
    first, last = (fitted.decision_canvas(e, resolution=8) for e in (1, 3))
    assert first.extent == last.extent
    x0, x1, y0, y1 = first.extent
    every = np.concatenate(fitted.places_ + fitted.boundary_places_)
    assert (every > [x0, y0]).all() and (every < [x1, y1]).all()
    own = fitted.decision_canvas(2, 8, extent=(0, 1, 2, 3))
    assert own.extent == (0, 1, 2, 3) and own.classes.shape == (8, 8)


def test_row_0_lies_at_the_lowest_y_and_column_0_at_the_lowest_x(fitted) -> None:
    whole = fitted.decision_canvas(1, 6, extent=(-1, 1, -1, 1))
    quarters = {
        (-1, 0, -1, 0): whole.margin[:3, :3],
        (0, 1, -1, 0): whole.margin[:3, 3:],
        (-1, 0, 0, 1): whole.margin[3:, :3],
        (0, 1, 0, 1): whole.margin[3:, 3:],
    }
    for extent, expected in quarters.items():
        found = fitted.decision_canvas(1, 3, extent=extent)
        np.testing.assert_allclose(found.margin, expected, atol=1e-4)
    assert np.ptp(whole.margin) > 0.01


def test_easy_classes_keep_their_predictions(easy, good) -> None:
    table = evaluate(good.project(easy), easy, ks=(15,))
    train, test = (table[table.split == s] for s in ("train", "test"))
    assert (train.ppr > 0.9).all() and test.ppr.mean() > 0.9
    assert (train.neighbors > 3 * 15**2 / 199).all()
    assert (train.boundary > 1.15 * 15**2 / 30).all()
    assert (train.confidence_difference < 0.15).all()


def test_transfer_steadies_the_maps(easy, good) -> None:
    apart = DVI(**GOOD, first_steps=250, transfer=False).fit_trace(easy)
    moved = [evaluate_time(d.project(easy), easy)["movement"] for d in (good, apart)]
    assert moved[0] < 0.7 * moved[1]


def test_losses_fall(good) -> None:
    spread, recon = good.losses_[0].T
    assert spread[-1] < 0.8 * spread[0] and recon[-1] < 0.7 * recon[0]
