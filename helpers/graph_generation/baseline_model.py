"""Baselines that can be asked like a model: the prompt's text in, a reply's text out.

They try a pipeline out before a model costs anything, and bound what a metric can mean.
Two of them show why valid, unique and novel have to hold at once: ``copy`` and
``canonical`` are always valid.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from helpers.graph_generation.chance import chance_graph
from helpers.graph_generation.distributions import draw_episode, is_target, kind
from helpers.graph_generation.generators import noisy, random_valid
from helpers.graph_generation.graphs import Graph
from helpers.graph_generation.prompts import DISTRIBUTION_WORDING, share_text
from helpers.graph_generation.recorded import asked
from helpers.graph_generation.reply_parser import graphs_in
from helpers.graph_generation.tasks import Pair, Task
from helpers.llm.backend import BackendError, Completion, Request
from helpers.names import unknown_name

BASELINES = ("uniform", "oracle", "copy", "canonical", "noisy oracle")
_MORE = re.compile(r"give me (\d+) more")


@dataclass(frozen=True)
class BaselineModel:
    """A `helpers.llm.backend.Backend` without a model.

    Attributes
    ----------
    kind : str
        - ``"uniform"``: uniform among graphs with the asked nodes and edges;
        - ``"oracle"``: random valid graphs, the ceiling; of a distribution the counted
          share, and graphs drawn with it (a plug-in sampler);
        - ``"copy"``: one of the examples in the prompt, at random;
        - ``"canonical"``: one valid graph, the same every time;
        - ``"noisy oracle"``: random valid graphs with a share ``q`` of edges moved.

        All but the oracle answer prompts for rules only.
    q : float
        Of the noisy oracle, in [0, 1].

    Raises
    ------
    ValueError
        For an unknown kind or q out of range.

    Examples
    --------
    >>> from helpers.graph_generation.prompts import rule_prompt
    >>> request = Request.ask(rule_prompt(Task("trees", 2), "zero-shot", 1))
    >>> next(BaselineModel("oracle").complete([request])).text
    'Answer 1: (2, [(1, 2)])'
    """

    kind: str = "oracle"
    q: float = 0.1

    def __post_init__(self) -> None:
        if self.kind not in BASELINES:
            raise unknown_name("baseline", self.kind, BASELINES)
        if not 0 <= self.q <= 1:
            raise ValueError(f"q is {self.q}; allowed: 0 to 1")

    @property
    def name(self) -> str:
        """Of the kind, with its noise if it has some."""
        noise = f" {self.q:g}" if self.kind == "noisy oracle" else ""
        return f"baseline {self.kind}{noise}"

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
            return shown[int(rng.integers(len(shown)))]
        if self.kind == "uniform":
            return chance_graph(task, rng)
        if self.kind == "canonical":
            return random_valid(task, np.random.default_rng(0))
        graph = random_valid(task, rng)
        return noisy(graph, self.q, rng) if self.kind == "noisy oracle" else graph


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
