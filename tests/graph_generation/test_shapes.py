"""Shapes against all labelled copies of their templates, on every graph up to n = 6."""

from itertools import combinations, permutations

import networkx as nx
import pytest

from helpers.graph_generation import shapes
from helpers.graph_generation.graphs import Graph

# Templates of up to six nodes, built by networkx, with the answer they call for.
LADDERS = {nx.ladder_graph(rungs): rungs for rungs in (2, 3)}
WHEELS = {nx.wheel_graph(nodes): nodes for nodes in (4, 5, 6)}
FULL_TREES = {nx.balanced_tree(r, 1): (r, 1) for r in (2, 3, 4, 5)}
MOTIFS = {
    nx.cycle_graph(5): "cycle",
    nx.house_graph(): "house",
    nx.complement(nx.disjoint_union(nx.path_graph(4), nx.empty_graph(1))): "crane",
}


def answers(templates):
    """The answer for every labelled copy of every template, by n and edges."""
    found = {}
    for graph, answer in templates.items():
        for order in permutations(range(1, len(graph) + 1)):
            edges = {tuple(sorted((order[u], order[v]))) for u, v in graph.edges}
            found[len(graph), frozenset(edges)] = answer
    return found


def every_connected_graph(n):
    pairs = list(combinations(range(1, n + 1), 2))
    for chosen in range(1 << len(pairs)):
        graph = Graph(
            n, tuple(p for place, p in enumerate(pairs) if chosen >> place & 1)
        )
        masks = shapes.neighbours(graph, most_components=1)
        if masks is not None and len(shapes.components(masks)) == 1:
            yield graph, masks


@pytest.mark.parametrize("n", range(1, 7))
def test_every_connected_graph_up_to_six_nodes(n):
    ladders, wheels = answers(LADDERS), answers(WHEELS)
    full_trees, motifs = answers(FULL_TREES), answers(MOTIFS)
    rings = answers({nx.cycle_graph(nodes): True for nodes in range(3, 7)})
    everything, trees = (1 << n) - 1, 0
    for graph, masks in every_connected_graph(n):
        key = n, frozenset(graph.edges)
        assert shapes.is_cycle(masks, everything) == rings.get(key, False)
        assert shapes.ladder_rungs(masks, everything) == ladders.get(key)
        assert shapes.wheel_nodes(masks, everything) == wheels.get(key)
        if n == 5:
            assert shapes.motif_name(masks, everything) == motifs.get(key)
        if shapes.is_tree(masks, everything):
            trees += 1
            shape = (2, 0) if n == 1 else full_trees.get(key)
            assert shapes.full_tree_shape(masks, everything) == shape
    assert trees == {1: 1, 2: 1}.get(n, n ** (n - 2))  # Cayley


@pytest.mark.parametrize(
    ("branching", "height"), [(2, 2), (2, 3), (3, 1), (3, 2), (4, 1), (4, 3)]
)
def test_a_large_full_tree_and_one_with_a_leaf_moved(branching, height):
    tree = nx.balanced_tree(branching, height)
    everything = (1 << len(tree)) - 1

    def shape(edges):
        graph = Graph(len(tree), tuple((u + 1, v + 1) for u, v in edges))
        masks = shapes.neighbours(graph, most_components=1)
        return shapes.full_tree_shape(masks, everything)

    assert shape(tree.edges) == (branching, height)
    last = len(tree) - 1
    parent = next(tree.neighbors(last))
    other = next(u for u in range(last) if u not in (parent, 0))
    tree.remove_edge(parent, last)
    tree.add_edge(other, last)
    assert nx.is_tree(tree)
    assert shape(tree.edges) is None


@pytest.mark.parametrize("rungs", [4, 7, 12])
def test_a_long_ladder_is_told_from_a_moebius_ladder_and_a_prism(rungs):
    ladder = nx.ladder_graph(rungs)
    ends = [(0, rungs), (rungs - 1, 2 * rungs - 1)]
    everything = (1 << 2 * rungs) - 1

    def count(extra):
        edges = [(u + 1, v + 1) for u, v in [*ladder.edges, *extra]]
        masks = shapes.neighbours(Graph(2 * rungs, tuple(edges)), most_components=1)
        return shapes.ladder_rungs(masks, everything)

    assert count([]) == rungs
    assert count([(ends[0][0], ends[1][0])]) is None
    assert count([(ends[0][0], ends[1][0]), (ends[0][1], ends[1][1])]) is None  # prism
    assert count([(ends[0][0], ends[1][1]), (ends[0][1], ends[1][0])]) is None


@pytest.mark.parametrize(
    "graph",
    [
        Graph(0, ()),
        Graph(-1, ()),
        Graph(10**18, ((1, 2),)),  # refused before any list of that length
        Graph(2, ((1, 1),)),
        Graph(2, ((1, 2), (2, 1))),
        Graph(2, ((1, 3),)),
        Graph(2, ((0, 1),)),
        Graph(4, ((1, 2),)),
    ],
)
def test_graphs_that_cannot_be_valid_as_written(graph):
    assert shapes.neighbours(graph, most_components=2) is None
