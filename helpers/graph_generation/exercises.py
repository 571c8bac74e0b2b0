"""Checks of notebook 06's exercises; each raises AssertionError with a hint."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from helpers.graph_generation.checks import check
from helpers.graph_generation.graphs import Edge, Graph
from helpers.graph_generation.rectification import rectified
from helpers.graph_generation.reference_lines import laws
from helpers.graph_generation.tasks import Task


def _wheel(n: int, hub: int = 1) -> list[Edge]:
    rim = [node for node in range(1, n + 1) if node != hub]
    ring = list(zip(rim, rim[1:] + rim[:1], strict=True))
    return [(hub, node) for node in rim] + ring


_SPOKES_OF_SEVEN: list[Edge] = [(1, node) for node in range(2, 8)]
WHEELS: tuple[tuple[int, list[Edge], str], ...] = (
    (5, _wheel(5), "a hub, and a ring through all others"),
    (6, _wheel(6, hub=4), "any node may be the hub, not only node 1"),
    (6, [(v, u) for u, v in _wheel(6)], "(5, 2) is the edge (2, 5)"),
    (4, _wheel(4), "with 4 nodes all have degree 3, and each could be the hub"),
    (6, _wheel(6)[:-1], "the ring has a gap"),
    (6, _wheel(6)[1:], "a spoke is missing"),
    (6, [*_wheel(6), (2, 4)], "an edge across the ring is one too many"),
    (
        7,
        [*_SPOKES_OF_SEVEN, (2, 3), (3, 4), (2, 4), (5, 6), (6, 7), (5, 7)],
        "the degrees are right, but the rim is two rings: is it connected?",
    ),
    (7, _wheel(6), "n is 7, so node 7 must be in the wheel"),
    (5, _wheel(6), "edges name node 6, but n is 5"),
    (6, [*_wheel(6), (2, 2)], "a node joined to itself"),
    (6, [*_wheel(6), (3, 2)], "an edge is written twice, in either direction"),
    (5, [(1, 2), (2, 3), (3, 4), (4, 5), (1, 5)], "a ring without a hub"),
    (5, [], "no edges at all"),
)
"""Number of nodes, edges, and the hint of a wrong verdict."""


def check_wheel(attempt: Callable[[int, list[Edge]], bool]) -> None:
    """``attempt(n, edges)`` -> is it a wheel on the nodes 1..n, hub included?

    ``edges`` is as in a reply: pairs of node ids from 1 in either order, perhaps with
    loops, repeats, or ids outside 1..n, all of which make it invalid.
    """
    for n, edges, hint in WHEELS:
        task = Task("wheel", n)
        expected = check(task, Graph(n, tuple(edges))).valid
        found = attempt(n, list(edges))
        assert found is not None, "return True or False"
        assert bool(found) == expected, (
            f"n = {n}, edges {edges}: {expected}, got {bool(found)}; {hint}"
        )


ANSWERS: tuple[tuple[list[list[Edge] | None], list[bool], list[list[Edge]]], ...] = (
    (
        [[(1, 2), (2, 3)], [(2, 1), (3, 2)], [(1, 2), (1, 3)], None],
        [True, True, True, False],
        [[(1, 3), (1, 2)]],
    ),
    (
        [[(1, 2)], [(1, 2)], [(1, 2), (2, 3)], [(1, 3)], [(1, 2), (1, 3)]],
        [False, False, True, False, True],
        [],
    ),
    ([None, None], [False, False], []),
    ([[(1, 2), (2, 3)], [(1, 2), (2, 3)]], [True, True], [[(1, 2), (2, 3)]]),
)
"""Graphs of an answer (on the same nodes), their verdicts, and the examples given."""


def _key(edges: Sequence[Edge]) -> frozenset[Edge]:
    return frozenset((u, v) if u < v else (v, u) for u, v in edges)


def _shares(
    graphs: Sequence[Sequence[Edge] | None],
    valid: Sequence[bool],
    examples: Sequence[Sequence[Edge]],
) -> tuple[float, float, float, float]:
    given = {_key(example) for example in examples}
    seen: set[frozenset[Edge]] = set()
    counts = [0, 0, 0, 0]
    for graph, right in zip(graphs, valid, strict=True):
        if graph is None:
            continue
        key = _key(graph)
        first, novel = key not in seen, key not in given
        seen.add(key)
        for at, holds in enumerate((right, first, novel, right and first and novel)):
            counts[at] += holds
    v, u, n, vun = (100 * count / len(graphs) for count in counts)
    return v, u, n, vun


def check_rates(attempt: Callable[..., tuple[float, float, float, float]]) -> None:
    """``attempt(graphs, valid, examples)`` -> V, U, N and V·U·N in percent.

    ``graphs`` are lists of edges, on the same nodes, or None where none could be read;
    ``valid`` is their verdicts; ``examples`` are the graphs in the prompt. All shares
    are of the graphs asked for; unique are distinct labelled graphs, valid or not;
    novel are readable graphs that equal no example. V·U·N counts graphs that are valid
    and novel, each once.
    """
    for graphs, valid, examples in ANSWERS:
        expected = _shares(graphs, valid, examples)
        copies = [None if g is None else list(g) for g in graphs]
        found = attempt(copies, list(valid), [list(e) for e in examples])
        assert isinstance(found, Sequence) and len(found) == 4, "return four numbers"
        for name, want, got in zip(
            ("V", "U", "N", "V·U·N"), expected, found, strict=True
        ):
            assert math.isclose(_number(got), want, abs_tol=1e-6), (
                f"graphs {graphs}, valid {valid}, examples {examples}: {name} is "
                f"{want:.4g} %, got {_number(got):.4g}; "
                f"{_rate_hint(name, want, _number(got), graphs, valid)}"
            )


def _rate_hint(
    name: str,
    want: float,
    got: float,
    graphs: Sequence[Sequence[Edge] | None],
    valid: Sequence[bool],
) -> str:
    if math.isclose(got, want / 100, abs_tol=1e-9):
        return "in percent"
    read = [graph for graph in graphs if graph is not None]
    if read and math.isclose(got, want * len(graphs) / len(read)):
        return "of all graphs asked for, also those that could not be read"
    if name == "U":
        keys = [_key(graph) for graph in read]
        alone = sum(keys.count(key) == 1 for key in keys)
        right = {_key(g) for g, ok in zip(graphs, valid, strict=True) if ok and g}
        if math.isclose(got, 100 * alone / len(graphs)):
            return "of two equal graphs one counts: distinct graphs, not lone ones"
        if math.isclose(got, 100 * len(right) / len(graphs)):
            return "over valid and invalid graphs alike, as the paper's numbers show"
        return "(2, 1) is the edge (1, 2), and the order of edges means nothing"
    if name == "N":
        return (
            "equal as labelled graphs: compare sets of sorted pairs; None is not novel"
        )
    if name == "V":
        return "count the verdicts that are True"
    return "graph by graph: valid, no copy of an example, and not seen before"


def check_rectified(attempt: Callable[[float, float, float], float]) -> None:
    """``attempt(c_m, tpr, fpr)`` -> the share C that explains a flagged share C_M.

    C_M = C·TPR + (1 − C)·FPR, all between 0 and 1, nothing clipped.
    """
    paper = (810 / 1443, 4145 / 39684)
    for c_m, tpr, fpr in (
        (29 / 110, *paper),
        (36 / 110, *paper),
        (0.5, 0.9, 0.2),
        (0.05, *paper),
        (0.7, *paper),
        (0.3, 1.0, 0.0),
    ):
        expected = rectified(c_m, tpr, fpr)
        found = _number(attempt(c_m, tpr, fpr))
        hint = "solve C_M = C TPR + (1 - C) FPR for C"
        if math.isclose(found, min(1.0, max(0.0, expected))):
            hint = "do not clip: a C outside [0, 1] says that the rates do not fit"
        elif math.isclose(found, 100 * expected):
            hint = "a share, not percent"
        elif math.isclose(found, (c_m - fpr) / tpr):
            hint = "divide by TPR - FPR: the inactive ones are flagged, too"
        elif math.isclose(found, c_m / tpr):
            hint = "that forgets the false positives"
        elif math.isclose(found, c_m * tpr + (1 - c_m) * fpr):
            hint = "that is the way from C to C_M; turn it around"
        elif math.isclose(found, (c_m - tpr) / (fpr - tpr)):
            hint = "that is the share of inactive ones"
        assert math.isclose(found, expected, rel_tol=1e-6, abs_tol=1e-9), (
            f"C_M = {c_m:.4g}, TPR = {tpr:.4g}, FPR = {fpr:.4g}: {expected:.4g}, got "
            f"{found:.4g}; {hint}"
        )


def check_counter(attempt: Callable[[float, int], float]) -> None:
    """``attempt(p, n)`` -> mean distance from p of an exact counter's answer.

    Each of n graphs is a target with probability p. The counter states the share of
    targets among them. How far from p is that on average, E|share − p|?
    """
    for p, n in ((0.5, 1), (0.2, 10), (0.4, 10), (0.5, 2), (0.9, 25), (0.0, 10)):
        counted, _ = laws("counter", "union", p, inputs=n, runs=1)
        assert counted is not None
        expected = counted.error(p)
        found = _number(attempt(p, n))
        deviation = math.sqrt(p * (1 - p) / n)
        hint = "sum |k/n - p| C(n, k) p^k (1 - p)^(n - k) over k from 0 to n"
        if math.isclose(found, n * expected) and n > 1:
            hint = "of the share, not of the count: divide by n"
        elif math.isclose(found, 100 * expected):
            hint = "a share, not percent"
        elif math.isclose(found, deviation):
            hint = "that is the standard deviation, which is larger"
        elif math.isclose(found, math.sqrt(2 / math.pi) * deviation):
            hint = "that is the normal approximation; sum over the binomial law"
        elif math.isclose(found, deviation**2):
            hint = "that is the variance"
        elif math.isclose(found, 0.0, abs_tol=1e-12):
            hint = "deviations without their absolute value cancel"
        assert math.isclose(found, expected, rel_tol=1e-6, abs_tol=1e-9), (
            f"p = {p:g}, n = {n}: {expected:.4g}, got {found:.4g}; {hint}"
        )


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise AssertionError(f"return a number, not {value!r}") from None
