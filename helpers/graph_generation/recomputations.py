"""What the printed tables themselves say, recomputed: no model is run here.

Each function takes the frames of `helpers.graph_generation.published` and returns one
to show. All conclusions are inferred; shares are in percent.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from helpers.graph_generation.answer_counts import answers_of_distributions
from helpers.graph_generation.chance import chance
from helpers.graph_generation.published import (
    SETTINGS,
    distributions,
    rules,
)
from helpers.graph_generation.reference_lines import (
    reference_lines,
    reference_scores,
    slope,
)
from helpers.graph_generation.tasks import preset


def cells(table: str = "all") -> pd.DataFrame:
    """`published.rules` with a row per cell: valid, unique, novel and their ``_se``."""
    printed = rules(table)
    index = list(SETTINGS)
    means = printed.pivot(index=index, columns="metric", values="mean")
    errors = printed.pivot(index=index, columns="metric", values="se")
    order = pd.MultiIndex.from_frame(printed[index].drop_duplicates())
    return means.join(errors.add_suffix("_se")).reindex(order).reset_index()


def unique_by_label() -> pd.DataFrame:
    """Finding 1: unique rates that isomorphism could not give (Tables 2 and 17).

    All cycles of one length are isomorphic: of an answer's graphs, invalid ones can add
    classes, the valid ones together add one. ``most`` is that bound for the means: the
    invalid share and one graph. A printed rate above it counts labelled graphs.
    """
    found = cells().query("rule == 'cycles' and model == 'GPT-4'").copy()
    found["most"] = np.minimum(100, 100 - found["valid"] + 100 / found["amount"])
    found["above"] = found["unique"] - found["most"]
    columns = [*SETTINGS[1:5], "valid", "unique", "most", "above"]
    return found[columns].reset_index(drop=True)


def unique_without_valid() -> pd.DataFrame:
    """Finding 2: cells without a valid graph that still print a unique rate (T16).

    Table 2's caption speaks of unique among valid graphs; of none there is no share.
    """
    found = cells().query("valid == 0 and valid_se == 0")
    columns = ["model", "method", "rule", "valid", "unique", "unique_se"]
    return found[columns].reset_index(drop=True)


def copying() -> pd.DataFrame:
    """Finding 3: what is left of valid graphs without copied examples (Table 16).

    ``copies`` = 100 - novel. Examples are valid, so ``own`` = valid - copies are the
    valid graphs that are new, if the examples have the asked size.
    """
    found = cells("models").query("method in ('few-shot', 'few-shot-cot')").copy()
    found["copies"] = (100 - found["novel"]).round(1)
    found["own"] = (found["valid"] - found["copies"]).round(1)
    columns = ["model", "method", "rule", "valid", "copies", "own"]
    return found[columns].reset_index(drop=True)


def bipartite_partitions() -> pd.DataFrame:
    """Finding 4: distinct graphs per answer of the bipartite task (Tables 1, 2).

    The paper explains few unique graphs by an equal choice of the two sides. That
    repeats the graph only if all edges between them are there: ``distinct`` graphs of
    10, against 9.6 for ten random splits of 10 nodes into 5 + 5.
    """
    found = cells("methods").query("rule == 'bipartite'").copy()
    splits = math.comb(10, 5) // 2
    found["distinct"] = found["unique"] / 10
    found["random_splits"] = splits * (1 - (1 - 1 / splits) ** 10)
    columns = ["method", "valid", "unique", "distinct", "random_splits"]
    return found[columns].reset_index(drop=True)


def against_chance(*, draws: int = 1000, seed: int = 0) -> pd.DataFrame:
    """Valid rates below, within and above those of uniform random graphs.

    For planar and k-color, whose sizes the paper chose to make random graphs valid in
    about a fifth of the cases: ``chance`` in percent and ``z``, the distance in
    standard errors of the printed mean.
    """
    found = cells().query("rule in ('planar', 'k-color')").copy()
    levels = [
        100 * chance(preset(rule, size), draws=draws, seed=seed).share
        for rule, size in zip(found["rule"], found["size"], strict=True)
    ]
    found["chance"] = levels
    # a cell without spread has no standard error to divide by
    found["z"] = (found["valid"] - levels) / found["valid_se"].replace(0, np.nan)
    columns = [*SETTINGS, "valid", "valid_se", "chance", "z"]
    return found[columns].sort_values("valid", ignore_index=True)


def size_steps() -> pd.DataFrame:
    """Observation 4: each step to a larger size in joint standard errors (Table 15).

    ``change`` of the valid rate in points, and ``z`` = change / sqrt(se² + se²); beyond
    2 in absolute value the two sizes are told apart.
    """
    steps = [("small", "medium"), ("medium", "large"), ("small", "large")]
    rows = []
    for key, group in cells("sizes").groupby(["rule", "method"], sort=False):
        valid = dict(zip(group["size"], group["valid"], strict=True))
        se = dict(zip(group["size"], group["valid_se"], strict=True))
        for smaller, larger in steps:
            change = valid[larger] - valid[smaller]
            z = change / math.hypot(se[smaller], se[larger])
            rows.append((*key, smaller, larger, change, z))
    return pd.DataFrame(rows, columns=["rule", "method", "from", "to", "change", "z"])


def slopes() -> pd.DataFrame:
    """Observations 5 and 6: p_pred and p_gen against p (Tables 11-13).

    One row per distribution, method and metric: least-squares ``slope`` over the four
    p, its ``slope_se`` from the printed standard errors, and the mean distance
    ``error`` from p in points. Slope 0 ignores the input, slope 1 follows it.
    """
    rows = []
    table = distributions().query("metric != 'valid'")
    for key, cell in table.groupby(["distribution", "method", "metric"], sort=False):
        p = cell["p"].to_numpy()
        mean, se = cell["mean"].to_numpy() / 100, cell["se"].to_numpy() / 100
        weights = (p - p.mean()) / ((p - p.mean()) ** 2).sum()
        names = ("distribution", "method", "metric")
        rows.append(
            {
                **dict(zip(names, key, strict=True)),
                "slope": slope(p, mean),
                "slope_se": float(np.sqrt((weights**2 * se**2).sum())),
                "error": float(100 * np.abs(mean - p).mean()),
            }
        )
    return pd.DataFrame(rows)


def against_references() -> pd.DataFrame:
    """The paper's prompts beside five simple answerers, in errors and slopes.

    One row per distribution and ``line`` (a prompt or one of `reference_lines.LINES`):
    ``p_pred_error``, ``p_gen_error`` in points, ``p_pred_slope``, ``p_gen_slope``. The
    errors of an answerer are those of a mean over five answers, as in a printed cell.
    """
    paper = slopes().pivot(index=["distribution", "method"], columns="metric")
    wide = pd.DataFrame(
        {
            f"{metric}_{name}": paper[name][metric]
            for name in ("error", "slope")
            for metric in ("p_pred", "p_gen")
        }
    )
    printed = wide.reset_index().rename(columns={"method": "line"})
    parts = []
    for distribution in distributions()["distribution"].unique():
        parts.append(printed[printed["distribution"] == distribution])
        parts.append(reference_scores(reference_lines(distribution)))
    return pd.concat(parts, ignore_index=True)


def constant_answers() -> pd.DataFrame:
    """Cells in which every answer states the same p: 0.6 each time (Tables 11-13)."""
    table = distributions().query("metric == 'p_pred' and se == 0")
    return table.drop(columns="metric").reset_index(drop=True)


def error_bars() -> pd.DataFrame:
    """Finding 7: which standard deviation the printed error bars follow.

    Over the cells of Tables 11-13 whose answers differ: how many are explained by up to
    six answers with ``ddof`` 0, numpy's default, and with 1.
    """
    table = answers_of_distributions().query("se > 0")
    explained = {0: table["fits"], 1: table["fits_ddof_1"]}
    return pd.DataFrame(
        {"ddof": ddof, "cells": len(fits), "explained": int(fits.map(bool).sum())}
        for ddof, fits in explained.items()
    )
