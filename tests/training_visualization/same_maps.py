"""Two estimators that hold the same maps, and options that fit them quickly."""

from __future__ import annotations

import numpy as np

QUICK = {"hidden": (16,), "first_steps": 30, "steps": 20, "batch_size": 64}


def same_maps(first, second) -> None:
    assert first.epochs_ == second.epochs_
    for name in ("places_", "boundary_places_", "boundary_", "losses_", "rates_"):
        for a, b in zip(getattr(first, name), getattr(second, name), strict=True):
            np.testing.assert_array_equal(a, b)
