"""From flagged shares to true ones."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.graph_generation.classifier import Confusion, judge
from helpers.graph_generation.molecules import nci_molecules
from helpers.graph_generation.properties import has_property
from helpers.graph_generation.rectification import (
    rectification_check,
    rectified,
    rectified_interval,
    share_draws,
)

PAPER = Confusion(tp=810, fp=4_145, tn=35_539, fn=633)


@pytest.mark.parametrize(("hits", "c_m", "c"), [(29, 26.36, 34.84), (36, 32.73, 48.77)])
def test_table_6(hits, c_m, c):
    share = hits / 110
    assert round(100 * share, 2) == c_m
    assert round(100 * rectified(share, PAPER.tpr, PAPER.fpr), 2) == c


@given(st.floats(0, 1), st.floats(0.3, 1), st.floats(0, 0.29))
def test_undoes_the_law_of_total_probability(c, tpr, fpr):
    assert rectified(c * tpr + (1 - c) * fpr, tpr, fpr) == pytest.approx(c, abs=1e-9)


def test_nothing_is_clipped():
    assert rectified(0.0, 0.5, 0.1) == pytest.approx(-0.25)
    assert rectified(0.9, 0.5, 0.1) == pytest.approx(2.0)


@pytest.mark.parametrize("bad", [(1.2, 0.5, 0.1), (0.2, 26.0, 0.1), (0.2, 0.1, 0.1)])
def test_refuses_what_is_no_share_or_tells_nothing(bad):
    with pytest.raises(ValueError, match=r"allowed|tells nothing"):
        rectified(*bad)


def test_interval_covers_the_true_share():
    rng, inside, truth = np.random.default_rng(1), 0, 0.4
    for trial in range(600):
        active = rng.binomial(10, truth, 11)
        hits = rng.binomial(active, 0.7) + rng.binomial(10 - active, 0.1)
        matrix = Confusion(
            tp=(tp := rng.binomial(150, 0.7)),
            fn=150 - tp,
            fp=(fp := rng.binomial(300, 0.1)),
            tn=300 - fp,
        )
        low, high = rectified_interval(hits, np.full(11, 10), matrix, seed=trial)
        inside += low <= truth <= high
    assert 0.92 <= inside / 600 <= 0.98


def test_answers_of_equal_molecules_widen_the_interval():
    rng = np.random.default_rng(0)
    spread = share_draws([5] * 10, [10] * 10, rng).std()
    clustered = share_draws([0, 10] * 5, [10] * 10, rng).std()
    assert clustered > 2.5 * spread
    assert spread == pytest.approx(0.05, rel=0.1)  # sqrt(.5 * .5 / 100)


def test_share_draws_refuse_impossible_counts():
    rng = np.random.default_rng(0)
    for hits, totals in (([3], [2]), ([0], [0]), ([-1], [2])):
        with pytest.raises(ValueError, match="hits"):
            share_draws(hits, totals, rng)


def test_rates_of_unseen_scaffolds_give_the_truth_and_training_ones_do_not():
    judged, frame = judge("drug-like"), nci_molecules()
    smiles = frame.loc[frame["part"] == "held out", "smiles"].tolist()
    found = rectification_check(
        judged.flagged(smiles),
        has_property("drug-like", smiles),
        {"train": judged.train, "held out": judged.held_out},
        shares=(0.0, 0.5, 1.0),
    )
    error = (found["c"] - found["share"]).abs().groupby(found["rates"]).max()
    assert error["held out"] < 0.08
    assert error["train"] > 0.1
    assert found["share"].tolist() == [0, 0, 0.5, 0.5, 1, 1]
    assert ((found["low"] < found["c"]) & (found["c"] < found["high"])).all()
    assert 0.03 < found["sd"].mean() < 0.15
