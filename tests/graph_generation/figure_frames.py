"""Invented frames with what the figures of notebook 06 take, of realistic size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from helpers.graph_generation.checks import ErrorKind
from helpers.graph_generation.generators import noisy, random_valid, uniform_graph
from helpers.graph_generation.graphs import Graph
from helpers.graph_generation.reference_lines import reference_lines
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


SHARES = {  # valid, unique, novel and all at once
    "uniform": (20.0, 100.0, 99.5, 20.0),
    "oracle": (100.0, 99.0, 99.0, 98.0),
    "copy": (100.0, 29.0, 0.0, 0.0),
    "canonical": (100.0, 10.0, 100.0, 10.0),
    "noisy oracle": (55.0, 100.0, 100.0, 55.0),
}


def baselines(rules=RULES) -> pd.DataFrame:
    """A row per baseline and rule."""
    return pd.DataFrame(
        row(rule, "few-shot", valid, model=name)
        | {"unique": unique, "novel": novel, "vun": vun, "iso_unique": unique / 3}
        for name, (valid, unique, novel, vun) in SHARES.items()
        for rule in rules
    )


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


def models(rules=("cycles", "k-regular", "k-color")) -> pd.DataFrame:
    """A row per model, rule and method."""
    return pd.DataFrame(
        row(rule, method, VALID[rule][j] * share, model=model)
        for model, share in (("small decoder", 1.0), ("smaller decoder", 0.6))
        for rule in rules
        for j, method in enumerate(METHODS)
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
    """A row per distribution, method and p."""
    rows = []
    for i, task in enumerate(tasks):
        for j, method in enumerate(WAYS):
            slope = (0.3, 0.5, 0.9)[j] - 0.1 * i
            for p in (0.2, 0.4, 0.6, 0.8):
                stated = 0.5 + slope * (p - 0.5)
                made = 0.35 + 0.8 * slope * (p - 0.5)
                rows.append(
                    {"distribution": task, "method": method, "p": p,
                     **with_interval("p_pred", 100 * stated),
                     **with_interval("p_gen", 100 * made, 8),
                     "attempted": 100 * made + 6, "valid": 70.0}
                )  # fmt: skip
    return pd.DataFrame(rows)


def references() -> pd.DataFrame:
    """The reference lines of all tasks."""
    return pd.concat(reference_lines(task) for task in TASKS)


def slopes() -> pd.DataFrame:
    """A row per distribution, method and quantity."""
    return pd.DataFrame(
        {"distribution": task, "method": method, "quantity": quantity, "slope": at,
         "low": at - 0.15, "high": at + 0.15, "error": 20 - 10 * at}
        for task in TASKS
        for method, at in zip(WAYS, (0.05, 0.4, 0.85), strict=True)
        for quantity in ("p_pred", "p_gen")
    )  # fmt: skip


def estimation_errors() -> pd.DataFrame:
    """A row per distribution and method."""
    rows = slopes().query("quantity == 'p_pred'")
    return rows.assign(low=rows["error"] - 2, high=rows["error"] + 2)


def graphs(rule: str, size: str = "small", seed: int = 0) -> list[Graph | None]:
    """Ten graphs for a preset: valid ones, spoilt ones, and one missing."""
    task, random = preset(rule, size), rng(seed)
    found: list[Graph | None] = [random_valid(task, random) for _ in range(5)]
    found += [noisy(random_valid(task, random), 0.3, random) for _ in range(2)]
    n, edges = found[0].n, found[0].edges
    spoilt = (*edges[:-1], edges[0], (1, 1), (2, n + 1))
    return [*found, Graph(n, spoilt), uniform_graph(n, len(edges), random), None]


PROMPTS = ("with the property", "without it", "real, with it", "real, without it",
           "mutated actives")  # fmt: skip


def molecules(properties=("drug-like", "lipophilic", "polar")) -> pd.DataFrame:
    """A row per property, prompt and scope."""
    truth = dict(zip(PROMPTS, (62.0, 20.0, 100.0, 0.0, 70.0), strict=True))
    return pd.DataFrame(
        {"property": name, "prompt": prompt, "scope": scope,
         **with_interval("c_m", 10 + 0.6 * t, 6),
         "c": t - 4, "c_low": t - 15, "c_high": t + 8, "truth": t}
        for name in properties
        for prompt, t in truth.items()
        for scope in (("all", "novel", "unseen") if prompt in PROMPTS[:2] else ("all",))
    )  # fmt: skip


def rectification() -> pd.DataFrame:
    """As `rectification.rectification_check` gives it."""
    return pd.DataFrame(
        {"rates": rates, "share": share, "c": slope * share, "sd": 0.07,
         "low": slope * share - 0.14, "high": slope * share + 0.14}
        for rates, slope in (("train", 0.72), ("held out", 1.01))
        for share in (0.0, 0.25, 0.5, 0.75, 1.0)
    )  # fmt: skip


@dataclass(frozen=True)
class Counts:
    """Stands in for a `Confusion`."""

    tp: int
    fp: int
    tn: int
    fn: int


def confusions() -> dict[str, Counts]:
    """Three matrices, the last the paper's Table 10."""
    return {"held out": Counts(301, 88, 700, 122), "train": Counts(900, 60, 2400, 90),
            "paper, HIV": Counts(810, 4145, 35539, 633)}  # fmt: skip
