"""Checks against brute force over all labelled graphs, and the error taxonomy."""

from collections.abc import Callable
from itertools import combinations, permutations, product

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.graph_generation.checks import Check, ErrorKind, check
from helpers.graph_generation.generators import noisy, random_valid, uniform_graph
from helpers.graph_generation.graphs import Graph, from_networkx
from helpers.graph_generation.tasks import (
    PAIRS,
    RULES,
    Pair,
    Task,
    most_colorable_edges,
    preset,
)

Bools = np.ndarray


class AllGraphs:
    """All labelled graphs on n nodes, and what they are by definition.

    Row i has the edges whose bits are set in i; every answer is an array over rows.
    """

    def __init__(self, n: int) -> None:
        self.n = n
        self.pairs = list(combinations(range(n), 2))
        self.masks = np.arange(1 << len(self.pairs))
        bits = self.masks[:, None] >> np.arange(len(self.pairs)) & 1
        self.edges = bits.sum(axis=1)
        self.adjacency = np.zeros((len(self.masks), n, n))
        for column, (u, v) in enumerate(self.pairs):
            self.adjacency[:, u, v] = self.adjacency[:, v, u] = bits[:, column]
        self.degrees = self.adjacency.sum(axis=2)
        self.graphs = [
            Graph(
                n, tuple((self.pairs[i][0] + 1, self.pairs[i][1] + 1) for i in chosen)
            )
            for chosen in map(np.flatnonzero, bits)
        ]

    def valid(self, task: Task, complete: bool = False) -> Bools:
        return np.array([check(task, g, complete=complete).valid for g in self.graphs])

    def mask(self, edges: list[tuple[int, int]]) -> int:
        return sum(1 << self.pairs.index((min(e), max(e))) for e in edges)

    def copies(self, edges: list[tuple[int, int]]) -> Bools:
        """Equal to some relabelling of one graph."""
        found = {
            self.mask([(order[u], order[v]) for u, v in edges])
            for order in permutations(range(self.n))
        }
        return np.isin(self.masks, list(found))

    def components(self) -> Bools:
        """n - rank of the Laplacian."""
        laplacian = self.degrees[:, :, None] * np.eye(self.n) - self.adjacency
        return self.n - np.linalg.matrix_rank(laplacian)

    def colorable(self, k: int) -> Bools:
        """Some assignment of k colours has no edge inside a class."""
        found = np.zeros(len(self.masks), bool)
        for colours in product(range(k), repeat=self.n):
            inside = [p for p in self.pairs if colours[p[0]] == colours[p[1]]]
            found |= self.masks & self.mask(inside) == 0
        return found

    def split(self, a: int, complete: bool = False) -> Bools:
        """Some a nodes and the rest have no edge inside (and all between)."""
        found = np.zeros(len(self.masks), bool)
        for side in combinations(range(self.n), a):
            between = [p for p in self.pairs if (p[0] in side) != (p[1] in side)]
            mask = self.mask(between)
            found |= self.masks == mask if complete else self.masks & ~mask == 0
        return found

    def planar(self) -> Bools:
        """Kuratowski, for n <= 6: no K3,3, no K5, no K5 with one edge subdivided."""
        found = np.ones(len(self.masks), bool)
        forbidden = []
        for five in combinations(range(self.n), 5):
            clique = list(combinations(five, 2))
            forbidden.append(clique)
            for extra in set(range(self.n)) - set(five):
                for u, v in clique:
                    rest = [edge for edge in clique if edge != (u, v)]
                    forbidden.append([*rest, (u, extra), (v, extra)])
        if self.n == 6:
            for side in combinations(range(6), 3):
                others = [node for node in range(6) if node not in side]
                forbidden.append(list(product(side, others)))
        for mask in map(self.mask, forbidden):
            found &= self.masks & mask != mask
        return found


@pytest.fixture(scope="module", params=[2, 3, 4, 5, 6])
def everything(request: pytest.FixtureRequest) -> AllGraphs:
    return AllGraphs(request.param)


