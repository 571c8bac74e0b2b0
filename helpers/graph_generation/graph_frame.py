"""The frame that metrics and figures read: one row per graph that was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from helpers.graph_generation.checks import check
from helpers.graph_generation.graphs import Graph
from helpers.graph_generation.tasks import Pair, Task

# Columns that tell one answer from another.
ANSWER = (
    "model",
    "rule",
    "size",
    "n",
    "method",
    "temperature",
    "amount",
    "run",
)
COLUMNS = (
    *ANSWER,
    "slot",
    "graph",
    "wellformed",
    "valid",
    "lenient",
    "error",
    "copy",
)


def graph_rows(
    task: Task | Pair,
    graphs: Sequence[Graph | None],
    *,
    model: str,
    method: str = "zero-shot",
    temperature: float = 0.8,
    run: int = 0,
    examples: Sequence[Graph] = (),
    complete: bool = False,
) -> list[dict[str, Any]]:
    """Rows of one answer, keys as in `COLUMNS`.

    Parameters
    ----------
    task : Task or Pair
        What was asked for.
    graphs : sequence of Graph or None
        One per graph asked for; None where none could be read.
    model, method, temperature, run
        Which answer this is.
    examples : sequence of Graph
        Given in the prompt: an equal labelled graph is a ``copy``.
    complete : bool
        Only complete bipartite graphs are valid ones.

    Examples
    --------
    >>> ring = Graph.of(3, [(1, 2), (2, 3), (1, 3)])
    >>> rows = graph_rows(Task("cycles", 3), [ring, None], model="x", examples=[ring])
    >>> [(row["valid"], row["copy"], row["error"]) for row in rows]
    [(True, True, ''), (False, False, 'format')]
    """
    given = {example.key for example in examples}
    # a pair leaves the number of nodes open
    n = task.n if isinstance(task, Task) else 0
    rows = []
    for slot, graph in enumerate(graphs):
        strict = check(task, graph, complete=complete)
        lenient = check(task, graph, complete=complete, lenient=True)
        found = (
            model,
            task.rule,
            task.size,
            n,
            method,
            temperature,
            len(graphs),
            run,
            slot,
            graph,
            graph is not None,
            strict.valid,
            lenient.valid,
            str(strict.error),
            graph is not None and graph.key in given,
        )
        rows.append(dict(zip(COLUMNS, found, strict=True)))
    return rows
