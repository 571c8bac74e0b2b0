"""Estimated step times: exact where the model is, and never from what nobody saw."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from helpers.spot_tuning.instances import PAPER_TYPES, instance
from helpers.spot_tuning.performance_matrix import RULES, step_seconds

TRIALS = [f"t{i}" for i in range(5)]
CORES = np.array([instance(k).vcpu for k in PAPER_TYPES], dtype=float)
pairs = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 4)), min_size=1, unique=True
)


def world(seed, noise=0.0):
    """A rank-1 matrix, shape (types, trials)."""
    rng = np.random.default_rng(seed)
    a, b = rng.normal(0, 0.5, 6), rng.normal(3, 0.5, 5)
    return np.exp(a[:, None] + b[None, :] + noise * rng.standard_normal((6, 5)))


def connected(cells):
    """Whether the measured pairs link every type and trial among them."""
    cells = list(cells)
    linked, rest = {cells[0]}, set(cells[1:])
    while True:
        more = {c for c in rest if any(c[0] == x[0] or c[1] == x[1] for x in linked)}
        if not more:
            return not rest
        linked |= more
        rest -= more


@given(st.integers(0, 999), pairs)
def test_rank_one_completes_an_exact_matrix(seed, cells):
    assume(connected(cells))
    matrix = world(seed)
    measured = {(PAPER_TYPES[i], TRIALS[j]): matrix[i, j] for i, j in cells}
    types = sorted({i for i, _ in cells})
    for j in {j for _, j in cells}:
        found = step_seconds(
            measured, TRIALS[j], [PAPER_TYPES[i] for i in types], 20.0, "rank-1"
        )
        assert found == pytest.approx(matrix[types, j], rel=1e-4)


@given(st.integers(0, 99), pairs)
def test_rank_one_against_lstsq(seed, cells):
    """The closed form is the minimum-norm-in-b least-squares solution."""
    matrix, c = world(seed, noise=0.3), 20.0
    pull = 1e-3  # as sqrt of PULL: rows of its own that pull b to 0
    rows, goal = [], []
    for i, j in cells:
        rows.append(np.eye(6)[i].tolist() + np.eye(5)[j].tolist())
        goal.append(np.log(matrix[i, j] / c))
    for j in range(5):
        rows.append([0.0] * 6 + (pull * np.eye(5)[j]).tolist())
        goal.append(0.0)
    solution = np.linalg.lstsq(np.array(rows), np.array(goal), rcond=1e-12)[0]
    a, b = solution[:6], solution[6:]
    measured = {(PAPER_TYPES[i], TRIALS[j]): matrix[i, j] for i, j in cells}
    types = sorted({i for i, _ in cells})
    for j in {j for _, j in cells}:
        found = step_seconds(
            measured, TRIALS[j], [PAPER_TYPES[i] for i in types], c, "rank-1"
        )
        own = {i for i, k in cells if k == j}
        for i, value in zip(types, found, strict=True):
            wanted = matrix[i, j] if i in own else c * np.exp(a[i] + b[j])
            assert value == pytest.approx(wanted, rel=1e-4)


@pytest.mark.parametrize("alpha", [0.3, 0.6, 1.0])
def test_rank_one_learns_the_power_of_the_cores(alpha):
    """Two measured types of the mean trial are enough for all the others."""
    truth = 30.0 * CORES**-alpha
    measured = {("r4.large", "t0"): truth[0], ("r3.xlarge", "t1"): truth[2]}
    found = step_seconds(measured, "t9", PAPER_TYPES, 30.0, "rank-1")
    assert found == pytest.approx(truth, rel=1e-4)


@pytest.mark.parametrize("factor", [0.01, 100.0])
def test_a_bad_constant_never_makes_larger_machines_slower(factor):
    measured = {("r4.large", "t0"): 10.0}
    found = step_seconds(measured, "t1", PAPER_TYPES[1:], 15.0 * factor, "rank-1")
    by_cores = found[np.argsort(CORES[1:], kind="stable")]
    assert (np.diff(by_cores) <= 1e-9).all()
    assert by_cores[0] / by_cores[-1] <= 4 + 1e-9  # at most in proportion: 4 to 16


@pytest.mark.parametrize("rule", RULES)
def test_before_any_measurement_speed_is_proportional_to_cores(rule):
    found = step_seconds({}, "t0", PAPER_TYPES, 24.0, rule)
    assert found == pytest.approx(24.0 / CORES)


@given(pairs, st.integers(0, 4))
def test_per_pair_knows_what_the_trial_itself_measured_and_no_more(cells, j):
    matrix = world(0)
    measured = {(PAPER_TYPES[i], TRIALS[k]): matrix[i, k] for i, k in cells}
    found = step_seconds(measured, TRIALS[j], PAPER_TYPES, 24.0)
    for i, value in enumerate(found):
        wanted = matrix[i, j] if (i, j) in cells else 24.0 / CORES[i]
        assert value == pytest.approx(wanted)


@pytest.mark.parametrize("rule", RULES)
@given(cells=pairs)
def test_own_measurements_are_taken_as_they_are(rule, cells):
    matrix = world(1, noise=1.0)
    measured = {(PAPER_TYPES[i], TRIALS[k]): matrix[i, k] for i, k in cells}
    for i, j in cells:
        found = step_seconds(measured, TRIALS[j], [PAPER_TYPES[i]], 24.0, rule)
        assert found.tolist() == [matrix[i, j]]


def test_one_core_machines_alone_say_nothing_of_the_slope():
    found = step_seconds(
        {("m3.medium", "t0"): 24.0}, "t0", ["m3.medium", "r4.large"], 24.0, "rank-1"
    )
    assert found == pytest.approx([24.0, 12.0])


def test_unknown_names():
    with pytest.raises(ValueError, match=r"'rank1'; did you mean 'rank-1'"):
        step_seconds({}, "t0", PAPER_TYPES, 1.0, "rank1")
    for rule in RULES:
        with pytest.raises(ValueError, match=r"did you mean 'm4\.4xlarge'"):
            step_seconds({}, "t0", ["m4.4xlarg"], 1.0, rule)
