"""Rows, cells and slopes of answers to the distribution tasks."""

import math

import numpy as np
import pandas as pd
import pytest

from helpers.graph_generation.distribution_answers import (
    answer_row,
    errors,
    slopes,
    summary,
)
from helpers.graph_generation.distributions import Episode, draw_episode
from helpers.graph_generation.generators import noisy
from helpers.graph_generation.graphs import Graph

TASK = "trees-or-cycles"
TREE = Graph.of(5, [(1, 2), (2, 3), (3, 4), (4, 5)])
OTHER_TREE = Graph.of(5, [(1, 2), (1, 3), (1, 4), (1, 5)])
RING = Graph.of(5, [(1, 2), (2, 3), (3, 4), (4, 5), (1, 5)])
FAILED_RING = Graph.of(5, [(1, 2), (2, 3), (1, 3), (3, 4), (4, 5)])
EPISODE = Episode(TASK, 0.6, (TREE, RING), ("tree", "cycle"))


def row(graphs, p_pred=0.6, **changes):
    who = {"model": "m", "method": "zero-shot"} | changes
    return answer_row(EPISODE, graphs, p_pred, **who)


def test_a_row_counts_what_an_answer_holds():
    reverse = Graph(5, ((5, 4), (4, 3), (3, 2), (2, 1)))  # the given tree again
    found = row([reverse, OTHER_TREE, FAILED_RING, OTHER_TREE, None])
    assert found["given"] == 50
    assert found["p_pred"] == pytest.approx(60)
    assert found["p_gen"] == 100  # of three valid graphs
    assert found["attempted"] == 75  # three trees, one broken ring
    assert found["valid"] == 60
    assert found["copied"] == 20
    assert found["unique"] == 60
    assert (found["valid_targets"], found["valid_others"]) == (3, 0)
    assert (found["tried_targets"], found["tried_others"]) == (3, 1)


@pytest.mark.parametrize("stated", [None, math.nan, 40.0, -0.1, math.inf])
def test_a_p_that_is_no_probability_is_not_stated(stated):
    assert math.isnan(row([TREE], stated)["p_pred"])


def test_an_answer_without_readable_graphs():
    found = row([None, None], None)
    assert found["valid"] == found["copied"] == found["unique"] == 0
    assert math.isnan(found["p_gen"]) and math.isnan(found["attempted"])
    with pytest.raises(ValueError, match="no graphs"):
        row([])


def test_larger_graphs_count_where_any_size_does():
    large = Graph.of(9, [(node, node + 1) for node in range(1, 9)])
    assert row([large])["valid"] == 0
    found = row([large], any_size=True)
    assert (found["valid"], found["p_gen"], found["tried_targets"]) == (100, 100, 1)


def plug_in_answers(task, runs, damage=0.0, seed=0):
    """Answers of a sampler that counts p and draws with it; others may be damaged."""
    rng = np.random.default_rng(seed)
    rows = []
    for p in (0.2, 0.4, 0.6, 0.8):
        for run in range(runs):
            given = draw_episode(task, p, rng)
            made = draw_episode(task, given.share, rng)
            graphs = [
                noisy(graph, damage, rng) if name == "cycle" else graph
                for graph, name in zip(made.graphs, made.kinds, strict=True)
            ]
            rows.append(
                answer_row(given, graphs, given.share, model="m", method="x", run=run)
            )
    return pd.DataFrame(rows)


@pytest.mark.parametrize("task", ["trees-or-cycles", "union", "motif"])
def test_a_plug_in_sampler_has_the_slopes_of_its_line(task):
    answers = plug_in_answers(task, 30)
    cells = summary(answers)
    assert cells["p"].to_list() == [0.2, 0.4, 0.6, 0.8]
    assert (cells["answers"] == 30).all() and (cells["valid"] == 100).all()
    assert (cells["p_pred"] == cells["given"]).all()
    assert np.abs(cells["p_pred"] - 100 * cells["p"]).max() < 12
    quantities = ("p_pred", "p_gen", "attempted")
    found_slopes = slopes(answers, quantities=quantities).set_index("quantity")
    assert found_slopes.loc["p_pred", "slope"] == pytest.approx(1, abs=0.25)
    for name in quantities:
        found = found_slopes.loc[name]
        assert found["low"] < found["slope"] < found["high"]


def test_rings_that_fail_raise_p_gen_but_not_the_attempt_rate():
    cells = summary(plug_in_answers(TASK, 20, damage=0.4))
    assert (cells["p_gen"] > cells["attempted"] + 5).all()
    assert (cells["target_valid"] == 100).all()
    assert (cells["other_valid"] < 60).all()


def test_errors_are_those_of_the_paper_and_intervals_hold_the_mean():
    answers = pd.DataFrame([row([TREE], p) for p in (0.6, 0.6, 0.6, 0.6, 0.7)])
    cell = summary(answers).iloc[0]
    assert round(cell["p_pred"], 1) == 62.0
    assert round(cell["p_pred_se"], 1) == 1.8  # ddof 0, as in 62.0 +- 1.8
    assert 60 <= cell["p_pred_low"] < 62 < cell["p_pred_high"] <= 66
    assert cell["valid_low"] == cell["valid"] == cell["valid_high"] == 100
    unstated = summary(pd.DataFrame([row([TREE], None), row([TREE], 0.5)])).iloc[0]
    assert unstated["stated"] == 50 and unstated["p_pred"] == 50


def test_distance_from_p_is_that_of_cell_means():
    answers = pd.DataFrame([row([TREE], p) for p in (0.5, 0.9)])  # true p is 0.6
    found = errors(answers).iloc[0]
    assert found["error"] == pytest.approx(10)  # not 20, as single answers have
    assert found["low"] == pytest.approx(10) and found["high"] == pytest.approx(30)
    silent = errors(pd.DataFrame([row([TREE], None)])).iloc[0]
    assert math.isnan(silent["error"]) and math.isnan(silent["low"])


def test_counting_answers_have_the_distance_of_the_counter():
    rows = []
    rng = np.random.default_rng(1)
    for p in (0.2, 0.4, 0.6, 0.8):
        for run in range(5 * 40):
            given = draw_episode(TASK, p, rng)
            who = {"model": f"m{run // 5}", "method": "x", "run": run % 5}
            rows.append(answer_row(given, given.graphs, given.share, **who))
    answers = pd.DataFrame(rows)
    assert (answers["copied"] == 100).all()  # and p_gen is perfect nevertheless
    assert (answers["p_gen"] == answers["given"]).all()
    assert errors(answers)["error"].mean() == pytest.approx(5.0, abs=0.8)


def test_frames_that_do_not_fit_are_refused():
    answers = pd.DataFrame([row([TREE])])
    with pytest.raises(ValueError, match="lacks p_gen"):
        summary(answers.drop(columns="p_gen"))
    with pytest.raises(ValueError, match="no answers"):
        slopes(answers.iloc[:0])
    one_p = slopes(answers)
    assert one_p[["slope", "low", "high"]].isna().all(axis=None)