def ring(nodes: range) -> list[tuple[int, int]]:
    return [(v, nodes[(i + 1) % len(nodes)]) for i, v in enumerate(nodes)]


def some(everything: AllGraphs, values: range) -> list[int]:
    """All parameter values on few nodes, the middle ones on six: for speed."""
    if everything.n < 6:
        return list(values)
    return [value for value in values if value in (2, 3)]


def test_trees_on_all_graphs(everything: AllGraphs) -> None:
    n = everything.n
    truth = (everything.components() == 1) & (everything.edges == n - 1)
    assert truth.sum() == n ** (n - 2)
    assert (everything.valid(Task("trees", n)) == truth).all()


def test_cycles_and_wheels_on_all_graphs(everything: AllGraphs) -> None:
    n = everything.n
    if n >= 3:
        truth = everything.copies(ring(range(n)))
        assert (everything.valid(Task("cycles", n)) == truth).all()
    if n >= 4:
        spokes = [(0, rim) for rim in range(1, n)]
        truth = everything.copies(spokes + ring(range(1, n)))
        assert (everything.valid(Task("wheel", n)) == truth).all()


def test_components_on_all_graphs(everything: AllGraphs) -> None:
    n, truth = everything.n, everything.components()
    for k in some(everything, range(1, n + 1)):
        assert (everything.valid(Task("components", n, k=k)) == (truth == k)).all()


def test_regular_on_all_graphs(everything: AllGraphs) -> None:
    n = everything.n
    for k in some(everything, range(1, n)):
        if n * k % 2 == 0:
            truth = (everything.degrees == k).all(axis=1)
            assert (everything.valid(Task("k-regular", n, k=k)) == truth).all()


def test_bipartite_on_all_graphs(everything: AllGraphs) -> None:
    n = everything.n
    for a in some(everything, range(1, n)):
        task = Task("bipartite", n, parts=(a, n - a))
        assert (everything.valid(task) == everything.split(a)).all()
        complete = everything.split(a, complete=True)
        assert (everything.valid(task, complete=True) == complete).all()


def by_edge_count(everything: AllGraphs, task: Callable[[int], Task | None]) -> Bools:
    """Each graph checked against the task that asks for its own number of edges."""
    tasks = {int(m): task(int(m)) for m in set(everything.edges.tolist())}
    verdicts = []
    for graph in everything.graphs:
        asked = tasks[len(graph.edges)]
        verdicts.append(asked is not None and check(asked, graph).valid)
    return np.array(verdicts)


def test_planar_on_all_graphs(everything: AllGraphs) -> None:
    n = everything.n
    if n < 3:
        return
    verdicts = by_edge_count(
        everything,
        lambda m: Task("planar", n, m=m) if 1 <= m <= 3 * n - 6 else None,
    )
    truth = everything.planar() & (everything.edges > 0)
    assert (verdicts == truth).all()


def test_colorable_on_all_graphs(everything: AllGraphs) -> None:
    n = everything.n
    for k in some(everything, range(1, n + 1)):
        most = most_colorable_edges(n, k)
        verdicts = by_edge_count(
            everything,
            lambda m, k=k, most=most: (  # type: ignore[misc]
                Task("k-color", n, m=m, k=k) if 1 <= m <= most else None
            ),
        )
        truth = everything.colorable(k) & (everything.edges > 0)
        assert (verdicts == truth).all()


@pytest.mark.parametrize("rule", RULES)
def test_agrees_with_networkx_on_larger_graphs(rule: str) -> None:
    rng = np.random.default_rng(0)
    for size in ("small", "medium"):
        task = preset(rule, size)
        seen = set()
        for i in range(120):
            graph = noisy(random_valid(task, rng), (i % 3) * 0.04, rng)
            verdict = check(task, graph).valid
            seen.add(verdict)
            assert verdict == by_networkx(task, graph.networkx())
        assert seen == {True, False} or rule == "components"


