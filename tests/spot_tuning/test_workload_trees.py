"""Boosted trees against scikit-learn's own gradient boosting."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.tree import DecisionTreeRegressor

from helpers.spot_tuning.workload_data import Split, friedman
from helpers.spot_tuning.workload_state import TrialKey
from helpers.spot_tuning.workload_trees import BoostingTrial, boosting_seconds, fit_tree

KEY = TrialKey("GBTR", {}, 0)
DATA = friedman(0, rows=600)


def _float32(data: Split) -> Split:
    """Features that lose nothing in float32, the precision of scikit-learn's trees."""
    x, x_val = (x.astype(np.float32).astype(float) for x in (data.x, data.x_val))
    return Split(x, data.y, x_val, data.y_val)


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_all_rows_every_time_is_gradient_boosting(depth: int) -> None:
    data = _float32(friedman(0, rows=3000))
    trial = BoostingTrial(KEY, data, rate=0.1, subsample=1.0, depth=depth)
    ours = [trial.train_step() for _ in range(25)]
    reference = GradientBoostingRegressor(
        n_estimators=25,
        learning_rate=0.1,
        max_depth=depth,
        random_state=0,
    ).fit(data.x, data.y)
    theirs = [
        ((stage - data.y_val) ** 2).mean()
        for stage in reference.staged_predict(data.x_val)
    ]
    np.testing.assert_allclose(ours, theirs, rtol=1e-9)


@pytest.mark.parametrize("depth", [1, 4, 9])
def test_a_tree_predicts_what_sklearn_predicts(depth: int) -> None:
    x = DATA.x.astype(np.float32)
    tree = fit_tree(x, DATA.y, depth, seed=3)
    reference = DecisionTreeRegressor(max_depth=depth, random_state=3).fit(x, DATA.y)
    x_val = DATA.x_val.astype(np.float32)
    np.testing.assert_array_equal(tree.predict(x_val), reference.predict(x_val))


def test_a_restored_model_holds_the_same_trees() -> None:
    trial = BoostingTrial(KEY, DATA, rate=0.1, subsample=0.1, depth=4)
    for _ in range(5):
        trial.train_step()
    again = BoostingTrial(KEY, DATA, rate=0.1, subsample=0.1, depth=4)
    again.train_step()  # must be forgotten
    again.restore(trial.state())
    assert again.state() == trial.state()
    np.testing.assert_array_equal(again._fitted, trial._fitted)
    assert len(trial.state()) < 5 * 31 * 5 * 8 + 4096  # nodes x fields x bytes


def test_subsampling_leaves_rows_out() -> None:
    alone = BoostingTrial(KEY, DATA, rate=1.0, subsample=1 / len(DATA.x), depth=4)
    alone.train_step()
    assert len({tree.value[0] for tree in alone._trees}) == 1
    assert len(alone._trees[0].left) == 1  # one row needs no split


def test_declared_seconds_grow_with_the_work() -> None:
    base = boosting_seconds(10, 10_000, 80, 2000, 5)
    assert boosting_seconds(10, 10_000, 160, 2000, 5) > base
    assert boosting_seconds(10, 10_000, 80, 2000, 8) > base
