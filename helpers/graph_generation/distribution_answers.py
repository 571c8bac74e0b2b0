"""Answers to the distribution tasks: one row each, cells of the paper's Fig. 5, slopes.

In %, but for the true p in [0, 1]. Beside the paper's three numbers (p_pred, p_gen,
valid: Tables 11-13) a row holds what they can hide: the share of targets in the graphs
given (``given``, which an exact counter states), the attempt rate (``attempted``), and
the graphs that only repeat a given one (``copied``): an answer that copies all ten has
a perfect p_gen and valid rate.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from helpers.graph_generation.distributions import (
    Episode,
    attempted_kind,
    is_target,
    kind,
)
from helpers.graph_generation.graphs import Graph
from helpers.graph_generation.reference_lines import slope, slope_interval
from helpers.intervals import bootstrap_means, percentiles

MEASURES = ("given", "p_pred", "p_gen", "attempted", "valid", "copied", "unique")
GROUP = ("model", "distribution", "method")
CELL = (*GROUP, "p")


def answer_row(
    episode: Episode,
    graphs: Sequence[Graph | None],
    p_pred: float | None,
    *,
    model: str,
    method: str,
    run: int = 0,
    sizes: str = "small",
    any_size: bool = False,
    any_tree: bool = False,
) -> dict[str, object]:
    """Row of one answer.

    Parameters
    ----------
    episode : Episode
        What the prompt showed.
    graphs : sequence of Graph or None
        One per graph asked for; None where none could be read. Shape (amount,).
    p_pred : float or None
        The p that the answer states; None, or a number outside [0, 1], counts as not
        stated (NaN).
    model, method, run
        Which answer this is.
    sizes, any_size, any_tree
        What counts as valid: see `distributions.kind`.

    Returns
    -------
    dict
        ``model``, ``distribution``, ``p``, ``method``, ``run``; `MEASURES` in % (p_gen
        and attempted are NaN where no graph tells); counts of graphs:
        ``amount``, ``valid_targets``, ``valid_others``, and as far as the counts of
        nodes and edges tell, ``tried_targets``, ``tried_others``.

    Raises
    ------
    ValueError
        If no graph was asked for.
    """
    if not graphs:
        raise ValueError(
            "an answer of no graphs; allowed: one entry per graph asked for"
        )
    task, amount = episode.task, len(graphs)
    shown = {graph.key for graph in episode.graphs}
    written = [graph.key for graph in graphs if graph is not None]
    reading = {"any_size": any_size, "any_tree": any_tree}
    judged = [kind(task, graph, sizes=sizes, **reading) for graph in graphs]
    tried = [
        name or attempted_kind(task, graph, sizes=sizes)
        for name, graph in zip(judged, graphs, strict=True)
    ]
    valid_targets, valid_others = _split(task, judged)
    tried_targets, tried_others = _split(task, tried)
    stated = math.nan if p_pred is None or not 0 <= p_pred <= 1 else float(p_pred)
    return {
        "model": model,
        "distribution": task,
        "p": episode.p,
        "method": method,
        "run": run,
        "given": 100 * episode.share,
        "p_pred": 100 * stated,
        "p_gen": _share(valid_targets, valid_others),
        "attempted": _share(tried_targets, tried_others),
        "valid": 100 * (valid_targets + valid_others) / amount,
        "copied": 100 * sum(key in shown for key in written) / amount,
        "unique": 100 * len(set(written)) / amount,
        "amount": amount,
        "valid_targets": valid_targets,
        "valid_others": valid_others,
        "tried_targets": tried_targets,
        "tried_others": tried_others,
    }


def _split(task: str, kinds: Sequence[str | None]) -> tuple[int, int]:
    """Numbers of targets and of others among the kinds that are known."""
    known = [is_target(task, name) for name in kinds if name is not None]
    return sum(known), len(known) - sum(known)


def _share(targets: int, others: int) -> float:
    return 100 * targets / (targets + others) if targets + others else math.nan


def summary(
    answers: pd.DataFrame,
    by: Sequence[str] = CELL,
    *,
    seed: int = 0,
    draws: int = 2000,
) -> pd.DataFrame:
    """Cells: mean over answers of every measure, with error and interval.

    Parameters
    ----------
    answers : pd.DataFrame
        Rows of `answer_row`.
    by : sequence of str
        Columns that make a cell.
    seed, draws : int
        Of the bootstrap over answers.

    Returns
    -------
    pd.DataFrame
        ``by``, ``answers``, ``stated`` (share of answers that state p); each of
        `MEASURES` with ``_se`` (population SD / sqrt(answers), as in the paper:
        inferred), ``_low`` and ``_high`` (95 %, by bootstrap over answers; no width
        where all answers agree); ``target_valid`` and ``other_valid``: valid rate of
        the graphs tried as targets and as others. Where these two differ, p_gen is
        biased.

    Raises
    ------
    ValueError
        If there are no answers or columns are missing.
    """
    _check(answers, [*by, *MEASURES])
    rows = []
    for _, cell in answers.groupby(list(by), sort=False):
        row = {name: cell[name].iloc[0] for name in by}
        row["answers"] = len(cell)
        row["stated"] = 100 * cell["p_pred"].notna().mean()
        for measure in MEASURES:
            row |= _estimate(measure, cell[measure].to_numpy(float), seed, draws)
        for name in ("target", "other"):
            tried = int(cell[f"tried_{name}s"].sum())
            valid = int(cell[f"valid_{name}s"].sum())
            row[f"{name}_valid"] = 100 * valid / tried if tried else math.nan
        rows.append(row)
    return pd.DataFrame(rows)


def slopes(
    answers: pd.DataFrame,
    by: Sequence[str] = GROUP,
    *,
    quantities: Sequence[str] = ("p_pred", "p_gen"),
    seed: int = 0,
    draws: int = 2000,
) -> pd.DataFrame:
    """Slopes on p, 0 ignores the input and 1 is ideal, with 95 % bootstrap intervals.

    Parameters
    ----------
    answers, by, seed, draws
        As in `summary`; a group needs two or more different p.
    quantities : sequence of str
        Among `MEASURES`.

    Returns
    -------
    pd.DataFrame
        ``by``, ``quantity``, ``slope``, ``low``, ``high`` (no unit; NaN where answers
        with a value leave fewer than two p).
    """
    _check(answers, [*by, "p", *quantities])
    rows = []
    for _, group in answers.groupby(list(by), sort=False):
        for name in quantities:
            named = {key: group[key].iloc[0] for key in by} | {"quantity": name}
            values = group[name] / 100
            found = {"value": slope(group["p"], values)}
            if not math.isnan(found["value"]):
                found = slope_interval(group["p"], values, seed=seed, draws=draws)
            ends = {end: found.get(end, math.nan) for end in ("low", "high")}
            rows.append({**named, "slope": found["value"], **ends})
    return pd.DataFrame(rows)


def errors(
    answers: pd.DataFrame,
    by: Sequence[str] = GROUP,
    *,
    quantity: str = "p_pred",
    seed: int = 0,
    draws: int = 2000,
) -> pd.DataFrame:
    """Mean over p of the distance between a cell's mean and p.

    It shrinks as cells average over more answers: compare with `reference_lines` of as
    many ``runs``. A p whose answers state nothing is left out.

    Parameters
    ----------
    answers, by, seed, draws
        As in `summary`.
    quantity : str
        Among `MEASURES`.

    Returns
    -------
    pd.DataFrame
        ``by``, ``error``, ``low``, ``high`` in points; 95 % by bootstrap over answers
        within each p, which lies too high where the error is about 0.
    """
    _check(answers, [*by, "p", quantity])
    rows = []
    for _, group in answers.groupby(list(by), sort=False):
        known = group.dropna(subset=[quantity])
        distances, drawn = [], np.zeros(draws)
        rng = np.random.default_rng(seed)
        for _, cell in known.groupby("p"):
            p = float(cell["p"].iloc[0])
            values = cell[quantity].to_numpy(float)
            distances.append(abs(values.mean() - 100 * p))
            drawn += np.abs(bootstrap_means(values, rng, draws) - 100 * p)
        found = [math.nan] * 3
        if distances:
            found = [float(np.mean(distances)), *percentiles(drawn / len(distances))]
        named = {key: group[key].iloc[0] for key in by}
        rows.append(named | dict(zip(("error", "low", "high"), found, strict=True)))
    return pd.DataFrame(rows)


def _check(answers: pd.DataFrame, needed: Sequence[str]) -> None:
    missing = [name for name in needed if name not in answers]
    if missing:
        raise ValueError(f"the frame lacks {', '.join(missing)}; see `answer_row`")
    if answers.empty:
        raise ValueError("the frame has no answers")


def _estimate(
    measure: str, values: np.ndarray, seed: int, draws: int
) -> dict[str, float]:
    known = values[~np.isnan(values)]
    names = (measure, f"{measure}_se", f"{measure}_low", f"{measure}_high")
    if not len(known):
        return dict.fromkeys(names, math.nan)
    drawn = bootstrap_means(known, np.random.default_rng(seed), draws)
    error = known.std() / math.sqrt(len(known))
    found = (known.mean(), error, *percentiles(drawn))
    return {name: float(value) for name, value in zip(names, found, strict=True)}
