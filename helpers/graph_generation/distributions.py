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
from dataclasses import dataclass

import numpy as np

from helpers.graph_generation import parts
from helpers.graph_generation.graphs import Graph
from helpers.graph_generation.motifs import BASES, MATCHED, MOTIFS, motif_graph
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
    if not (math.isfinite(p) and 0 <= p <= 1):
        raise ValueError(f"p is {p!r}; allowed: 0 to 1")
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise ValueError(f"count is {count!r}; allowed: an integer of at least 1")
    kinds = tuple(draw_kind(task, p, rng) for _ in range(count))
    graphs = (draw_graph(task, kind, rng, sizes=sizes, mixed=mixed) for kind in kinds)
    return Episode(task, p, tuple(graphs), kinds)
