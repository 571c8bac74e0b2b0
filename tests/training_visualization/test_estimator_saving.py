"""Files of a DVI: all of it comes back, nothing in them is code."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.exceptions import NotFittedError
from torch import nn

from helpers.training_visualization.estimator import DVI
from tests.training_visualization.same_maps import QUICK, same_maps
from tests.training_visualization.small_traces import small_trace


@pytest.fixture(scope="module")
def trace():
    return small_trace(checkpoints=3, samples=80, features=8, boundary=12)


@pytest.fixture(scope="module")
def fitted(trace):
    return DVI(**QUICK).fit_trace(trace)


@pytest.fixture(scope="module")
def network_head():
    with torch.random.fork_rng([]):
        torch.manual_seed(0)
        return nn.Sequential(nn.Linear(8, 6), nn.ReLU(), nn.Linear(6, 4))


def test_save_and_load(trace, fitted, tmp_path) -> None:
    path = tmp_path / "deep" / "maps.dvi"
    fitted.save(path)
    assert [p.name for p in path.parent.iterdir()] == ["maps.dvi"]
    again = DVI.load(str(path))
    assert again.get_params() == fitted.get_params()
    assert again.fit_seconds_ == fitted.fit_seconds_
    same_maps(again, fitted)
    for t, epoch in enumerate(trace.epochs):
        np.testing.assert_array_equal(
            again.transform(trace.test[t], epoch),
            fitted.transform(trace.test[t], epoch),
        )
        first, second = (d.decision_canvas(epoch, 9) for d in (again, fitted))
        np.testing.assert_array_equal(first.margin, second.margin)
        np.testing.assert_array_equal(first.classes, second.classes)


def test_a_loaded_one_goes_on(trace, fitted, tmp_path) -> None:
    DVI(**QUICK).fit_trace(trace.at([0, 1])).save(tmp_path / "maps.npz")
    dvi = DVI.load(tmp_path / "maps.npz")
    dvi.partial_fit(
        trace.train[2], epoch=3, head=trace.heads[2], boundary=trace.boundary[2]
    )
    same_maps(dvi, fitted)


def test_files_hold_no_pickle(fitted, tmp_path) -> None:
    fitted.save(tmp_path / "maps.npz")
    with np.load(tmp_path / "maps.npz", allow_pickle=False) as archive:
        assert all(archive[name].dtype.kind in "fiU" for name in archive.files)


def test_heads_that_are_code_are_passed_again(trace, network_head, tmp_path) -> None:
    dvi = DVI(**QUICK).fit(trace.train, head=network_head)
    dvi.save(tmp_path / "maps.npz")
    with pytest.raises(ValueError, match=r"head of epoch 0 is not linear.*pass head="):
        DVI.load(tmp_path / "maps.npz")
    again = DVI.load(tmp_path / "maps.npz", head=network_head)
    same_maps(again, dvi)
    first, second = (d.decision_canvas(2, 9) for d in (again, dvi))
    np.testing.assert_array_equal(first.margin, second.margin)
    with pytest.raises(ValueError, match="1 values of head, but 3 checkpoints"):
        DVI.load(tmp_path / "maps.npz", head=[network_head])


def test_a_headless_one_is_saved_too(trace, tmp_path) -> None:
    dvi = DVI(**QUICK, boundary=0, attention=None).fit(trace.train[:1])
    dvi.save(tmp_path / "maps.npz")
    again = DVI.load(tmp_path / "maps.npz")
    same_maps(again, dvi)
    with pytest.raises(ValueError, match="a canvas needs the classifier's head"):
        again.decision_canvas()


def test_files_that_are_something_else(tmp_path) -> None:
    with pytest.raises(NotFittedError):
        DVI().save(tmp_path / "maps.npz")
    with pytest.raises(FileNotFoundError):
        DVI.load(tmp_path / "maps.npz")
    other = tmp_path / "other.npz"
    np.savez(other, header=np.array('{"format": "else"}'))
    broken = tmp_path / "broken.npz"
    broken.write_bytes(other.read_bytes()[:40])
    text = tmp_path / "text.npz"
    text.write_text("nothing of the kind")
    single = tmp_path / "single.npy"
    np.save(single, np.zeros(3))
    evil = tmp_path / "evil.npz"
    np.savez(evil, header=np.array([print], dtype=object), allow_pickle=True)
    for path in (other, broken, text, single, evil):
        with pytest.raises(ValueError, match=r"is not a map saved by DVI\.save"):
            DVI.load(path)
