"""Graphs keep what was written, and identity is the labelled graph."""

import networkx as nx
from hypothesis import given
from hypothesis import strategies as st

from helpers.graph_generation.graphs import Graph, from_networkx

ids = st.integers(0, 9)
graphs = st.builds(Graph, st.integers(0, 9), st.lists(st.tuples(ids, ids)).map(tuple))


def test_text_is_the_papers_notation() -> None:
    assert Graph(6, ((1, 4), (1, 5))).text == "(6, [(1, 4), (1, 5)])"
    assert Graph(2, ()).text == "(2, [])"


def test_faults_stay_as_written() -> None:
    written = Graph(2, ((2, 1), (1, 2), (1, 1), (0, 7)))
    assert written.text == "(2, [(2, 1), (1, 2), (1, 1), (0, 7)])"
    assert written.tidy() == Graph(2, ((0, 7), (1, 1), (1, 2)))


@given(graphs)
def test_tidy_keeps_the_labelled_graph_and_is_its_normal_form(graph: Graph) -> None:
    assert graph.tidy().key == graph.key
    assert graph.tidy().tidy() == graph.tidy()
    turned = Graph(graph.n, tuple((v, u) for u, v in reversed(graph.edges)))
    assert turned.key == graph.key
    assert turned.tidy() == graph.tidy()


def test_key_tells_labelled_graphs_apart() -> None:
    path = Graph(3, ((1, 2), (2, 3)))
    assert path.key != Graph(3, ((1, 2), (1, 3))).key
    assert path.key != Graph(4, ((1, 2), (2, 3))).key


def test_networkx_round_trip() -> None:
    graph = Graph.of(5, [(4, 2), (1, 2)])
    assert graph.networkx().number_of_nodes() == 5
    assert from_networkx(graph.networkx()) == graph
    assert from_networkx(nx.cycle_graph(["b", "a", "c"])).text == (
        "(3, [(1, 2), (1, 3), (2, 3)])"
    )
