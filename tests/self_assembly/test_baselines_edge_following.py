"""Edge following: its start, its rules, and that it builds a convex shape."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import binary_dilation, label

from helpers.self_assembly.baselines import (
    BASELINES,
    edge_following_start,
    run_edge_following,
)
from helpers.self_assembly.baselines.packed_start import seed_cells


def block(side: int = 8, width: int = 30) -> np.ndarray:
    target = np.zeros((width, width), bool)
    first = (width - side) // 2
    target[first : first + side, first : first + side] = True
    return target


@st.composite
def rectangles(draw: st.DrawFn) -> np.ndarray:
    target = np.zeros((26, 26), bool)
    row, col = draw(st.integers(2, 8)), draw(st.integers(4, 12))
    height, width = draw(st.integers(1, 8)), draw(st.integers(1, 8))
    target[row : row + height, col : col + width] = True
    return target


@settings(max_examples=30, deadline=None)
@given(target=rectangles(), spare=st.integers(3, 8))
def test_start_is_packed_connected_and_clear_of_the_target(
    target: np.ndarray, spare: int
) -> None:
    n = int(target.sum()) + spare
    start = edge_following_start(target, n)
    assert start.shape == (n, 2)
    taken = np.zeros_like(target)
    taken[start[:, 0], start[:, 1]] = True
    assert taken.sum() == n
    assert target[tuple(start[3])]
    near = binary_dilation(target, np.ones((5, 5)))
    assert not near[tuple(start[4:].T)].any()
    assert label(taken, np.ones((3, 3)))[1] == 1


@settings(max_examples=30, deadline=None)
@given(target=rectangles(), seed=st.integers(0, 9))
def test_invariants_and_full_rectangles(target: np.ndarray, seed: int) -> None:
    start = edge_following_start(target, int(target.sum()) + 3)
    trace = run_edge_following(target, start, seed=seed)
    for state in trace.positions:
        assert ((state >= 0) & (state < target.shape)).all()
        assert len({tuple(cell) for cell in state.tolist()}) == len(start)
        assert np.array_equal(state[:4], start[:4])
    for before, after in zip(trace.positions, trace.positions[1:], strict=False):
        assert np.abs(after - before).max() <= 1
    assert trace.completed
    again = run_edge_following(target, start, seed=seed, record=False)
    assert again.moved == trace.moved
    assert np.array_equal(again.positions[-1], trace.positions[-1])


def test_walkers_keep_to_the_edge() -> None:
    """Whoever moves ends beside a cell that nobody left in that step."""
    target = block()
    trace = run_edge_following(target, edge_following_start(target, 67))
    for before, after in zip(trace.positions, trace.positions[1:], strict=False):
        walked = (before != after).any(axis=1)
        still = after[~walked]
        for row, col in after[walked]:
            ways = np.abs(still - (row, col)).sum(axis=1)
            wall = row in (0, 29) or col in (0, 29)
            assert wall or ways.min() == 1


def test_joining_outside_loses_cells() -> None:
    """Published rule (join after stepping out) against joining on the last cell."""
    target = block(12, 40)
    start = edge_following_start(target, int(target.sum()) + 3)
    inside = run_edge_following(target, start)
    outside = run_edge_following(target, start, leave=True)
    assert inside.completed
    assert not outside.completed
    assert 0 < outside.unoccupied[-1] < 0.1 * target.sum()


def test_steps_grow_at_least_like_the_number_of_agents() -> None:
    for side in (6, 12):
        target = block(side, 40)
        n = side * side + 3
        trace = run_edge_following(target, edge_following_start(target, n))
        assert trace.steps > n


def test_gives_up_without_progress() -> None:
    """Seeds alone fill nothing more: the run ends, and says it is not complete."""
    target = block()
    trace = run_edge_following(target, edge_following_start(target, 4))
    assert trace.steps <= 1
    # All four agents stand where they should, three of them outside by design.
    assert not trace.completed
    assert trace.unoccupied[-1] == target.sum() - 1


def test_other_methods_run_from_the_same_start() -> None:
    target = block()
    start = edge_following_start(target, 67)
    for name in ("OPT-D", "TSWAP"):
        assert BASELINES[name](target, start).completed


def test_needs_its_own_start() -> None:
    target = block()
    start = edge_following_start(target, 67)
    with pytest.raises(ValueError, match="first four agents must be the seeds"):
        run_edge_following(target, start[::-1])
    with pytest.raises(ValueError, match="at least its 4 seeds"):
        edge_following_start(target, 3)
    with pytest.raises(ValueError, match=r"only \d+ agents can be packed"):
        edge_following_start(target, 900)
    with pytest.raises(ValueError, match="empty target"):
        edge_following_start(np.zeros((9, 9), bool), 4)
    low = np.zeros((9, 9), bool)
    low[7, 4] = True
    with pytest.raises(ValueError, match="3 free rows below"):
        seed_cells(low)
    with pytest.raises(ValueError, match="patience"):
        run_edge_following(target, start, patience=0)


def test_empty_target_takes_no_step() -> None:
    trace = run_edge_following(np.zeros((9, 9), bool), np.array([[1, 1]]))
    assert (trace.steps, trace.completed) == (0, True)
