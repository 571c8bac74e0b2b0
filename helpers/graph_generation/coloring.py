"""Exact k-colouring: DSATUR with backtracking (Brelaz 1979; the paper names none)."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from helpers.graph_generation.graphs import Graph


def coloring(
    neighbours: Mapping[int, Collection[int]], k: int
) -> dict[int, int] | None:
    """A proper colouring with colours 0..k-1, or None when there is none.

    Always colours the node with the fewest colours left, and tries at most one unused
    colour, since unused colours are interchangeable. Greedy colouring would only give
    an upper bound. Exponential at worst; n <= 20 takes far less than a millisecond.

    Parameters
    ----------
    neighbours : mapping of int to collection of int
        Symmetric, without loops.
    k : int
        Number of colours, k >= 1.

    Raises
    ------
    ValueError
        For k < 1.

    Examples
    --------
    >>> coloring({1: {2, 3}, 2: {1, 3}, 3: {1, 2}}, 2) is None
    True
    >>> coloring({1: {2}, 2: {1}}, 2)
    {1: 0, 2: 1}
    """
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k}")
    core, peeled = _peel(neighbours, k)
    colours = _search({node: neighbours[node] for node in core}, k)
    if colours is None:
        return None
    # A peeled node had fewer than k neighbours left, so a colour is free for it.
    for node in reversed(peeled):
        taken = {colours[other] for other in neighbours[node] if other in colours}
        colours[node] = next(colour for colour in range(k) if colour not in taken)
    return {node: colours[node] for node in neighbours}


def color_graph(graph: Graph, k: int) -> dict[int, int] | None:
    """A proper colouring of the nodes 1..n of a simple graph, or None.

    Examples
    --------
    >>> color_graph(Graph(4, ((1, 2), (2, 3), (1, 3))), 3)
    {1: 0, 2: 1, 3: 2, 4: 0}
    """
    neighbours: dict[int, set[int]] = {node: set() for node in range(1, graph.n + 1)}
    for u, v in graph.edges:
        neighbours[u].add(v)
        neighbours[v].add(u)
    return coloring(neighbours, k)


def _peel(
    neighbours: Mapping[int, Collection[int]], k: int
) -> tuple[set[int], list[int]]:
    """Nodes of the k-core, and the others in the order of their removal."""
    degree = {node: len(others) for node, others in neighbours.items()}
    waiting = [node for node, count in degree.items() if count < k]
    core, peeled = set(neighbours), list[int]()
    while waiting:
        node = waiting.pop()
        core.discard(node)
        peeled.append(node)
        for other in neighbours[node]:
            degree[other] -= 1
            if degree[other] == k - 1 and other in core:
                waiting.append(other)
    return core, peeled


def _search(neighbours: Mapping[int, Collection[int]], k: int) -> dict[int, int] | None:
    """Backtracking over the nodes given; edges to other nodes are ignored."""
    nodes = sorted(neighbours, key=lambda node: -len(neighbours[node]))
    bit = {node: 1 << position for position, node in enumerate(nodes)}
    adjacent = {
        node: sum(bit[other] for other in neighbours[node] if other in bit)
        for node in nodes
    }
    classes = [0] * k  # members of each colour class, as bits
    colours: dict[int, int] = {}
    path: list[tuple[int, list[int]]] = []  # coloured nodes with the colours untried
    while len(colours) < len(nodes):
        path.append(_tightest(nodes, colours, adjacent, classes))
        while True:
            node, untried = path[-1]
            if node in colours:
                classes[colours.pop(node)] ^= bit[node]
            if untried:
                colour = untried.pop()
                colours[node] = colour
                classes[colour] |= bit[node]
                break
            path.pop()
            if not path:
                return None
    return colours


def _tightest(
    nodes: list[int],
    colours: Mapping[int, int],
    adjacent: Mapping[int, int],
    classes: list[int],
) -> tuple[int, list[int]]:
    """The uncoloured node with the fewest possible colours, and these colours."""
    used = sum(1 for members in classes if members)
    open_classes = list(enumerate(classes[: used + 1]))
    best: tuple[int, list[int]] | None = None
    for node in nodes:
        if node in colours:
            continue
        around = adjacent[node]
        free = [colour for colour, members in open_classes if not around & members]
        if best is None or len(free) < len(best[1]):
            best = node, free
            if not free:
                break
    assert best is not None
    return best[0], best[1][::-1]
