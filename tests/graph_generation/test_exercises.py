"""The checks turn wrong attempts down, each with a hint that says why."""

from __future__ import annotations

import math

import pytest

from helpers.graph_generation.exercises import (
    check_counter,
    check_rates,
    check_rectified,
    check_wheel,
)


def is_ring(edges):
    """Whether simple edges form one ring through all their nodes."""
    around = {}
    for u, v in edges:
        around.setdefault(u, []).append(v)
        around.setdefault(v, []).append(u)
    if not around or any(len(others) != 2 for others in around.values()):
        return False
    start = next(iter(around))
    before, node, seen = None, start, set()
    while node not in seen:
        seen.add(node)
        before, node = node, next(v for v in around[node] if v != before)
    return len(seen) == len(around)


def wheel(n, edges, hubs=None):
    pairs = {tuple(sorted(edge)) for edge in edges}
    if len(pairs) != len(edges) or any(u == v for u, v in pairs):
        return False
    if any(not 1 <= node <= n for pair in pairs for node in pair):
        return False
    for hub in hubs or range(1, n + 1):
        rim = [pair for pair in pairs if hub not in pair]
        if len(pairs) - len(rim) == n - 1 == len({v for pair in rim for v in pair}):
            return is_ring(rim)
    return False


def hub_is_one(n, edges):
    return wheel(n, edges, [1])


def by_degrees(n, edges):
    pairs = {tuple(sorted(edge)) for edge in edges}
    if len(pairs) != len(edges) or any(u == v or v > n for u, v in pairs):
        return False
    degrees = sorted(sum(node in pair for pair in pairs) for node in range(1, n + 1))
    return degrees == [3] * (n - 1) + [n - 1] or degrees == [3] * n == [3] * 4


def ignores_repeats(n, edges):
    return wheel(n, list({tuple(sorted(edge)) for edge in edges}))


def key(graph):
    return frozenset(tuple(sorted(edge)) for edge in graph)


def rates(graphs, valid, examples, *, among="all", twins=False, keyed=key):
    given = {keyed(example) for example in examples}
    read = [g for g in graphs if g is not None]
    keys = [None if g is None else keyed(g) for g in graphs]
    total = (len(graphs) if among == "all" else len(read)) or 1
    found = [k for k in keys if k is not None]
    unique = sum(found.count(k) == 1 for k in found) if twins else len(set(found))
    right = {k for k, ok in zip(keys, valid, strict=True) if ok}
    novel = sum(k not in given for k in found)
    counts = (sum(valid), unique, novel, len(right - given))
    return tuple(100 * count / total for count in counts)


def unique_valid(graphs, valid, examples):
    v, _, n, vun = rates(graphs, valid, examples)
    right = {key(g) for g, ok in zip(graphs, valid, strict=True) if ok}
    return v, 100 * len(right) / len(graphs), n, vun


def product(graphs, valid, examples):
    v, u, n, _ = rates(graphs, valid, examples)
    return v, u, n, v * u * n / 1e4


def rectified(c_m, tpr, fpr):
    return (c_m - fpr) / (tpr - fpr)


def counter(p, n):
    return sum(
        abs(k / n - p) * math.comb(n, k) * p**k * (1 - p) ** (n - k)
        for k in range(n + 1)
    )


WRONG = [
    (check_wheel, hub_is_one, "any node may be the hub"),
    (check_wheel, by_degrees, "is it connected"),
    (check_wheel, ignores_repeats, "written twice"),
    (check_wheel, lambda n, e: wheel(n, e) or not e, "no edges at all"),
    (check_wheel, lambda n, e: n != 4 and wheel(n, e), "each could be the hub"),
    (check_wheel, lambda n, e: wheel(max(map(max, e), default=n), e), "node 7 must"),
    (check_rates, lambda g, v, e: rates(g, v, e, among="read"), "asked for, also"),
    (check_rates, lambda g, v, e: rates(g, v, e, twins=True), "not lone ones"),
    (check_rates, unique_valid, "valid and invalid graphs alike"),
    (check_rates, product, "graph by graph"),
    (check_rates, lambda g, v, e: rates(g, v, e, keyed=tuple), r"\(2, 1\) is the edge"),
    (check_rates, lambda *a: tuple(x / 100 for x in rates(*a)), "in percent"),
    (check_rates, lambda *a: rates(*a)[:3], "return four numbers"),
    (check_rectified, lambda c, t, f: min(1, max(0, rectified(c, t, f))), "not clip"),
    (check_rectified, lambda c, t, f: 100 * rectified(c, t, f), "not percent"),
    (check_rectified, lambda c, t, f: (c - f) / t, "divide by TPR - FPR"),
    (check_rectified, lambda c, t, f: c / t, "false positives"),
    (check_rectified, lambda c, t, f: c * t + (1 - c) * f, "turn it around"),
    (check_rectified, lambda c, t, f: 1 - rectified(c, t, f), "inactive ones"),
    (check_counter, lambda p, n: n * counter(p, n), "divide by n"),
    (check_counter, lambda p, n: 100 * counter(p, n), "not percent"),
    (check_counter, lambda p, n: math.sqrt(p * (1 - p) / n), "standard deviation"),
    (
        check_counter,
        lambda p, n: math.sqrt(2 / math.pi * p * (1 - p) / n),
        "normal approximation",
    ),
    (check_counter, lambda p, n: p * (1 - p) / n, "the variance"),
    (check_counter, lambda p, n: 0.0, "cancel"),
]


@pytest.mark.parametrize(("check", "attempt", "hint"), WRONG)
def test_wrong_solutions_get_a_hint(check, attempt, hint):
    with pytest.raises(AssertionError, match=hint):
        check(attempt)
