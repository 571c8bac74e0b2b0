"""Measures of a run, on hand-made runs and against numpy and scipy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.distance import cosine

from helpers.self_assembly import metrics
from helpers.self_assembly.trace import Trace


def run(
    unoccupied: list[int],
    size: int = 4,
    agents: int | None = None,
    outside: int | None = None,
) -> Trace:
    """Run on a 20 x 20 grid; the last |T| - u agents-worth of cells are filled."""
    agents = size if agents is None else agents
    target = np.zeros((20, 20), dtype=bool)
    target.flat[:size] = True
    filled = size - unoccupied[-1]
    outside = agents - filled if outside is None else outside
    cells = np.r_[np.arange(filled), 399 - np.arange(outside)]
    last = np.c_[np.divmod(cells, 20)]
    steps = len(unoccupied) - 1
    return Trace(
        target=target,
        positions=[last, last],
        unoccupied=unoccupied,
        moved=[agents] * steps,
        seconds=[0.5] * steps,
        planning_seconds=2.0,
    )


DONE = run([4, 2, 1, 0])
STALLED = run([100, 50, 4, 4], size=100)
SPARE = run([10, 5, 0], size=10, agents=14)
FEW = run([10, 8, 4], size=10, agents=6)


def test_completion_times():
    assert metrics.relative_completion_time(DONE) == 3
    assert metrics.absolute_completion_time(DONE) == pytest.approx(2.0 + 3 * 0.5)
    assert math.isnan(metrics.relative_completion_time(STALLED))
    assert math.isnan(metrics.absolute_completion_time(STALLED))
    # fewer agents than cells: complete when all are inside
    assert metrics.relative_completion_time(FEW) == 2


def test_quality_missing_and_nearly():
    assert metrics.quality(DONE) == 1 and metrics.missing(DONE) == 0
    assert metrics.quality(STALLED) == pytest.approx(0.96)
    assert metrics.missing(STALLED) == 4 and not metrics.nearly_complete(STALLED)
    three = run([100, 3], size=100)
    assert metrics.nearly_complete(three) and not three.completed
    assert metrics.quality(SPARE) == 1
    assert metrics.quality(FEW) == 1 and metrics.missing(FEW) == 0


def test_curves():
    assert metrics.decay_curve(DONE).tolist() == [1, 0.5, 0.25, 0]
    assert metrics.filled_curve(DONE).tolist() == [0, 2, 3, 4]


def test_steps_until():
    assert metrics.steps_until(STALLED, 0.5) == 1
    assert metrics.steps_until(STALLED, 0.96) == 2
    assert math.isnan(metrics.steps_until(STALLED, 0.99))
    assert metrics.steps_until(run([100, 1, 0], size=100), 0.99) == 1
    assert metrics.steps_until(FEW, 1.0) == 2
    for share in (0, 1.2, float("nan")):
        with pytest.raises(ValueError, match="share"):
            metrics.steps_until(DONE, share)


def test_similarity_against_scipy():
    rng = np.random.default_rng(0)
    for _ in range(20):
        a, b = rng.random((2, 7, 9)) < 0.5
        expected = 1 - cosine(a.ravel().astype(float), b.ravel().astype(float))
        assert metrics.similarity(a, b) == pytest.approx(expected)


@given(arrays(bool, (5, 6)), arrays(bool, (5, 6)))
@settings(max_examples=200)
def test_similarity_is_a_symmetric_share_and_one_only_for_equals(a, b):
    value = metrics.similarity(a, b)
    assert 0 <= value <= 1 + 1e-12
    assert value == metrics.similarity(b, a)
    assert (value > 1 - 1e-12) == np.array_equal(a, b)
    assert (value == 0) == (not (a & b).any() and (a.any() or b.any()))


def test_similarity_of_runs():
    assert metrics.final_similarity(DONE) == 1
    # with as many agents as cells it is the quality
    assert metrics.final_similarity(STALLED) == pytest.approx(metrics.quality(STALLED))
    assert metrics.final_similarity(SPARE) == pytest.approx(10 / math.sqrt(10 * 14))
    assert metrics.final_similarity(FEW) == pytest.approx(6 / math.sqrt(10 * 6))
    with pytest.raises(ValueError, match="one shape"):
        metrics.similarity(np.ones((2, 2)), np.ones((2, 3)))


@given(
    st.integers(1, 30).flatmap(
        lambda size: st.tuples(
            st.just(size),
            st.integers(1, 40),
            st.lists(st.integers(0, size), min_size=1, max_size=8),
        )
    )
)
def test_properties_of_any_run(drawn):
    size, agents, unoccupied = drawn
    # no more cells can be filled than there are agents
    unoccupied = [max(u, size - agents) for u in unoccupied]
    trace = run(unoccupied, size, agents)
    assert 0 <= metrics.quality(trace) <= 1
    assert (metrics.quality(trace) == 1) == trace.completed
    assert metrics.missing(trace) >= 0
    assert (metrics.missing(trace) == 0) == trace.completed
    reached = metrics.steps_until(trace, 0.99)
    if trace.completed:
        assert reached <= metrics.relative_completion_time(trace)


def test_a_run_without_agents_or_target():
    empty = Trace(
        target=np.zeros((3, 3), bool),
        positions=[np.zeros((0, 2), int)],
        unoccupied=[0],
    )
    row = metrics.summarise([empty]).iloc[0]
    assert row["quality"] == 1 and row["similarity"] == 1 and row["steps"] == 0
    assert row["steps_99"] == 0 and math.isnan(row["seconds_per_step"])
    with pytest.raises(ValueError, match="at least one cell"):
        metrics.decay_curve(empty)


def test_summary_is_tidy():
    table = metrics.summarise(
        [DONE, STALLED], [{"shape": "a", "seed": 0}, {"shape": "b", "seed": 1}]
    )
    assert list(table.columns[:2]) == ["shape", "seed"]
    assert table["completed"].tolist() == [True, False]
    assert table["steps"].tolist() == [3, 3]
    assert table["completion_steps"].isna().tolist() == [False, True]
    assert table["steps_per_sqrt_n"][0] == pytest.approx(1.5)
    assert table["seconds_per_step"].tolist() == [0.5, 0.5]
    assert len(metrics.summarise([])) == 0
    with pytest.raises(ValueError, match="as many labels"):
        metrics.summarise([DONE], [])
    with pytest.raises(ValueError, match="quality"):
        metrics.summarise([DONE], [{"quality": 2}])
