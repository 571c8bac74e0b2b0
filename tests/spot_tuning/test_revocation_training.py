"""Training repeats with its seed, learns what only the past tells, corrects odds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from helpers.spot_tuning.prices import PriceTrace, TraceError
from helpers.spot_tuning.revocation_baselines import LogisticModel
from helpers.spot_tuning.revocation_deltas import DeltaRule
from helpers.spot_tuning.revocation_samples import (
    SplitPlan,
    make_samples,
    split_samples,
)
from helpers.spot_tuning.revocation_training import LSTMClassifier, TrainingSettings
from tests.spot_tuning.synthetic_prices import random_trace

RULE = DeltaRule("log-uniform", high=0.5)
QUICK = TrainingSettings(hidden=8, epochs=2)
TRAIN, TEST = split_samples(random_trace(6), RULE, 0, SplitPlan(every=20, repeats=2))
MODELS = {
    name: LSTMClassifier(name, seed=1, settings=QUICK).fit(TRAIN)
    for name in ("split", "joint")
}


@pytest.mark.parametrize("name", ["split", "joint"])
def test_same_seed_same_network(name):
    state = torch.random.get_rng_state()
    again = LSTMClassifier(name, seed=1, settings=QUICK).fit(TRAIN)
    assert torch.equal(state, torch.random.get_rng_state())
    p = MODELS[name].predict_proba(TEST)
    assert np.array_equal(p, again.predict_proba(TEST))
    other = LSTMClassifier(name, seed=2, settings=QUICK).fit(TRAIN)
    assert not np.allclose(p, other.predict_proba(TEST))


@pytest.mark.parametrize("name", ["split", "joint"])
def test_ranks_better_than_chance_and_batches_do_not_matter(name):
    p = MODELS[name].predict_proba(TEST)
    assert roc_auc_score(TEST.labels, p) > 0.7
    few = replace(
        TEST,
        minutes=TEST.minutes[:9],
        max_price=TEST.max_price[:9],
        labels=TEST.labels[:9],
    )
    np.testing.assert_allclose(MODELS[name].predict_proba(few), p[:9], atol=1e-6)


@pytest.mark.parametrize("name", ["split", "joint"])
def test_learns_what_the_present_record_does_not_tell(name):
    # labels follow the weather of the past hour, shown in the weekend column only
    trace = PriceTrace("r4.large", np.full(4000, 0.1))
    rng = np.random.default_rng(0)
    samples = make_samples(trace, np.arange(120, 3900, 2), RULE, 0)
    table = samples.features.copy()
    table[:, 4] = rng.normal(size=len(table))
    sums = np.convolve(table[:, 4], np.ones(10))[: len(table)]
    labels = sums[samples.minutes - 2] > 0
    weather = replace(samples, features=table, labels=labels)
    settings = TrainingSettings(hidden=8, epochs=4, learning_rate=0.02)
    model = LSTMClassifier(name, settings=settings).fit(weather)
    assert roc_auc_score(labels, model.predict_proba(weather)) > 0.9
    plain = LogisticModel().fit(weather).predict_proba(weather)
    assert roc_auc_score(labels, plain) < 0.75


def test_mean_probability_is_the_prior():
    model = MODELS["split"]
    assert model.prior == TRAIN.prior
    assert model.predict_proba(TRAIN).mean() == pytest.approx(TRAIN.prior, abs=0.06)
    shifted = LSTMClassifier("split", seed=1, settings=QUICK).fit(TRAIN, prior=0.01)
    assert shifted.predict_proba(TRAIN).mean() < 0.05


def test_the_scale_comes_from_training_samples_only():
    prices = TRAIN.trace.prices.copy()
    prices[SplitPlan().border(TRAIN.trace) :] *= 50
    changed = PriceTrace("r4.large", prices)
    train, _ = split_samples(changed, RULE, 0, SplitPlan(every=20, repeats=2))
    model = LSTMClassifier("split", seed=1, settings=QUICK).fit(train)
    p = MODELS["split"].predict_proba(TRAIN)
    assert np.array_equal(model.predict_proba(train), p)


def test_bad_input():
    with pytest.raises(ValueError, match="did you mean 'split'"):
        LSTMClassifier("spilt")
    with pytest.raises(ValueError, match="batch is 0"):
        TrainingSettings(batch=0)
    flat = PriceTrace("r4.large", np.full(2000, 0.1))
    with pytest.raises(TraceError, match="no training request was revoked"):
        LSTMClassifier().fit(make_samples(flat, [300, 400], RULE, 0))