def by_networkx(task: Task, graph: nx.Graph) -> bool:
    if task.rule == "trees":
        return bool(nx.is_tree(graph))
    if task.rule == "cycles":
        return bool(nx.is_isomorphic(graph, nx.cycle_graph(task.n)))
    if task.rule == "components":
        return bool(nx.number_connected_components(graph) == task.k)
    if task.rule == "planar":
        return bool(nx.is_planar(graph))
    if task.rule == "k-regular":
        return bool(nx.is_k_regular(graph, task.k))
    if task.rule == "wheel":
        return bool(nx.is_isomorphic(graph, nx.wheel_graph(task.n)))
    if task.rule == "bipartite":
        return nx.is_bipartite(graph) and task.parts in {
            (sum(sizes), task.n - sum(sizes)) for sizes in product(*side_sizes(graph))
        }
    # 3-colourable: some maximal independent set leaves a bipartite graph.
    complement = nx.complement(graph)
    for clique in nx.find_cliques(complement):
        rest = graph.subgraph(set(graph) - set(clique))
        if nx.is_bipartite(rest):
            return True
    return False


def side_sizes(graph: nx.Graph) -> list[set[int]]:
    pieces = [graph.subgraph(nodes) for nodes in nx.connected_components(graph)]
    return [{len(side) for side in nx.bipartite.sets(piece)} for piece in pieces]


def errors(task: Task | Pair, graph: Graph | None, **options: bool) -> list[str]:
    return [str(kind) for kind in check(task, graph, **options).errors]


def test_each_error_by_itself() -> None:
    cycle = Task("cycles", 4)
    square = ((1, 2), (2, 3), (3, 4), (1, 4))
    assert errors(cycle, Graph(4, square)) == []
    assert errors(cycle, None) == ["format"]
    assert errors(cycle, Graph(3, ((1, 2), (2, 3), (1, 3)))) == ["nodes"]
    assert errors(cycle, Graph(4, (*square, (2, 2)))) == ["self-loop"]
    assert errors(cycle, Graph(4, (*square, (2, 1)))) == ["duplicate"]
    assert errors(cycle, Graph(4, ((0, 1), (1, 2), (2, 3), (3, 0)))) == ["range"]
    assert errors(Task("planar", 4, m=3), Graph(4, square)) == ["edges"]
    matching = Graph(4, ((1, 2), (3, 4)))
    assert errors(Task("k-regular", 4, k=1), matching) == []
    assert errors(Task("trees", 4), Graph(4, ((1, 2), (2, 3), (1, 3)))) == ["structure"]


def test_counting_and_structure_are_told_apart() -> None:
    # A tree of the wrong size is a tree; a tree with an edge missing is none.
    task = Task("trees", 5)
    assert errors(task, Graph(4, ((1, 2), (2, 3), (3, 4)))) == ["nodes"]
    missing = check(task, Graph(5, ((1, 2), (2, 3), (3, 4))))
    assert [*missing.errors] == [ErrorKind.EDGES, ErrorKind.STRUCTURE]
    assert missing.error == "edges"
    assert missing.reason == "3 edges instead of 4; 2 components instead of one."
    # Wrong n and a non-planar structure at once.
    k33 = from_networkx(nx.complete_bipartite_graph(3, 3))
    assert errors(Task("planar", 7, m=9), k33) == ["nodes", "structure"]


def test_lenient_forgives_repeated_edges_only() -> None:
    task = Task("trees", 3)
    twice = Graph(3, ((1, 2), (2, 1), (2, 3)))
    assert errors(task, twice) == ["duplicate"]
    assert errors(task, twice, lenient=True) == []
    loop = Graph(3, ((1, 2), (2, 2), (2, 3)))
    assert errors(task, loop, lenient=True) == ["self-loop"]
    # A repeated edge does not count twice.
    planar = Task("planar", 3, m=3)
    assert errors(planar, twice, lenient=True) == ["edges"]


