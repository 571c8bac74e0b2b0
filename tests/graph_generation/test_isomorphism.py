"""Isomorphism classes against their known numbers, networkx and hard pairs."""

from __future__ import annotations

import itertools
import math
import time

import networkx as nx
import numpy as np
import pytest

from helpers.graph_generation.graphs import Graph, from_networkx
from helpers.graph_generation.isomorphism import classes, contains, iso_unique


def renamed(graph: Graph, rng: np.random.Generator) -> Graph:
    place = rng.permutation(graph.n) + 1
    return Graph.of(
        graph.n, [(int(place[u - 1]), int(place[v - 1])) for u, v in graph.edges]
    )


def all_graphs(n: int) -> list[Graph]:
    pairs = list(itertools.combinations(range(1, n + 1), 2))
    chosen = itertools.product((False, True), repeat=len(pairs))
    return [Graph.of(n, itertools.compress(pairs, c)) for c in chosen]


@pytest.mark.parametrize(("n", "number"), [(1, 1), (2, 2), (3, 4), (4, 11), (5, 34)])
def test_all_labelled_graphs_fall_into_the_known_number_of_classes(
    n: int, number: int
) -> None:
    assert len(set(classes(all_graphs(n)))) == number


def test_classes_are_those_of_networkx() -> None:
    rng = np.random.default_rng(0)
    graphs = [
        from_networkx(nx.gnm_random_graph(7, m, seed=int(rng.integers(2**31))))
        for m in rng.integers(4, 9, 60)
    ]
    found = classes(graphs)
    for i, j in itertools.combinations(range(len(graphs)), 2):
        same = nx.is_isomorphic(graphs[i].networkx(), graphs[j].networkx())
        assert (found[i] == found[j]) == same


def test_cubic_graphs_of_sixteen_nodes_are_told_apart_in_no_time() -> None:
    graphs = [from_networkx(nx.random_regular_graph(3, 16, seed=i)) for i in range(300)]
    begun = time.process_time()
    found = classes(graphs)
    assert time.process_time() - begun < 2
    assert len(set(found)) == 283  # as by canonical forms
    rng = np.random.default_rng(1)
    assert classes([*graphs, *(renamed(g, rng) for g in graphs)]) == found * 2


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (nx.cycle_graph(6), nx.disjoint_union(nx.cycle_graph(3), nx.cycle_graph(3))),
        # strongly regular with the same parameters, so with the same closed walks
        (
            nx.line_graph(nx.complete_bipartite_graph(4, 4)),
            nx.from_edgelist(
                {
                    frozenset({(a, b), ((a + x) % 4, (b + y) % 4)})
                    for a, b in itertools.product(range(4), repeat=2)
                    for x, y in [(0, 1), (1, 0), (1, 1)]
                }
            ),
        ),
    ],
    ids=["6-ring and two triangles", "rook's and Shrikhande's"],
)
def test_pairs_that_colour_refinement_takes_for_equal(
    one: nx.Graph, other: nx.Graph
) -> None:
    a, b = from_networkx(one), from_networkx(other)
    assert sorted(d for _, d in one.degree) == sorted(d for _, d in other.degree)
    rng = np.random.default_rng(2)
    assert classes([a, b, renamed(b, rng), renamed(a, rng)]) == [0, 1, 1, 0]


@pytest.mark.parametrize(
    "graph",
    [nx.cycle_graph(15), nx.complete_bipartite_graph(5, 5), nx.wheel_graph(15)],
)
def test_new_names_change_the_labelled_graph_alone(graph: nx.Graph) -> None:
    rng = np.random.default_rng(3)
    graphs = [renamed(from_networkx(graph), rng) for _ in range(200)]
    assert len({g.key for g in graphs}) > 50
    assert iso_unique(graphs) == 1 / 200


def test_isolated_nodes_and_faults_of_a_text_count() -> None:
    edge = Graph(3, ((1, 2),))
    assert classes([edge, Graph(4, ((1, 2),)), Graph(3, ((3, 2), (2, 3)))]) == [0, 1, 0]
    assert classes([edge, Graph(3, ((1, 2), (3, 3)))]) == [0, 1]
    loops = [Graph(2, ((1, 2), (1, 1))), Graph(2, ((1, 2), (2, 2)))]
    assert classes(loops) == [0, 0]
    assert classes([Graph(2, ((1, 7),)), edge]) == [0, 0]  # node 7 is a third node
    assert classes([Graph(10**12, ()), Graph(0, ())]) == [0, 1]


def test_contains_and_nothing() -> None:
    path = Graph(3, ((1, 2), (2, 3)))
    assert contains(path, [Graph(3, ()), Graph(3, ((1, 3), (1, 2)))])
    assert not contains(path, [Graph(3, ((1, 2),))])
    assert not contains(path, [])
    assert classes([]) == []
    assert math.isnan(iso_unique([]))
