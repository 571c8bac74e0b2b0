"""Intervals by resampling, against scipy's; test_claims.py has the others."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from helpers.intervals import bootstrap_means, percentiles

VALUES = np.random.default_rng(0).exponential(size=40)


@pytest.mark.parametrize("level", [0.5, 0.95])
def test_a_bootstrap_of_the_mean_is_scipys(level: float) -> None:
    drawn = bootstrap_means(VALUES, np.random.default_rng(1), 40_000)
    theirs = stats.bootstrap(
        (VALUES,),
        np.mean,
        n_resamples=40_000,
        confidence_level=level,
        method="percentile",
        rng=np.random.default_rng(2),
    ).confidence_interval
    assert percentiles(drawn, level) == pytest.approx(tuple(theirs), abs=0.01)
    assert drawn.std() == pytest.approx(VALUES.std() / np.sqrt(len(VALUES)), rel=0.02)


def test_percentiles_leave_as_many_below_as_above() -> None:
    drawn = np.random.default_rng(3).permutation(1001)
    assert percentiles(drawn) == pytest.approx((25, 975))
    assert percentiles(list(drawn), 0.5) == pytest.approx((250, 750))
    assert percentiles([2.0]) == (2.0, 2.0)