def test_bipartite_readings_and_sides() -> None:
    task = Task("bipartite", 6, parts=(3, 3))
    star = from_networkx(nx.star_graph(5))
    assert errors(task, star) == ["structure"]
    assert check(task, star).reason == "No split into 3 and 3 nodes."
    assert errors(Task("bipartite", 6, parts=(5, 1)), star, complete=True) == []
    ring6 = from_networkx(nx.cycle_graph(6))
    assert errors(task, ring6) == []
    assert errors(task, ring6, complete=True) == ["structure"]
    assert errors(task, from_networkx(nx.complete_bipartite_graph(2, 3))) == ["nodes"]


def test_pairs_of_components() -> None:
    tree_cycle = PAIRS[2]
    both = nx.disjoint_union(nx.path_graph(5), nx.cycle_graph(6))
    assert errors(tree_cycle, from_networkx(both)) == []
    assert errors(PAIRS[0], from_networkx(both)) == ["edges", "structure"]
    one = from_networkx(nx.path_graph(10))
    assert check(PAIRS[0], one).reason == (
        "9 edges instead of 8; 1 component instead of two."
    )
    small = nx.disjoint_union(nx.path_graph(4), nx.cycle_graph(6))
    assert check(tree_cycle, from_networkx(small)).reason == (
        "A component has 4 nodes instead of 5-7."
    )
    lone = nx.disjoint_union(nx.empty_graph(1), nx.cycle_graph(6))
    assert errors(tree_cycle, from_networkx(lone)) == ["nodes"]
    rng = np.random.default_rng(0)
    for asked in PAIRS:
        for drawn in PAIRS:
            graph = random_valid(drawn, rng)
            assert check(asked, graph).valid == (asked == drawn)


def test_absurd_replies_are_judged_at_once() -> None:
    huge = 10**18
    dense = uniform_graph(90, 2000, np.random.default_rng(0))
    for rule in RULES:
        task = preset(rule)
        for graph in (
            Graph(huge, ()),
            Graph(huge, ((1, 2), (huge, huge + 1))),
            Graph(-5, ((-1, -2),)),
            Graph(0, ()),
            dense,
        ):
            for options in ({}, {"lenient": True}, {"complete": True}):
                verdict = check(task, graph, **options)
                assert ErrorKind.NODES in verdict.errors
    for pair in PAIRS:
        assert not check(pair, Graph(huge, ())).valid


written = st.builds(
    Graph,
    st.integers(-1, 12),
    st.lists(st.tuples(st.integers(-1, 11), st.integers(-1, 11)), max_size=30).map(
        tuple
    ),
)


@given(written, st.sampled_from([*map(preset, RULES, ["tiny"] * 8), *PAIRS]))
def test_any_graph_gets_a_consistent_verdict(graph: Graph, task: Task | Pair) -> None:
    strict, lenient = check(task, graph), check(task, graph, lenient=True)
    assert set(strict.errors) - {ErrorKind.DUPLICATE} == set(lenient.errors)
    assert lenient.errors == check(task, graph.tidy()).errors
    assert list(strict.errors) == sorted(strict.errors, key=list(ErrorKind).index)
    for verdict in (strict, lenient):
        assert verdict.valid == (verdict.errors == ()) == (verdict.error == "")
        assert (verdict.reason == "") == verdict.valid
    if isinstance(task, Task) and strict.valid and task.edges is not None:
        assert len(graph.edges) == task.edges


def test_relabelling_never_changes_a_verdict() -> None:
    rng = np.random.default_rng(1)
    for rule in RULES:
        task = preset(rule, "tiny")
        for _ in range(30):
            graph = noisy(random_valid(task, rng), 0.1, rng)
            names = rng.permutation(task.n) + 1
            moved = [(int(names[u - 1]), int(names[v - 1])) for u, v in graph.edges]
            verdict = check(task, graph)
            assert check(task, Graph.of(task.n, moved)).errors == verdict.errors


def test_check_without_errors_is_valid() -> None:
    assert Check(()).valid and Check(()).error == ""
    assert Check((ErrorKind.FORMAT,)).error == "format"
