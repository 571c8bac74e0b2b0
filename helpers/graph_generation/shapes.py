"""Recognise trees, cycles, ladders, wheels and the three motifs, in small graphs.

A graph is a list with one integer per node, whose bit j says that node j is a
neighbour; a set of nodes is such an integer too. All functions but `neighbours`,
`components` and `reach` expect ``nodes`` to be connected among themselves.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from helpers.graph_generation.graphs import Graph

Masks = Sequence[int]


def neighbours(graph: Graph, most_components: int) -> list[int] | None:
    """Neighbours of each node, or None if the graph cannot be valid as written.

    That is: a node id outside 1..n, a loop, an edge given twice, or so few edges for n
    that there must be more than ``most_components`` components.
    """
    if not 1 <= graph.n <= len(graph.edges) + most_components:
        return None  # before any work: n may be any number
    masks = [0] * graph.n
    for u, v in graph.edges:
        if not (1 <= u <= graph.n and 1 <= v <= graph.n) or u == v:
            return None
        if masks[u - 1] >> (v - 1) & 1:
            return None
        masks[u - 1] |= 1 << (v - 1)
        masks[v - 1] |= 1 << (u - 1)
    return masks


def members(nodes: int) -> Iterator[int]:
    """Nodes of a set, ascending."""
    while nodes:
        lowest = nodes & -nodes
        yield lowest.bit_length() - 1
        nodes ^= lowest


def reach(masks: Masks, start: int, nodes: int) -> int:
    """Nodes connected to ``start`` by paths inside ``nodes``."""
    seen = waiting = 1 << start
    while waiting:
        lowest = waiting & -waiting
        new = masks[lowest.bit_length() - 1] & nodes & ~seen
        seen |= new
        waiting = (waiting ^ lowest) | new
    return seen


def components(masks: Masks) -> list[int]:
    """Node sets of the connected components, by their smallest node."""
    left = (1 << len(masks)) - 1
    found = []
    while left:
        found.append(reach(masks, next(members(left)), left))
        left ^= found[-1]
    return found


def degrees(masks: Masks, nodes: int) -> list[int]:
    """Degrees inside ``nodes``, by ascending node."""
    return [(masks[node] & nodes).bit_count() for node in members(nodes)]


def is_tree(masks: Masks, nodes: int) -> bool:
    """Whether the connected ``nodes`` have one edge less than nodes."""
    return sum(degrees(masks, nodes)) == 2 * (nodes.bit_count() - 1)


def is_cycle(masks: Masks, nodes: int) -> bool:
    """Whether the connected ``nodes`` all have two neighbours."""
    return nodes.bit_count() >= 3 and set(degrees(masks, nodes)) == {2}


def full_tree_shape(masks: Masks, nodes: int) -> tuple[int, int] | None:
    """(branching, height) of a full tree, from a tree; None for any other tree.

    Branching is 2 or more; a single node counts as (2, 0).
    """
    if nodes.bit_count() == 1:
        return 2, 0
    inner = [
        (degree, node)
        for degree, node in zip(degrees(masks, nodes), members(nodes), strict=True)
        if degree > 1
    ]
    if not inner:
        return None
    branching, root = min(inner)  # other inner nodes have a parent as well
    level = seen = 1 << root
    height = 0
    while True:
        children = [masks[node] & nodes & ~seen for node in members(level)]
        if not any(children):
            return branching, height
        if any(group.bit_count() != branching for group in children):
            return None
        level = sum(children)  # disjoint: this is a tree
        seen |= level
        height += 1


def ladder_rungs(masks: Masks, nodes: int) -> int | None:
    """Number of rungs, 2 or more, of a ladder; else None."""
    corners = sum(
        1 << node for node in members(nodes) if (masks[node] & nodes).bit_count() == 2
    )
    ends = [(u, masks[u] & corners) for u in members(corners) if masks[u] & corners]
    if not ends:
        return None
    left, right = ends[0][0], next(members(ends[0][1]))
    seen = 1 << left | 1 << right
    rungs = 1
    while True:
        on_left = masks[left] & nodes & ~seen
        on_right = masks[right] & nodes & ~seen
        if not on_left and not on_right:
            return rungs if seen == nodes and rungs > 1 else None
        if on_left.bit_count() != 1 or on_right.bit_count() != 1 or on_left == on_right:
            return None
        left, right = on_left.bit_length() - 1, on_right.bit_length() - 1
        if not masks[left] & on_right:
            return None
        seen |= on_left | on_right
        rungs += 1


def wheel_nodes(masks: Masks, nodes: int) -> int | None:
    """Number of nodes, 4 or more, of a wheel (hub included); else None."""
    total = nodes.bit_count()
    for hub in members(nodes):
        if (masks[hub] & nodes).bit_count() == total - 1 and total >= 4:
            rim = nodes ^ 1 << hub
            whole = reach(masks, next(members(rim)), rim) == rim
            return total if whole and is_cycle(masks, rim) else None
    return None


def motif_name(masks: Masks, nodes: int) -> str | None:
    """Name in `motifs.MOTIFS` of the motif that five connected nodes form, or None.

    The degrees tell: only K2,3 shares those of a motif, the house, and its two nodes
    of degree 3 are not neighbours.
    """
    inside = degrees(masks, nodes)
    match sorted(inside):
        case [2, 2, 2, 2, 2]:
            return "cycle"
        case [2, 2, 2, 3, 3]:
            pair = [
                node
                for node, degree in zip(members(nodes), inside, strict=True)
                if degree == 3
            ]
            return "house" if masks[pair[0]] >> pair[1] & 1 else None
        case [2, 2, 3, 3, 4]:
            return "crane"
    return None
