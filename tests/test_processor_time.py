"""Compilations are kept apart, nested ones are counted once."""

from __future__ import annotations

import numba
import pytest

from helpers.processor_time import ProcessorTime


def test_compiling_is_not_in_the_seconds() -> None:
    @numba.njit
    def inner(x):
        return x + 1

    @numba.njit
    def outer(x):
        return inner(x) * 2

    with ProcessorTime() as first:
        outer(1.0)
    with ProcessorTime() as second:
        outer(1.0)
    assert first.compiling > 0 and first.seconds >= 0
    assert second.compiling == 0 and second.seconds >= 0


def test_an_error_ends_the_listening() -> None:
    with pytest.raises(KeyError), ProcessorTime() as watch:
        raise KeyError

    @numba.njit
    def later(x):
        return x - 1

    later(1.0)
    assert watch.compiling == 0
