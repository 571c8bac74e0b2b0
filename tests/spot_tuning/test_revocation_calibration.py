"""Odds correction is Bayes' rule; the rolling correction uses ended hours only."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit

from helpers.spot_tuning.revocation_calibration import (
    correct_odds,
    odds_offset,
    recalibrate,
)
from helpers.spot_tuning.revocation_deltas import DeltaRule
from helpers.spot_tuning.revocation_features import HISTORY
from helpers.spot_tuning.revocation_samples import make_samples
from tests.spot_tuning.synthetic_prices import random_trace

RNG = np.random.default_rng(0)
TRACE = random_trace(6)
SAMPLES = make_samples(
    TRACE, np.arange(HISTORY, TRACE.minutes - 61, 10), DeltaRule("log-uniform"), 0
)


@given(st.floats(0.01, 0.99), st.floats(0.01, 0.99), st.floats(0.05, 0.9))
@settings(max_examples=50, deadline=None)
def test_odds_against_bayes_rule(prior, training, likelihood):
    # one sign, seen with chance `likelihood` when revoked and 0.3 when kept
    def posterior(share):
        return likelihood * share / (likelihood * share + 0.3 * (1 - share))

    q = np.array([posterior(training)])
    assert correct_odds(q, training, prior) == pytest.approx(posterior(prior))


def test_correction_keeps_certainty_and_order():
    q = np.array([0, 0.2, 0.7, 1])
    p = correct_odds(q, 0.5, 0.05)
    assert p[0] == 0
    assert p[-1] == 1
    assert (np.diff(p) > 0).all()
    assert (p[1:3] < q[1:3]).all()
    with pytest.raises(ValueError, match="true prior is 0"):
        correct_odds(q, 0.5, 0.0)


def test_offset_finds_the_shift_that_made_the_labels():
    p = RNG.uniform(0.02, 0.98, 200_000)
    labels = RNG.random(len(p)) < expit(logit(p) - 1.3)
    assert odds_offset(p, labels) == pytest.approx(-1.3, abs=0.03)
    assert np.isfinite(odds_offset(p, np.zeros(len(p), bool)))
    with pytest.raises(ValueError, match="at least one"):
        odds_offset(p[:0], labels[:0])


def test_recalibration_repairs_a_wrong_base_rate():
    p = np.full(len(SAMPLES), 0.02)
    better = recalibrate(SAMPLES, p, days=3)
    first_days = SAMPLES.minutes < 1440
    assert (better[first_days] == 0.02).all()  # nothing known yet
    rest = ~first_days
    share = SAMPLES.labels.mean()
    assert abs(better[rest].mean() - share) < abs(0.02 - share) / 3


def test_recalibration_looks_at_ended_hours_only():
    p = RNG.uniform(0.1, 0.9, len(SAMPLES))
    day = 4
    changed = SAMPLES.labels.copy()
    open_hours = SAMPLES.minutes + 60 > day * 1440
    changed[open_hours] = ~changed[open_hours]
    before = recalibrate(SAMPLES, p)
    after = recalibrate(replace(SAMPLES, labels=changed), p)
    until = SAMPLES.minutes < (day + 1) * 1440
    assert np.array_equal(before[until], after[until])
    assert not np.array_equal(before[~until], after[~until])
    with pytest.raises(ValueError, match="shape"):
        recalibrate(SAMPLES, p[:-1])
