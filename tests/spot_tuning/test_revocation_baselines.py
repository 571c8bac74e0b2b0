"""Baselines: the hazard by hand, the logistic model, what knowing nothing gives."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from helpers.spot_tuning.prices import PriceTrace
from helpers.spot_tuning.revocation_baselines import (
    EmpiricalHazard,
    LogisticModel,
    Majority,
)
from helpers.spot_tuning.revocation_deltas import DeltaRule
from helpers.spot_tuning.revocation_features import label
from helpers.spot_tuning.revocation_samples import make_samples, split_samples
from tests.spot_tuning.synthetic_prices import random_trace

RULE = DeltaRule("log-uniform", high=0.5)
TRACE = random_trace(4)
TRAIN, TEST = split_samples(TRACE, RULE)


def test_hazard_by_hand():
    p = EmpiricalHazard(days=0.5).fit(TRAIN).predict_proba(TEST)
    for i in range(0, len(TEST), 171):
        now, delta = int(TEST.minutes[i]), TEST.deltas[i]
        starts = range(now - 60 - 719, now - 59)
        share = np.mean([label(TRACE, s, TRACE.prices[s] + delta) for s in starts])
        assert p[i] == pytest.approx(share)


def test_hazard_counts_what_there_is():
    early = make_samples(TRACE, [120], RULE, 0)
    rises = [label(TRACE, s, TRACE.prices[s] + early.deltas[0]) for s in range(61)]
    assert EmpiricalHazard().predict_proba(early) == pytest.approx(np.mean(rises))
    with pytest.raises(ValueError, match="above 0"):
        EmpiricalHazard(days=0)


@pytest.mark.parametrize("model", [Majority(), EmpiricalHazard(), LogisticModel()])
def test_no_baseline_sees_the_future(model):
    now = 2500
    prices = TRACE.prices.copy()
    prices[now + 1 :] = np.random.default_rng(0).uniform(
        0.01, 3, TRACE.minutes - now - 1
    )
    other = make_samples(PriceTrace("r4.large", prices), [now], RULE, 1)
    same = make_samples(TRACE, [now], RULE, 1)
    model.fit(TRAIN)
    assert np.array_equal(model.predict_proba(same), model.predict_proba(other))


def test_majority_is_the_training_share():
    p = Majority().fit(TRAIN).predict_proba(TEST)
    assert set(p) == {TRAIN.prior}


def test_logistic_learns_the_delta():
    p = LogisticModel().fit(TRAIN).predict_proba(TEST)
    assert roc_auc_score(TEST.labels, p) > 0.7
    assert np.corrcoef(np.log(TEST.deltas), p)[0, 1] < -0.5
    assert p.mean() == pytest.approx(TRAIN.prior, abs=0.15)
