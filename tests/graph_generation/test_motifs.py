"""The motif sampler and its classifier by bridge cut (acceptance check 6)."""

from functools import cache

import networkx as nx
import numpy as np
import pytest

from helpers.graph_generation.generators import noisy
from helpers.graph_generation.graphs import Graph, from_networkx
from helpers.graph_generation.motifs import (
    BASE_SIZES,
    BASES,
    MATCHED,
    MOTIFS,
    base_parts,
    motif_graph,
    motif_kind,
)

REFERENCES = {  # bases of the small preset, built by networkx
    "tree": [nx.balanced_tree(2, 1), nx.balanced_tree(2, 2), nx.balanced_tree(3, 1)],
    "ladder": [nx.ladder_graph(3)],
    "wheel": [nx.wheel_graph(5), nx.wheel_graph(6)],
}
FIVE = {
    "cycle": nx.cycle_graph(5),
    "house": nx.house_graph(),
    "crane": nx.complement(nx.disjoint_union(nx.path_graph(4), nx.empty_graph(1))),
}


def degrees(edges):
    return sorted((degree for _, degree in nx.Graph(edges).degree), reverse=True)


def test_the_three_motifs_have_their_degrees_and_are_what_networkx_calls_them():
    assert degrees(MOTIFS["cycle"]) == [2, 2, 2, 2, 2]
    assert degrees(MOTIFS["house"]) == [3, 3, 2, 2, 2]
    assert degrees(MOTIFS["crane"]) == [4, 3, 3, 2, 2]
    for name, edges in MOTIFS.items():
        assert nx.is_isomorphic(nx.Graph(edges), FIVE[name])
    assert MATCHED == {"tree": "cycle", "ladder": "house", "wheel": "crane"}


@pytest.mark.parametrize("base", BASES)
def test_small_bases_are_those_of_networkx(base):
    built = [nx.Graph(edges) for _, edges in base_parts(base, "small")]
    assert len(built) == len(REFERENCES[base])
    for ours, theirs in zip(built, REFERENCES[base], strict=True):
        assert nx.is_isomorphic(ours, theirs)


@pytest.mark.parametrize("sizes", list(BASE_SIZES))
@pytest.mark.parametrize("mixed", [False, True])
def test_the_classifier_recovers_every_sample(sizes, mixed):
    rng = np.random.default_rng(0)
    for base in BASES:
        for motif in MOTIFS:
            for _ in range(60):
                graph = motif_graph(base, motif, rng, sizes=sizes, mixed=mixed)
                assert list(graph.edges) == sorted(graph.edges)
                assert motif_kind(graph, sizes=sizes) == f"{base}-{motif}"


def test_the_joining_edge_reaches_every_node_of_base_and_motif():
    rng = np.random.default_rng(0)
    ends = set()
    for _ in range(400):
        graph = motif_graph("ladder", "crane", rng).networkx()
        bridge = next(nx.bridges(graph))
        graph.remove_edge(*bridge)
        ends.add(tuple(sorted((u > 6, graph.degree[u]) for u in bridge)))
    # corners and inner nodes of the ladder; tips, inner nodes and hub of the crane
    assert {end for pair in ends for end in pair} == {
        (False, 2),
        (False, 3),
        (True, 2),
        (True, 3),
        (True, 4),
    }


@cache
def all_joins():
    """Every base joined to every motif by every edge, by (n, m): no bridge is cut."""
    joins = {}
    for base, graphs in REFERENCES.items():
        for left in graphs:
            for motif, right in FIVE.items():
                for u in left:
                    for v in right:
                        whole = nx.disjoint_union(left, right)
                        whole.add_edge(u, len(left) + v)
                        size = len(whole), whole.number_of_edges()
                        known = joins.setdefault(size, [])
                        if not any(nx.is_isomorphic(whole, one) for one, _ in known):
                            known.append((whole, f"{base}-{motif}"))
    return joins


def test_damaged_graphs_are_judged_as_by_isomorphism_to_all_joins():
    rng = np.random.default_rng(1)
    found = []
    for turn in range(240):
        base, motif = BASES[turn % 3], list(MOTIFS)[turn // 3 % 3]
        graph = noisy(motif_graph(base, motif, rng), [0.05, 0.1, 0.2][turn % 3], rng)
        whole = graph.networkx()
        size = len(whole), whole.number_of_edges()
        kinds = [
            kind
            for reference, kind in all_joins()[size]
            if nx.is_isomorphic(whole, reference)
        ]
        found.append(motif_kind(graph))
        assert found[-1] == (kinds[0] if kinds else None)
    damaged = found.count(None) / len(found)
    assert 0.5 < damaged < 0.99  # both verdicts are tried


def joined(base: nx.Graph, motif: nx.Graph = FIVE["house"]) -> Graph:
    whole = nx.disjoint_union(base, motif)
    whole.add_edge(0, len(base))
    return from_networkx(whole)


def test_any_size_and_any_tree_accept_what_the_preset_does_not():
    cases = {
        "wheel": nx.wheel_graph(9),
        "ladder": nx.ladder_graph(5),
        "tree": nx.balanced_tree(2, 3),
    }
    for base, graph in cases.items():
        assert motif_kind(joined(graph)) is None
        assert motif_kind(joined(graph), any_size=True) == f"{base}-house"
    path, long_path = joined(nx.path_graph(5)), joined(nx.path_graph(9))
    assert motif_kind(path) is None
    assert motif_kind(path, any_size=True) is None  # not a full tree
    assert motif_kind(path, any_tree=True) == "tree-house"
    assert motif_kind(long_path, any_tree=True) is None
    assert motif_kind(long_path, any_tree=True, any_size=True) == "tree-house"


def test_near_misses_are_invalid():
    k23 = nx.complete_bipartite_graph(2, 3)  # the degrees of a house
    assert motif_kind(joined(nx.ladder_graph(3), k23)) is None
    apart = nx.disjoint_union(nx.ladder_graph(3), FIVE["house"])
    assert motif_kind(from_networkx(apart)) is None
    apart.add_edges_from([(0, 6), (1, 7)])  # two joining edges: no bridge
    assert motif_kind(from_networkx(apart)) is None
    good = joined(nx.ladder_graph(3))
    twice = Graph(good.n, (*good.edges, good.edges[0]))
    assert motif_kind(twice) is None
    assert motif_kind(twice.tidy()) == "ladder-house"


def test_unknown_names_are_refused_with_the_nearest():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="did you mean 'house'"):
        motif_graph("tree", "hose", rng)
    with pytest.raises(ValueError, match="did you mean 'wheel'"):
        motif_graph("wheels", "house", rng)
    with pytest.raises(ValueError, match="did you mean 'spmotif'"):
        motif_graph("tree", "house", rng, sizes="spmotiv")
