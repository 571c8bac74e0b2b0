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

from helpers.graph_generation import parts
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
