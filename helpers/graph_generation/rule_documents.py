"""Training documents of the rule-based tasks: a prompt and a reply of random graphs.

The prompt is the text that any model is asked with (`prompts.rule_prompt`), the reply
is in the paper's format, edges sorted; only the reply is learnt. Bipartite graphs are
those of the rule as written: any edges between the parts, not all of them.

Nine nodes never occur, and of regular graphs neither do ten, because nine have no
cubic one. The two differ: ten is a number that other rules have, nine one that the
decoder has never read as a size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from helpers.graph_generation.generators import random_valid
from helpers.graph_generation.graphs import Graph
from helpers.graph_generation.prompts import METHODS, pair_prompt, rule_prompt
from helpers.graph_generation.scratchpads import planned
from helpers.graph_generation.tasks import (
    PAIRS,
    RULES,
    Pair,
    Task,
    most_colorable_edges,
    preset,
)

HELD_OUT = (9,)
OTHER_SIZES = (5, 6, 7, 8, 10, 11, 12)
CUBIC_SIZES = (6, 8, 12)
EXAMPLES = 3  # given graphs of a few-shot prompt
MOST = 10  # graphs in a reply


@dataclass(frozen=True)
class Document:
    """One training text."""

    prompt: str
    reply: str


@dataclass(frozen=True)
class RuleMix:
    """Shares of what the documents are about.

    Attributes
    ----------
    rules : tuple of float
        Weight of each of `tasks.RULES`, then of the two-component task.
    methods : tuple of float
        Weight of each of `prompts.METHODS`.
    first, last : tuple of float
        Shares of the sizes tiny and small at the start and at the end of a training;
        the rest has any trained size.
    full : float
        Share at the end of replies of four to ten graphs; the others have one to
        three. It grows with the square of the progress.
    """

    rules: tuple[float, ...] = (1.0, 1.0, 0.8, 1.2, 1.0, 1.2, 1.2, 1.2, 0.5)
    methods: tuple[float, ...] = (0.58, 0.15, 0.2, 0.07)
    first: tuple[float, float] = (0.65, 0.2)
    last: tuple[float, float] = (0.3, 0.45)
    full: float = 0.7


def rule_document(mix: RuleMix, progress: float, rng: np.random.Generator) -> Document:
    """A random document.

    Parameters
    ----------
    mix : RuleMix
    progress : float
        Share of the training that is over, in [0, 1].
    rng : numpy.random.Generator
    """
    task = random_task(mix, progress, rng)
    method = METHODS[_pick(mix.methods, rng)]
    if rng.random() < mix.full * progress**2:
        amount = int(rng.integers(4, MOST + 1)) if rng.random() < 0.5 else MOST
    else:
        amount = int(rng.integers(1, 4)) if rng.random() < 0.1 + progress else 1
    given = EXAMPLES if method.startswith("few-shot") else 0
    drawn = _distinct(task, given, amount, rng, steps=method.endswith("cot"))
    examples = [graph for graph, _ in drawn[:given]]
    prompt = task_prompt(task, method, amount, examples)
    return Document(prompt, reply_text(drawn[given:]))


def task_prompt(
    task: Task | Pair, method: str, amount: int, examples: Sequence[Graph]
) -> str:
    """The prompt of either kind of task."""
    if isinstance(task, Pair):
        return pair_prompt(task.kinds, method, amount, examples)
    return rule_prompt(task, method, amount, examples)


def reply_text(answers: Sequence[tuple[Graph, str]]) -> str:
    """A reply of graphs, each after its steps if there are any.

    >>> reply_text([(Graph.of(3, [(1, 2)]), " 1 2; 3")])
    'Steps 1: 1 2; 3\\nAnswer 1: (3, [(1, 2)])'
    """
    lines = []
    for i, (graph, steps) in enumerate(answers, 1):
        if steps:
            lines.append(f"Steps {i}:{steps}")
        lines.append(f"Answer {i}: {graph.text}")
    return "\n".join(lines)


def random_task(mix: RuleMix, progress: float, rng: np.random.Generator) -> Task | Pair:
    """A task of a trained size."""
    which = _pick(mix.rules, rng)
    if which == len(RULES):
        return PAIRS[int(rng.integers(len(PAIRS)))]
    rule, size = RULES[which], rng.random()
    tiny, small = (
        a + (b - a) * progress for a, b in zip(mix.first, mix.last, strict=True)
    )
    if size < tiny:
        return preset(rule, "tiny")
    if size < tiny + small:
        # the paper's own bipartite size has ten nodes: it takes turns with ours
        paper = rule == "bipartite" and rng.random() < 0.5
        return preset(rule, "medium" if paper else "small")
    return _other_size(rule, rng)


def _other_size(rule: str, rng: np.random.Generator) -> Task:
    n = OTHER_SIZES[int(rng.integers(len(OTHER_SIZES)))]
    if rule == "components":
        return Task(rule, n, k=int(rng.integers(2, n // 2 + 1)))
    if rule == "k-regular":
        return Task(rule, CUBIC_SIZES[int(rng.integers(len(CUBIC_SIZES)))], k=3)
    if rule == "bipartite":
        a = int(rng.integers(2, n - 1))
        return Task(rule, n, parts=(a, n - a))
    density = rng.uniform(1.5, 2.1)
    if rule == "planar":
        return Task(rule, n, m=min(int(density * n), 3 * n - 6))
    if rule == "k-color":
        return Task(rule, n, m=min(int(density * n), most_colorable_edges(n, 3)), k=3)
    return Task(rule, n)


def _distinct(
    task: Task | Pair, given: int, amount: int, rng: np.random.Generator, *, steps: bool
) -> list[tuple[Graph, str]]:
    """Graphs that differ from each other, as long as chance finds such."""
    found: list[tuple[Graph, str]] = []
    seen: set[Graph] = set()
    for i in range(given + amount):
        for _ in range(5):
            planning = steps and i >= given
            graph, text = (
                planned(task, rng) if planning else (random_valid(task, rng), "")
            )
            if graph not in seen:
                break
        seen.add(graph)
        found.append((graph, text))
    return found


def _pick(weights: Sequence[float], rng: np.random.Generator) -> int:
    shares = np.cumsum(weights)
    return int(np.searchsorted(shares, rng.random() * shares[-1], side="right"))
