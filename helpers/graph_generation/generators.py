"""Random valid graphs: targets for training, examples for prompts, ceilings.

All labels are random, each graph's edges are sorted. Uniform over the labelled graphs
that satisfy the rule: trees, cycles, wheel, complete bipartite with equal parts, and
k-regular up to degree 5. The others are drawn by a simple recipe (see each function).
"""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise

import numpy as np

from helpers.graph_generation.graphs import Edge, Graph
from helpers.graph_generation.tasks import Pair, Task


def random_valid(
    task: Task | Pair, rng: np.random.Generator, *, complete: bool = False
) -> Graph:
    """One graph that satisfies the rule.

    Parameters
    ----------
    task : Task or Pair
    rng : numpy.random.Generator
    complete : bool
        Reading of bipartite: every edge between the sides is there (as the paper's
        numbers imply, inferred) rather than any of them (as its rule is written).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> random_valid(Task("cycles", 4), rng).text
    '(4, [(1, 2), (1, 3), (2, 4), (3, 4)])'
    """
    if isinstance(task, Pair):
        return _pair(task, rng)
    n = task.n
    labels = _labels(n, rng)
    if task.rule == "trees":
        edges = _tree(labels, rng)
    elif task.rule == "cycles":
        edges = _ring(labels)
    elif task.rule == "components" and task.k is not None:
        edges = _components(labels, task.k, rng)
    elif task.rule == "planar" and task.m is not None:
        edges = _planar(labels, task.m, rng)
    elif task.rule == "k-regular" and task.k is not None:
        edges = _regular(n, task.k, rng)
    elif task.rule == "wheel":
        edges = _ring(labels[1:]) + [(labels[0], rim) for rim in labels[1:]]
    elif task.rule == "bipartite" and task.parts is not None:
        edges = [
            (u, v) for u in labels[: task.parts[0]] for v in labels[task.parts[0] :]
        ]
        if not complete:
            kept = rng.random(len(edges)) < 0.5
            edges = [
                edge for edge, keep in zip(edges, kept.tolist(), strict=True) if keep
            ]
    else:
        assert task.m is not None and task.k is not None
        edges = _colorable(n, task.m, task.k, rng)
    return Graph.of(n, edges)


def uniform_graph(n: int, m: int, rng: np.random.Generator) -> Graph:
    """G(n, m): every labelled graph with m edges is equally likely.

    Raises
    ------
    ValueError
        When n nodes cannot have m edges.
    """
    pairs = _pairs(n)
    if not 0 <= m <= len(pairs):
        raise ValueError(f"m must be in 0..{len(pairs)} for n = {n}, got {m}")
    chosen = rng.permutation(len(pairs))[:m].tolist()
    return Graph(n, tuple(pairs[index] for index in sorted(chosen)))


def noisy(graph: Graph, q: float, rng: np.random.Generator) -> Graph:
    """The graph with a share q of its edges moved to pairs that were not joined.

    The number of edges stays; moved are round(q m) of them, at most as many as there
    are pairs left. Calibrates checks: validity falls as q rises.

    Raises
    ------
    ValueError
        For q outside [0, 1].
    """
    if not 0 <= q <= 1:
        raise ValueError(f"q must be in [0, 1], got {q}")
    present = graph.key[1]
    edges = sorted(present)
    free = [pair for pair in _pairs(graph.n) if pair not in present]
    moved = min(round(q * len(edges)), len(free))
    kept = rng.permutation(len(edges))[moved:].tolist()
    added = rng.permutation(len(free))[:moved].tolist()
    return Graph.of(
        graph.n, [edges[index] for index in kept] + [free[index] for index in added]
    )


@lru_cache(maxsize=64)
def _pairs(n: int) -> tuple[Edge, ...]:
    return tuple((u, v) for u in range(1, n + 1) for v in range(u + 1, n + 1))


def _labels(n: int, rng: np.random.Generator) -> list[int]:
    numbers: list[int] = (rng.permutation(n) + 1).tolist()
    return numbers


def _ring(labels: list[int]) -> list[Edge]:
    return list(zip(labels, labels[1:] + labels[:1], strict=True))


def _tree(labels: list[int], rng: np.random.Generator) -> list[Edge]:
    """Uniform tree on the labels, decoded from a random Pruefer sequence."""
    n = len(labels)
    if n < 3:
        return list(pairwise(labels))
    sequence = rng.integers(0, n, n - 2).tolist()
    degree = [1] * n
    for node in sequence:
        degree[node] += 1
    edges = []
    # `leaf` is the smallest leaf; a node before `reached` that becomes one is next.
    reached = leaf = degree.index(1)
    for node in sequence:
        edges.append((labels[leaf], labels[node]))
        degree[node] -= 1
        if degree[node] == 1 and node < reached:
            leaf = node
        else:
            reached = leaf = degree.index(1, reached + 1)
    edges.append((labels[leaf], labels[n - 1]))
    return edges


