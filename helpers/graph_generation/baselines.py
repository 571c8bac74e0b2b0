"""Generators that no model is needed for, in the frame of the models' answers.

They bound what a metric can mean. Two of them show why valid, unique and novel have to
hold at once: ``copy an example`` and ``canonical answer`` are always valid.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from helpers.graph_generation.chance import chance_edges
from helpers.graph_generation.generators import noisy, random_valid, uniform_graph
from helpers.graph_generation.graph_frame import graph_rows
from helpers.graph_generation.graphs import Graph
from helpers.graph_generation.tasks import Task
from helpers.names import unknown_name

BASELINES = (
    "uniform graph",
    "oracle",
    "copy an example",
    "canonical answer",
    "noisy oracle",
)


def baseline_graphs(
    baseline: str,
    task: Task,
    *,
    runs: int,
    seed: int,
    amount: int = 10,
    examples: int = 3,
    q: float = 0.1,
    complete: bool = False,
) -> pd.DataFrame:
    """Answers of one baseline, one row per graph.

    Parameters
    ----------
    baseline : str
        - ``uniform graph``: uniform among graphs with the asked nodes and edges;
        - ``oracle``: a random valid graph, the ceiling;
        - ``copy an example``: one of the given examples, at random;
        - ``canonical answer``: one valid graph, the same every time;
        - ``noisy oracle``: a random valid graph with a share ``q`` of edges moved.
    task : Task
    runs : int
        Answers, of ``amount`` graphs each.
    seed : int
    examples : int
        Random valid graphs given with each answer; the method is few-shot, without
        them zero-shot.
    q : float
        In [0, 1].
    complete : bool
        Ask for complete bipartite graphs.

    Returns
    -------
    DataFrame
        As in `graph_frame`; ``model`` is the baseline, ``temperature`` nan.

    Raises
    ------
    ValueError
        Unknown baseline, runs or amount below 1, examples below 0, none for
        ``copy an example``, or q outside [0, 1].

    Examples
    --------
    >>> task = Task("cycles", 6)
    >>> table = baseline_graphs("canonical answer", task, runs=2, seed=0, amount=3)
    >>> bool(table["valid"].all()), len({graph.key for graph in table["graph"]})
    (True, 1)
    """
    if baseline not in BASELINES:
        raise unknown_name("baseline", baseline, BASELINES)
    for name, number, least in (
        ("runs", runs, 1),
        ("amount", amount, 1),
        ("examples", examples, 1 if baseline == "copy an example" else 0),
    ):
        if number < least:
            raise ValueError(f"{name} is {number}; allowed: at least {least}")
    if not 0 <= q <= 1:
        raise ValueError(f"q is {q}; allowed: 0 to 1")
    rng = np.random.default_rng(seed)

    def valid() -> Graph:
        return random_valid(task, rng, complete=complete)

    canonical = valid()
    edges = chance_edges(task, complete=complete)

    def graph(given: list[Graph]) -> Graph:
        if baseline == "uniform graph":
            return uniform_graph(task.n, edges, rng)
        if baseline == "copy an example":
            return given[rng.integers(len(given))]
        if baseline == "canonical answer":
            return canonical
        return noisy(valid(), q, rng) if baseline == "noisy oracle" else valid()

    rows = []
    for run in range(runs):
        given = [valid() for _ in range(examples)]
        rows += graph_rows(
            task,
            [graph(given) for _ in range(amount)],
            model=baseline,
            method="few-shot" if examples else "zero-shot",
            temperature=float("nan"),
            run=run,
            examples=given,
            complete=complete,
        )
    return pd.DataFrame(rows)
