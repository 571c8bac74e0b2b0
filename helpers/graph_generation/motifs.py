"""Motif graphs: a base and a 5-node motif joined by one edge (Spurious-Motif).

Three bases, three motifs (paper 2.2, A.2, Table 9). A pair is matched when it is
tree and cycle, ladder and house, or wheel and crane (paper Fig. 3). The paper does not
print the sizes of the bases: `BASE_SIZES` holds a small choice of ours and the one of
the generator that the paper builds on.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from helpers.graph_generation import parts, shapes
from helpers.graph_generation.graphs import Graph
from helpers.names import unknown_name

MOTIFS: dict[str, parts.Edges] = {  # as the paper's Table 9 prints them
    "cycle": ((1, 2), (1, 5), (2, 3), (3, 4), (4, 5)),
    "house": ((1, 2), (1, 5), (2, 3), (2, 5), (3, 4), (4, 5)),
    "crane": ((1, 2), (1, 3), (1, 4), (1, 5), (2, 3), (3, 4), (4, 5)),
}
MATCHED = {"tree": "cycle", "ladder": "house", "wheel": "crane"}
BASES = tuple(MATCHED)
_MOTIF_PARTS = {
    name: (5, tuple((u - 1, v - 1) for u, v in edges)) for name, edges in MOTIFS.items()
}


@dataclass(frozen=True)
class BaseSizes:
    """Sizes a base may have, each drawn with the same chance.

    Attributes
    ----------
    trees : tuple of (int, int)
        Branching and height of a full tree.
    rungs : tuple of int
        Rungs of a ladder; it has twice as many nodes.
    wheels : tuple of int
        Nodes of a wheel, hub included.
    """

    trees: tuple[tuple[int, int], ...]
    rungs: tuple[int, ...]
    wheels: tuple[int, ...]


BASE_SIZES = {
    # Ours: about what the paper's figure draws, so that ten graphs stay a short text.
    "small": BaseSizes(((2, 1), (2, 2), (3, 1)), (3,), (5, 6)),
    # The training graphs of Spurious-Motif.
    "spmotif": BaseSizes(
        tuple((branching, height) for branching in (2, 3) for height in (0, 1, 2)),
        (8, 9, 10, 11),
        (15, 16, 17, 18, 19),
    ),
}


def base_sizes(name: str) -> BaseSizes:
    """Sizes of the preset ``name``; ValueError for an unknown one."""
    if name not in BASE_SIZES:
        raise unknown_name("base sizes", name, list(BASE_SIZES))
    return BASE_SIZES[name]


@cache
def base_parts(base: str, sizes: str = "small") -> tuple[parts.Part, ...]:
    """Every base of a kind in the allowed sizes."""
    allowed = base_sizes(sizes)
    if base == "tree":
        return tuple(parts.full_tree(*shape) for shape in allowed.trees)
    if base == "ladder":
        return tuple(parts.ladder(rungs) for rungs in allowed.rungs)
    if base == "wheel":
        return tuple(parts.wheel(nodes) for nodes in allowed.wheels)
    raise unknown_name("base", base, BASES)


def motif_graph(
    base: str,
    motif: str,
    rng: np.random.Generator,
    *,
    sizes: str = "small",
    mixed: bool = False,
) -> Graph:
    """Random graph of a base and a motif, joined by one edge between random nodes.

    Parameters
    ----------
    base, motif : str
        One of `BASES`, one of `MOTIFS`.
    sizes : str
        Preset of `BASE_SIZES`.
    mixed : bool
        Labels shuffled over the whole graph instead of base first, then motif.

    Raises
    ------
    ValueError
        For an unknown base, motif or preset.
    """
    if motif not in MOTIFS:
        raise unknown_name("motif", motif, list(MOTIFS))
    choices = base_parts(base, sizes)
    chosen = choices[int(rng.integers(len(choices)))]
    return parts.join((chosen, _MOTIF_PARTS[motif]), rng, bridge=True, mixed=mixed)


def motif_kind(
    graph: Graph,
    *,
    sizes: str = "small",
    any_size: bool = False,
    any_tree: bool = False,
) -> str | None:
    """``base-motif`` of a graph, or None if it is not a base joined to a motif.

    Every bridge is cut; one side has to be one of the 5-node `MOTIFS`, the other a
    base. The paper does not say how it recognises them (the method is ours).

    Parameters
    ----------
    graph : Graph
        As written: a loop, a repeated edge or an id out of range makes it invalid.
    sizes : str
        Preset of `BASE_SIZES` that the base has to come from.
    any_size : bool
        Accept bases of any size: full trees, ladders of 2 rungs or more, wheels of 4
        nodes or more.
    any_tree : bool
        Accept as a base any tree, not only full ones (with nodes between those of the
        smallest and the largest allowed tree, unless ``any_size``).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> motif_kind(motif_graph("wheel", "house", rng, mixed=True))
    'wheel-house'
    """
    allowed = base_sizes(sizes)
    masks = shapes.neighbours(graph, most_components=1)
    if masks is None:
        return None
    everything = (1 << graph.n) - 1
    if shapes.reach(masks, 0, everything) != everything:
        return None
    for u, v in ((u - 1, v - 1) for u, v in graph.edges):
        side = shapes.reach(masks, u, everything ^ 1 << v)
        if side & masks[v] != 1 << u:
            continue  # another way leads from u to v: no bridge
        for motif_side in (side, everything ^ side):
            if motif_side.bit_count() != 5:
                continue
            motif = shapes.motif_name(masks, motif_side)
            rest = everything ^ motif_side
            if motif and (base := _base(masks, rest, allowed, any_size, any_tree)):
                return f"{base}-{motif}"
    return None


def _base(
    masks: shapes.Masks, nodes: int, allowed: BaseSizes, any_size: bool, any_tree: bool
) -> str | None:
    """Base that the connected ``nodes`` form, or None."""
    if shapes.is_tree(masks, nodes):
        if any_tree:
            counts = [parts.full_tree(*shape)[0] for shape in allowed.trees]
            inside = min(counts) <= nodes.bit_count() <= max(counts)
            return "tree" if any_size or inside else None
        shape = shapes.full_tree_shape(masks, nodes)
        return "tree" if shape and (any_size or shape in allowed.trees) else None
    if rungs := shapes.ladder_rungs(masks, nodes):
        return "ladder" if any_size or rungs in allowed.rungs else None
    if total := shapes.wheel_nodes(masks, nodes):
        return "wheel" if any_size or total in allowed.wheels else None
    return None
