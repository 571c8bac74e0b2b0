"""Which graphs are the same up to the names of their nodes, exactly.

The paper calls two graphs identical when their labelled edges agree: its cycles of 15
nodes, all of one isomorphism class, are 83-97 % unique (Table 2; inferred). The
stricter notion here is what graph generators are usually judged by.

Graphs are put into buckets by closed walks, which tell nearly all of them apart, and a
search for an isomorphism settles the rest. Hashes by colour refinement (Weisfeiler and
Leman's) would not do: all cubic graphs of one order get the same one.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from helpers.graph_generation.graphs import Edge, Graph

WALKS = 6  # closed walks of 2 to twice as many steps are counted
ODD = np.random.default_rng(14358).integers(1, 2**62, 2 * WALKS, dtype=np.int64) | 1

_Key = tuple[int, frozenset[Edge]]  # number of nodes, distinct edges


def classes(graphs: Sequence[Graph]) -> list[int]:
    """Number of the isomorphism class of each graph, from 0 in order of appearance.

    Repeated and reversed edges count once, loops are kept, and a node beyond n is one
    more node.

    Examples
    --------
    >>> ring = Graph(6, ((1, 2), (2, 3), (3, 4), (4, 5), (5, 6), (1, 6)))
    >>> same = Graph(6, ((1, 4), (4, 2), (2, 5), (5, 3), (3, 6), (6, 1)))
    >>> two = Graph(6, ((1, 2), (2, 3), (1, 3), (4, 5), (5, 6), (4, 6)))
    >>> classes([ring, same, two])
    [0, 0, 1]
    """
    labelled: dict[_Key, int] = {}
    place = [labelled.setdefault(_key(graph), len(labelled)) for graph in graphs]
    # for each bucket the number and the structure of its classes
    buckets: dict[tuple, list[tuple[int, _Structure]]] = {}
    found: list[int] = []
    count = 0
    for bucket, structure in _structures(list(labelled)):
        known = buckets.setdefault(bucket, [])
        for number, other in known:
            if _isomorphic(other, structure):
                found.append(number)
                break
        else:
            known.append((count, structure))
            found.append(count)
            count += 1
    return [found[i] for i in place]


def iso_unique(graphs: Sequence[Graph]) -> float:
    """Isomorphism classes per graph, in (0, 1]; nan of no graphs."""
    return len(set(classes(graphs))) / len(graphs) if graphs else float("nan")


def contains(graph: Graph, pool: Sequence[Graph]) -> bool:
    """Whether ``pool`` has a graph isomorphic to ``graph``."""
    found = classes([graph, *pool])
    return found[0] in found[1:]


def _key(graph: Graph) -> _Key:
    """Number of nodes, with those beyond n, and the distinct edges."""
    n, edges = graph.key
    beyond = {x for edge in edges for x in edge if not 1 <= x <= n}
    return n + len(beyond), edges


class _Structure:
    """Neighbours as bit masks and an invariant of each node that has an edge."""

    def __init__(self, near: list[int], colours: list[int]) -> None:
        self.near = near
        self.colours = colours
        self.same: dict[int, int] = {}
        for node, colour in enumerate(colours):
            self.same[colour] = self.same.get(colour, 0) | 1 << node

    @cached_property
    def order(self) -> list[int]:
        """Nodes, rare kinds first, then always one with most neighbours before it."""
        near, left = self.near, set(range(len(self.near)))
        rarity = [self.same[colour].bit_count() for colour in self.colours]
        order: list[int] = []
        done = 0
        while left:
            node = max(left, key=lambda v: ((near[v] & done).bit_count(), -rarity[v]))
            left.remove(node)
            order.append(node)
            done |= 1 << node
        return order


def _structures(keys: Sequence[_Key]) -> list[tuple[tuple, _Structure]]:
    """Bucket and structure of each graph; equal sizes are computed together."""
    nodes = [sorted({x for edge in edges for x in edge}) for _, edges in keys]
    sizes: dict[int, list[int]] = {}
    for i, touched in enumerate(nodes):
        sizes.setdefault(len(touched), []).append(i)
    found: dict[int, tuple[tuple, _Structure]] = {}
    for size, members in sizes.items():
        adjacency = np.zeros((len(members), size, size), dtype=np.int64)
        masks = [[0] * size for _ in members]
        for row, i in enumerate(members):
            index = {x: j for j, x in enumerate(nodes[i])}
            for u, v in keys[i][1]:
                a, b = index[u], index[v]
                adjacency[row, a, b] = adjacency[row, b, a] = 1
                masks[row][a] |= 1 << b
                masks[row][b] |= 1 << a
        colours = _closed_walks(adjacency)
        profile = np.sort(colours, axis=1)
        for row, i in enumerate(members):
            n, edges = keys[i]
            bucket = n, len(edges), profile[row].tobytes()
            found[i] = bucket, _Structure(masks[row], colours[row].tolist())
    return [found[i] for i in range(len(keys))]


def _closed_walks(adjacency: np.ndarray) -> np.ndarray:
    """One number per node for its closed walks of 2 to 2 `WALKS` steps.

    Diagonals of powers of A, shape (graphs, n, n), mixed to one int64 each. Overflow
    wraps around, which is the same for isomorphic graphs, so no bucket is ever split
    wrongly; a collision only costs a search.
    """
    mixed = np.zeros(adjacency.shape[:2], dtype=np.int64)
    power = adjacency
    for step in range(WALKS):
        mixed += ODD[2 * step] * np.einsum("gij,gij->gi", power, power)
        if step + 1 < WALKS:
            following = power @ adjacency
            mixed += ODD[2 * step + 1] * np.einsum("gij,gij->gi", power, following)
            power = following
    return mixed


def _isomorphic(a: _Structure, b: _Structure) -> bool:
    """Whether nodes of a can be sent to nodes of b with all edges and non-edges kept.

    Backtracking over nodes of a, each followed by its neighbours, so that in a
    connected graph a node has few places left to go.
    """
    images: dict[int, int] = {}  # node of a to the mask of its image

    def extend(depth: int, used: int) -> bool:
        if depth == len(a.order):
            return True
        node = a.order[depth]
        around = a.near[node]
        loop = around >> node & 1
        wanted = sum(image for v, image in images.items() if around >> v & 1)
        free = b.same.get(a.colours[node], 0) & ~used
        while free:
            image = free & -free
            free ^= image
            near = b.near[image.bit_length() - 1]
            if near & used == wanted and bool(near & image) == loop:
                images[node] = image
                if extend(depth + 1, used | image):
                    return True
                del images[node]
        return False

    return extend(0, 0)
