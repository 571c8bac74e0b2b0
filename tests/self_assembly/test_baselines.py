"""Every baseline: invariants, bad input, and what each of them guarantees."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.self_assembly.baselines import (
    BASELINES,
    bottleneck_bound,
    nearest_agent_bound,
    run_distance_transform,
    run_hungarian,
    run_optimal_distance,
    run_tswap,
)
from helpers.self_assembly.baselines.assignment import minimum_cost_assignment
from helpers.self_assembly.trace import Trace

FREE_START = ["HUN", "OPT-D", "TSWAP", "DUD"]
COMPLETE = ["OPT-D", "TSWAP"]
few = settings(max_examples=25, deadline=None)
many = settings(max_examples=120, deadline=None)


def hexagon(width: int, fill: float) -> np.ndarray:
    """Regular hexagon of area ``fill`` times the square grid's."""
    side = np.sqrt(2 * fill / (3 * np.sqrt(3))) * width
    y, x = np.abs(np.mgrid[:width, :width] - (width - 1) / 2)
    half = side * np.sqrt(3) / 2
    return (y <= half) & (x * np.sqrt(3) + y <= 2 * half)


def outside_start(target: np.ndarray, n: int, seed: int) -> np.ndarray:
    free = np.argwhere(~target)
    return np.random.default_rng(seed).permutation(free)[:n]


@st.composite
def instances(draw: st.DrawFn, max_side: int = 9) -> tuple[np.ndarray, np.ndarray]:
    """Any target, any distinct start cells: inside, outside, too few, too many."""
    height = draw(st.integers(1, max_side))
    width = draw(st.integers(1, max_side))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    target = rng.random((height, width)) < draw(st.floats(0, 1))
    n = draw(st.integers(0, height * width))
    cells = rng.permutation(height * width)[:n]
    return target, np.stack(np.divmod(cells, width), axis=1)


def assert_legal(trace: Trace, start: np.ndarray) -> None:
    """One agent per cell, none lost, king moves only, and honest counts."""
    states = trace.positions
    assert len(states) == trace.steps + 1
    assert len(trace.unoccupied) == trace.steps + 1
    assert len(trace.seconds) == trace.steps
    assert np.array_equal(states[0], start)
    for state, unoccupied in zip(states, trace.unoccupied, strict=True):
        assert state.shape == start.shape
        assert ((state >= 0) & (state < trace.target.shape)).all()
        assert len({tuple(cell) for cell in state.tolist()}) == len(start)
        inside = int(trace.target[state[:, 0], state[:, 1]].sum())
        assert unoccupied == trace.target.sum() - inside
    for before, after, moved in zip(states, states[1:], trace.moved, strict=False):
        jumps = np.abs(after - before).max(axis=1, initial=0)
        assert (jumps <= 1).all()
        assert moved == np.count_nonzero(jumps)


def same(a: Trace, b: Trace) -> bool:
    return len(a.positions) == len(b.positions) and all(
        np.array_equal(x, y) for x, y in zip(a.positions, b.positions, strict=True)
    )


@pytest.mark.parametrize("name", FREE_START)
@few
@given(instance=instances(), seed=st.integers(0, 3))
def test_invariants_and_reproducibility(
    name: str, instance: tuple[np.ndarray, np.ndarray], seed: int
) -> None:
    target, start = instance
    run = BASELINES[name]
    trace = run(target, start, seed=seed, max_steps=40)
    assert trace.method == name
    assert_legal(trace, start)
    assert same(trace, run(target, start, seed=seed, max_steps=40))
    short = run(target, start, seed=seed, max_steps=40, record=False)
    assert short.unoccupied == trace.unoccupied
    assert np.array_equal(short.positions[-1], trace.positions[-1])
    assert len(short.positions) == 2


@pytest.mark.parametrize("name", COMPLETE)
@many
@given(instance=instances())
def test_complete_on_any_instance(
    name: str, instance: tuple[np.ndarray, np.ndarray]
) -> None:
    assert BASELINES[name](*instance).completed


