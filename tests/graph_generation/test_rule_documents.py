"""Training documents: valid graphs, real prompts, held-out sizes, steps that fit."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
import pytest

from helpers.graph_generation.checks import check
from helpers.graph_generation.reply_parser import parse_reply
from helpers.graph_generation.rule_documents import (
    EXAMPLES,
    HELD_OUT,
    RuleMix,
    random_task,
    rule_document,
)
from helpers.graph_generation.scratchpads import planned
from helpers.graph_generation.tasks import PAIRS, RULES, Pair, Task, preset

TASKS = [preset(rule, size) for rule in RULES for size in ("tiny", "small")]


@pytest.mark.parametrize("task", [*TASKS, *PAIRS, Task("k-regular", 7, k=4)], ids=str)
def test_planned_graphs_are_valid(task) -> None:
    rng = np.random.default_rng(0)
    for _ in range(60):
        graph, steps = planned(task, rng)
        assert check(task, graph).valid
        named = {int(number) for number in re.findall(r"\d+", steps)}
        assert named == set(range(1, graph.n + 1))  # the steps name every node


def test_steps_determine_the_graph() -> None:
    rng = np.random.default_rng(1)

    def edges(pairs):
        return {tuple(sorted(map(int, pair))) for pair in pairs}

    for _ in range(30):
        graph, steps = planned(Task("cycles", 8), rng)
        ring = steps.split()
        assert edges(zip(ring, ring[1:] + ring[:1], strict=True)) == graph.key[1]
        graph, steps = planned(Task("wheel", 8), rng)
        hub, rim = re.fullmatch(r" hub (\d+) ring (.*)", steps).groups()
        rim = rim.split()
        spokes = edges((hub, node) for node in rim)
        assert spokes | edges(zip(rim, rim[1:] + rim[:1], strict=True)) == graph.key[1]
        graph, steps = planned(Task("trees", 8), rng)
        assert edges(re.findall(r"(\d+)-(\d+)", steps)) == graph.key[1]
        graph, steps = planned(Task("planar", 9, m=17), rng)
        built, _, without = steps.partition(" without")
        first = built.split()[:3]
        stacked = edges([first[:2], first[1:], first[::2]])
        for node, *corners in re.findall(r"(\d+)-(\d+)-(\d+)-(\d+)", built):
            stacked |= edges((node, corner) for corner in corners)
        assert stacked - edges(re.findall(r"(\d+)-(\d+)", without)) == graph.key[1]
        graph, steps = planned(Task("k-color", 9, m=17, k=3), rng)
        colour = {v: i for i, part in enumerate(steps.split(";")) for v in part.split()}
        assert all(colour[str(u)] != colour[str(v)] for u, v in graph.edges)


def test_documents_answer_their_prompt() -> None:
    rng = np.random.default_rng(2)
    for i in range(300):
        document = rule_document(RuleMix(), i / 300, rng)
        amount = int(re.match(r"Give me (\d+)", document.prompt)[1])
        reply = parse_reply(document.reply, amount)
        graphs = [answer.graph for answer in reply.answers if answer is not None]
        assert len(graphs) == amount == document.reply.count("Answer")
        assert len({graph.key for graph in graphs}) > amount / 2
        thinks = "step by step" in document.prompt
        assert document.reply.count("Steps") == amount * thinks
        examples = re.findall(r"\nGraph \d+: (.*)", document.prompt)
        assert len(examples) in (0, EXAMPLES)
        for n in re.findall(r"with (\d+) nodes(?! in part)", document.prompt):
            assert all(example.startswith(f"({n},") for example in examples)
            assert all(graph.n == int(n) for graph in graphs)


def test_held_out_sizes_never_occur() -> None:
    rng = np.random.default_rng(3)
    tasks = [random_task(RuleMix(), i / 4000, rng) for i in range(4000)]
    rules = [task for task in tasks if isinstance(task, Task)]
    assert not {task.n for task in rules} & set(HELD_OUT)
    assert {task.n for task in rules} == {5, 6, 7, 8, 10, 11, 12}
    assert {task.n for task in rules if task.rule == "k-regular"} == {6, 8, 12}
    assert {task for task in tasks if isinstance(task, Pair)} == set(PAIRS)
    for task in (*TASKS, preset("bipartite", "medium")):
        assert task in rules


def test_shares_change_with_progress() -> None:
    rng = np.random.default_rng(4)
    for progress in (0.0, 1.0):
        drawn = [rule_document(RuleMix(), progress, rng) for _ in range(500)]
        amounts = Counter(document.reply.count("Answer") for document in drawn)
        full = sum(count for amount, count in amounts.items() if amount > 3) / 500
        assert full == pytest.approx(0.7 * progress, abs=0.07)
        assert max(amounts) <= 10
