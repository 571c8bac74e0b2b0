"""Explorers: graphs that a model generates, each with its verdict, and p with a slider.

The first asks for graphs of a rule, the second for the continuation of a distribution.
Both show the reply as text that can be edited: it is then parsed and scored again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from helpers.graph_generation.checks import Check, ErrorKind, check
from helpers.graph_generation.distribution_documents import worked_example
from helpers.graph_generation.distributions import (
    DISTRIBUTIONS,
    Episode,
    draw_episode,
    is_target,
    kind,
    p_gen,
)
from helpers.graph_generation.generators import random_valid
from helpers.graph_generation.graph_drawing import graph_gallery
from helpers.graph_generation.graphs import Graph
from helpers.graph_generation.prompts import (
    DISTRIBUTION_METHODS,
    METHODS,
    distribution_prompt,
    rule_prompt,
)
from helpers.graph_generation.reply_panel import ReplyPanel, Setting, show
from helpers.graph_generation.reply_parser import Reply, parse_reply
from helpers.graph_generation.tasks import RULES, Task, preset
from helpers.llm.backend import Backend

EXAMPLES = 3
"""Graphs in the prompt of the methods with examples (their number is ours)."""


class RuleExplorer(ReplyPanel):
    """Graphs of a rule: valid or not and why, copied or not; `rule_explorer` shows it.

    Attributes
    ----------
    checks : list of Check
        Verdicts on what is shown.
    """

    def __init__(
        self,
        backend: Backend,
        *,
        sizes: Sequence[str] = ("tiny", "small"),
        rule: str = "cycles",
        amount: int = 10,
        complete: bool = False,
        max_tokens: int = 2048,
    ) -> None:
        import ipywidgets as widgets

        preset(rule, sizes[0])  # names a wrong rule or size
        self.amount, self.complete = amount, complete
        self.checks: list[Check] = []
        self._task: Task = preset(rule, sizes[0])
        self._examples: list[Graph] = []
        super().__init__(
            backend,
            {
                "rule": widgets.Dropdown(options=RULES, value=rule),
                "size": widgets.Dropdown(options=list(sizes)),
                "method": widgets.Dropdown(options=METHODS),
                "temperature": widgets.FloatSlider(0.8, min=0, max=1.5, step=0.1),
                "seed": widgets.IntSlider(0, min=0, max=20),
            },
            max_tokens,
        )

    def ask(self, setting: Setting) -> str:
        """The prompt, with random valid examples where the method has some."""
        self._task = preset(setting["rule"], setting["size"])
        rng = np.random.default_rng(setting["seed"])
        count = EXAMPLES if setting["method"].startswith("few-shot") else 0
        self._examples = [
            random_valid(self._task, rng, complete=self.complete) for _ in range(count)
        ]
        return rule_prompt(self._task, setting["method"], self.amount, self._examples)

    def score(self, setting: Setting, text: str) -> tuple[Figure, str]:
        """Every graph drawn with its verdict; how many are valid, unique and novel."""
        graphs = parse_reply(text, self.amount).graphs
        self.checks = [
            check(self._task, graph, complete=self.complete) for graph in graphs
        ]
        given = {graph.key for graph in self._examples}
        seen: set[Any] = set()
        notes, own = [], 0
        for graph, verdict in zip(graphs, self.checks, strict=True):
            key = graph.key if graph is not None else None
            copied, again = key in given, key in seen
            seen.add(key)
            own += verdict.valid and not copied and not again
            notes.append(
                "valid, copy" if copied else "valid, again" if again else "valid"
            )
        figure = graph_gallery(
            graphs, self.checks, setting["rule"], k=self._task.k or 3, notes=notes
        )
        found = [graph.key for graph in graphs if graph is not None]
        copies = sum(key in given for key in found)
        return figure, (
            f"{sum(verdict.valid for verdict in self.checks)} of {self.amount} valid, "
            f"{len(set(found))} distinct, {copies} copied from the prompt; "
            f"valid, unique and novel at once: {own}"
        )


def rule_explorer(backend: Backend, **options: Any) -> None:
    """Rule, size, method, temperature and seed; the graphs of the reply, drawn.

    Headless, every control is tried at its extremes, errors are raised, and the first
    picture is left.

    Parameters
    ----------
    backend : Backend
        Asked on every move: a small model, or one behind a cache.
    **options
        ``sizes`` and ``rule`` to begin with, ``amount`` of graphs, ``complete``
        bipartite graphs, ``max_tokens``.

    Raises
    ------
    ValueError
        If a rule or size is unknown.
    """
    show(RuleExplorer(backend, **options))


class DistributionExplorer(ReplyPanel):
    """Graphs drawn with p, and how a model goes on; `distribution_explorer` shows it.

    Attributes
    ----------
    episode : Episode
        The graphs in the prompt.
    answer_p : float or None
        What the reply states.
    """

    def __init__(
        self, backend: Backend, *, amount: int = 10, max_tokens: int = 2048
    ) -> None:
        import ipywidgets as widgets

        self.amount = amount
        self.answer_p: float | None = None
        self.episode: Episode = draw_episode(
            DISTRIBUTIONS[0], 0.5, np.random.default_rng(0), amount
        )
        super().__init__(
            backend,
            {
                "distribution": widgets.Dropdown(options=DISTRIBUTIONS),
                "method": widgets.Dropdown(options=DISTRIBUTION_METHODS),
                "p": widgets.FloatSlider(0.8, min=0, max=1, step=0.1),
                "temperature": widgets.FloatSlider(0.5, min=0, max=1.5, step=0.1),
                "seed": widgets.IntSlider(0, min=0, max=20),
            },
            max_tokens,
        )

    def ask(self, setting: Setting) -> str:
        """A prompt with graphs drawn with p, after a worked example if there is one."""
        rng = np.random.default_rng(setting["seed"])
        name, method = setting["distribution"], setting["method"]
        # as in training: the decoder has read no other form of an example
        worked = None if method == "zero-shot" else worked_example(name, method, rng)
        self.episode = draw_episode(name, float(setting["p"]), rng, self.amount)
        return distribution_prompt(
            name, method, self.episode.graphs, self.amount, worked
        )

    def score(self, setting: Setting, text: str) -> tuple[Figure, str]:
        """Graphs of the reply with their kinds; targets given, stated and generated."""
        reply: Reply = parse_reply(text, self.amount)
        task = self.episode.task
        self.answer_p = reply.p
        kinds = [kind(task, graph) for graph in reply.graphs]
        checks = [_verdict(task, graph) for graph in reply.graphs]
        notes = [
            f"{name}{', target' if is_target(task, name) else ''}" if name else ""
            for name in kinds
        ]
        figure = graph_gallery(reply.graphs, checks, notes=notes)
        made = p_gen(task, reply.graphs)
        share = self.episode.share
        return figure, (
            f"p = {setting['p']:g}; targets among the given graphs: {share:.0%}; "
            f"stated: {_percent(reply.p)}; among the valid ones of "
            f"{self.amount} generated: {_percent(made)} "
            f"({sum(name is not None for name in kinds)} valid)"
        )


def _verdict(task: str, graph: Graph | None) -> Check:
    """Whether a graph is of any kind of the task."""
    if graph is None:
        return Check((ErrorKind.FORMAT,), "No graph could be read.")
    if kind(task, graph) is None:
        return Check((ErrorKind.STRUCTURE,), "Of no kind of this task.")
    return Check(())


def _percent(share: float | None) -> str:
    return "nothing" if share is None or np.isnan(share) else f"{share:.0%}"


def distribution_explorer(backend: Backend, **options: Any) -> None:
    """Distribution, method, p, temperature and seed; how the model goes on.

    Headless, every control is tried at its extremes, errors are raised, and the first
    picture is left.

    Parameters
    ----------
    backend : Backend
        Asked on every move.
    **options
        ``amount`` of graphs given and asked for, ``max_tokens``.
    """
    show(DistributionExplorer(backend, **options))
