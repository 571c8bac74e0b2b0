"""DVI as a scikit-learn estimator: conventions, bad input, variants."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from helpers.training_visualization.estimator import DVI
from helpers.training_visualization.heads import LinearHead, logits, margin
from helpers.training_visualization.metrics import preserving_rate
from tests.training_visualization.same_maps import QUICK, same_maps
from tests.training_visualization.small_traces import small_trace


@pytest.fixture(scope="module")
def trace():
    return small_trace(checkpoints=3, samples=80, features=8, boundary=12)


@pytest.fixture(scope="module")
def fitted(trace):
    return DVI(**QUICK).fit_trace(trace)


# conventions


def test_parameters_clone_and_repr() -> None:
    dvi = DVI(n_neighbors=7, attention=None)
    assert dvi.get_params()["n_neighbors"] == 7
    assert dvi.set_params(steps=9) is dvi and dvi.steps == 9
    copy = clone(dvi)
    assert copy is not dvi and copy.get_params() == dvi.get_params()
    assert repr(dvi) == "DVI(attention=None, n_neighbors=7, steps=9)"
    with pytest.raises(ValueError, match="Invalid parameter 'nonsense'"):
        dvi.set_params(nonsense=1)


def test_what_a_fit_leaves(trace, fitted) -> None:
    assert fitted.epochs_ == [1, 2, 3]
    assert (fitted.n_features_in_, fitted.n_samples_) == (8, 80)
    assert [z.shape for z in fitted.places_] == [(80, 2)] * 3
    assert [z.shape for z in fitted.boundary_places_] == [(12, 2)] * 3
    assert len(fitted.rates_) == 2 and len(fitted.losses_) == 3
    assert len(fitted.fit_seconds_) == 3 and min(fitted.fit_seconds_) > 0
    for t, epoch in enumerate(trace.epochs):
        found = fitted.transform(trace.train[t], epoch)
        np.testing.assert_array_equal(found, fitted.places_[t])
        np.testing.assert_array_equal(fitted.boundary_[t], trace.boundary[t])
        if t:
            np.testing.assert_array_equal(
                fitted.rates_[t - 1],
                preserving_rate(trace.train[t - 1], trace.train[t]),
            )
    assert fitted.get_feature_names_out().tolist() == ["dvi0", "dvi1"]


def test_pickle_round_trip(trace, fitted) -> None:
    again = pickle.loads(pickle.dumps(fitted))
    same_maps(again, fitted)
    for z in (fitted, again):
        np.testing.assert_array_equal(
            z.inverse_transform(fitted.places_[1], 2),
            fitted.inverse_transform(fitted.places_[1], 2),
        )
    np.testing.assert_array_equal(
        again.transform(trace.test[0], 1), fitted.transform(trace.test[0], 1)
    )


@pytest.mark.parametrize("method", ["transform", "inverse_transform"])
def test_not_fitted(method) -> None:
    with pytest.raises(NotFittedError):
        getattr(DVI(), method)(np.zeros((2, 2)))
    with pytest.raises(NotFittedError):
        DVI().decision_canvas()
    failed = DVI()
    with pytest.raises(ValueError, match="head"):
        failed.fit([np.zeros((9, 2))])
    with pytest.raises(NotFittedError):
        getattr(failed, method)(np.zeros((2, 2)))


def test_wrong_number_of_features(fitted) -> None:
    message = "X has 7 features, but DVI is expecting 8 features as input"
    with pytest.raises(ValueError, match=message):
        fitted.transform(np.zeros((3, 7)))
    with pytest.raises(ValueError, match="3 features, but DVI is expecting 2"):
        fitted.inverse_transform(np.zeros((3, 3)))
    with pytest.raises(ValueError, match="NaN"):
        fitted.transform(np.full((3, 8), np.nan))


def test_no_rows(fitted) -> None:
    assert fitted.transform(np.zeros((0, 8))).shape == (0, 2)
    assert fitted.inverse_transform(np.zeros((0, 2))).shape == (0, 8)


def test_input_is_neither_changed_nor_kept(trace, fitted) -> None:
    before = trace.train.copy(), [b.copy() for b in trace.boundary]
    x = trace.train[0].copy()
    dvi = DVI(**QUICK)
    edge = trace.boundary[0].copy()
    for t, epoch in enumerate(trace.epochs):  # one buffer for all checkpoints
        x[:], edge[:] = trace.train[t], trace.boundary[t]
        dvi.partial_fit(x, epoch=epoch, head=trace.heads[t], boundary=edge)
        np.testing.assert_array_equal(x, trace.train[t])
    same_maps(dvi, fitted)
    np.testing.assert_array_equal(trace.train, before[0])
    for a, b in zip(trace.boundary, before[1], strict=True):
        np.testing.assert_array_equal(a, b)


def test_double_precision_and_lists_are_alike(trace, fitted) -> None:
    heads, edges = list(trace.heads), list(trace.boundary)
    wide = DVI(**QUICK).fit(
        list(trace.train.astype(float)), head=heads, boundary=edges, epochs=trace.epochs
    )
    same_maps(wide, fitted)
    assert wide.places_[0].dtype == np.float32


def test_seeds(trace, fitted) -> None:
    torch.manual_seed(99)
    state = torch.get_rng_state()
    same_maps(DVI(**QUICK).fit_trace(trace), fitted)
    assert torch.equal(torch.get_rng_state(), state)
    other = DVI(**QUICK, random_state=1).fit_trace(trace)
    assert not np.array_equal(other.places_[0], fitted.places_[0])


def test_a_second_fit_starts_anew(trace, fitted) -> None:
    dvi = DVI(**QUICK).fit(
        trace.train[:, :50, :5], head=LinearHead(np.eye(4, 5), np.zeros(4))
    )
    same_maps(dvi.fit_trace(trace), fitted)
    assert dvi.n_features_in_ == 8


# epochs


def test_epochs_are_labels(trace, fitted) -> None:
    dvi = DVI(**QUICK, boundary=0, attention=None).fit(trace.train, epochs=[5, 10, 40])
    np.testing.assert_array_equal(
        dvi.transform(trace.train[1], epoch=10), dvi.places_[1]
    )
    last = dvi.transform(trace.train[2])
    np.testing.assert_array_equal(last, dvi.places_[2])
    with pytest.raises(ValueError, match="no map of epoch 2; there are: 5, 10, 40"):
        dvi.transform(trace.train[0], epoch=2)
    assert DVI(**QUICK, boundary=0, attention=None).fit(trace.train[:1]).epochs_ == [0]


@pytest.mark.parametrize(
    ("epochs", "message"),
    [
        ([1, 2], "2 epochs, but 3 checkpoints"),
        ([1, 3, 3], "allowed: ascending, 0 or more"),
        ([-1, 0, 3], "allowed: ascending, 0 or more"),
    ],
)
def test_wrong_epochs(trace, epochs, message) -> None:
    with pytest.raises(ValueError, match=message):
        DVI(**QUICK, boundary=0, attention=None).fit(trace.train, epochs=epochs)


def test_epochs_that_come_too_late(trace) -> None:
    dvi = DVI(**QUICK, boundary=0, attention=None)
    dvi.partial_fit(trace.train[0], epoch=4)
    with pytest.raises(ValueError, match="epoch 4 does not come after 4"):
        dvi.partial_fit(trace.train[1], epoch=4)
    with pytest.raises(ValueError, match="epoch is -1"):
        DVI(boundary=0, attention=None).partial_fit(trace.train[0], epoch=-1)
    assert dvi.epochs_ == [4] and len(dvi.places_) == 1


# bad input


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n_neighbors", 1),
        ("boundary", 1.5),
        ("recon_weight", -1),
        ("temporal_weight", -0.1),
        ("first_steps", 0),
        ("steps", 0),
        ("batch_size", 3),
        ("negatives", 0),
        ("learning_rate", 0),
        ("attention", 0),
        ("random_state", None),
        ("random_state", -1),
        ("hidden", ()),
    ],
)
def test_parameters_out_of_range(trace, name, value) -> None:
    with pytest.raises(ValueError, match=f"{name} .*; allowed"):
        DVI(**{name: value}).fit_trace(trace)


def test_unknown_edge_sampling(trace) -> None:
    with pytest.raises(ValueError, match="did you mean 'as_released'"):
        DVI(edge_sampling="as_release").fit_trace(trace)


def test_bad_representations(trace) -> None:
    plain = DVI(**QUICK, boundary=0, attention=None)
    bad = trace.train.copy()
    bad[1, 3, 2] = np.nan
    with pytest.raises(ValueError, match="representations of epoch 1 contains NaN"):
        plain.fit(bad)
    with pytest.raises(ValueError, match=r"checkpoint 1 has shape \(70, 8\)"):
        plain.fit([trace.train[0], trace.train[1, :70]])
    with pytest.raises(
        ValueError, match=r"allowed: \(checkpoints, samples, features\)"
    ):
        plain.fit(trace.train[0])
    with pytest.raises(ValueError, match="X has no checkpoint"):
        plain.fit([])
    with pytest.raises(ValueError, match="minimum of 3 is required"):
        plain.fit(trace.train[:, :2])
    plain.partial_fit(trace.train[0], epoch=0)
    with pytest.raises(ValueError, match="bring the same samples"):
        plain.partial_fit(trace.train[1, :70], epoch=1)
    assert plain.epochs_ == [0]


def test_heads_that_are_missing_or_wrong(trace) -> None:
    for options in ({"attention": None}, {"boundary": 0}):
        with pytest.raises(ValueError, match="need the classifier's head"):
            DVI(**QUICK, **options).fit(trace.train)
    with pytest.raises(ValueError, match="2 values of head, but 3 checkpoints"):
        DVI(**QUICK).fit(trace.train, head=trace.heads[:2])
    with pytest.raises(ValueError, match="2 values of boundary, but 3 checkpoints"):
        DVI(**QUICK).fit(
            trace.train, head=trace.heads[0], boundary=list(trace.boundary[:2])
        )
    flat = DVI(**QUICK, attention=None)
    with pytest.raises(ValueError, match="at least two classes"):
        flat.fit(trace.train, head=lambda x: x.sum(axis=1))
    with pytest.raises(ValueError, match="at least two classes"):
        flat.fit(trace.train, head=lambda x: x[:5])
    headless = DVI(**QUICK, boundary=0, attention=None).fit(trace.train)
    with pytest.raises(ValueError, match="a canvas needs the classifier's head"):
        headless.decision_canvas()


def test_one_predicted_class_has_no_boundary(trace) -> None:
    head = LinearHead(np.zeros((3, 8)), np.array([1.0, 0, 0]))
    dvi = DVI(**QUICK).fit(trace.train, head=head)
    assert [len(b) for b in dvi.boundary_] == [0, 0, 0]
    assert dvi.boundary_places_[2].shape == (0, 2)
    assert not dvi.decision_canvas(resolution=5).classes.any()


@pytest.mark.parametrize("value", [0.0, 3.0])
def test_features_or_samples_that_do_not_vary(trace, value) -> None:
    x = trace.train.copy()
    x[:, :, 2:5] = value
    assert np.isfinite(DVI(**QUICK).fit(x, head=trace.heads[0]).places_).all()
    same = DVI(**QUICK).fit(np.full((2, 20, 8), value), head=trace.heads[0])
    assert np.isfinite(same.places_).all()
    assert np.isfinite(same.inverse_transform(same.places_[1])).all()
    assert np.isfinite(same.decision_canvas(resolution=5).margin).all()


def test_three_samples(trace) -> None:
    dvi = DVI(**QUICK).fit(trace.train[:, :3], head=trace.heads[0])
    assert np.isfinite(dvi.places_).all()


# what can be switched off


@pytest.mark.parametrize(
    "options",
    [
        {"transfer": False},
        {"boundary": 0},
        {"attention": None},
        {"scale": False},
        {"edge_sampling": "as_released"},
        {"temporal_weight": 0},
        {"verbose": True},
    ],
)
def test_variants_run_and_differ(trace, fitted, options) -> None:
    dvi = DVI(**QUICK, **options).fit_trace(trace)
    assert np.isfinite(dvi.places_).all()
    changed = not np.array_equal(dvi.places_[-1], fitted.places_[-1])
    assert changed == ("verbose" not in options)
    if "boundary" in options:
        assert dvi.boundary_places_[0].shape == (0, 2)
    if options == {"transfer": False}:
        alone = DVI(**QUICK).fit_trace(trace.at([0]))
        np.testing.assert_array_equal(alone.places_[0], dvi.places_[0])
        np.testing.assert_array_equal(alone.places_[0], fitted.places_[0])


def test_boundary_samples_are_mixed_where_none_are_given(trace) -> None:
    dvi = DVI(**QUICK, boundary=0.2).fit(trace.train, head=list(trace.heads))
    for edge, head in zip(dvi.boundary_, trace.heads, strict=True):
        assert len(edge) == 16
        assert (margin(logits(head, edge)) < 0.1 + 1e-4).all()