@many
@given(instance=instances(), seed=st.integers(0, 99))
def test_tswap_completes_from_any_assignment(
    instance: tuple[np.ndarray, np.ndarray], seed: int
) -> None:
    trace = run_tswap(*instance, seed=seed, initial="random")
    assert_legal(trace, instance[1])
    assert trace.completed


def optimal_distances(
    target: np.ndarray, start: np.ndarray, metric: str = "chebyshev"
) -> np.ndarray:
    cells = np.argwhere(target)
    agents, goals = minimum_cost_assignment(cells, start, metric)  # type: ignore[arg-type]
    offset = np.abs(start[agents] - cells[goals])
    if metric == "chebyshev":
        return offset.max(axis=1, initial=0)
    return np.hypot(*offset.T)


@many
@given(instance=instances())
def test_optimal_distance_keeps_its_two_promises(
    instance: tuple[np.ndarray, np.ndarray],
) -> None:
    trace = run_optimal_distance(*instance)
    distances = optimal_distances(*instance)
    assert sum(trace.moved) == distances.sum()
    walking = np.count_nonzero(distances)
    assert trace.steps <= max(0, walking + distances.max(initial=0) - 1)


@many
@given(instance=instances())
def test_tswap_wastes_no_move_on_an_optimal_assignment(
    instance: tuple[np.ndarray, np.ndarray],
) -> None:
    assert sum(run_tswap(*instance).moved) == optimal_distances(*instance).sum()


@many
@given(instance=instances(max_side=3))
def test_against_all_pairings(instance: tuple[np.ndarray, np.ndarray]) -> None:
    target, start = instance
    cells = np.argwhere(target)
    if len(start) > 4 or len(cells) > 4:
        start, cells = start[:4], cells[:4]
        target = np.zeros_like(target)
        target[cells[:, 0], cells[:, 1]] = True
    few_cells = len(cells) <= len(start)
    small, large = (cells, start) if few_cells else (start, cells)
    offsets = [
        np.abs(small - large[list(order)]).reshape(-1, 2)
        for order in itertools.permutations(range(len(large)), len(small))
    ]
    ways = [offset.max(axis=1, initial=0) for offset in offsets]
    assert sum(run_optimal_distance(target, start).moved) == min(w.sum() for w in ways)
    assert bottleneck_bound(target, start) == min(w.max(initial=0) for w in ways)
    euclid = optimal_distances(target, start, "euclidean").sum()
    assert euclid == pytest.approx(min(np.hypot(*o.T).sum() for o in offsets))


@many
@given(instance=instances())
def test_bounds_are_ordered_and_hold(instance: tuple[np.ndarray, np.ndarray]) -> None:
    target, start = instance
    nearest = nearest_agent_bound(target, start)
    bottleneck = bottleneck_bound(target, start)
    if start.size and target.any():
        distance = np.abs(np.argwhere(target)[:, None] - start[None]).max(axis=2)
        axis = 0 if len(start) < target.sum() else 1
        assert nearest == distance.min(axis=axis).max()
    assert nearest <= bottleneck
    assert bottleneck <= run_optimal_distance(target, start).steps
    assert bottleneck <= run_tswap(target, start).steps


@pytest.mark.parametrize("name", FREE_START)
def test_degenerate_instances_take_no_step(name: str) -> None:
    run = BASELINES[name]
    somewhere = np.array([[0, 0], [2, 3]])
    nothing = run(np.zeros((4, 5), bool), somewhere)
    assert (nothing.steps, nothing.completed, nothing.unoccupied) == (0, True, [0])
    nobody = run(np.ones((4, 5), bool), np.empty((0, 2), int))
    assert (nobody.steps, nobody.completed, nobody.unoccupied) == (0, True, [20])
    everywhere = run(np.ones((4, 5), bool), np.argwhere(np.ones((4, 5), bool)))
    assert (everywhere.steps, everywhere.completed) == (0, True)
    fewer = run(np.ones((4, 5), bool), somewhere)
    assert (fewer.steps, fewer.completed, fewer.unoccupied) == (0, True, [18])


