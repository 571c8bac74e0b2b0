"""Drawings of generated graphs, with a layout that shows the rule, and the verdict."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from helpers import style
from helpers.figure_parts import darker
from helpers.graph_generation.coloring import color_graph
from helpers.graph_generation.graph_layout import Places, layout
from helpers.graph_generation.graphs import Graph

if TYPE_CHECKING:
    from helpers.graph_generation.checks import Check

NODE, EDGE, FAULT = "#5B8DB8", "#8A8A8A", style.PALETTE["orange"]
CLASSES = ("#5B8DB8", "#E9B44C", "#6DB89B", "#C583A9", "#8F6200")
"""Colours of colour classes, and of the sides of a bipartite graph."""

MOST_NODES = 200
"""Larger graphs are not drawn: a reply may name any number of nodes."""


def draw_graph(ax: Axes, graph: Graph | None, rule: str = "", k: int = 3) -> None:
    """Draw one graph; faults of the text (loops, repeats, unknown nodes) in orange.

    Parameters
    ----------
    graph : Graph or None
        None, and no or more than ``MOST_NODES`` nodes, leave the axes empty.
    rule : str
        Chooses the layout, and the colouring of k-color and bipartite.
    k : int
        Colours of k-color.
    """
    ax.set_axis_off()
    ax.set(xlim=(-1.22, 1.22), ylim=(-1.22, 1.28), xticks=[], yticks=[])
    ax.set_aspect("equal")
    if graph is None or not 1 <= _nodes(graph) <= MOST_NODES or graph.n < 1:
        ax.text(0, 0, "no graph", ha="center", va="center", fontsize=8, color="#6A6A6A")
        return
    places = layout(graph, rule)
    times = Counter((min(edge), max(edge)) for edge in graph.edges)
    lines = {edge: count for edge, count in times.items() if edge[0] != edge[1]}
    ax.add_collection(
        LineCollection(
            [(places[u], places[v]) for u, v in lines],
            colors=[FAULT if count > 1 else EDGE for count in lines.values()],
            linewidths=[2.0 if count > 1 else 1.0 for count in lines.values()],
            zorder=1,
        )
    )
    for u, v in times:
        if u == v:
            middle = places[u] + np.array([0.0, 0.13])
            ax.add_patch(Circle(tuple(middle), 0.12, fill=False, ec=FAULT, lw=1.4))
    at = np.array(list(places.values()))
    colours = _node_colours(graph, places, rule, k)
    size = 34 if len(places) <= 12 else 20
    ax.scatter(
        at[:, 0], at[:, 1], s=size, c=colours, edgecolors="white", linewidths=0.7,
        zorder=3,
    )  # fmt: skip


def _nodes(graph: Graph) -> int:
    """Nodes to draw: 1..n, and those that only the edges name."""
    named = {node for edge in graph.edges for node in edge}
    return max(graph.n, 0) + sum(not 1 <= node <= graph.n for node in named)


def _node_colours(graph: Graph, places: Places, rule: str, k: int) -> list[str]:
    """Colour classes or sides where there are some, orange for nodes outside 1..n."""
    classes: dict[int, int] = {}
    if rule == "k-color":
        edges = [edge for edge in graph.tidy().edges if edge[0] != edge[1]]
        known = [edge for edge in edges if edge[0] >= 1 and edge[1] <= graph.n]
        classes = color_graph(Graph.of(graph.n, known), k) or {}
    elif rule == "bipartite" and {round(abs(x), 3) for x, _ in places.values()} == {
        0.7
    }:
        classes = {node: int(x > 0) for node, (x, _) in places.items()}
    return [
        FAULT
        if not 1 <= node <= graph.n
        else CLASSES[classes[node] % len(CLASSES)]
        if node in classes
        else NODE
        for node in places
    ]


def graph_gallery(
    graphs: Sequence[Graph | None],
    checks: Sequence[Check],
    rule: str = "",
    *,
    k: int = 3,
    notes: Sequence[str] | None = None,
    across: int = 5,
    size: float = 1.5,
) -> Figure:
    """Small multiples of graphs, each with its verdict and the reason.

    Parameters
    ----------
    graphs, checks : sequences of equal length
        Graphs as written (None where none could be read) and their verdicts.
    rule, k
        As for :func:`draw_graph`.
    notes : sequence of str, optional
        What is written of a valid graph instead of ``valid``; empty leaves that.

    Raises
    ------
    ValueError
        If there are no graphs, or lengths differ.
    """
    more = list(notes) if notes is not None else [""] * len(graphs)
    if not graphs or not len(graphs) == len(checks) == len(more):
        raise ValueError(
            f"{len(graphs)} graphs, {len(checks)} checks, {len(more)} notes; allowed: "
            "at least one graph, a check and a note for each"
        )
    across = min(across, len(graphs))
    figure, axes = style.subplots(
        rows := -(-len(graphs) // across),
        across,
        (across * size, rows * (size + 0.4)),
        squeeze=False,
    )
    for ax in axes.flat:
        ax.set(xticks=[], yticks=[])
        ax.set_axis_off()
    for i, (ax, graph, check, note) in enumerate(
        zip(axes.flat, graphs, checks, more, strict=False), start=1
    ):
        draw_graph(ax, graph, rule, k)
        said = note or "valid" if check.valid else check.reason
        text = f"{i} {'✓' if check.valid else '✗'} {said}"
        colour = style.PALETTE["green"] if check.valid else FAULT
        ax.set_title(
            _wrapped(text, int(size * 15)), fontsize=6.8, fontweight="normal",
            color=darker(colour), loc="center", pad=2,
        )  # fmt: skip
    return figure


def _wrapped(text: str, width: int) -> str:
    """Three lines at most."""
    lines = textwrap.wrap(text, width)
    last = textwrap.shorten(" ".join(lines[2:]), width, placeholder=" …")
    return "\n".join([*lines[:2], last]).strip()
