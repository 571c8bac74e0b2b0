import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.spot_tuning.stage_detection import detected_starts, scheduled_starts
from tests.spot_tuning.synthetic_curves import staged_curve


@given(decays=st.lists(st.integers(1, 100)), steps=st.integers(0, 100))
def test_schedule_ignores_what_has_not_happened(decays, steps):
    starts = scheduled_starts(decays, steps)
    assert starts == scheduled_starts([d for d in decays if d <= steps], steps)
    assert starts == sorted(set(starts))
    assert set(starts) == {0} | {d for d in decays if d <= steps}


def test_bad_schedule_and_windows():
    with pytest.raises(ValueError, match="decay step 0"):
        scheduled_starts((5, 0), 10)
    with pytest.raises(ValueError, match="before >= 3"):
        detected_starts([1.0] * 20, before=2)
    with pytest.raises(ValueError, match="after >= 1"):
        detected_starts([1.0] * 20, after=0)


def test_stages_without_noise_are_found_at_the_step():
    curve = staged_curve(np.random.default_rng(0), (20, 40))
    assert detected_starts(curve) == [0, 20, 40]
    # to the step from the third value of a stage on, and never before its first
    found = {n: detected_starts(curve[:n])[-1] for n in range(1, 61)}
    assert all(found[n] == 0 for n in range(1, 21))
    assert all(found[n] == 20 for n in range(23, 41))
    assert all(found[n] == 40 for n in range(43, 61))


@pytest.mark.parametrize(
    ("noise", "least_found", "most_false"),
    [(0.001, 0.9, 0.02), (0.01, 0.9, 0.04), (0.02, 0.7, 0.05)],
)
def test_rates_on_noisy_curves(noise, least_found, most_false):
    """Found: within two steps of the truth. False: stages of a curve without any."""
    rng = np.random.default_rng(5)
    found, false, curves = 0, 0, 300
    for _ in range(curves):
        decay = int(rng.integers(15, 46))
        starts = detected_starts(staged_curve(rng, (decay,), noise=noise))
        found += any(abs(start - decay) <= 2 for start in starts[1:])
        false += len(detected_starts(staged_curve(rng, noise=noise))) - 1
    assert found / curves >= least_found
    assert false / curves <= most_false


def test_correlated_noise_raises_more_alarms_but_not_many():
    rng = np.random.default_rng(6)
    false = [
        len(detected_starts(staged_curve(rng, noise=0.01, correlation=0.6))) - 1
        for _ in range(300)
    ]
    assert np.mean(false) <= 0.2


@pytest.mark.parametrize(
    "curve",
    [
        np.exp(-np.arange(80) / 15) + 0.1,
        1 / np.arange(1.0, 80.0),
        np.ones(50),
        np.linspace(1, 2, 50),
        np.linspace(2, 1, 50),
        1 + np.cos(np.arange(80) / 25) / 2,
        np.ones(12),
    ],
    ids=["exponential", "hyperbola", "flat", "rising", "line", "bent", "short"],
)
def test_smooth_curves_have_one_stage(curve):
    assert detected_starts(curve) == [0]


@given(power=st.integers(-60, 60), seed=st.integers(0, 1000))
@settings(max_examples=40, deadline=None)
def test_stages_do_not_depend_on_the_unit(power, seed):
    curve = staged_curve(np.random.default_rng(seed), (18, 37), noise=0.01)
    assert detected_starts(curve) == detected_starts(2.0**power * curve)


@pytest.mark.parametrize(
    ("argument", "strict"), [("threshold", 1e6), ("ratio", 1e6), ("least", 0.9)]
)
def test_each_condition_can_veto(argument, strict):
    curve = staged_curve(np.random.default_rng(2), (30,), noise=0.005)
    assert detected_starts(curve) == [0, 30]
    assert detected_starts(curve, **{argument: strict}) == [0]
