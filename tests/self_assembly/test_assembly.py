"""Whole runs: the paper's instance in small, stress cases, changes, bad input."""

from __future__ import annotations

import os
import signal
import threading
from itertools import pairwise

import numpy as np
import pytest

from helpers.self_assembly.assembly import Assembly, assemble, make_field
from helpers.self_assembly.cone_field import ConeField
from helpers.self_assembly.config import AssemblyConfig
from helpers.self_assembly.light_field import DirectField, FFTField


def disc(size: int, radius: float) -> np.ndarray:
    y, x = np.ogrid[:size, :size]
    centre = (size - 1) / 2
    return (y - centre) ** 2 + (x - centre) ** 2 <= radius**2


def comb() -> np.ndarray:
    target = np.zeros((24, 24), dtype=bool)
    target[3:5, 3:20] = True
    target[5:20, 3:20:2] = True
    return target


@pytest.mark.parametrize("semantics", ["locks", "rounds"])
@pytest.mark.parametrize("seed", range(3))
def test_disc_is_completed_soon(semantics: str, seed: int) -> None:
    target = disc(40, 11.5)
    trace = assemble(target, seed=seed, semantics=semantics)
    assert trace.completed and trace.n_agents == target.sum()
    assert 10 < trace.steps <= 2.2 * trace.n_agents**0.5 + 20
    assert len(trace.positions) == len(trace.unoccupied) == trace.steps + 1
    assert len(trace.seconds) == trace.steps and trace.total_seconds > 0
    assert not target[tuple(trace.positions[0].T)].any()


def test_more_rounds_take_fewer_steps() -> None:
    target = disc(40, 12)
    mean = {
        rounds: np.mean(
            [
                assemble(target, seed=s, semantics="rounds", rounds=rounds).steps
                for s in range(4)
            ]
        )
        for rounds in (1, 4)
    }
    assert mean[1] > 1.8 * mean[4]


@pytest.mark.parametrize("method", ["fft", "cone", "direct"])
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_every_field_method_completes(method: str, precision: str) -> None:
    target = disc(24, 6.5)
    trace = assemble(target, field_method=method, precision=precision, refresh=2)
    assert trace.completed


def test_auto_picks_the_faster_field() -> None:
    def kind(size: int, **options: object) -> type:
        return type(make_field((size, size), AssemblyConfig.from_options(**options)))

    assert kind(40) is FFTField and kind(300) is ConeField
    assert kind(300, kernel="ring-share") is FFTField
    assert kind(300, precision="float64") is FFTField
    assert kind(300, field_update="live") is FFTField
    assert kind(20, field_method="direct") is DirectField


def test_repair_completes_what_light_cannot() -> None:
    target = comb()
    plain = assemble(target, max_steps=250)
    repaired = assemble(target, max_steps=250, repair="geodesic")
    assert not plain.completed and plain.unoccupied[-1] > 5
    assert repaired.completed
    for semantics in ("locks", "rounds"):
        mended = assemble(target, repair="geodesic", semantics=semantics)
        assert mended.completed


def test_repair_stays_off_while_there_is_progress() -> None:
    target = disc(30, 8)
    same = [
        assemble(target, seed=2, repair=r, patience=200).unoccupied
        for r in ("none", "geodesic")
    ]
    assert same[0] == same[1]


def test_empty_target_is_complete_at_once() -> None:
    empty = np.zeros((6, 6), dtype=bool)
    assert assemble(empty).steps == 0
    trace = assemble(empty, 5)
    assert trace.completed and trace.steps == 0 and trace.n_agents == 5
    crowd = Assembly(empty, 5)
    crowd.step()
    assert (crowd.blue == 0).all() and (crowd.red > 0).any()


def test_target_that_is_the_whole_grid() -> None:
    full = np.ones((5, 7), dtype=bool)
    with pytest.raises(ValueError, match="35 agents do not fit: only 0 free cells"):
        Assembly(full)
    trace = assemble(full, start="anywhere")
    assert trace.completed and trace.steps == 0
    assert assemble(full, 0).completed


def test_no_agents() -> None:
    trace = assemble(disc(9, 3), 0)
    assert trace.completed and trace.steps == 0 and trace.n_agents == 0
    crowd = Assembly(disc(9, 3), 0)
    assert crowd.step() == 0 and crowd.phase == "early"


