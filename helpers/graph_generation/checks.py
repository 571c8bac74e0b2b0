"""Is a generated graph valid for its task, and if not, in which ways?"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from helpers.graph_generation.graphs import Graph
from helpers.graph_generation.structures import Simple, simple, structure_fault
from helpers.graph_generation.tasks import Pair, Task


class ErrorKind(StrEnum):
    """Ways to be invalid, causes before consequences."""

    FORMAT = "format"
    """No graph could be read."""
    NODES = "nodes"
    """The number of nodes is not the asked one."""
    RANGE = "range"
    """A node id lies outside 1..n."""
    SELF_LOOP = "self-loop"
    """An edge joins a node to itself."""
    DUPLICATE = "duplicate"
    """An edge is written twice, in either direction."""
    EDGES = "edges"
    """The number of edges is not the one asked for, or the one of the structure."""
    STRUCTURE = "structure"
    """The graph does not have the structure of the rule."""


@dataclass(frozen=True)
class Check:
    """Verdict on one graph.

    Parameters
    ----------
    errors : tuple of ErrorKind
        All that apply, in the order of `ErrorKind`; empty for a valid graph.
    reason : str
        One short sentence for people, about the first error and the structure.
    """

    errors: tuple[ErrorKind, ...]
    reason: str = ""

    @property
    def valid(self) -> bool:
        """No error."""
        return not self.errors

    @property
    def error(self) -> str:
        """The first error, "" for none."""
        return self.errors[0].value if self.errors else ""


def check(
    task: Task | Pair,
    graph: Graph | None,
    *,
    lenient: bool = False,
    complete: bool = False,
) -> Check:
    """Check a graph against a rule (Section 2.1; the paper states no algorithm).

    Each fault is looked for by itself: the structure is judged on the graph without
    loops and repeated edges, at whatever size it has, so that miscounting and a wrong
    structure can be told apart. A graph is valid when nothing is wrong.

    Parameters
    ----------
    task : Task or Pair
    graph : Graph or None
        None when the answer could not be read.
    lenient : bool
        Repeated edges are forgiven. (Ours; the paper does not say.)
    complete : bool
        Reading of bipartite: all edges between the sides must be there.

    Examples
    --------
    >>> check(Task("cycles", 3), Graph(3, ((1, 2), (1, 3), (2, 3)))).valid
    True
    >>> verdict = check(Task("cycles", 4), Graph(3, ((1, 2), (1, 3), (2, 3))))
    >>> [str(error) for error in verdict.errors], verdict.reason
    (['nodes'], '3 nodes instead of 4.')
    """
    if graph is None:
        return Check((ErrorKind.FORMAT,), "No graph could be read.")
    base = simple(graph)
    n, pairs = graph.n, graph.edges
    found = {
        ErrorKind.NODES: _nodes_fault(task, n, base),
        ErrorKind.RANGE: "",
        ErrorKind.SELF_LOOP: "",
        ErrorKind.DUPLICATE: "",
        ErrorKind.EDGES: _edges_fault(task, n, base.edges),
        ErrorKind.STRUCTURE: structure_fault(task, base, complete=complete),
    }
    for u, v in pairs:
        if not (1 <= u <= n and 1 <= v <= n):
            found[ErrorKind.RANGE] = f"edge ({u}, {v}) has a node outside 1..{n}"
        if u == v:
            found[ErrorKind.SELF_LOOP] = f"node {u} is joined to itself"
    if not lenient and len(graph.key[1]) != len(pairs):
        found[ErrorKind.DUPLICATE] = "an edge is written twice"
    errors = tuple(kind for kind, fault in found.items() if fault)
    if not errors:
        return Check(())
    faults = [found[errors[0]]]
    if errors[-1] is ErrorKind.STRUCTURE and len(errors) > 1:
        faults.append(found[ErrorKind.STRUCTURE])
    text = "; ".join(faults)
    return Check(errors, f"{text[0].upper()}{text[1:]}.")


def _nodes_fault(task: Task | Pair, n: int, base: Simple) -> str:
    if isinstance(task, Task):
        return "" if n == task.n else f"{n} nodes instead of {task.n}"
    sizes = [len(group) for group in base.groups()] + [1] * min(base.isolated, 2)
    if len(sizes) == 2:
        wrong = [size for size in sizes if not task.fewest <= size <= task.most]
        if wrong:
            return f"a component has {wrong[0]} nodes instead of {task.size}"
    low, high = 2 * task.fewest, 2 * task.most
    return "" if low <= n <= high else f"{n} nodes instead of {low}-{high}"


def _edges_fault(task: Task | Pair, n: int, edges: int) -> str:
    """Edge count against the asked m, or against what n nodes of the kind have."""
    wanted: float | None
    if isinstance(task, Pair):
        wanted = n - task.kinds.count("tree")
    elif task.rule == "k-regular" and task.k is not None:
        wanted = n * task.k / 2
    else:
        by_rule = {"trees": n - 1, "cycles": n, "wheel": 2 * (n - 1)}
        wanted = by_rule.get(task.rule, task.m)
    if wanted is None or edges == wanted:
        return ""
    return f"{edges} edge{'' if edges == 1 else 's'} instead of {wanted:g}"
