"""Distribution tasks: infer p from ten graphs and go on with the same distribution.

Paper section 2.2, A.2, Table 9. Every graph of an episode is independent:

- ``trees-or-cycles``: a tree with probability p, else a cycle.
- ``union``: two components, each a tree or a cycle; with probability p both of the
  same kind (either with the same chance: inferred), else one of each.
- ``motif``: a uniform base; its matching motif with probability p, each of the two
  others with (1 - p)/2.

Trees and cycles have 5 to 7 nodes, uniformly. A graph counts as a *target* when it is
of the kind whose probability is p.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import numpy as np

from helpers.graph_generation import parts, shapes
from helpers.graph_generation.graphs import Graph
from helpers.graph_generation.motifs import (
    BASES,
    MATCHED,
    MOTIFS,
    base_parts,
    base_sizes,
    motif_graph,
    motif_kind,
)
from helpers.names import unknown_name

KINDS: dict[str, tuple[str, ...]] = {
    "trees-or-cycles": ("tree", "cycle"),
    "union": ("tree+tree", "cycle+cycle", "tree+cycle"),
    "motif": tuple(f"{base}-{motif}" for base in BASES for motif in MOTIFS),
}
DISTRIBUTIONS = tuple(KINDS)
PAPER_P = (0.2, 0.4, 0.6, 0.8)
NODES = (5, 6, 7)
_TARGETS = {
    "trees-or-cycles": ("tree",),
    "union": ("tree+tree", "cycle+cycle"),
    "motif": tuple(f"{base}-{motif}" for base, motif in MATCHED.items()),
}


@dataclass(frozen=True)
class Episode:
    """Graphs of one prompt, drawn with probability ``p``, and the kind of each."""

    task: str
    p: float
    graphs: tuple[Graph, ...]
    kinds: tuple[str, ...]

    @property
    def share(self) -> float:
        """Share of targets among the graphs: what an exact counter answers."""
        return sum(is_target(self.task, kind) for kind in self.kinds) / len(self.kinds)


def known_task(task: str) -> str:
    """``task``, or ValueError with the nearest of `DISTRIBUTIONS`."""
    if task not in KINDS:
        raise unknown_name("distribution", task, DISTRIBUTIONS)
    return task


def is_target(task: str, kind: str) -> bool:
    """Whether graphs of this kind are those that p is the probability of.

    Examples
    --------
    >>> is_target("trees-or-cycles", "tree"), is_target("motif", "tree-house")
    (True, False)
    """
    if kind not in KINDS[known_task(task)]:
        raise unknown_name(f"kind of {task}", kind, KINDS[task])
    return kind in _TARGETS[task]


def target_rate_chance(task: str) -> float:
    """Share of targets of an answer that picks the parts of every graph at random.

    Examples
    --------
    >>> [round(target_rate_chance(task), 3) for task in DISTRIBUTIONS]
    [0.5, 0.5, 0.333]
    """
    return 1 / 3 if known_task(task) == "motif" else 1 / 2


def draw_kind(task: str, p: float, rng: np.random.Generator) -> str:
    """Kind of one graph, a target with probability ``p``."""
    target = rng.random() < p
    if task == "trees-or-cycles":
        return "tree" if target else "cycle"
    if task == "union":
        return _TARGETS[task][int(rng.integers(2))] if target else "tree+cycle"
    base = BASES[int(rng.integers(3))]
    others = [motif for motif in MOTIFS if motif != MATCHED[base]]
    return f"{base}-{MATCHED[base] if target else others[int(rng.integers(2))]}"


def draw_graph(
    task: str,
    kind: str,
    rng: np.random.Generator,
    *,
    sizes: str = "small",
    mixed: bool = False,
) -> Graph:
    """Random graph of a kind of `KINDS`.

    Parameters
    ----------
    task, kind : str
        As in `KINDS`.
    sizes : str
        Sizes of the bases of ``motif``, a preset of `motifs.BASE_SIZES`.
    mixed : bool
        Labels shuffled over the whole graph instead of part after part.

    Raises
    ------
    ValueError
        For an unknown task, kind or preset.
    """
    is_target(task, kind)  # refuses unknown names
    if task == "motif":
        base, motif = kind.split("-")
        return motif_graph(base, motif, rng, sizes=sizes, mixed=mixed)
    names = kind.split("+")
    if len(names) == 2 and rng.random() < 0.5:
        names.reverse()  # either part may come first
    drawn = []
    for name in names:
        nodes = NODES[int(rng.integers(len(NODES)))]
        drawn.append(
            parts.random_tree(nodes, rng) if name == "tree" else parts.cycle(nodes)
        )
    return parts.join(drawn, rng, mixed=mixed)


def draw_episode(
    task: str,
    p: float,
    rng: np.random.Generator,
    count: int = 10,
    *,
    sizes: str = "small",
    mixed: bool = False,
) -> Episode:
    """``count`` independent graphs of a distribution task.

    Parameters
    ----------
    task : str
        One of `DISTRIBUTIONS`.
    p : float
        Probability of a target, in [0, 1].
    count : int
        Graphs; 10 in the paper.
    sizes, mixed
        As in `draw_graph`.

    Raises
    ------
    ValueError
        For an unknown task or preset, p outside [0, 1], or a count below 1.

    Examples
    --------
    >>> episode = draw_episode("union", 1.0, np.random.default_rng(0), 3)
    >>> episode.share, all(kind != "tree+cycle" for kind in episode.kinds)
    (1.0, True)
    """
    known_task(task)
    base_sizes(sizes)
    if not (math.isfinite(p) and 0 <= p <= 1):
        raise ValueError(f"p is {p!r}; allowed: 0 to 1")
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise ValueError(f"count is {count!r}; allowed: an integer of at least 1")
    kinds = tuple(draw_kind(task, p, rng) for _ in range(count))
    graphs = (draw_graph(task, kind, rng, sizes=sizes, mixed=mixed) for kind in kinds)
    return Episode(task, p, tuple(graphs), kinds)


def kind(
    task: str,
    graph: Graph | None,
    *,
    sizes: str = "small",
    any_size: bool = False,
    any_tree: bool = False,
) -> str | None:
    """Kind of a generated graph, None if the task has no such graph (invalid).

    Parameters
    ----------
    task : str
        One of `DISTRIBUTIONS`.
    graph : Graph or None
        As written: loops, repeated edges and ids out of range are invalid; pass
        ``graph.tidy()`` to forgive repeated edges. None stands for a missing graph.
    sizes, any_tree
        Of the bases of ``motif``, see `motifs.motif_kind`.
    any_size : bool
        Accept trees and cycles, or bases, of other sizes than the task's.

    Examples
    --------
    >>> kind("trees-or-cycles", Graph.of(5, [(1, 2), (2, 3), (3, 4), (4, 5), (1, 5)]))
    'cycle'
    >>> kind("trees-or-cycles", Graph.of(3, [(1, 2), (2, 3)])) is None
    True
    """
    known_task(task)
    if graph is None:
        return None
    if task == "motif":
        return motif_kind(graph, sizes=sizes, any_size=any_size, any_tree=any_tree)
    pieces = 2 if task == "union" else 1
    masks = shapes.neighbours(graph, most_components=pieces)
    found = [] if masks is None else shapes.components(masks)
    if masks is None or len(found) != pieces:
        return None
    names = []
    for nodes in found:
        if nodes.bit_count() not in NODES and not any_size:
            return None
        if shapes.is_tree(masks, nodes):
            names.append("tree")
        elif shapes.is_cycle(masks, nodes):
            names.append("cycle")
        else:
            return None
    return "+".join(sorted(names, reverse=True))


@cache
def _kinds_by_size(sizes: str) -> dict[tuple[int, int], set[str]]:
    """Kinds of motif graphs that have a number of nodes and of edges."""
    kinds: dict[tuple[int, int], set[str]] = {}
    for base in BASES:
        for nodes, edges in base_parts(base, sizes):
            for motif, pairs in MOTIFS.items():
                size = (nodes + 5, len(edges) + len(pairs) + 1)
                kinds.setdefault(size, set()).add(f"{base}-{motif}")
    return kinds


def attempted_kind(
    task: str, graph: Graph | None, *, sizes: str = "small"
) -> str | None:
    """Kind a graph was meant to be, as far as its counts tell; None if they do not.

    A valid graph is what it is. An invalid one is judged by its edges m and nodes n:
    m - n is -1 for a tree and 0 for a cycle, and adds up over two components; a motif
    graph needs an (n, m) that a single kind has.

    Examples
    --------
    >>> triangle_with_a_tail = Graph.of(5, [(1, 2), (1, 3), (2, 3), (3, 4), (4, 5)])
    >>> attempted_kind("trees-or-cycles", triangle_with_a_tail)
    'cycle'
    """
    judged = kind(task, graph, sizes=sizes)
    if graph is None or judged is not None:
        return judged
    edges = sum(u != v for u, v in graph.key[1])
    if task == "motif":
        kinds = _kinds_by_size(sizes).get((graph.n, edges), set())
        return next(iter(kinds)) if len(kinds) == 1 else None
    by_surplus = {
        "trees-or-cycles": {-1: "tree", 0: "cycle"},
        "union": {-2: "tree+tree", -1: "tree+cycle", 0: "cycle+cycle"},
    }
    return by_surplus[task].get(edges - graph.n)


def p_gen(
    task: str,
    graphs: Iterable[Graph | None],
    *,
    sizes: str = "small",
    any_size: bool = False,
    any_tree: bool = False,
) -> float:
    """Share of targets among the valid graphs of an answer; NaN if none is valid.

    The paper's p_gen (inferred: valid graphs only, as it lists the valid rate beside
    it). It is biased where the kinds differ in how often they come out valid;
    `attempted` is not, as far as counts can tell.
    """
    kinds = (
        kind(task, graph, sizes=sizes, any_size=any_size, any_tree=any_tree)
        for graph in graphs
    )
    return _target_share(task, kinds)


def attempted(
    task: str, graphs: Iterable[Graph | None], *, sizes: str = "small"
) -> float:
    """Share of targets among the graphs whose intended kind can be told, else NaN."""
    return _target_share(task, (attempted_kind(task, g, sizes=sizes) for g in graphs))


def _target_share(task: str, kinds: Iterable[str | None]) -> float:
    told = [is_target(task, name) for name in kinds if name is not None]
    return sum(told) / len(told) if told else math.nan