def test_more_agents_than_cells() -> None:
    with pytest.raises(ValueError, match="82 agents do not fit: only 81 free"):
        Assembly(disc(9, 3), 82, start="anywhere")
    with pytest.raises(ValueError, match="start='anywhere' allows more"):
        Assembly(disc(9, 3), 81)


@pytest.mark.parametrize("share", [0.5, 0.8, 1.05, 1.5])
def test_fewer_and_more_agents_than_targets(share: float) -> None:
    target = disc(30, 8)
    n = round(share * target.sum())
    trace = assemble(target, n)
    assert trace.completed
    assert trace.unoccupied[-1] == max(0, target.sum() - n)


@pytest.mark.parametrize("shape", [(1, 40), (40, 1), (12, 50), (50, 12)])
@pytest.mark.parametrize("semantics", ["locks", "rounds"])
def test_narrow_and_oblong_grids(shape: tuple[int, int], semantics: str) -> None:
    target = np.zeros(shape, dtype=bool)
    target[: max(1, shape[0] // 3), : max(1, shape[1] // 3)] = True
    assert assemble(target, semantics=semantics).completed


def test_single_cell() -> None:
    assert assemble(np.ones((1, 1)), start="anywhere").completed
    assert assemble(np.zeros((1, 1)), 1).completed


def test_target_at_the_border() -> None:
    target = np.zeros((30, 30), dtype=bool)
    target[:10, :30] = True
    target[20:, 25:] = True
    target[10:20, 29] = True
    assert assemble(target, repair="geodesic").completed


def test_several_pieces_warn_or_are_refused() -> None:
    target = np.zeros((20, 30), dtype=bool)
    target[5:10, 5:10] = target[5:10, 20:25] = True
    with pytest.warns(UserWarning, match="2 separate pieces"):
        assert assemble(target).completed
    with pytest.raises(ValueError, match="2 separate pieces"):
        assemble(target, require_connected=True)


@pytest.mark.parametrize("omega", [0, 1])
@pytest.mark.parametrize("gamma", [0, 1])
@pytest.mark.parametrize("semantics", ["locks", "rounds"])
def test_knobs_at_their_ends(omega: float, gamma: float, semantics: str) -> None:
    target = disc(24, 6)
    options = {"omega": omega, "gamma": gamma, "semantics": semantics}
    crowd = Assembly(target, config=AssemblyConfig.from_options(**options))
    assert crowd.phase == ("early" if omega == 0 else "late")
    trace = crowd.run(60)
    assert trace.unoccupied[-1] < 0.3 * target.sum()
    assert crowd.done or crowd.phase == ("early" if omega == 0 else "late")


def test_tail_cap_ends_a_hopeless_run() -> None:
    # The last agent is walled in by a full row: gamma 0 leaves it there.
    target = np.zeros((1, 9), dtype=bool)
    target[0, 3:5] = True
    config = AssemblyConfig(tail_steps=7, gamma=1.0, gamma_reading="release")
    assert Assembly(target, config=config).run().steps == 7


def test_removed_agents_are_replaced_by_spares() -> None:
    target = disc(30, 8)
    size = int(target.sum())
    crowd = Assembly(target, round(1.5 * size), seed=4)
    crowd.run()
    steps = crowd.trace.steps
    gone = crowd.remove_agents(0.2)
    assert len(gone) == round(0.2 * round(1.5 * size))
    assert crowd.n_agents == round(1.5 * size) - len(gone)
    assert not crowd.done
    trace = crowd.run()
    assert trace.completed and steps < trace.steps < steps + 30
    left = crowd.positions
    np.testing.assert_array_equal(crowd.remove_agents([0, 2, 2]), [0, 2])
    np.testing.assert_array_equal(crowd.positions, np.delete(left, [0, 2], axis=0))


def test_added_agents_fill_the_rest() -> None:
    target = disc(30, 8)
    crowd = Assembly(target, 50)
    assert crowd.run().completed and crowd.unoccupied == target.sum() - 50
    before = crowd.positions
    crowd.add_agents(int(target.sum()) - 50)
    np.testing.assert_array_equal(crowd.positions[:50], before)
    assert not crowd.done and crowd.run().unoccupied[-1] == 0


@pytest.mark.parametrize("semantics", ["locks", "rounds"])
def test_target_changed_on_the_way(semantics: str) -> None:
    first, second = disc(30, 8), np.zeros((30, 30), dtype=bool)
    second[2:9, 1:29] = True
    config = AssemblyConfig(semantics=semantics)
    crowd = Assembly(first, 196, config=config)
    crowd.run(8)
    held = crowd.positions
    crowd.set_target(second)
    np.testing.assert_array_equal(crowd.positions, held)
    trace = crowd.run()
    assert trace.completed and (trace.target == second).all()
    assert trace.unoccupied[8] == second.sum() - second[tuple(held.T)].sum()
    with pytest.raises(ValueError, match="shape"):
        crowd.set_target(disc(29, 8))


def test_runs_go_on_and_traces_do_not_change_afterwards() -> None:
    target = disc(30, 8)
    crowd = Assembly(target, seed=3)
    first = crowd.run(5)
    assert first.steps == 5 and not first.completed
    whole = crowd.run()
    assert first.steps == 5 and whole.unoccupied[:6] == first.unoccupied
    once = Assembly(target, seed=3).run(record=False)
    assert once.unoccupied == whole.unoccupied and len(once.positions) == 2
    np.testing.assert_array_equal(once.positions[-1], whole.positions[-1])


def test_field_age_follows_refresh() -> None:
    crowd = Assembly(disc(20, 5), config=AssemblyConfig(refresh=3))
    fields = []
    for _ in range(6):
        fields.append(crowd.blue)
        crowd.step()
    same = [np.array_equal(a, b) for a, b in pairwise(fields)]
    assert same == [True, True, False, True, True]


def test_interrupt_leaves_a_state_that_can_go_on() -> None:
    target = disc(40, 12)
    whole = Assembly(target, seed=1).run()
    crowd = Assembly(target, seed=1)
    inner = crowd._crowd.advance

    def interrupted(*args: object, **kwargs: object) -> int:
        if len(crowd._trace.moved) == 7:
            os.kill(os.getpid(), signal.SIGINT)
        return inner(*args, **kwargs)

    crowd._crowd.advance = interrupted
    # Jobs in the background of a shell start with the signal ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            crowd.run()
    finally:
        signal.signal(signal.SIGINT, before)
    assert crowd.trace.steps == 8
    crowd._crowd.advance = inner
    assert crowd.run().unoccupied == whole.unoccupied


def test_runs_in_other_threads() -> None:
    done: list[bool] = []
    thread = threading.Thread(
        target=lambda: done.append(assemble(disc(9, 2)).completed)
    )
    thread.start()
    thread.join()
    assert done == [True]


def test_progress_bar(capsys: pytest.CaptureFixture[str]) -> None:
    assemble(disc(12, 3), progress=True)
    assert "100%" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("positions", "message"),
    [
        ([[0, 0], [0, 0]], "two agents share cell"),
        ([[0, 9]], "off the grid"),
        ([[-1, 0]], "off the grid"),
        ([[0.0, 1.0]], "must be integers"),
        ([[np.nan, 1.0]], "NaN"),
        ([[True, False]], "must be integers"),
        ([["a", "b"]], "must be integers"),
        ([0, 1], "shape"),
        ([[0, 1, 2]], "shape"),
    ],
)
def test_bad_positions(positions: list, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Assembly(np.zeros((9, 9)), positions=np.array(positions))


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (np.zeros(4), "2-D"),
        (np.zeros((0, 4)), "at least one cell"),
        (np.full((3, 3), np.nan), "only 0 and 1"),
        (np.full((3, 3), 2), "only 0 and 1"),
        (np.full((3, 3), "x"), "only 0 and 1"),
    ],
)
def test_bad_targets(target: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Assembly(target)


def test_other_bad_arguments() -> None:
    target = disc(9, 3)
    for bad in (-1, 2.0, True):
        with pytest.raises(ValueError, match="number of agents"):
            Assembly(target, bad)
    for bad in (-1, 1.5, "0", 2**63):
        with pytest.raises(ValueError, match="seed"):
            Assembly(target, seed=bad)
    with pytest.raises(ValueError, match="start must be"):
        Assembly(target, start="inside")
    with pytest.raises(ValueError, match="n_agents is 3, but positions holds 1"):
        Assembly(target, 3, positions=np.array([[0, 0]]))
    crowd = Assembly(target)
    for which in ([99], [-1], ["a"], 1.5):
        with pytest.raises(ValueError, match=r"agent numbers|share of agents"):
            crowd.remove_agents(which)
    with pytest.raises(ValueError, match="max_steps"):
        crowd.run(-1)
    with pytest.raises(ValueError, match="do not fit"):
        crowd.add_agents(100)
    assert crowd.n_agents == target.sum()