def _components(labels: list[int], k: int, rng: np.random.Generator) -> list[Edge]:
    """Random sizes; each component is a uniform tree with a few further edges."""
    n = len(labels)
    cuts = sorted((rng.permutation(n - 1)[: k - 1] + 1).tolist())
    edges: set[Edge] = set()
    for start, stop in zip([0, *cuts], [*cuts, n], strict=True):
        part = sorted(labels[start:stop])
        edges.update((u, v) if u < v else (v, u) for u, v in _tree(part, rng))
        if len(part) > 2:
            pairs = _pairs(len(part))
            for pick in (rng.random(len(part) // 3) * (2 * len(pairs))).tolist():
                # Half of the picks fall beyond the last pair and add nothing.
                if pick < len(pairs):
                    u, v = pairs[int(pick)]
                    edges.add((part[u - 1], part[v - 1]))
    return list(edges)


def _planar(labels: list[int], m: int, rng: np.random.Generator) -> list[Edge]:
    """m edges of a random triangulation of the sphere.

    Nodes are put into random faces one by one, then edges are flipped at random, so
    that the hubs of a stacked triangulation dissolve. Not uniform.
    """
    a, b, c = labels[:3]
    # third[u, v] is the third corner of the face to the left of u -> v.
    third = {(a, b): c, (b, a): c, (b, c): a, (c, b): a, (c, a): b, (a, c): b}
    directed = list(third)
    picks = rng.random(4 * len(labels)).tolist()
    for node in labels[3:]:
        u, v = directed[int(picks.pop() * len(directed))]
        w = third[u, v]
        for x, y in ((u, v), (v, w), (w, u)):
            third[x, y], third[y, node], third[node, x] = node, x, y
            directed += ((y, node), (node, y))
    for pick in picks:
        index = int(pick * len(directed))
        u, v = directed[index]
        w, x = third[u, v], third[v, u]
        if w != x and (w, x) not in third:
            del third[u, v], third[v, u]
            third[w, u], third[u, x], third[x, w] = x, w, u
            third[x, v], third[v, w], third[w, x] = w, x, v
            # Both directions of an edge stand next to each other.
            directed[index], directed[index ^ 1] = (w, x), (x, w)
    kept = rng.permutation(len(directed) // 2)[:m].tolist()
    return [directed[2 * index] for index in kept]


def _regular(n: int, k: int, rng: np.random.Generator) -> list[Edge]:
    """Pairing model: stubs paired at random until no loop and no edge twice (uniform).

    Dense graphs are complements of sparse ones. From degree 6 on simple pairings are
    too rare: networkx repairs them, which is uniform only in the limit.
    """
    if 2 * k > n - 1:
        absent = set(Graph.of(n, _regular(n, n - 1 - k, rng)).edges)
        return [pair for pair in _pairs(n) if pair not in absent]
    if k == 0:
        return []
    if k > 5:
        from networkx import random_regular_graph

        return [(u + 1, v + 1) for u, v in random_regular_graph(k, n, rng).edges]
    stubs = np.tile(np.arange(1, n + 1), (32, k))
    while True:
        pairing = rng.permuted(stubs, axis=1).reshape(32, -1, 2)
        low, high = pairing.min(axis=2), pairing.max(axis=2)
        codes = np.sort(low * (n + 1) + high, axis=1)
        simple = (low != high).all(axis=1) & (codes[:, 1:] != codes[:, :-1]).all(axis=1)
        if simple.any():
            edges: list[Edge] = [(u, v) for u, v in pairing[simple.argmax()].tolist()]
            return edges


def _colorable(n: int, m: int, k: int, rng: np.random.Generator) -> list[Edge]:
    """m random edges between the classes of a random colouring. Not uniform."""
    pairs = _pairs(n)
    for attempt in range(8):
        if attempt < 7:
            colour = rng.integers(0, k, n).tolist()
        else:  # equal classes leave room for every m that a Task allows
            colour = (rng.permutation(n) % k).tolist()
        allowed = [(u, v) for u, v in pairs if colour[u - 1] != colour[v - 1]]
        if len(allowed) >= m:
            break
    return [allowed[index] for index in rng.permutation(len(allowed))[:m].tolist()]


def _pair(pair: Pair, rng: np.random.Generator) -> Graph:
    first, second = rng.integers(pair.fewest, pair.most + 1, 2).tolist()
    labels = _labels(first + second, rng)
    edges: list[Edge] = []
    for kind, part in zip(pair.kinds, (labels[:first], labels[first:]), strict=True):
        edges += _tree(part, rng) if kind == "tree" else _ring(part)
    return Graph.of(first + second, edges)
