"""Sizes that the decoder of the rules never read, and the trained ones around them."""

from __future__ import annotations

from helpers.graph_generation.tasks import Task, preset

_NEAR = 9  # nodes; no document of the training has so many
# Graphs of nine nodes have no cubic one: of regular graphs ten nodes are held out.
_EDGES = {"planar": 17, "k-color": 17}


def held_out(rule: str) -> Task:
    """A task of a size between trained ones.

    Raises
    ------
    ValueError
        For an unknown rule.

    Examples
    --------
    >>> held_out("cycles").n, held_out("k-regular").n
    (9, 10)
    """
    n = _NEAR + (preset(rule).rule == "k-regular")
    return _sized(rule, n)


def around(rule: str) -> tuple[Task, Task]:
    """The tasks one size below and above `held_out`, which were trained.

    Examples
    --------
    >>> [task.n for task in around("trees")], [task.n for task in around("k-regular")]
    ([8, 10], [8, 12])
    """
    n, step = held_out(rule).n, 2 if rule == "k-regular" else 1
    return _sized(rule, n - step), _sized(rule, n + step)


def _sized(rule: str, n: int) -> Task:
    if rule == "components":
        return Task(rule, n, k=3)
    if rule == "k-regular":
        return Task(rule, n, k=3)
    if rule == "bipartite":
        return Task(rule, n, parts=(n // 2, n - n // 2))
    if rule == "planar":
        return Task(rule, n, m=_EDGES[rule] + 2 * (n - _NEAR))
    if rule == "k-color":
        return Task(rule, n, m=_EDGES[rule] + 2 * (n - _NEAR), k=3)
    return Task(rule, n)
