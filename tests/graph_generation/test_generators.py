"""Random graphs: always valid, of the promised shape, uniform where promised."""

from collections import Counter
from collections.abc import Callable
from math import comb, factorial

import networkx as nx
import numpy as np
import pytest
from scipy import stats

from helpers.graph_generation.checks import check
from helpers.graph_generation.generators import noisy, random_valid, uniform_graph
from helpers.graph_generation.graphs import Graph
from helpers.graph_generation.tasks import PAIRS, RULES, SIZES, Pair, Task, preset

# Corners of each rule, where a recipe may run out of room.
CORNERS = [
    Task("trees", 2),
    Task("trees", 3),
    Task("cycles", 3),
    Task("components", 2, k=1),
    Task("components", 5, k=5),
    Task("components", 9, k=1),
    Task("planar", 3, m=1),
    Task("planar", 3, m=3),
    Task("planar", 12, m=30),
    Task("k-regular", 2, k=1),
    Task("k-regular", 4, k=3),
    Task("k-regular", 9, k=6),
    Task("k-regular", 11, k=4),
    Task("k-regular", 14, k=6),
    Task("k-regular", 12, k=5),
    Task("wheel", 4),
    Task("bipartite", 7, parts=(1, 6)),
    Task("k-color", 7, m=16, k=3),
    Task("k-color", 6, m=15, k=6),
    Task("k-color", 12, m=36, k=2),
]


@pytest.mark.parametrize(
    "task",
    [*CORNERS, *PAIRS, *(preset(rule, size) for rule in RULES for size in SIZES)],
    ids=str,
)
def test_output_is_valid_and_tidy(task: Task | Pair) -> None:
    rng = np.random.default_rng(1)
    for complete in (False, True):
        for _ in range(40):
            graph = random_valid(task, rng, complete=complete)
            assert check(task, graph, complete=complete).valid, graph
            assert graph == graph.tidy()


def p_value(draw: Callable[[], Graph], classes: int) -> float:
    """Chi-square test that all labelled graphs are equally likely."""
    draws = 40 * classes
    counts = Counter(draw().key for _ in range(draws))
    assert len(counts) == classes
    return float(stats.chisquare(list(counts.values())).pvalue)


@pytest.mark.parametrize(
    ("task", "classes"),
    [
        (Task("trees", 4), 4**2),
        (Task("trees", 5), 5**3),
        (Task("cycles", 5), factorial(4) // 2),
        (Task("wheel", 6), 6 * factorial(4) // 2),
        (Task("k-regular", 6, k=3), 70),
        (Task("k-regular", 6, k=2), 70),
    ],
    ids=str,
)
def test_uniform_over_labelled_graphs(task: Task, classes: int) -> None:
    rng = np.random.default_rng(2)
    assert p_value(lambda: random_valid(task, rng), classes) > 1e-3


def test_complete_bipartite_is_uniform() -> None:
    rng, task = np.random.default_rng(3), Task("bipartite", 6, parts=(3, 3))
    draw = lambda: random_valid(task, rng, complete=True)  # noqa: E731
    assert p_value(draw, comb(6, 3) // 2) > 1e-3


def test_uniform_graph_is_uniform_and_in_range() -> None:
    rng = np.random.default_rng(4)
    assert p_value(lambda: uniform_graph(4, 3, rng), comb(6, 3)) > 1e-3
    assert uniform_graph(4, 0, rng) == Graph(4, ())
    with pytest.raises(ValueError, match=r"0..6 for n = 4"):
        uniform_graph(4, 7, rng)


def test_components_and_planar_vary() -> None:
    rng = np.random.default_rng(5)
    task = preset("components", "small")
    sizes = {len(random_valid(task, rng).edges) for _ in range(200)}
    assert min(sizes) == task.n - 4 and len(sizes) >= 3
    # Any part of a stacked triangulation has a node of degree <= 3; flips undo that.
    planar = Task("planar", 12, m=30)
    cores = Counter(
        max(nx.core_number(random_valid(planar, rng).networkx()).values())
        for _ in range(200)
    )
    assert cores[3] >= 10 and cores[4] >= 10


@pytest.mark.parametrize(("q", "moved"), [(0.0, 0), (0.2, 3), (1.0, 15)])
def test_noisy_moves_the_asked_share(q: float, moved: int) -> None:
    rng = np.random.default_rng(6)
    graph = random_valid(preset("cycles"), rng)
    other = noisy(graph, q, rng)
    assert other == other.tidy()
    assert len(other.edges) == len(graph.edges)
    assert len(set(graph.edges) - set(other.edges)) == moved


def test_noisy_of_a_complete_graph_and_bad_q() -> None:
    rng = np.random.default_rng(7)
    triangle = Graph(3, ((1, 2), (1, 3), (2, 3)))
    assert noisy(triangle, 1.0, rng) == triangle
    with pytest.raises(ValueError, match="q must be in"):
        noisy(triangle, 1.5, rng)


def test_noise_lowers_validity_monotonically() -> None:
    rng = np.random.default_rng(8)
    for rule in ("trees", "planar", "k-color"):
        task = preset(rule)
        valid = [
            np.mean(
                [
                    check(task, noisy(random_valid(task, rng), q, rng)).valid
                    for _ in range(150)
                ]
            )
            for q in (0.0, 0.1, 0.4)
        ]
        assert valid[0] == 1 and valid[0] > valid[1] + 0.1 > valid[2] + 0.15


def test_same_seed_same_graphs() -> None:
    for rule in RULES:
        one, two = np.random.default_rng(9), np.random.default_rng(9)
        assert random_valid(preset(rule), one) == random_valid(preset(rule), two)
