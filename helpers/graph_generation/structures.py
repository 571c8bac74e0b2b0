"""Does a graph have the structure that a rule describes, whatever its sizes?

Each function answers with "" for yes, else with a short reason. Node ids are only
names here, loops and repeated edges are left out: `checks` names those faults.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from helpers.graph_generation.coloring import coloring
from helpers.graph_generation.graphs import Graph
from helpers.graph_generation.tasks import Pair, Task


@dataclass(frozen=True)
class Simple:
    """The simple graph behind a reply: neighbours of the nodes that have edges.

    ``isolated`` counts the nodes without an edge; they are not listed, since a reply
    may claim any number of nodes.
    """

    neighbours: dict[int, set[int]]
    isolated: int

    @property
    def nodes(self) -> int:
        """Number of nodes."""
        return len(self.neighbours) + self.isolated

    @property
    def edges(self) -> int:
        """Number of edges."""
        return sum(map(len, self.neighbours.values())) // 2

    def groups(self) -> list[list[int]]:
        """Nodes of each component that has an edge."""
        groups, seen = [], set[int]()
        for start in self.neighbours:
            if start in seen:
                continue
            seen.add(start)
            group = [start]
            for node in group:  # grows while it is read
                fresh = self.neighbours[node] - seen
                seen |= fresh
                group += fresh
            groups.append(group)
        return groups


def simple(graph: Graph) -> Simple:
    """Simple graph of a reply's graph.

    Examples
    --------
    >>> simple(Graph(4, ((1, 2), (2, 1), (3, 3))))
    Simple(neighbours={1: {2}, 2: {1}}, isolated=2)
    """
    neighbours: dict[int, set[int]] = {}
    for u, v in graph.edges:
        if u != v:
            neighbours.setdefault(u, set()).add(v)
            neighbours.setdefault(v, set()).add(u)
    return Simple(neighbours, max(0, graph.n - len(neighbours)))


def _count(graph: Simple) -> int:
    return len(graph.groups()) + graph.isolated


def _components_text(count: int) -> str:
    return f"{count} component{'' if count == 1 else 's'}"


def _degrees(graph: Simple, wanted: int) -> str:
    """All degrees are ``wanted``, which is at least 1."""
    if graph.isolated:
        return "a node has no edge"
    for node, others in graph.neighbours.items():
        if len(others) != wanted:
            return f"node {node} has degree {len(others)} instead of {wanted}"
    return ""


def _tree(task: Task, graph: Simple) -> str:
    count = _count(graph)
    if count != 1:
        return f"{_components_text(count)} instead of one"
    return "" if graph.edges == graph.nodes - 1 else "there is a cycle"


def _cycle(task: Task, graph: Simple) -> str:
    if not graph.neighbours:
        return "there is no edge"
    fault = _degrees(graph, 2)
    if not fault and (count := _count(graph)) != 1:
        return f"{count} separate cycles instead of one"
    return fault


def _components(task: Task, graph: Simple) -> str:
    count = _count(graph)
    return "" if count == task.k else f"{_components_text(count)} instead of {task.k}"


def _planar(task: Task, graph: Simple) -> str:
    core = _without_low_degrees(graph.neighbours)
    nodes, edges = len(core), sum(map(len, core.values())) // 2
    # K3,3 has 9 edges and no graph with fewer must cross; Euler's bound above.
    if edges < 9:
        return ""
    if edges <= 3 * nodes - 6:
        import networkx as nx

        if nx.check_planarity(nx.Graph(core))[0]:
            return ""
    return "edges must cross"


def _without_low_degrees(neighbours: dict[int, set[int]]) -> dict[int, set[int]]:
    """Nodes of degree < 3 removed; the two neighbours of one of degree 2 are joined.

    Planarity stays as it is, and the test has less to do (about 1.5x faster).
    """
    core = {node: set(others) for node, others in neighbours.items()}
    low = [node for node, others in core.items() if len(others) < 3]
    while low:
        removed = low.pop()
        around = core.pop(removed, set())
        for node in around:
            core[node].discard(removed)
        if len(around) == 2:
            first, second = around
            core[first].add(second)
            core[second].add(first)
        low += [node for node in around if len(core[node]) < 3]
    return core


def _regular(task: Task, graph: Simple) -> str:
    assert task.k is not None
    return _degrees(graph, task.k) if graph.neighbours else "there is no edge"


def _wheel(task: Task, graph: Simple) -> str:
    nodes = graph.nodes
    hubs = [
        node for node, others in graph.neighbours.items() if len(others) == nodes - 1
    ]
    if nodes < 4 or not hubs:
        return "no node is joined to all others"
    # With four nodes every node is a hub (K4) and any of them will do.
    hub = hubs[0]
    rim = {v: others - {hub} for v, others in graph.neighbours.items() if v != hub}
    fault = _cycle(task, Simple(rim, 0))
    return f"without the hub: {fault}" if fault else ""


def sides(graph: Simple) -> list[tuple[int, int]] | None:
    """Sizes of the two sides of each component that has an edge; None if not bipartite.

    Examples
    --------
    >>> sides(simple(Graph(4, ((1, 2), (1, 3)))))
    [(1, 2)]
    """
    sizes = []
    side: dict[int, int] = {}
    for group in graph.groups():
        side[group[0]] = 0
        for node in group:  # breadth first: a neighbour came before each but the first
            for other in graph.neighbours[node]:
                if side.setdefault(other, 1 - side[node]) == side[node]:
                    return None
        second = sum(side[node] for node in group)
        sizes.append((len(group) - second, second))
    return sizes


def _bipartite(task: Task, graph: Simple) -> str:
    """Two-colourable, and with n as asked also in sides of the asked sizes."""
    assert task.parts is not None
    sizes = sides(graph)
    if sizes is None:
        return "there is an odd cycle"
    if graph.nodes != task.n:
        return ""
    # Bit s is set when s nodes can be on the first side; a component may be turned.
    reachable = 1
    for first, second in sizes + [(1, 0)] * graph.isolated:
        reachable = reachable << first | reachable << second
    if reachable >> task.parts[0] & 1:
        return ""
    return f"no split into {task.parts[0]} and {task.parts[1]} nodes"


def _colorable(task: Task, graph: Simple) -> str:
    assert task.k is not None
    # A reply may hold a graph of any size; the search is for graphs near the asked.
    if len(graph.neighbours) > max(60, 2 * task.n):
        return "far more nodes than asked, colours not searched for"
    if coloring(graph.neighbours, task.k) is None:
        return f"{task.k} colours are not enough"
    return ""


_JUDGES: dict[str, Callable[[Task, Simple], str]] = {
    "trees": _tree,
    "cycles": _cycle,
    "components": _components,
    "planar": _planar,
    "k-regular": _regular,
    "wheel": _wheel,
    "bipartite": _bipartite,
    "k-color": _colorable,
}


def complete_fault(graph: Simple) -> str:
    """Every node of one side is joined to every node of the other."""
    sizes = sides(graph)
    one_piece = sizes is not None and len(sizes) + graph.isolated == 1
    if sizes and one_piece and graph.edges == sizes[0][0] * sizes[0][1]:
        return ""
    return "not every edge between the two sides is there"


def component_kind(graph: Simple, group: list[int]) -> str:
    """``"tree"``, ``"cycle"`` or ``""`` for one component.

    Examples
    --------
    >>> graph = simple(Graph(3, ((1, 2), (2, 3))))
    >>> component_kind(graph, [1, 2, 3])
    'tree'
    """
    degrees = [len(graph.neighbours[node]) for node in group]
    if sum(degrees) == 2 * len(group) - 2:
        return "tree"
    return "cycle" if set(degrees) == {2} else ""


def pair_fault(pair: Pair, graph: Simple) -> str:
    """Two components of the asked kinds; a lone node is a tree."""
    groups = graph.groups()
    count = len(groups) + graph.isolated
    if count != 2:
        return f"{_components_text(count)} instead of two"
    kinds = [component_kind(graph, group) for group in groups]
    kinds += ["tree"] * graph.isolated
    if sorted(kinds) != sorted(pair.kinds):
        found = " and ".join(kind or "neither" for kind in kinds)
        return f"components are {found} instead of {' and '.join(pair.kinds)}"
    return ""


def structure_fault(task: Task | Pair, graph: Simple, *, complete: bool = False) -> str:
    """ "" when the graph has the structure of the rule, else why not.

    Examples
    --------
    >>> structure_fault(Task("trees", 3), simple(Graph(4, ((1, 2), (3, 4)))))
    '2 components instead of one'
    """
    if isinstance(task, Pair):
        return pair_fault(task, graph)
    fault = _JUDGES[task.rule](task, graph)
    if complete and task.rule == "bipartite" and not fault:
        return complete_fault(graph)
    return fault
