"""Random valid graphs together with how they were built: the steps of a CoT reply.

A decoder of this project writes the steps because it was trained to, between the label
``Steps i:`` and the answer; they say the plan from which the edges follow:

====================  ==========================================================
trees                 root, then ``node-parent`` in the order of growth
cycles                the ring in order
wheel                 hub, then the ring in order
components            the nodes of each component
bipartite             the nodes of both parts
k-color               the nodes of each colour
k-regular             degree 2 or more: a ring, then further rings or pairs
planar                a triangle, ``node-corner-corner-corner`` for each node put
                      into a face, then the edges taken away again
====================  ==========================================================

Trees, cycles, wheels and components follow the law of `generators.random_valid`;
planar and k-regular graphs do not, because theirs has no such plan.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from helpers.graph_generation.generators import random_valid
from helpers.graph_generation.graphs import Edge, Graph
from helpers.graph_generation.tasks import Pair, Task


def planned(task: Task | Pair, rng: np.random.Generator) -> tuple[Graph, str]:
    """One graph that satisfies the rule, and the steps that lead to it.

    Examples
    --------
    >>> graph, steps = planned(Task("cycles", 4), np.random.default_rng(0))
    >>> steps, graph.text
    (' 4 2 1 3', '(4, [(1, 2), (1, 3), (2, 4), (3, 4)])')
    """
    if isinstance(task, Task) and task.rule in ("planar", "k-regular", "k-color"):
        return _constructed(task, rng)
    graph = random_valid(task, rng)
    around = _neighbours(graph)
    parts = _components(around, rng)
    if isinstance(task, Pair):
        return graph, ";".join(_part(around, part, rng) for part in parts)
    if task.rule == "trees":
        return graph, _growth(around, parts[0], rng)
    if task.rule == "cycles":
        return graph, _listed(_walk(around, parts[0][0], set()))
    if task.rule == "wheel":
        hub = max(around, key=lambda node: (len(around[node]), rng.random()))
        rim = [node for node in parts[0] if node != hub]
        return graph, f" hub {hub} ring{_listed(_walk(around, rim[0], {hub}))}"
    if task.rule == "bipartite" and task.parts is not None:
        return _bipartite(task.n, task.parts, rng)
    return graph, ";".join(_listed(sorted(part)) for part in parts)


def _constructed(task: Task, rng: np.random.Generator) -> tuple[Graph, str]:
    labels: list[int] = (rng.permutation(task.n) + 1).tolist()
    if task.rule == "planar" and task.m is not None:
        return _planar(labels, task.m, rng)
    assert task.k is not None
    if task.rule == "k-regular":
        return _regular(task.n, task.k, rng)
    assert task.m is not None
    while True:
        colour = rng.integers(0, task.k, task.n).tolist()
        pairs = [
            (u, v)
            for u in range(1, task.n + 1)
            for v in range(u + 1, task.n + 1)
            if colour[u - 1] != colour[v - 1]
        ]
        if len(pairs) >= task.m:
            break
    kept = rng.permutation(len(pairs))[: task.m].tolist()
    groups = [[u + 1 for u in range(task.n) if colour[u] == c] for c in range(task.k)]
    steps = ";".join(_listed(group) for group in groups if group)
    return Graph.of(task.n, [pairs[i] for i in kept]), steps


def _bipartite(
    n: int, parts: tuple[int, int], rng: np.random.Generator
) -> tuple[Graph, str]:
    labels: list[int] = (rng.permutation(n) + 1).tolist()
    left, right = sorted(labels[: parts[0]]), sorted(labels[parts[0] :])
    edges = [(u, v) for u in left for v in right if rng.random() < 0.5]
    return Graph.of(n, edges), f" U{_listed(left)} V{_listed(right)}"


def _planar(labels: list[int], m: int, rng: np.random.Generator) -> tuple[Graph, str]:
    """A stacked triangulation less some of its edges."""
    faces = [tuple(labels[:3])] * 2  # both sides of the first triangle
    edges = [(labels[0], labels[1]), (labels[1], labels[2]), (labels[0], labels[2])]
    steps = _listed(labels[:3])
    for node in labels[3:]:
        a, b, c = faces.pop(int(rng.integers(len(faces))))
        faces += [(a, b, node), (b, c, node), (a, c, node)]
        edges += [(a, node), (b, node), (c, node)]
        steps += f" {node}-{a}-{b}-{c}"
    order = rng.permutation(len(edges)).tolist()
    gone = Graph.of(len(labels), [edges[i] for i in order[m:]]).edges
    if gone:
        steps += " without" + "".join(f" {u}-{v}" for u, v in gone)
    return Graph.of(len(labels), [edges[i] for i in order[:m]]), steps


def _regular(n: int, k: int, rng: np.random.Generator) -> tuple[Graph, str]:
    """Rings through all nodes, and pairs of nodes if the degree is odd."""
    while True:
        edges: set[Edge] = set()
        steps = ""
        for _ in range(k // 2):
            ring = (rng.permutation(n) + 1).tolist()
            edges |= set(Graph.of(n, zip(ring, ring[1:] + ring[:1], strict=True)).edges)
            steps += f" ring{_listed(ring)}"
        if k % 2:
            order = (rng.permutation(n) + 1).tolist()
            pairs = Graph.of(n, zip(order[::2], order[1::2], strict=True)).edges
            edges |= set(pairs)
            steps += " pairs" + "".join(f" {u}-{v}" for u, v in pairs)
        if 2 * len(edges) == n * k:
            return Graph.of(n, edges), steps


def _listed(nodes: Iterable[int]) -> str:
    return "".join(f" {node}" for node in nodes)


def _neighbours(graph: Graph) -> dict[int, list[int]]:
    around: dict[int, list[int]] = {node: [] for node in range(1, graph.n + 1)}
    for u, v in graph.edges:
        around[u].append(v)
        around[v].append(u)
    return around


def _components(
    around: dict[int, list[int]], rng: np.random.Generator
) -> list[list[int]]:
    """Nodes of each component, both in random order."""
    parts: list[list[int]] = []
    seen: set[int] = set()
    for start in (rng.permutation(len(around)) + 1).tolist():
        if start not in seen:
            part = [start]
            seen.add(start)
            for node in part:  # grows meanwhile
                part += [v for v in around[node] if v not in seen]
                seen.update(around[node])
            parts.append(part)
    return parts


def _walk(around: dict[int, list[int]], start: int, barred: set[int]) -> list[int]:
    """Nodes of a ring in order."""
    ring, seen = [start], barred | {start}
    while ahead := [v for v in around[ring[-1]] if v not in seen]:
        ring.append(ahead[0])
        seen.add(ahead[0])
    return ring


def _growth(
    around: dict[int, list[int]], part: list[int], rng: np.random.Generator
) -> str:
    """Root, then each node with its parent."""
    steps, seen = f" {part[0]}", {part[0]}
    front = [(v, part[0]) for v in around[part[0]]]
    while front:
        node, parent = front.pop(int(rng.integers(len(front))))
        steps += f" {node}-{parent}"
        seen.add(node)
        front += [(v, node) for v in around[node] if v not in seen]
    return steps


def _part(
    around: dict[int, list[int]], part: list[int], rng: np.random.Generator
) -> str:
    """Steps of a component that is a tree or a cycle."""
    if sum(len(around[node]) for node in part) == 2 * len(part):
        return f" ring{_listed(_walk(around, part[0], set()))}"
    return _growth(around, part, rng)
