"""Training documents of the distribution tasks: ten graphs in, p and ten graphs out.

Episodes have p uniform in [0, 1]. What a reply states as p is, to one decimal, the p
that its graphs are drawn with: the true p with the direct methods, of which a model can
only learn what the graphs tell; the counted share of targets with CoT, after a line
that names the kind of every graph given.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from helpers.graph_generation.distributions import DISTRIBUTIONS, Episode, draw_episode
from helpers.graph_generation.graphs import Graph
from helpers.graph_generation.prompts import (
    Worked,
    distribution_prompt,
    kinds_line,
    share_text,
)
from helpers.graph_generation.rule_documents import Document, reply_text

GIVEN = 10  # graphs of a prompt
EXAMPLE = 5  # graphs of a worked example
# Weights of (method, with a worked example); few-shot is nothing without one.
MODES = {
    ("zero-shot", False): 0.38,
    ("few-shot", True): 0.12,
    ("cot", False): 0.38,
    ("cot", True): 0.12,
}
TASKS = (0.28, 0.34, 0.38)  # weights of `distributions.DISTRIBUTIONS`


def distribution_document(progress: float, rng: np.random.Generator) -> Document:
    """A random document.

    Parameters
    ----------
    progress : float
        Share of the training that is over, in [0, 1]. Early replies are short, so
        that kinds and p are a good part of what is learnt.
    rng : numpy.random.Generator
    """
    task = DISTRIBUTIONS[int(rng.choice(len(TASKS), p=TASKS))]
    modes = list(MODES)
    method, shown = modes[int(rng.choice(len(modes), p=list(MODES.values())))]
    full = rng.random() < progress**2
    amount = int(rng.integers(4, GIVEN + 1)) if full else int(rng.integers(1, 4))
    episode = draw_episode(task, float(rng.random()), rng, GIVEN)
    example = worked_example(task, method, rng) if shown else None
    prompt = distribution_prompt(task, method, episode.graphs, amount, example)
    return Document(prompt, episode_reply(episode, method, amount, rng))


def worked_example(task: str, method: str, rng: np.random.Generator) -> Worked:
    """A solved episode of another p, as training has them."""
    other = draw_episode(task, float(rng.random()), rng, EXAMPLE)
    return Worked(other.graphs, stated(other, method), other.kinds)


def stated(episode: Episode, method: str) -> float:
    """What a right reply says about p: the counted share with CoT, else p itself."""
    return round(episode.share if method == "cot" else episode.p, 1)


def episode_reply(
    episode: Episode, method: str, amount: int, rng: np.random.Generator
) -> str:
    """The reply that is learnt: kinds if asked for, p, and graphs drawn with it."""
    p = stated(episode, method)
    lines = [kinds_line(episode.kinds)] if method == "cot" else []
    drawn = draw_episode(episode.task, p, rng, amount).graphs
    lines += [f"p = {share_text(p)}", _answers(drawn)]
    return "\n".join(lines)


def _answers(graphs: Sequence[Graph]) -> str:
    return reply_text([(graph, "") for graph in graphs])
