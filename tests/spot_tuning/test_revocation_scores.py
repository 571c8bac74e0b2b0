"""Scores against hand counts; too few revocations are not scored."""

from __future__ import annotations

import numpy as np
import pytest

from helpers.spot_tuning.revocation_scores import MEASURES, reliability, score

RNG = np.random.default_rng(1)
P = RNG.random(400)
LABELS = RNG.random(400) < P


def test_measures_by_hand():
    found = score(LABELS, P)
    pairs = P[LABELS][:, None] - P[~LABELS][None]
    hit = P > 0.5
    tp = (hit & LABELS).sum()
    assert found["auc"] == pytest.approx((pairs > 0).mean())
    assert found["brier"] == pytest.approx(((P - LABELS) ** 2).mean())
    assert found["log_loss"] == pytest.approx(
        -np.log(np.where(LABELS, P, 1 - P)).mean()
    )
    assert found["accuracy"] == pytest.approx((hit == LABELS).mean())
    assert found["f1"] == pytest.approx(2 * tp / (hit.sum() + LABELS.sum()))
    assert found["positives"] + found["negatives"] == 400


def test_a_constant_ranks_nothing():
    assert score(LABELS, np.full(400, 0.3))["auc"] == 0.5


@pytest.mark.parametrize("positives", [0, 19, 381, 400])
def test_too_few_of_a_class_are_not_scored(positives):
    labels = np.arange(400) < positives
    found = score(labels, P)
    assert found["degenerate"]
    assert found["positives"] == positives
    assert all(np.isnan(found[name]) for name in MEASURES)
    assert not score(np.arange(400) < 20, P)["degenerate"]


def test_reliability_of_true_probabilities():
    p = RNG.random(100_000)
    table = reliability(RNG.random(len(p)) < p, p, bins=5)
    assert table["count"].sum() == len(p)
    assert table["observed"].to_numpy() == pytest.approx(
        table["predicted"].to_numpy(), abs=0.015
    )
    assert table["predicted"].between(table["low"], table["high"]).all()
    ends = reliability(np.array([False, True]), np.array([0.0, 1.0]), bins=4)
    assert ends["count"].tolist() == [1, 0, 0, 1]
    assert ends["observed"].isna().tolist() == [False, True, True, False]


@pytest.mark.parametrize("measure", [score, reliability])
def test_bad_input(measure):
    with pytest.raises(ValueError, match="shape"):
        measure(LABELS, P[:-1])
    for wrong in (np.nan, -0.1, 1.1):
        with pytest.raises(ValueError, match="from 0 to 1"):
            measure(LABELS, np.where(np.arange(400) == 3, wrong, P))
