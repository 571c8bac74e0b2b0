"""Invented frames with what the figures of notebook 06 take, of realistic size."""

from __future__ import annotations

import numpy as np
import pandas as pd

from helpers.graph_generation.checks import ErrorKind
from helpers.graph_generation.generators import noisy, random_valid, uniform_graph
from helpers.graph_generation.graphs import Graph
from helpers.graph_generation.tasks import RULES, preset

METHODS = ("zero-shot", "few-shot", "zero-shot-cot", "few-shot-cot")
CHANCE = dict(zip(RULES, (2.5, 0.0, 50.0, 25.4, 0.1, 0.0, 1.2, 23.9), strict=True))
VALID = {  # zero-shot, few-shot, zero-shot CoT, few-shot CoT
    "trees": (64.5, 60.0, 71.0, 66.0),
    "cycles": (76.0, 71.5, 74.0, 70.2),
    "components": (80.0, 81.0, 79.0, 77.3),
    "planar": (35.0, 33.1, 36.0, 34.8),
    "k-regular": (85.5, 80.2, 84.4, 81.0),
    "wheel": (41.0, 44.4, 21.5, 30.9),
    "bipartite": (85.5, 100.0, 68.5, 70.7),
    "k-color": (29.0, 33.0, 28.5, 0.0),
}
PAPER = {
    "trees": (100.0, 98.0, 100.0, 97.6),
    "cycles": (91.3, 85.0, 86.9, 97.0),
    "components": (30.4, 63.2, 38.0, 40.0),
    "planar": (47.3, 4.3, 53.3, 20.0),
    "k-regular": (64.0, 86.1, 82.7, 91.5),
    "wheel": (13.0, 88.8, 92.3, 90.7),
    "bipartite": (60.3, 57.1, 92.7, 98.2),
    "k-color": (50.3, 62.3, 43.2, 58.5),
}


def with_interval(name: str, value: float, half: float = 5.0) -> dict[str, float]:
    """A metric's columns in percent."""
    return {
        name: value,
        f"{name}_se": half / 1.96,
        f"{name}_low": max(0.0, value - half),
        f"{name}_high": min(100.0, value + half),
    }


def row(rule: str, method: str, valid: float, **more: object) -> dict[str, object]:
    """A row of a summary; unique and novel follow from the method."""
    unique = 45.0 if rule == "bipartite" else 97.5
    novel = 100.0 - RULES.index(rule) if method.startswith("few") else 100.0
    metrics: dict[str, float] = {}
    for name, value in {
        "valid": valid,
        "unique": unique,
        "novel": novel,
        "vun": valid * unique * novel / 1e4,
        "iso_unique": unique / 3,
    }.items():
        metrics |= with_interval(name, value)
    return {
        "model": "small decoder", "rule": rule, "size": "tiny", "method": method,
        "temperature": 0.8, "amount": 10, "answers": 30, "graphs": 300, **metrics,
        "chance": CHANCE[rule], **more,
    }  # fmt: skip


def summary(rules=RULES, methods=METHODS) -> pd.DataFrame:
    """A row per rule and method."""
    return pd.DataFrame(
        row(rule, method, VALID[rule][METHODS.index(method)])
        for rule in rules
        for method in methods
    )


def paper(rules=RULES, methods=METHODS) -> pd.DataFrame:
    """The published values of one model and size."""
    return pd.DataFrame(
        {"rule": rule, "method": method, "valid": PAPER[rule][METHODS.index(method)],
         "unique": 98.0, "novel": 100.0}
        for rule in rules
        for method in methods
    )  # fmt: skip


def llama() -> pd.DataFrame:
    """Prompts with examples of Table 16."""
    rows = [
        ("cycles", "few-shot", 31.1, 70.4),
        ("k-regular", "few-shot", 17.2, 82.8),
        ("k-color", "few-shot", 13.0, 92.6),
        ("cycles", "few-shot-cot", 16.2, 87.2),
        ("k-regular", "few-shot-cot", 8.0, 92.3),
        ("k-color", "few-shot-cot", 13.3, 91.7),
    ]
    return pd.DataFrame(rows, columns=["rule", "method", "valid", "novel"])


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def sizes(rules=("cycles", "k-regular", "k-color"), steps=("tiny", "small", "medium")):
    """A row per rule, size and method."""
    return pd.DataFrame(
        row(rule, method, VALID[rule][j] * (1 - 0.3 * i), size=size)
        for rule in rules
        for i, size in enumerate(steps)
        for j, method in enumerate(METHODS)
    )


def temperatures(rules=("cycles", "k-regular", "k-color")) -> pd.DataFrame:
    """A row per rule and temperature of one method."""
    return pd.DataFrame(
        row(rule, "zero-shot", VALID[rule][0] * (1.1 - 0.4 * t), temperature=t)
        | with_interval("unique", 20 + 79 * min(1, t), 3)
        | with_interval("vun", 50 + 20 * t - 30 * t * t, 3)
        for rule in rules
        for t in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.2)
    )