@pytest.mark.parametrize("name", FREE_START)
def test_a_lone_agent_goes_straight_to_its_cell(name: str) -> None:
    target = np.zeros((9, 9), bool)
    target[4, 8] = True
    trace = BASELINES[name](target, np.array([[4, 1]]))
    assert trace.completed
    assert trace.steps == 7


@pytest.mark.parametrize("name", BASELINES)
@pytest.mark.parametrize(
    ("target", "positions", "message"),
    [
        (np.ones((3, 3), bool), [[0, 0], [1, 1], [0, 0]], r"two agents .*\(0, 0\)"),
        (np.ones((3, 3), bool), [[0, 3]], r"\(0, 3\) is off the grid of 3 x 3"),
        (np.ones((3, 3), bool), [[-1, 0]], "off the grid"),
        (np.ones((3, 3), bool), [[0.5, 0.0]], "integer"),
        (np.ones((3, 3), bool), [0, 1], r"\(n, 2\)"),
        (np.ones(3, bool), [[0, 0]], r"\(H, W\)"),
        (np.full((3, 3), 2), [[0, 0]], "booleans"),
    ],
)
def test_bad_instances_are_refused(
    name: str, target: np.ndarray, positions: list[object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        BASELINES[name](target, np.array(positions))


def test_bad_options_are_refused() -> None:
    target, start = np.eye(3, dtype=bool), np.array([[0, 1]])
    with pytest.raises(ValueError, match="max_steps"):
        run_hungarian(target, start, max_steps=-1)
    with pytest.raises(ValueError, match=r"did you mean 'random'"):
        run_tswap(target, start, initial="randon")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="radius"):
        run_distance_transform(target, start, radius=0.5)


def test_the_step_cap_is_kept() -> None:
    target = np.zeros((3, 20), bool)
    target[1, 19] = True
    for name in FREE_START:
        trace = BASELINES[name](target, np.array([[1, 0]]), max_steps=5)
        assert trace.steps == 5
        assert not trace.completed


def test_the_arguments_are_left_alone() -> None:
    target = hexagon(20, 0.2)
    start = outside_start(target, int(target.sum()), 0)
    before = target.copy(), start.copy()
    for name in FREE_START:
        BASELINES[name](target, start, max_steps=20)
        assert np.array_equal(target, before[0])
        assert np.array_equal(start, before[1])


def test_hungarian_seed_and_bump() -> None:
    """The random moves depend on the seed, and without them the method stalls."""
    target = hexagon(40, 0.25)
    start = outside_start(target, int(target.sum()), 1)
    a, b = (run_hungarian(target, start, seed=s, max_steps=300) for s in (0, 1))
    assert not same(a, b)
    still = run_hungarian(target, start, max_steps=300, bump=False)
    assert still.moved[-200:] == [0] * 200
    assert min(a.unoccupied) < still.unoccupied[-1]


def test_hexagon_of_the_comparison() -> None:
    """W = 60, n about 890: the order of the methods, and known sizes of the result."""
    target = hexagon(60, 0.2475)
    n = int(target.sum())
    assert 870 <= n <= 910
    start = outside_start(target, n, 0)
    runs = {m: BASELINES[m](target, start, max_steps=400) for m in FREE_START}
    bound = bottleneck_bound(target, start)
    assert bound <= runs["OPT-D"].steps <= 27
    assert runs["OPT-D"].steps < runs["TSWAP"].steps <= 70
    for name in ("HUN", "DUD"):
        quality = 1 - runs[name].unoccupied[-1] / n
        assert 0.6 < quality < 1.0
        assert not runs[name].completed
