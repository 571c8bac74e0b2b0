import numpy as np
import pytest

from helpers.spot_tuning.curve_fitting import Geometric, Reciprocal
from helpers.spot_tuning.slaq import SLAQ


@pytest.mark.parametrize(
    "truth", [Reciprocal(0.004, 0.1, 0.5, 0.2), Geometric(0.9, 2.0, 0.3)]
)
def test_the_family_that_fits_is_chosen(truth):
    seen = truth.at(np.arange(1, 26))
    assert SLAQ().predict(seen, 60) == pytest.approx(truth.at(60), rel=1e-4)


def test_recent_steps_weigh_more():
    old, new = Reciprocal(0, 0.5, 0.2, 1.0), Reciprocal(0, 0.1, 0.6, 0.5)
    k = np.arange(1, 61)
    bent = np.where(k <= 20, old.at(k), new.at(k))
    errors = [
        abs(SLAQ(half_life).predict(bent[:50], 60) - bent[-1])
        for half_life in (0.05, 0.25, 100.0)
    ]
    assert errors == sorted(errors)
    assert errors[0] < 0.2 * errors[2]


def test_short_histories_predict_the_last_value():
    assert SLAQ().predict([4.0, 2.0, 1.0, 0.9], 60) == 0.9
    assert SLAQ(least_values=4).predict([4.0, 2.0, 1.0, 0.9], 60) < 0.9


def test_bad_half_life():
    with pytest.raises(ValueError, match=r"at least 0\.02"):
        SLAQ(half_life=0.0)
