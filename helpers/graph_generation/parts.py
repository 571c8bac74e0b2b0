"""Parts that graphs of the distribution tasks are made of, and how they are joined.

A part is a pair: its number of nodes, and its edges with nodes counted from 0.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from helpers.graph_generation.generators import random_valid
from helpers.graph_generation.graphs import Graph
from helpers.graph_generation.tasks import Task

Edges = tuple[tuple[int, int], ...]
Part = tuple[int, Edges]


def random_tree(nodes: int, rng: np.random.Generator) -> Part:
    """Tree drawn uniformly from all labelled trees.

    Examples
    --------
    >>> random_tree(2, np.random.default_rng(0))
    (2, ((0, 1),))
    """
    graph = random_valid(Task("trees", nodes), rng)
    return nodes, tuple((u - 1, v - 1) for u, v in graph.edges)


def cycle(nodes: int) -> Part:
    """One ring through all nodes."""
    return nodes, tuple((node, (node + 1) % nodes) for node in range(nodes))


def full_tree(branching: int, height: int) -> Part:
    """Tree whose inner nodes all have ``branching`` children, leaves at ``height``."""
    nodes = sum(branching**depth for depth in range(height + 1))
    return nodes, tuple(((node - 1) // branching, node) for node in range(1, nodes))


def ladder(rungs: int) -> Part:
    """Two equal paths, joined by a rung at every node."""
    rails = [(node, node + 2) for node in range(2 * rungs - 2)]
    steps = [(2 * rung, 2 * rung + 1) for rung in range(rungs)]
    return 2 * rungs, tuple(rails + steps)


def wheel(nodes: int) -> Part:
    """A hub (node 0) joined to every node of a ring; ``nodes`` counts the hub."""
    rim = [(node, node % (nodes - 1) + 1) for node in range(1, nodes)]
    return nodes, tuple(rim + [(0, node) for node in range(1, nodes)])


def join(
    parts: Sequence[Part],
    rng: np.random.Generator,
    *,
    bridge: bool = False,
    mixed: bool = False,
) -> Graph:
    """Graph of disjoint parts under random labels, edges sorted.

    Parameters
    ----------
    parts : sequence of (int, edges)
        Two at most where they are joined by a bridge.
    bridge : bool
        Whether an edge between random nodes joins the second part to the first.
    mixed : bool
        Labels shuffled over the whole graph. Otherwise each part has consecutive
        labels, in the order of the parts, shuffled within it (inferred: the paper
        does not say; generators that build part after part label them so).
    """
    total = sum(nodes for nodes, _ in parts)
    labels = (rng.permutation(total) + 1).tolist() if mixed else []
    edges: list[tuple[int, int]] = []
    ends: list[int] = []
    start = 0
    for nodes, pairs in parts:
        if mixed:
            label = labels[start : start + nodes]
        else:
            label = (rng.permutation(nodes) + start + 1).tolist()
        edges += [(label[u], label[v]) for u, v in pairs]
        if bridge:
            ends.append(label[int(rng.integers(nodes))])
        start += nodes
    if bridge:
        edges.append((ends[0], ends[1]))
    return Graph.of(total, edges)
