"""The compiled and the vectorised step do what the priority list says."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from helpers.self_assembly.assembly import Assembly
from helpers.self_assembly.config import AssemblyConfig
from helpers.self_assembly.light_field import direct_field
from helpers.self_assembly.locks import agent_stream, permutation
from helpers.self_assembly.priority import PriorityList, priority_list


def crowded(seed: int, **options: object) -> Assembly:
    rng = np.random.default_rng(seed)
    target = rng.random((14, 11)) < 0.5
    config = AssemblyConfig.from_options(tie="scan", order="id", **options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Assembly(target, 70, config=config, seed=seed, start="anywhere")


def lists(assembly: Assembly) -> list[PriorityList]:
    return [assembly.priority_list(a) for a in range(assembly.n_agents)]


def expected_moves(assembly: Assembly) -> np.ndarray:
    """Sequential locks in plain Python, with gamma 0 and ties in scan order."""
    place = [tuple(p) for p in assembly.positions.tolist()]
    taken = set(place)
    for agent, wish in enumerate(lists(assembly)):
        for cell in wish.good:
            if cell not in taken:
                taken.remove(place[agent])
                taken.add(cell)
                place[agent] = cell
                break
    return np.array(place)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("omega", [0.0, 1.0], ids=["early", "late"])
@pytest.mark.parametrize("strict", [True, False])
def test_locks_take_the_first_free_good_cell(
    seed: int, omega: float, strict: bool
) -> None:
    assembly = crowded(seed, omega=omega, strict=strict, gamma=0.0)
    assert assembly.phase == ("late" if omega else "early")
    for _ in range(3):
        expected = expected_moves(assembly)
        assembly.step()
        np.testing.assert_array_equal(assembly.positions, expected)


@pytest.mark.parametrize("seed", range(4))
def test_repair_moves_follow_the_list_too(seed: int) -> None:
    assembly = crowded(seed, gamma=0.5, repair="geodesic", patience=1, omega=1.0)
    for _ in range(200):
        if assembly.done or assembly.repairing:
            break
        assembly.step()
    if assembly.repairing:
        expected = expected_moves(assembly)
        assembly.step()
        np.testing.assert_array_equal(assembly.positions, expected)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("omega", [0.0, 1.0], ids=["early", "late"])
def test_live_agents_see_the_moves_before_theirs(seed: int, omega: float) -> None:
    assembly = crowded(seed, omega=omega, gamma=0.0, field_update="live")
    target, phase = assembly.target, assembly.phase
    place = [tuple(p) for p in assembly.positions.tolist()]
    for agent, cell in enumerate(place):
        taken = np.zeros_like(target)
        taken[tuple(np.array(place).T)] = True
        blue = direct_field(target & ~taken).round(6)
        red = direct_field(taken & ~target).round(6)
        wish = priority_list(blue, red, target, cell, phase)
        place[agent] = next((c for c in wish.good if not taken[c]), cell)
    assembly.step()
    np.testing.assert_array_equal(assembly.positions, place)


def test_one_agent_alone_takes_the_head_of_its_list_in_both_semantics() -> None:
    target = np.zeros((9, 9), dtype=bool)
    target[5:8, 5:8] = True
    for semantics in ("locks", "rounds"):
        config = AssemblyConfig(semantics=semantics, tie="scan", gamma=0.0)
        assembly = Assembly(target, positions=np.array([[1, 2]]), config=config)
        while not assembly.done:
            head = assembly.priority_list(0).good[0]
            assembly.step()
            assert tuple(assembly.positions[0].tolist()) == head


def test_late_agents_inside_may_explore_target_cells_only() -> None:
    target = np.zeros((3, 6), dtype=bool)
    target[1, :4] = True
    red = np.arange(18.0).reshape(3, 6)
    wish = priority_list(red, red, target, (1, 1), "late")
    assert wish.queue == "RA"
    assert wish.good == ((1, 0),) and wish.less_good == ((1, 2),)
    loose = priority_list(red, red, target, (1, 1), "early", strict=False)
    assert loose.queue == "BD-RA"
    assert loose.good == ((2, 2), (2, 1), (2, 0), (1, 2))
    assert priority_list(red, red, target, (0, 0), "late").queue == "BD"


def test_blue_ties_are_broken_by_low_red() -> None:
    target = np.ones((3, 3), dtype=bool)
    red = np.array([[5.0, 4, 3], [2, 9, 1], [8, 7, 6]])
    good = priority_list(np.zeros((3, 3)), red, target, (1, 1), "early").good
    assert [red[cell] for cell in good] == sorted(red[red != 9])


def test_priority_list_refuses_nonsense() -> None:
    grid = np.zeros((2, 2))
    with pytest.raises(ValueError, match="not on the 2 x 2 grid"):
        priority_list(grid, grid, grid.astype(bool), (2, 0))
    with pytest.raises(ValueError, match="'early' or 'late'"):
        priority_list(grid, grid, grid.astype(bool), (0, 0), "noon")
    assembly = Assembly(np.eye(3), config=AssemblyConfig(phase_rule="annealing-sine"))
    with pytest.raises(ValueError, match=r"agent must be in 0\.\.2"):
        assembly.priority_list(3)


def test_random_ties_use_every_direction() -> None:
    target = np.zeros((3, 3), dtype=bool)
    reached = set()
    for seed in range(60):
        # Empty target: all light is equal, so the whole ring is one tie.
        assembly = Assembly(target, positions=np.array([[1, 1]]), seed=seed)
        assembly.step()
        reached.add(tuple(assembly.positions[0].tolist()))
    assert len(reached) == 8
    scan = Assembly(target, positions=[[1, 1]], config=AssemblyConfig(tie="scan"))
    scan.step()
    assert scan.positions.tolist() == [[0, 0]]


def test_release_with_gamma_one_never_moves() -> None:
    target = np.zeros((8, 8), dtype=bool)
    target[3:5, 3:5] = True
    for semantics in ("locks", "rounds"):
        config = AssemblyConfig(
            gamma_reading="release", gamma=1.0, semantics=semantics, max_steps=5
        )
        assert sum(Assembly(target, config=config).run().moved) == 0


@pytest.mark.parametrize("semantics", ["locks", "rounds"])
def test_gamma_is_the_exploration_rate(semantics: str) -> None:
    # Three agents in a corridor that gets brighter: only the darker end is free.
    moves = {}
    for gamma in (0.0, 0.3, 1.0):
        count = 0
        for seed in range(200):
            target = np.zeros((1, 4), dtype=bool)
            target[0, 3] = True
            config = AssemblyConfig(gamma=gamma, order="id", semantics=semantics)
            place = np.array([[0, 1], [0, 2], [0, 3]])
            assembly = Assembly(target, positions=place, config=config, seed=seed)
            # No open target: blue is 0 everywhere, so give it a slope by hand.
            fields = assembly._current_fields()
            fields[0, 0] = fields.new_tensor([0.0, 1.0, 2.0, 3.0])
            assembly.step()
            count += assembly.positions[0, 1] == 0
        moves[gamma] = count / 200
    assert moves[0.0] == 0 and moves[1.0] == 1
    assert 0.18 < moves[0.3] < 0.42


def test_random_streams_are_uniform_and_distinct() -> None:
    states = [agent_stream(3, s, a) for s in range(50) for a in range(50)]
    assert len(set(states)) == 2500
    order = permutation(1000, 7, 0)
    assert sorted(order) == list(range(1000))
    assert (permutation(1000, 7, 1) != order).any()
    firsts = [permutation(4, seed, 0)[0] for seed in range(400)]
    assert min(np.bincount(firsts)) > 60
