import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.spot_tuning.curve_fitting import Reciprocal
from helpers.spot_tuning.early_curve import EarlyCurve, fit_stage
from helpers.spot_tuning.slaq import SLAQ
from tests.spot_tuning.synthetic_curves import staged_curve

FIRST, SECOND = Reciprocal(0.001, 0.05, 0.4, 0.9), Reciprocal(0.02, 0.3, 1.6, 0.3)
CURVE = np.concatenate([FIRST.at(np.arange(1, 26)), SECOND.at(np.arange(1, 36))])


def test_only_the_newest_stage_counts():
    predictor = EarlyCurve((25,))
    assert fit_stage(CURVE[25:40]) == pytest.approx(SECOND, rel=1e-4)
    assert predictor.predict(CURVE[:40], 60) == pytest.approx(CURVE[-1], rel=1e-5)
    other_past = np.concatenate([CURVE[:25] * 3 + 1, CURVE[25:40]])
    assert predictor.predict(other_past, 60) == predictor.predict(CURVE[:40], 60)
    # the first stage goes on without the decay, as far as anyone knows at step 20
    assert predictor.predict(CURVE[:20], 60) == pytest.approx(FIRST.at(60), rel=1e-4)


def test_future_decays_are_not_used():
    for seen in (10, 24, 40, 59):
        known = EarlyCurve(tuple(d for d in (25, 45) if d <= seen))
        assert EarlyCurve((25, 45)).predict(CURVE[:seen], 60) == known.predict(
            CURVE[:seen], 60
        )


def test_the_curve_alone_gives_the_same_stage_here():
    blind = EarlyCurve()
    assert blind.starts(CURVE[:40]) == EarlyCurve((25,)).starts(CURVE[:40]) == [0, 25]
    assert blind.predict(CURVE[:40], 60) == EarlyCurve((25,)).predict(CURVE[:40], 60)


@pytest.mark.parametrize("seen", [25, 26, 29])
def test_short_stages_predict_the_last_value(seen):
    assert EarlyCurve((25,)).predict(CURVE[:seen], 60) == CURVE[seen - 1]
    assert EarlyCurve((25,), least_values=4).predict(CURVE[:29], 60) < CURVE[28]


@pytest.mark.parametrize("predictor", [EarlyCurve(), EarlyCurve((25,)), SLAQ()])
def test_what_is_known_is_not_predicted(predictor):
    assert predictor.predict(list(CURVE), 60) == CURVE[-1]
    assert predictor.predict([0.0] * 20, 60) == 0.0
    with pytest.raises(ValueError, match="already past"):
        predictor.predict(CURVE, 59)
    with pytest.raises(ValueError, match="1 - accuracy"):
        predictor.predict([0.5, -0.1, 0.2, 0.1, 0.1, 0.1], 10)


@given(
    values=st.lists(st.floats(0, 1e6), min_size=1, max_size=40),
    decays=st.none() | st.lists(st.integers(1, 60), max_size=3),
    ahead=st.integers(0, 1000),
)
@settings(max_examples=150, deadline=None)
def test_predictions_stay_between_zero_and_the_highest_value(values, decays, ahead):
    final_step = len(values) + ahead
    early = EarlyCurve(decays)
    stage = values[early.starts(values)[-1] :] or values[-1:]
    assert 0 <= early.predict(values, final_step) <= max(stage)
    assert 0 <= SLAQ().predict(values, final_step) <= max(values)


@given(seed=st.integers(0, 500), power=st.integers(-40, 40))
@settings(max_examples=20, deadline=None)
def test_predictions_scale_with_the_metric(seed, power):
    curve, unit = staged_curve(np.random.default_rng(seed), (20,), 35, 0.01), 2.0**power
    for predictor in (EarlyCurve(), EarlyCurve((20,)), SLAQ()):
        assert predictor.predict(unit * curve, 60) == pytest.approx(
            unit * predictor.predict(curve, 60), rel=1e-6
        )


def test_noise_in_the_last_value_is_not_a_forecast():
    """Cut at the last value, predictions would follow every lucky last step."""
    rng = np.random.default_rng(0)
    flat = [1 + 0.05 * rng.standard_normal(20) for _ in range(100)]
    predicted = np.array([EarlyCurve(()).predict(values, 40) for values in flat])
    last = np.array([values[-1] for values in flat])
    lucky = predicted > last
    assert lucky.mean() > 0.2
    assert np.abs(predicted - 1)[lucky].mean() < 0.7 * np.abs(last - 1)[lucky].mean()


def test_a_rising_stage_is_predicted_at_its_mean():
    rising = 1 + np.arange(10) / 20
    assert EarlyCurve(()).predict(rising, 100) == pytest.approx(rising.mean())


def test_staged_fits_beat_one_curve_after_the_last_decay_only():
    """Decay after 30 of 60 steps, 1 % noise: seen from step 50, and from step 25."""
    rng = np.random.default_rng(1)
    curves = [staged_curve(rng, (30,), noise=0.01) for _ in range(30)]

    def median_error(predictor, seen):
        return np.median(
            [abs(predictor.predict(c[:seen], 60) / c[-1] - 1) for c in curves]
        )

    late = {p: median_error(p, 50) for p in (EarlyCurve((30,)), EarlyCurve(), SLAQ())}
    assert max(late[EarlyCurve((30,))], late[EarlyCurve()]) < 0.5 * late[SLAQ()]
    assert median_error(EarlyCurve((30,)), 25) > 0.1


def test_a_stage_needs_as_many_values_as_unknowns():
    with pytest.raises(ValueError, match="3 values has four unknowns"):
        fit_stage([3.0, 2.0, 1.0])
