"""Graphs exactly as a reply writes them: ``(n, [(u, v), ...])``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import networkx as nx

Edge = tuple[int, int]


@dataclass(frozen=True)
class Graph:
    """A graph on the nodes 1..n, with every fault that its text has.

    Nothing is mended here: loops, repeated edges and node ids outside 1..n stay, so
    that a check can name them. ``==`` compares what was written; ``key`` compares
    labelled graphs.

    Parameters
    ----------
    n : int
        Number of nodes, as written.
    edges : tuple of (int, int)
        Pairs of node ids, in the order written.

    Examples
    --------
    >>> graph = Graph(3, ((2, 1), (2, 3), (1, 2)))
    >>> graph.text
    '(3, [(2, 1), (2, 3), (1, 2)])'
    >>> graph.tidy().text
    '(3, [(1, 2), (2, 3)])'
    >>> graph.key == Graph.of(3, [(3, 2), (1, 2)]).key
    True
    """

    n: int
    edges: tuple[Edge, ...]

    @classmethod
    def of(cls, n: int, edges: Iterable[Edge]) -> Graph:
        """Graph with each pair sorted and the edges sorted (the paper's notation).

        Examples
        --------
        >>> Graph.of(3, [(3, 1), (2, 1)])
        Graph(n=3, edges=((1, 2), (1, 3)))
        """
        return cls(n, tuple(sorted((u, v) if u < v else (v, u) for u, v in edges)))

    @property
    def text(self) -> str:
        """The paper's notation (Section 2.1): ``(6, [(1, 4), (1, 5)])``."""
        return f"({self.n}, [{', '.join(f'({u}, {v})' for u, v in self.edges)}])"

    @cached_property
    def key(self) -> tuple[int, frozenset[Edge]]:
        """Identity of the labelled graph: n and the set of sorted pairs."""
        return self.n, frozenset((u, v) if u < v else (v, u) for u, v in self.edges)

    def tidy(self) -> Graph:
        """The lenient reading: pairs sorted, each pair once."""
        return Graph.of(self.n, self.key[1])

    def networkx(self) -> nx.Graph:
        """Simple graph on 1..n; loops and ids out of range, if any, are kept."""
        import networkx as nx

        graph: Any = nx.Graph()
        graph.add_nodes_from(range(1, self.n + 1))
        graph.add_edges_from(self.edges)
        return graph


def from_networkx(graph: nx.Graph) -> Graph:
    """Graph with the nodes numbered 1..n in the order of the given graph.

    Examples
    --------
    >>> import networkx as nx
    >>> from_networkx(nx.path_graph(3)).text
    '(3, [(1, 2), (2, 3)])'
    """
    number = {node: position for position, node in enumerate(graph.nodes, start=1)}
    edges = ((number[u], number[v]) for u, v in graph.edges)
    return Graph.of(len(number), edges)
