from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.spot_tuning.curve_selection import (
    expected_lowest,
    prediction_errors,
    selection,
    steps_seen,
)
from helpers.spot_tuning.curves import LearningCurves
from helpers.spot_tuning.final_metric import METHODS, predictors_for
from tests.spot_tuning.synthetic_curves import staged_curve


def curves(seed, lengths=(60, 60, 40)):
    rng = np.random.default_rng(seed)
    decays = tuple((length // 2,) for length in lengths)
    metrics = tuple(
        staged_curve(rng, d, length, 0.01)
        for d, length in zip(decays, lengths, strict=True)
    )
    settings_ = tuple({"id": i} for i in range(len(lengths)))
    return LearningCurves(
        "synthetic", "loss", settings_, metrics, np.ones(len(lengths)), decays
    )


def table(predicted, final):
    return pd.DataFrame(
        {"predicted": predicted, "final": final, "seed": 0, "theta": 0.7, "method": "m"}
    )


@pytest.mark.parametrize(
    ("theta", "steps", "seen"),
    [(0.7, 10, 7), (0.7, 60, 42), (0.71, 60, 43), (0.01, 10, 1), (1.0, 33, 33)],
)
def test_steps_seen(theta, steps, seen):
    assert steps_seen(theta, steps) == seen


def test_errors_hold_what_the_predictors_say():
    runs = {3: curves(3), 8: curves(8)}
    errors = prediction_errors(runs, thetas=(0.4, 0.7))
    assert len(errors) == 2 * 2 * len(METHODS) * 3
    for row in errors.itertuples():
        world = runs[row.seed]
        metrics = dict(zip(world.trials, world.metrics, strict=True))[row.trial]
        predictor = predictors_for(world, row.method)[row.trial]
        assert row.steps == steps_seen(row.theta, len(metrics))
        assert row.predicted == predictor.predict(metrics[: row.steps], len(metrics))
        assert row.final == metrics[-1]
        assert row.error == abs(row.predicted - row.final) / row.final


def test_predictions_do_not_see_what_comes_after_theta():
    world = curves(0)
    seen = [steps_seen(0.6, len(m)) for m in world.metrics]
    spoilt = tuple(
        np.concatenate([m[:s], m[s:][::-1] * 3])
        for m, s in zip(world.metrics, seen, strict=True)
    )
    other = LearningCurves(**{**world.__dict__, "metrics": spoilt})
    both = [prediction_errors({0: c}, thetas=(0.6,)) for c in (world, other)]
    assert both[0]["predicted"].tolist() == both[1]["predicted"].tolist()
    assert (both[0]["final"] != both[1]["final"]).all()


def test_everything_seen_is_everything_known():
    errors = prediction_errors({0: curves(0)}, thetas=(1.0,))
    assert (errors["error"] == 0).all()
    chosen = selection(errors)
    assert chosen["method"].tolist() == list(METHODS)
    assert (chosen[["regret", "regret_picks"]] == 0).all(axis=None)
    assert (chosen[["top_1", "top_picks"]] == 1).all(axis=None)


def test_selection_by_hand():
    errors = table(predicted=[0.5, 0.4, 0.6, 0.9], final=[0.22, 0.3, 0.2, 0.1])
    row = selection(errors, picks=3).iloc[0]
    assert row["regret"] == pytest.approx(2.0)
    assert row["regret_picks"] == pytest.approx(1.0)
    assert (row["top_1"], row["top_picks"]) == (0, 0)
    assert selection(errors, picks=4).iloc[0]["top_picks"] == 1
    near = selection(errors, picks=3, tolerance=1.05).iloc[0]
    assert (near["top_1"], near["top_picks"]) == (0, 1)


def test_a_method_without_an_opinion_scores_like_chance():
    row = selection(table([1.0] * 16, np.arange(1.0, 17.0))).iloc[0]
    assert row["top_1"] == pytest.approx(1 / 16)
    assert row["top_picks"] == pytest.approx(3 / 16)
    assert row["regret"] == pytest.approx(7.5)


@given(
    trials=st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 3)), min_size=1, max_size=6
    ),
    picks=st.integers(1, 7),
)
@settings(max_examples=60, deadline=None)
def test_ties_are_the_mean_over_all_rankings(trials, picks):
    score, value = np.array(trials, dtype=float).T
    lowest = [
        min(value[i] for i in sorted(order, key=lambda i: score[i])[:picks])
        for order in permutations(range(len(trials)))
    ]
    assert expected_lowest(score, value, picks) == pytest.approx(np.mean(lowest))


def test_a_best_metric_of_zero():
    row = selection(table([1.0, 2.0], [0.5, 0.0]), picks=2).iloc[0]
    assert row["regret"] == np.inf
    assert (row["regret_picks"], row["top_1"], row["top_picks"]) == (0, 0, 1)


def test_bad_input():
    with pytest.raises(ValueError, match=r"theta is 1\.2"):
        prediction_errors({0: curves(0)}, thetas=(0.5, 1.2))
    with pytest.raises(ValueError, match="unknown prediction method 'SLQ'"):
        prediction_errors({0: curves(0)}, methods=("SLQ",))
    with pytest.raises(ValueError, match="picks >= 1"):
        selection(table([1.0], [1.0]), picks=0)
    with pytest.raises(ValueError, match="tolerance >= 0"):
        selection(table([1.0], [1.0]), tolerance=-0.1)
