"""Checkpoints: exact, equal for equal content, and safe to read."""

from __future__ import annotations

import io
import pickle
from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from helpers.spot_tuning.workload_state import (
    ORDER,
    Schedule,
    Trial,
    TrialKey,
    every,
    generator,
    pack,
    unpack,
)

NUMBERS = st.sampled_from([np.float32, np.float64, np.int64]).flatmap(
    lambda dtype: arrays(dtype, array_shapes(min_dims=0, max_dims=3, min_side=0))
)


@given(st.dictionaries(st.sampled_from(["weights", "velocity.0", "a b"]), NUMBERS))
def test_round_trip(content: dict[str, np.ndarray]) -> None:
    info = {"step": 3, "generator": generator(5, ORDER).bit_generator.state}
    again, found = unpack(pack(info, content))
    assert again == info
    assert found.keys() == content.keys()
    for name, array in content.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)
    assert pack(again, found) == pack(info, content)


class _Bomb:
    """Unpickling this would raise ZeroDivisionError: it would have run code."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return eval, ("1 / 0",)


def _archive(**content: object) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **content)  # type: ignore[arg-type]
    return buffer.getvalue()


def _array() -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.zeros(3))
    return buffer.getvalue()


@pytest.mark.parametrize(
    "state",
    [
        b"",
        b"nonsense",
        pickle.dumps(_Bomb()),
        _archive(info=np.array(_Bomb(), dtype=object)),
        _archive(weights=np.zeros(3)),
        _array(),
        pack({}, {"w": np.arange(100.0)})[:300],
        pack({}, {"w": np.arange(100.0)}).replace(b"\x00\xf0?", b"\x00\xf1?", 1),
    ],
    ids=["empty", "text", "pickle", "object", "no-info", "array", "cut", "damaged"],
)
def test_what_is_no_checkpoint_is_refused_and_runs_no_code(state: bytes) -> None:
    with pytest.raises(ValueError, match="not a checkpoint"):
        unpack(state)


@given(
    rate=st.floats(1e-4, 10),
    factor=st.floats(0.05, 1),
    decays=st.lists(st.integers(1, 50), unique=True, max_size=4).map(sorted),
)
def test_schedule_against_a_loop(rate: float, factor: float, decays: list[int]) -> None:
    schedule = Schedule(rate, factor, tuple(decays))
    expected = rate
    for step in range(60):
        if step in decays:
            expected *= factor
        assert schedule(step) == pytest.approx(expected)


def test_every() -> None:
    assert every(10, 30) == (10, 20)
    assert every(30, 30) == ()


class _Counter(Trial):
    """A trial that adds up random numbers."""

    total = np.zeros(())

    def _update(self) -> None:
        self.total = self.total + self._rng.normal()

    def _metric(self) -> float:
        return float(self.total)

    def _arrays(self) -> dict[str, np.ndarray]:
        return {"total": self.total}

    def _set_arrays(self, arrays: Mapping[str, np.ndarray]) -> None:
        self.total = arrays["total"]


def test_a_checkpoint_fits_its_own_trial_only() -> None:
    setting = {"batch size": 8, "decay epochs": (3, 5)}
    trial = _Counter(TrialKey("X", setting, 0))
    trial.train_step()
    for other in (
        TrialKey("Y", setting, 0),
        TrialKey("X", {**setting, "batch size": 9}, 0),
        TrialKey("X", setting, 1),
    ):
        stranger = _Counter(other)
        with pytest.raises(ValueError, match="this trial is"):
            stranger.restore(trial.state())
        assert stranger.step == 0
    same = _Counter(TrialKey("X", dict(setting), 0))
    same.restore(trial.state())
    assert (same.step, same.state()) == (1, trial.state())
    assert same.train_step() == trial.train_step()
