"""Places of a graph's nodes that show its rule: rings, hubs, sides, planar drawings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from helpers.graph_generation.graphs import Graph

Places = dict[int, np.ndarray]
_ROUNDS = 60
_NEAREST = 0.16
"""Least distance between nodes that a planar drawing is evened out to."""


def layout(graph: Graph, rule: str = "") -> Places:
    """Place of every node in the square from -1 to 1.

    Cycles lie on a ring, wheels around their hub, bipartite graphs in two columns,
    and planar graphs without crossings. A graph that breaks its rule is laid out the
    same way as far as it goes, so that one sees where. All others are laid out by
    distances, components side by side.

    Parameters
    ----------
    graph : Graph
        With loops, repeated edges or unknown nodes, if it has any.
    rule : str
        One of `tasks.RULES`; any other has no layout of its own.

    Examples
    --------
    >>> places = layout(Graph.of(3, [(1, 2), (2, 3), (1, 3)]), "cycles")
    >>> [round(float(np.hypot(*places[node])), 2) for node in (1, 2, 3)]
    [1.0, 1.0, 1.0]
    """
    import networkx as nx

    simple = graph.networkx()
    simple.remove_edges_from(list(nx.selfloop_edges(simple)))
    if rule == "cycles":
        return _ring(_walk(simple))
    if rule == "wheel" and len(simple) > 1:
        hub = max(simple.nodes, key=lambda node: (simple.degree[node], -node))
        rim = simple.subgraph(node for node in simple if node != hub)
        return _ring(_walk(rim)) | {hub: np.zeros(2)}
    if rule == "bipartite" and nx.is_bipartite(simple):
        return _columns(simple)
    if rule == "planar" and len(simple) > 2:
        flat, embedding = nx.check_planarity(simple)
        if flat:
            return _planar(simple, nx.combinatorial_embedding_to_pos(embedding))
    return _packed(simple)


def _walk(simple: Any) -> list[int]:
    """Nodes along the edges, component after component, from an end if there is one."""
    import networkx as nx

    order: list[int] = []
    for component in sorted(nx.connected_components(simple), key=min):
        ends = [node for node in component if simple.degree[node] == 1]
        order += nx.dfs_preorder_nodes(simple, min(ends or component))
    return order


def _ring(order: Sequence[int]) -> Places:
    angles = np.pi / 2 - 2 * np.pi * np.arange(len(order)) / max(len(order), 1)
    return {
        node: np.array([np.cos(a), np.sin(a)])
        for node, a in zip(order, angles, strict=True)
    }


def _columns(simple: Any) -> Places:
    """Two columns of about equal length; larger sides join the shorter one."""
    import networkx as nx

    halves = []
    for component in nx.connected_components(simple):
        side = nx.bipartite.color(simple.subgraph(component))
        halves.append([[v for v in side if side[v] == value] for value in (0, 1)])
    halves.sort(key=lambda half: -abs(len(half[0]) - len(half[1])))
    columns: list[list[int]] = [[], []]
    for small, large in (sorted(half, key=len) for half in halves):
        shorter = int(len(columns[1]) < len(columns[0]))
        columns[shorter] += large
        columns[1 - shorter] += small
    places = {}
    for x, nodes in zip((-0.7, 0.7), columns, strict=True):
        heights = np.linspace(1, -1, len(nodes) + 2)[1:-1]
        for node, y in zip(sorted(nodes), heights, strict=True):
            places[node] = np.array([x, y])
    return places


def _packed(simple: Any) -> Places:
    """Each component laid out by distances, in rows from the largest."""
    import networkx as nx

    parts = sorted(nx.connected_components(simple), key=lambda c: (-len(c), min(c)))
    sizes = [0.45 + float(np.sqrt(len(part) - 1)) for part in parts]
    width = 1.15 * float(np.hypot.reduce(sizes)) if sizes else 0.0
    places: Places = {}
    left = top = 0.0
    high = max(sizes, default=0.0)
    for part, size in zip(parts, sizes, strict=True):
        if left and left + size > width:
            left, top, high = 0.0, top - high, size
        middle = np.array([left + size / 2, top - size / 2])
        for node, at in _by_distance(simple.subgraph(part)).items():
            places[node] = middle + 0.38 * size * at
        left += size
    return _unit(places)


def _by_distance(part: Any) -> Places:
    """Stress majorisation of a connected graph (Gansner et al. 2004), from a ring."""
    import networkx as nx

    order = _walk(part)
    if len(order) < 3:
        return _unit(_ring(order))
    distance = np.array(
        [[hops[v] for v in order] for u in order
         for hops in [nx.single_source_shortest_path_length(part, u)]], float
    )  # fmt: skip
    apart = distance + np.eye(len(order))
    weight = apart**-2.0 - np.eye(len(order))
    inverse = np.linalg.pinv(np.diag(weight.sum(axis=1)) - weight)
    at = np.array(list(_ring(order).values())) * distance.max() / 2
    for _ in range(_ROUNDS):
        found = np.linalg.norm(at[:, None] - at, axis=2)
        pull = -weight * distance / np.maximum(found, 1e-6)
        pull -= np.diag(pull.sum(axis=1))
        at = inverse @ (pull @ at)
    return _unit(dict(zip(order, at, strict=True)))


def _planar(simple: Any, drawn: dict[int, Any]) -> Places:
    """The drawing, evened out node by node as long as no edges cross."""
    nodes = list(simple)
    number = {node: i for i, node in enumerate(nodes)}
    places = _unit({node: np.array(drawn[node], float) for node in nodes})
    at = np.array([places[node] for node in nodes])
    edges = np.array([(number[u], number[v]) for u, v in simple.edges], int)
    edges = edges.reshape(-1, 2)
    own = [edges[(edges == i).any(axis=1)] for i in range(len(nodes))]
    others = [edges[(edges != i).all(axis=1)] for i in range(len(nodes))]
    ideal = 1.6 / np.sqrt(len(nodes))
    for step in np.linspace(0.3, 0.04, _ROUNDS // 2):
        for i in range(len(nodes)):
            force = _force(at, i, own[i], ideal)
            for share in (1.0, 0.3):
                moved = at.copy()
                moved[i] = at[i] + share * step * force
                if not _spoilt(moved, i, own[i], others[i], at):
                    at = moved
                    break
    return _unit(dict(zip(nodes, at, strict=True)))


def _force(at: np.ndarray, i: int, own: np.ndarray, ideal: float) -> np.ndarray:
    """Springs along the edges and to the middle against a push from all nodes."""
    gaps = at[i] - np.delete(at, i, axis=0)
    distance = np.maximum(np.linalg.norm(gaps, axis=1, keepdims=True), 0.02)
    force = (gaps * (ideal / distance) ** 2).sum(axis=0)
    ends = at[own.sum(axis=1) - i] - at[i] if len(own) else np.zeros((0, 2))
    force += (ends * np.linalg.norm(ends, axis=1, keepdims=True) / ideal).sum(axis=0)
    force -= 0.8 * at[i] / ideal  # lone nodes would fly away
    return force * min(1.0, 0.5 / max(float(np.hypot(*force)), 1e-9))


def _spoilt(
    at: np.ndarray, i: int, own: np.ndarray, others: np.ndarray, before: np.ndarray
) -> bool:
    """Whether node i has moved so that its edges cross others, or too near to one."""
    rest = np.delete(at, i, axis=0)
    near = np.linalg.norm(rest - at[i], axis=1).min()
    was = np.linalg.norm(rest - before[i], axis=1).min()
    if near < min(_NEAREST, was):
        return True
    if not len(others):
        return False
    start, along = at[others[:, 0]], at[others[:, 1]] - at[others[:, 0]]
    share = ((at[i] - start) * along).sum(axis=1) / (along**2).sum(axis=1)
    foot = start + np.clip(share, 0, 1)[:, None] * along
    if np.linalg.norm(foot - at[i], axis=1).min() < 0.25 * _NEAREST:
        return True  # on another edge
    if not len(own):
        return False
    far = own.sum(axis=1) - i
    reach = at[far] - at[i]
    turn = _cross(reach[:, None], along[None])
    turn = np.where(np.abs(turn) < 1e-12, 1e-12, turn)
    apart = start[None] - at[i]
    t = _cross(apart, along[None]) / turn
    u = _cross(apart, reach[:, None]) / turn
    meets = (t > 0) & (t < 1.02) & (u > -0.02) & (u < 1.02)
    joined = (others[None, :, :] == far[:, None, None]).any(axis=2)
    return bool((meets & ~joined).any())


def _cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.asarray(a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0])


def _unit(places: Places) -> Places:
    """Moved and scaled into the square from -1 to 1."""
    if not places:
        return places
    found = np.array(list(places.values()))
    low, high = found.min(axis=0), found.max(axis=0)
    scale = max(float((high - low).max()) / 2, 1e-9)
    return {node: (at - (low + high) / 2) / scale for node, at in places.items()}
