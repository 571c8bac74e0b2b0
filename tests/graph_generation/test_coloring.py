"""k-colouring against all assignments, and on graphs with a known answer."""

from itertools import product

import networkx as nx
import numpy as np
import pytest

from helpers.graph_generation.coloring import color_graph, coloring
from helpers.graph_generation.generators import random_valid, uniform_graph
from helpers.graph_generation.graphs import Graph, from_networkx
from helpers.graph_generation.tasks import Task


def assert_proper(graph: Graph, k: int, colours: dict[int, int]) -> None:
    assert set(colours) == set(range(1, graph.n + 1))
    assert set(colours.values()) <= set(range(k))
    assert all(colours[u] != colours[v] for u, v in graph.edges)


@pytest.mark.parametrize("k", [1, 2, 3, 4])
def test_agrees_with_all_assignments(k: int) -> None:
    rng = np.random.default_rng(k)
    assignments = np.array(list(product(range(k), repeat=7)))
    for m in range(1, 20):
        for _ in range(10):
            graph = uniform_graph(7, m, rng)
            ends = np.array(graph.edges) - 1
            clash = assignments[:, ends[:, 0]] == assignments[:, ends[:, 1]]
            colours = color_graph(graph, k)
            assert (colours is not None) == bool((~clash.any(axis=1)).any())
            if colours is not None:
                assert_proper(graph, k, colours)


def test_backtracks_where_greedy_fails() -> None:
    # Mycielski's graphs have no triangle; the Groetzsch graph needs four colours.
    groetzsch = from_networkx(nx.mycielski_graph(4))
    assert color_graph(groetzsch, 3) is None
    four = color_graph(groetzsch, 4)
    assert four is not None
    assert_proper(groetzsch, 4, four)
    petersen = from_networkx(nx.petersen_graph())
    assert color_graph(petersen, 2) is None
    assert color_graph(petersen, 3) is not None


def test_planted_colourings_are_found() -> None:
    rng = np.random.default_rng(0)
    for n, m, k in [(30, 120, 3), (40, 180, 3), (40, 320, 4)]:
        graph = random_valid(Task("k-color", n, m=m, k=k), rng)
        colours = color_graph(graph, k)
        assert colours is not None
        assert_proper(graph, k, colours)


def test_long_paths_need_no_search() -> None:
    graph = from_networkx(nx.path_graph(3000))
    colours = color_graph(graph, 2)
    assert colours is not None
    assert_proper(graph, 2, colours)


def test_no_nodes_and_no_colours() -> None:
    assert coloring({}, 1) == {}
    with pytest.raises(ValueError, match="at least 1"):
        coloring({1: set()}, 0)
