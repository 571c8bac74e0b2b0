"""Policy predictors: equal to their batch versions, blind to the future."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.spot_tuning.prices import Market, PriceTrace, TraceError
from helpers.spot_tuning.revocation_baselines import EmpiricalHazard
from helpers.spot_tuning.revocation_calibration import odds_offset
from helpers.spot_tuning.revocation_deltas import DeltaRule
from helpers.spot_tuning.revocation_lstm_predictor import LSTMPredictor
from helpers.spot_tuning.revocation_predictors import (
    HazardPredictor,
    NeverRevoked,
    OraclePredictor,
)
from helpers.spot_tuning.revocation_samples import (
    SplitPlan,
    make_samples,
    split_samples,
)
from helpers.spot_tuning.revocation_training import LSTMClassifier, TrainingSettings
from tests.spot_tuning.synthetic_prices import random_trace

RULE = DeltaRule("log-uniform", high=0.5)
TRACE = random_trace(4)
MARKET = Market([TRACE])
MINUTES = np.array([119, 120, 719, 720, 1439, 1440, 2222, 2879, 2880, 5000])
SAMPLES = make_samples(TRACE, MINUTES, RULE, 3, repeats=3)
TRAIN, _ = split_samples(TRACE, RULE, 0, SplitPlan(every=10, repeats=2))
SPLIT = LSTMClassifier(
    "split", settings=TrainingSettings(hidden=8, epochs=4, learning_rate=0.02)
).fit(TRAIN)
JOINT = LSTMClassifier("joint", settings=TrainingSettings(hidden=4)).fit(TRAIN)


def ask(predictor, samples=SAMPLES, market=MARKET):
    return np.array(
        [
            predictor.probability(market.view(60.0 * m + 17), "r4.large", b)
            for m, b in zip(samples.minutes, samples.max_price, strict=True)
        ]
    )


def with_future(now, seed):
    prices = TRACE.prices.copy()
    rng = np.random.default_rng(seed)
    prices[now + 1 :] = rng.uniform(0.001, 5, TRACE.minutes - now - 1)
    return Market([PriceTrace("r4.large", prices)])


def test_lstm_is_the_trained_network():
    expected = SPLIT.predict_proba(SAMPLES)
    assert np.ptp(expected) > 0.05
    np.testing.assert_allclose(
        ask(LSTMPredictor(MARKET, {"r4.large": SPLIT})), expected, atol=1e-5
    )


def test_hazard_is_the_baseline():
    np.testing.assert_allclose(
        ask(HazardPredictor(2)), EmpiricalHazard(2).predict_proba(SAMPLES), atol=1e-12
    )


def test_oracle_is_the_label_and_never_is_zero():
    assert np.array_equal(ask(OraclePredictor(MARKET)), SAMPLES.labels)
    assert 0 < SAMPLES.prior < 1
    assert not ask(NeverRevoked()).any()
    end = MARKET.view((TRACE.minutes - 1) * 60.0)
    assert OraclePredictor(MARKET).probability(end, "r4.large", 0.001) == 0


@given(
    now=st.integers(120, TRACE.minutes - 2),
    seed=st.integers(0, 99),
    delta=st.floats(1e-5, 0.4),
)
@settings(max_examples=20, deadline=None)
def test_the_future_changes_no_answer(now, seed, delta):
    other = with_future(now, seed)
    bid = TRACE.prices[now] + delta
    views = MARKET.view(now * 60.0), other.view(now * 60.0)
    for build in (
        lambda market: HazardPredictor(),
        lambda market: LSTMPredictor(market, {"r4.large": SPLIT}),
        lambda market: LSTMPredictor(market, {"r4.large": SPLIT}, RULE, days=2),
    ):
        first, second = (
            build(market).probability(view, "r4.large", bid)
            for market, view in zip((MARKET, other), views, strict=True)
        )
        assert first == pytest.approx(second, abs=1e-7)
        assert 0 <= first <= 1


def test_order_of_questions_does_not_matter():
    backward = LSTMPredictor(MARKET, {"r4.large": SPLIT}, RULE)
    p = [ask(backward, make_samples(TRACE, [m], RULE, 3))[0] for m in MINUTES[::-1]]
    fresh = [
        ask(
            LSTMPredictor(MARKET, {"r4.large": SPLIT}, RULE),
            make_samples(TRACE, [m], RULE, 3),
        )[0]
        for m in MINUTES[::-1]
    ]
    assert p == fresh


def test_daily_correction_brings_the_mean_to_the_recent_share():
    plain = LSTMPredictor(MARKET, {"r4.large": SPLIT})
    corrected = LSTMPredictor(MARKET, {"r4.large": SPLIT}, RULE, days=2)
    view, bid = MARKET.view(60.0 * 4400), TRACE.prices[4400] + 0.01
    before = plain.probability(view, "r4.large", bid)
    after = corrected.probability(view, "r4.large", bid)
    last = 3 * 1440 - 60
    recent = make_samples(TRACE, np.arange(last - 2879, last + 1, 30), RULE, 9)
    expected = odds_offset(ask(plain, recent), recent.labels)
    moved = np.log(after / (1 - after)) - np.log(before / (1 - before))
    # the same two days with other random deltas
    assert moved == pytest.approx(expected, abs=0.8)
    assert moved != 0
    # on the first day nothing is known yet
    early = MARKET.view(60.0 * 1000), "r4.large", TRACE.prices[1000] + 0.01
    assert corrected.probability(*early) == plain.probability(*early)


def test_bad_input():
    lstm = LSTMPredictor(MARKET, {"r4.large": SPLIT})
    with pytest.raises(TraceError, match="at least 61, start later"):
        HazardPredictor().probability(MARKET.view(59 * 60.0), "r4.large", 1.0)
    with pytest.raises(TraceError, match="at least 120, start later"):
        lstm.probability(MARKET.view(118 * 60.0), "r4.large", 1.0)
    with pytest.raises(ValueError, match=r"did you mean 'r4\.large'"):
        lstm.probability(MARKET.view(9000.0), "r4.larg", 1.0)
    with pytest.raises(ValueError, match="another market"):
        lstm.probability(with_future(140, 0).view(9000.0), "r4.large", 1.0)
    with pytest.raises(ValueError, match="allowed here: 'split'"):
        LSTMPredictor(MARKET, {"r4.large": JOINT})
    with pytest.raises(ValueError, match="instance type of this market"):
        LSTMPredictor(MARKET, {"m4.2xlarge": SPLIT})
    with pytest.raises(ValueError, match="days is 0"):
        HazardPredictor(0)
    with pytest.raises(ValueError, match="days is 0"):
        LSTMPredictor(MARKET, {"r4.large": SPLIT}, days=0)
