"""Chance levels against exact counts and against the measured ones."""

from functools import cache
from math import comb, factorial, sqrt

import pytest

from helpers.graph_generation.chance import chance, chance_edges
from helpers.graph_generation.tasks import PAIRS, RULES, Pair, Task, preset


@pytest.mark.parametrize(
    ("task", "percent"),
    [
        (Task("planar", 15, m=24), 25.4),
        (Task("planar", 10, m=19), 19.0),
        (Task("planar", 20, m=29), 22.5),
        (Task("k-color", 10, m=20, k=3), 26.4),
        (Task("k-color", 15, m=32, k=3), 23.9),
        (Task("k-color", 18, m=39, k=3), 22.6),
        (Task("trees", 15), 2.5),
        (Task("cycles", 15), 0.0),
    ],
    ids=str,
)
def test_near_the_measured_rates(task: Task, percent: float) -> None:
    draws = 1200 if task.rule == "planar" else 2500
    assert 100 * chance(task, draws=draws).share == pytest.approx(percent, abs=3)


@cache
def connected(n: int, m: int) -> int:
    """Connected labelled graphs with n nodes and m edges."""
    if not n - 1 <= m <= comb(n, 2):
        return 0
    return comb(comb(n, 2), m) - sum(
        comb(n - 1, s - 1) * connected(s, j) * comb(comb(n - s, 2), m - j)
        for s in range(1, n)
        for j in range(m + 1)
    )


@cache
def with_components(n: int, k: int, m: int) -> int:
    """Labelled graphs with n nodes, m edges and k components."""
    if n == 0 or k == 0:
        return int(n == k == m == 0)
    return sum(
        comb(n - 1, s - 1) * connected(s, j) * with_components(n - s, k - 1, m - j)
        for s in range(1, n + 1)
        for j in range(m + 1)
    )


def rings(n: int) -> int:
    return factorial(n - 1) // 2


@pytest.mark.parametrize(
    ("task", "valid"),
    [
        (Task("trees", 7), 7**5),
        (Task("cycles", 5), rings(5)),
        (Task("components", 15, k=5), with_components(15, 5, 10)),
        (Task("components", 7, k=3), with_components(7, 3, 4)),
        (Task("k-regular", 6, k=3), 70),
        (Task("wheel", 5), 5 * rings(4)),
    ],
    ids=str,
)
def test_agrees_with_the_exact_share(task: Task, valid: int) -> None:
    exact = valid / comb(comb(task.n, 2), chance_edges(task))
    rate = chance(task)
    error = sqrt(exact * (1 - exact) / 4000)
    assert abs(rate.share - exact) < 4 * error
    assert rate.low <= rate.share < rate.high
    assert rate.high - rate.low == pytest.approx(2 * 1.96 * error, rel=0.3)


def test_every_task_has_a_chance_level() -> None:
    tasks: list[Task | Pair] = [*(preset(rule, "tiny") for rule in RULES), *PAIRS]
    for task in tasks:
        rate = chance(task, draws=50)
        assert 0 <= rate.low <= rate.share <= rate.high <= 1


def test_readings_of_bipartite_differ() -> None:
    task = Task("bipartite", 4, parts=(2, 2))
    # K2,2 is a 4-cycle: 3 labelled ones among comb(6, 4).
    complete = chance(task, complete=True)
    assert complete.low < 3 / 15 < complete.high
    # As written, any two edges on four nodes fit two sides of two.
    assert chance(task).share == 1


def test_kept_in_process_and_repeatable() -> None:
    task = Task("trees", 6)
    first = chance(task, draws=300)
    assert chance(task, draws=300) is first
    assert chance(task, draws=300, seed=1) != first
    with pytest.raises(ValueError, match="draws"):
        chance(task, draws=0)
