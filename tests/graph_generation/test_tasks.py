"""Tasks: the paper's sizes, and errors before anything is generated."""

from typing import Any

import networkx as nx
import pytest

from helpers.graph_generation.tasks import (
    PAIRS,
    PUBLISHED_SIZES,
    RULES,
    SIZES,
    Pair,
    Task,
    most_colorable_edges,
    preset,
)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"rule": "planr", "n": 5}, "did you mean 'planar'"),
        ({"rule": "k-regular", "n": 7, "k": 3}, "n \\* k must be even"),
        ({"rule": "k-regular", "n": 4, "k": 4}, "k must be in 1..3"),
        ({"rule": "k-regular", "n": 4, "k": 0}, "k must be in 1..3"),
        ({"rule": "k-regular", "n": 4}, "needs k"),
        ({"rule": "trees", "n": 5, "m": 4}, "takes no m"),
        ({"rule": "trees", "n": 1}, "at least 2 nodes"),
        ({"rule": "cycles", "n": 2}, "at least 3 nodes"),
        ({"rule": "cycles", "n": -3}, "at least 3 nodes"),
        ({"rule": "wheel", "n": 3}, "at least 4 nodes"),
        ({"rule": "wheel", "n": 5.0}, "must be integers"),
        ({"rule": "wheel", "n": True}, "must be integers"),
        ({"rule": "components", "n": 4, "k": 5}, "k must be in 1..4"),
        ({"rule": "planar", "n": 6, "m": 13}, "3 n - 6 = 12"),
        ({"rule": "planar", "n": 6, "m": 16}, "m must be in 1..15"),
        ({"rule": "planar", "n": 6, "m": 0}, "m must be in 1..15"),
        ({"rule": "k-color", "n": 7, "m": 17, "k": 3}, "at most 16 edges"),
        ({"rule": "k-color", "n": 7, "m": 9}, "needs k"),
        ({"rule": "bipartite", "n": 6, "parts": (3, 4)}, "n in all"),
        ({"rule": "bipartite", "n": 3, "parts": (0, 3)}, "a node each"),
        ({"rule": "bipartite", "n": 6, "parts": (2, 2, 2)}, "two numbers"),
        ({"rule": "bipartite", "n": 6, "parts": (3.0, 3)}, "must be integers"),
        ({"rule": "bipartite", "n": 6, "parts": 6}, "two numbers"),
    ],
)
def test_impossible_tasks_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Task(**arguments)


@pytest.mark.parametrize("n", range(2, 12))
def test_most_colorable_edges_is_the_turan_graph(n: int) -> None:
    for k in range(1, n + 1):
        assert most_colorable_edges(n, k) == nx.turan_graph(n, k).number_of_edges()


def test_presets_hold_the_published_sizes() -> None:
    # Tables 7 and 8.
    assert preset("planar") == Task("planar", 15, m=24)
    assert preset("components") == Task("components", 15, k=5)
    assert preset("bipartite") == Task("bipartite", 10, parts=(5, 5))
    assert [preset("cycles", size).n for size in SIZES[1:]] == [10, 15, 20]
    assert [preset("k-regular", size).n for size in SIZES[1:]] == [12, 16, 20]
    colors = [preset("k-color", size) for size in SIZES[1:]]
    assert [(task.n, task.m) for task in colors] == [(10, 20), (15, 32), (18, 39)]
    assert len(PUBLISHED_SIZES) == 8 + 3 * 2
    assert not any(size == "tiny" for _, size in PUBLISHED_SIZES)


def test_size_names_each_preset_and_no_other_task() -> None:
    for rule in RULES:
        for size in SIZES:
            assert preset(rule, size).size == size
    assert Task("cycles", 9).size == "n = 9"


def test_unknown_preset_names_the_nearest() -> None:
    with pytest.raises(ValueError, match="did you mean 'medium'"):
        preset("cycles", "medum")
    with pytest.raises(ValueError, match="did you mean 'cycles'"):
        preset("cycle", "medium")


def test_tasks_are_hashable_also_with_parts_from_a_list() -> None:
    parts: Any = [2, 3]
    assert {Task("bipartite", 5, parts=parts)} == {Task("bipartite", 5, parts=(2, 3))}


def test_pairs() -> None:
    assert [pair.rule for pair in PAIRS] == ["tree+tree", "cycle+cycle", "tree+cycle"]
    assert PAIRS[0].size == "5-7"
    kinds: Any = ("tree", "circle")
    with pytest.raises(ValueError, match="unknown kind of component 'circle'"):
        Pair(kinds)
    three: Any = ("tree", "tree", "tree")
    with pytest.raises(ValueError, match="two kinds"):
        Pair(three)
    with pytest.raises(ValueError, match="fewest <= most"):
        Pair(("tree", "tree"), 7, 5)