def paper_temperatures() -> pd.DataFrame:
    """A part of Table 17."""
    rows = [(r, t, v, u) for r, v, u in (("cycles", 100.0, 90.0),
            ("k-regular", 53.3, 98.7), ("k-color", 33.3, np.nan))
            for t in (0.0, 0.4, 1.0)]  # fmt: skip
    return pd.DataFrame(rows, columns=["rule", "temperature", "valid", "unique"])


def models(rules=("cycles", "k-regular", "k-color")) -> pd.DataFrame:
    """A row per model, rule and method."""
    return pd.DataFrame(
        row(rule, method, VALID[rule][j] * share, model=model)
        for model, share in (("small decoder", 1.0), ("smaller decoder", 0.6))
        for rule in rules
        for j, method in enumerate(METHODS)
    )


def paper_models(rules=("cycles", "k-regular", "k-color")) -> pd.DataFrame:
    """As Table 3."""
    return pd.concat(
        paper(rules).assign(model=model, valid=lambda f, s=share: f["valid"] * s)
        for model, share in (("GPT-4", 1.0), ("GPT-3.5", 0.5), ("LLama2-13B", 0.1))
    )


KINDS = [str(kind) for kind in ErrorKind]


def errors(rules=RULES, by="method", rows=METHODS) -> pd.DataFrame:
    """A row per rule, way and kind of error."""
    found = []
    for i, rule in enumerate(rules):
        for j, name in enumerate(rows):
            left = 100 - VALID[rule][j]
            shares = rng(10 * i + j).dirichlet(np.ones(len(KINDS))) * left
            if name == "grammar":
                shares[0] = 0.0
            found += [
                {"model": "small decoder", "rule": rule, by: name, "error": kind,
                 "share": float(share)}
                for kind, share in zip(KINDS, shares, strict=True)
            ]  # fmt: skip
    return pd.DataFrame(found)


TASKS = ("trees-or-cycles", "union", "motif")
WAYS = ("zero-shot", "few-shot", "cot")


def distributions(tasks=TASKS) -> pd.DataFrame:
    """A row per distribution, method and p; shares."""
    rows = []
    for i, task in enumerate(tasks):
        for j, method in enumerate(WAYS):
            slope = (0.3, 0.5, 0.9)[j] - 0.1 * i
            for p in (0.2, 0.4, 0.6, 0.8):
                stated = 0.5 + slope * (p - 0.5)
                made = 0.35 + 0.8 * slope * (p - 0.5)
                rows.append(
                    {"distribution": task, "method": method, "p": p,
                     **with_interval("p_pred", stated, 0.05),
                     **with_interval("p_gen", made, 0.08), "attempted": made + 0.06,
                     "valid": 70.0}
                )  # fmt: skip
    return pd.DataFrame(rows)


def paper_distributions() -> pd.DataFrame:
    """A part of Tables 11-13, as shares."""
    rows = [
        (task, method, p, a, b)
        for task in TASKS
        for method, line in {
            "zero-shot": ((0.62, 0.54), (0.60, 0.74), (0.58, 0.48), (0.60, 0.90)),
            "cot": ((0.45, 0.50), (0.43, 0.59), (0.53, 0.86), (0.77, np.nan)),
        }.items()
        for p, (a, b) in zip((0.2, 0.4, 0.6, 0.8), line, strict=True)
    ]
    names = ["distribution", "method", "p", "p_pred", "p_gen"]
    return pd.DataFrame(rows, columns=names)


def slopes() -> pd.DataFrame:
    """A row per distribution, method and quantity."""
    return pd.DataFrame(
        {"distribution": task, "method": method, "quantity": quantity, "slope": at,
         "low": at - 0.15, "high": at + 0.15, "error": 0.2 - 0.1 * at}
        for task in TASKS
        for method, at in zip(WAYS, (0.05, 0.4, 0.85), strict=True)
        for quantity in ("p_pred", "p_gen")
    )  # fmt: skip


def estimation_errors() -> pd.DataFrame:
    """A row per distribution and method."""
    rows = slopes().query("quantity == 'p_pred'")
    return rows.assign(low=rows["error"] - 0.02, high=rows["error"] + 0.02)


def graphs(rule: str, size: str = "small", seed: int = 0) -> list[Graph | None]:
    """Ten graphs for a preset: valid ones, spoilt ones, and one missing."""
    task, random = preset(rule, size), rng(seed)
    found: list[Graph | None] = [random_valid(task, random) for _ in range(5)]
    found += [noisy(random_valid(task, random), 0.3, random) for _ in range(2)]
    n, edges = found[0].n, found[0].edges
    spoilt = (*edges[:-1], edges[0], (1, 1), (2, n + 1))
    return [*found, Graph(n, spoilt), uniform_graph(n, len(edges), random), None]
