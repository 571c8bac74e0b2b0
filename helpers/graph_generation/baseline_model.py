"""Baselines that can be asked like a model: the prompt's text in, a reply's text out.

They try a pipeline out before a model costs anything, and bound what any model scores.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from helpers.graph_generation.chance import chance_edges
from helpers.graph_generation.distributions import draw_episode, is_target, kind
from helpers.graph_generation.generators import random_valid, uniform_graph
from helpers.graph_generation.graphs import Graph
from helpers.graph_generation.prompts import DISTRIBUTION_WORDING, share_text
from helpers.graph_generation.recorded import asked
from helpers.graph_generation.reply_parser import graphs_in
from helpers.graph_generation.tasks import Pair, Task
from helpers.llm.backend import BackendError, Completion, Request
from helpers.names import unknown_name

KINDS = ("oracle", "uniform", "copy")
_MORE = re.compile(r"give me (\d+) more")


@dataclass(frozen=True)
class BaselineModel:
    """A `helpers.llm.backend.Backend` without a model.

    Attributes
    ----------
    kind : str
        ``"oracle"``: random valid graphs, and of a distribution the counted share with
        graphs drawn with it (a plug-in sampler). ``"uniform"``: uniform random graphs
        of the asked size, of rules only. ``"copy"``: the first example each time.

    Examples
    --------
    >>> from helpers.graph_generation.prompts import rule_prompt
    >>> request = Request.ask(rule_prompt(Task("trees", 2), "zero-shot", 1))
    >>> next(BaselineModel("oracle").complete([request])).text
    'Answer 1: (2, [(1, 2)])'
    """

    kind: str = "oracle"

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise unknown_name("baseline", self.kind, KINDS)

    @property
    def name(self) -> str:
        """Of the kind."""
        return f"baseline {self.kind}"

    def complete(self, requests: Sequence[Request]) -> Iterator[Completion]:
        """As `helpers.llm.backend.Backend.complete`.

        Raises
        ------
        BackendError
            For a prompt that the baseline has no answer to.
        """
        for request in requests:
            rng = np.random.default_rng([request.seed or 0, request.sample])
            yield Completion(self._reply(request.prompt, rng), model=self.name)

    def _reply(self, prompt: str, rng: np.random.Generator) -> str:
        shown = [
            answer.graph
            for answer in graphs_in(prompt, 0, len(prompt), 1)
            if answer.graph is not None
        ]
        if found := asked(prompt):
            task, _, amount = found
            return _lines([self._graph(task, shown, rng) for _ in range(amount)])
        for distribution, wording in DISTRIBUTION_WORDING.items():
            more = _MORE.search(prompt)
            if wording in prompt and more and shown and self.kind == "oracle":
                return _continued(distribution, shown, int(more[1]), rng)
        raise BackendError(
            f"the {self.name} has no answer to a prompt that begins {prompt[:60]!r}"
        )

    def _graph(
        self, task: Task | Pair, shown: Sequence[Graph], rng: np.random.Generator
    ) -> Graph:
        if self.kind == "copy":
            if not shown:
                raise BackendError("there is no example to copy; allowed: few-shot")
            return shown[0]
        if self.kind == "uniform" and isinstance(task, Task):
            return uniform_graph(task.n, chance_edges(task), rng)
        return random_valid(task, rng)


def _continued(
    distribution: str, shown: Sequence[Graph], amount: int, rng: np.random.Generator
) -> str:
    """p counted in the graphs given last (a solved example comes before), then more."""
    kinds = [kind(distribution, graph) for graph in shown[-amount:]]
    told = [is_target(distribution, found) for found in kinds if found is not None]
    p = float(np.mean(told)) if told else 0.5
    drawn = draw_episode(distribution, p, rng, amount).graphs
    return f"p = {share_text(p)}\n{_lines(drawn)}"


def _lines(graphs: Sequence[Graph]) -> str:
    return "\n".join(f"Answer {i}: {graph.text}" for i, graph in enumerate(graphs, 1))
