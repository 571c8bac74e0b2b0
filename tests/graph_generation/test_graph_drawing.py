"""Drawings: the layout shows the rule, faults are marked, odd graphs do no harm."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from matplotlib.colors import to_hex

from helpers import style
from helpers.graph_generation.checks import check
from helpers.graph_generation.generators import random_valid
from helpers.graph_generation.graph_drawing import (
    CLASSES,
    FAULT,
    MOST_NODES,
    draw_graph,
    graph_gallery,
)
from helpers.graph_generation.graph_layout import layout
from helpers.graph_generation.graphs import Graph
from helpers.graph_generation.tasks import RULES, preset


def crossing(places, edges) -> int:
    """Pairs of edges without a common end that cross, by orientations."""

    def side(a, b, c):
        (ax, ay), (bx, by), (cx, cy) = places[a], places[b], places[c]
        return np.sign((bx - ax) * (cy - ay) - (by - ay) * (cx - ax))

    return sum(
        side(a, b, c) != side(a, b, d) and side(c, d, a) != side(c, d, b)
        for (a, b), (c, d) in itertools.combinations(edges, 2)
        if len({a, b, c, d}) == 4
    )


@pytest.mark.parametrize("seed", range(4))
def test_planar_graphs_are_drawn_without_crossings(seed):
    graph = random_valid(preset("planar", "small"), np.random.default_rng(seed))
    places = layout(graph, "planar")
    assert crossing(places, graph.edges) == 0
    found = np.array(list(places.values()))
    gaps = np.linalg.norm(found[:, None] - found, axis=2) + np.eye(len(found))
    assert gaps.min() > 0.02


def test_cycles_lie_on_a_ring_in_their_order():
    graph = random_valid(preset("cycles", "small"), np.random.default_rng(1))
    places = layout(graph, "cycles")
    assert {round(float(np.hypot(*at)), 6) for at in places.values()} == {1.0}
    steps = {round(float(np.linalg.norm(places[u] - places[v])), 6)
             for u, v in graph.edges}  # fmt: skip
    assert steps == {round(2 * np.sin(np.pi / 10), 6)}


def test_the_hub_of_a_wheel_is_in_the_middle():
    graph = random_valid(preset("wheel", "small"), np.random.default_rng(2))
    places = layout(graph, "wheel")
    (hub,) = [node for node, at in places.items() if not at.any()]
    assert sum(hub in edge for edge in graph.edges) == graph.n - 1
    rim = [edge for edge in graph.edges if hub not in edge]
    assert crossing(places, rim) == 0


def test_sides_of_a_bipartite_graph_are_columns():
    graph = random_valid(preset("bipartite", "small"), np.random.default_rng(3))
    places = layout(graph, "bipartite")
    assert all(places[u][0] == -places[v][0] for u, v in graph.edges)
    lone = Graph.of(6, [(1, 2)])
    left = [node for node, at in layout(lone, "bipartite").items() if at[0] < 0]
    assert len(left) == 3


def test_components_do_not_touch():
    graph = Graph.of(9, [(1, 2), (2, 3), (1, 3), (4, 5), (6, 7), (7, 8)])
    places = layout(graph, "components")
    assert len({tuple(np.round(at, 3)) for at in places.values()}) == 9
    assert crossing(places, graph.edges) == 0
    for at in places.values():
        assert np.abs(at).max() <= 1 + 1e-9


@pytest.mark.parametrize("rule", [*RULES, "", "tree+cycle"])
@pytest.mark.parametrize(
    "graph",
    [
        None,
        Graph(0, ()),
        Graph(1, ()),
        Graph(2, ((1, 1), (1, 2), (2, 1))),
        Graph(3, ((-1, 99), (2, 2))),
        Graph(-4, ((1, 2),)),
        Graph(9999, ((1, 2),)),
        Graph(6, ((7, 8), (8, 9), (9, 7))),
    ],
    ids=str,
)
def test_whatever_a_reply_holds_is_drawn(rule, graph):
    _, ax = style.subplots()
    draw_graph(ax, graph, rule)
    empty = graph is None or not 1 <= graph.n <= MOST_NODES
    assert [text.get_text() for text in ax.texts] == (["no graph"] if empty else [])


def test_huge_edge_lists_of_unknown_nodes_are_not_laid_out():
    edges = tuple((i, i + 1) for i in range(1, 3000))
    _, ax = style.subplots()
    draw_graph(ax, Graph(5, edges), "planar")
    assert ax.texts[0].get_text() == "no graph"


def test_faults_are_marked():
    _, ax = style.subplots()
    draw_graph(ax, Graph(3, ((1, 2), (2, 1), (2, 3), (3, 3), (3, 4))), "cycles")
    (lines,) = ax.collections[:1]
    colours = [to_hex(colour).upper() for colour in lines.get_colors()]
    assert colours.count(FAULT) == 1 and len(colours) == 3
    assert len(ax.patches) == 1  # the loop
    nodes = [to_hex(c).upper() for c in ax.collections[1].get_facecolors()]
    assert nodes.count(FAULT) == 1


def test_colour_classes_are_proper():
    graph = random_valid(preset("k-color", "small"), np.random.default_rng(4))
    _, ax = style.subplots()
    draw_graph(ax, graph, "k-color", 3)
    colours = [to_hex(c).upper() for c in ax.collections[1].get_facecolors()]
    assert set(colours) <= {c.upper() for c in CLASSES[:3]}
    at = dict(zip(layout(graph, "k-color"), colours, strict=True))
    assert all(at[u] != at[v] for u, v in graph.edges)


def test_titles_give_the_verdict_and_its_reason():
    task = preset("trees", "tiny")
    rng = np.random.default_rng(0)
    graphs = [random_valid(task, rng), random_valid(task, rng), Graph(7, ((1, 2),))]
    checks = [check(task, graph) for graph in graphs]
    figure = graph_gallery(graphs, checks, "trees", notes=["", "valid, copy", "x"])
    titles = [ax.get_title().replace("\n", " ") for ax in figure.axes]
    assert titles[:2] == ["1 ✓ valid", "2 ✓ valid, copy"]
    assert titles[2].startswith("3 ✗ 1 edge instead of 6")
