import numpy as np
import pytest

from helpers.spot_tuning.curves import LearningCurves
from helpers.spot_tuning.early_curve import EarlyCurve
from helpers.spot_tuning.final_metric import (
    METHODS,
    LastValue,
    Memoized,
    predictors_for,
)
from helpers.spot_tuning.slaq import SLAQ
from tests.spot_tuning.synthetic_curves import staged_curve


def curves(decays=((20,), (30,), ())):
    rng = np.random.default_rng(4)
    return LearningCurves(
        "synthetic",
        "loss",
        tuple({"id": i} for i in range(len(decays))),
        tuple(staged_curve(rng, d, noise=0.005) for d in decays),
        np.ones(len(decays)),
        decays,
    )


class Counting:
    def __init__(self):
        self.calls = 0

    def predict(self, metrics, final_step):
        self.calls += 1
        return float(sum(metrics) + final_step)


def test_last_value():
    assert LastValue().predict([3.0, 2.0], 10) == 2.0
    with pytest.raises(ValueError, match="at least one"):
        LastValue().predict([], 10)


def test_each_question_is_answered_once():
    inner = Counting()
    memoized = Memoized(inner)
    for _ in range(5):
        assert memoized.predict([1.0, 2.0], 10) == 13.0
        assert memoized.predict(np.array([1.0, 2.0]), 10) == 13.0
    assert inner.calls == 1
    assert memoized.predict([1.0, 2.0], 11) == 14.0
    assert memoized.predict([2.0, 1.0], 10) == 13.0
    assert memoized.predict([1.0, 2.0, 0.0], 10) == 13.0
    assert inner.calls == 4


def test_every_trial_has_its_method_and_its_schedule():
    world = curves()
    expected = {
        "EarlyCurve": [EarlyCurve((20,)), EarlyCurve((30,)), EarlyCurve(())],
        "EarlyCurve, curve only": [EarlyCurve()] * 3,
        "SLAQ": [SLAQ()] * 3,
        "Last value": [LastValue()] * 3,
    }
    assert tuple(expected) == METHODS
    for method, predictors in expected.items():
        found = predictors_for(world, method)
        assert tuple(found) == world.trials
        for trial, seen, own in zip(
            world.trials, world.metrics, predictors, strict=True
        ):
            assert found[trial].predict(seen[:45], 60) == own.predict(seen[:45], 60)


def test_curves_without_schedules_have_one_stage():
    world = curves()
    bare = LearningCurves(
        world.workload, world.metric, world.settings, world.metrics, world.step_seconds
    )
    prefix = world.metrics[0][:45]
    found = predictors_for(bare)["t0"].predict(prefix, 60)
    assert found == EarlyCurve(()).predict(prefix, 60)
    assert found != EarlyCurve((20,)).predict(prefix, 60)


def test_unknown_method_names_the_nearest():
    with pytest.raises(ValueError, match="did you mean 'EarlyCurve'"):
        predictors_for(curves(), "Earlycurve")
