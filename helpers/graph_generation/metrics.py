"""Valid, unique and novel graphs, as the paper measures them and as others do.

Per answer of ``amount`` graphs (Section 3.1; what the captions leave open is inferred
from Tables 14-18):

- valid V: share that satisfies the rule;
- unique U: distinct labelled graphs per graph, over valid and invalid ones alike;
- novel N: share that equals none of the examples in the prompt;
- VU, VN, UN, VUN: share with all of these at once, each graph counted once;
- iso_unique: isomorphism classes per valid graph, which the paper does not report.

V alone can be reached by copying the examples, U alone by scribbling: VUN by neither.
All in percent. Functions take the frame of `helpers.graph_generation.graph_frame`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from helpers.graph_generation.chance import chance
from helpers.graph_generation.checks import ErrorKind
from helpers.graph_generation.graph_frame import ANSWER, COLUMNS
from helpers.graph_generation.isomorphism import classes
from helpers.graph_generation.tasks import PAIRS, RULES, SIZES, Pair, Task, preset
from helpers.intervals import bootstrap_means, percentiles, proportion
from helpers.names import unknown_name

SHARES = ("valid", "unique", "novel", "vu", "vn", "un", "vun")
METRICS = (*SHARES, "iso_unique")
DENOMINATORS = ("all", "paper")


def per_answer(graphs: pd.DataFrame) -> pd.DataFrame:
    """One row per answer, shares in percent of the graphs asked for.

    A graph that could not be read has none of the properties. Besides `SHARES`: the
    number of readable graphs ``wellformed``, and ``whole``, whether all asked ones are.

    Raises
    ------
    ValueError
        Missing columns, no rows, or an answer with fewer or more rows than its amount.
    """
    return _per_answer(_marked(graphs))


def summary(
    graphs: pd.DataFrame,
    by: Sequence[str] = ("model", "rule", "size", "method", "temperature", "amount"),
    *,
    denominator: str = "all",
    seed: int = 0,
    draws: int = 2000,
) -> pd.DataFrame:
    """Mean, standard error and interval of every metric, one row per cell.

    Parameters
    ----------
    graphs : DataFrame
        One row per graph asked for.
    by : sequence of str
        Columns that make up a cell.
    denominator : str
        ``"all"``: unreadable graphs are failures. ``"paper"``: answers that lack a
        readable graph are left out, as the paper seems to do: see `answer_counts`.
    seed, draws : int
        Of the bootstrap.

    Returns
    -------
    DataFrame
        ``by``; ``answers`` and ``graphs`` that count; ``format``, the percentage of
        all asked graphs that could not be read; for each metric its mean over answers,
        ``_se`` = population SD / sqrt(answers), as in the paper (ddof 0; inferred), and
        ``_low``, ``_high``: 95 % bootstrap over answers or, where all answers agree,
        Wilson's interval as if an answer were one trial; ``iso_classes``, the number of
        classes among all valid graphs of the cell, and ``iso_pooled``, these per valid
        graph, in percent. ``iso_unique`` is a mean over answers with a valid graph.
    """
    if denominator not in DENOMINATORS:
        raise unknown_name("denominator", denominator, DENOMINATORS)
    by = _columns(by)
    marked = _marked(graphs)
    cells = marked.groupby(by, sort=False, dropna=False)
    marked["cell"] = cells.ngroup()
    unread = 100 * (1 - cells["wellformed"].mean())
    result = unread.rename("format").reset_index()  # one row per cell, in its order
    right = marked["graph"][marked["valid"]]
    marked["iso"] = pd.Series(classes(list(right)), index=right.index, dtype=float)
    answers = _per_answer(marked)
    answers["cell"] = marked.groupby("answer")["cell"].first()
    kinds = marked.groupby("answer")[["iso", "valid"]].agg(
        {"iso": "nunique", "valid": "sum"}
    )
    answers["iso_unique"] = (
        100 * kinds["iso"] / kinds["valid"].where(kinds["valid"] > 0)
    )
    if denominator == "paper":
        answers = answers[answers["whole"]]
        marked = marked[marked["answer"].isin(answers.index)]
    rows = []
    for cell in range(len(result)):
        inside = answers[answers["cell"] == cell]
        row: dict[str, float] = {
            "answers": len(inside),
            "graphs": int(inside["graphs"].sum()),
        }
        for metric in METRICS:
            row |= _estimate(metric, inside[metric].to_numpy(float), seed, draws)
        found = marked.loc[(marked["cell"] == cell) & marked["valid"], "iso"]
        row["iso_classes"] = found.nunique()
        row["iso_pooled"] = 100 * found.nunique() / (len(found) or float("nan"))
        rows.append(row)
    return pd.concat([result, pd.DataFrame(rows)], axis=1)


def errors(graphs: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Percentage of the asked graphs that fail for each reason, the first one found.

    One row per cell and `ErrorKind`, also where none failed: ``by``, ``error``,
    ``share``, ``graphs``. The rest of a cell is valid.
    """
    _check(graphs)
    by = _columns(by)
    cells = graphs.groupby(by, sort=False, dropna=False)
    found = []
    for kind in ErrorKind:
        failed = (graphs["error"] == str(kind)).groupby(cells.ngroup(), sort=True)
        share = 100 * failed.mean()
        table = cells.size().rename("graphs").reset_index()
        found.append(table.assign(error=str(kind), share=share))
    order = [*by, "error", "share", "graphs"]
    return pd.concat(found).sort_index(kind="stable").reset_index(drop=True)[order]


def with_chance(
    cells: pd.DataFrame,
    tasks: Iterable[Task | Pair] = (),
    *,
    complete: bool = False,
) -> pd.DataFrame:
    """Add ``chance``: percentage of uniform random graphs of the right size that pass.

    Parameters
    ----------
    cells : DataFrame
        With ``rule`` and ``size``.
    tasks : iterable of Task or Pair
        What these name, where it is neither a preset nor a pair of the paper; nan for
        others.
    complete : bool
        Ask for complete bipartite graphs.
    """
    presets = [preset(rule, size) for rule in RULES for size in SIZES]
    named = {(task.rule, task.size): task for task in (*presets, *PAIRS, *tasks)}
    asked = zip(cells["rule"], cells["size"], strict=True)
    found = [
        100 * chance(named[name], draws=1000, complete=complete).share
        if name in named
        else float("nan")
        for name in asked
    ]
    return cells.assign(chance=found)


def _check(graphs: pd.DataFrame) -> None:
    missing = [name for name in COLUMNS if name not in graphs]
    if missing:
        raise ValueError(f"the frame lacks {', '.join(missing)}; needed: {COLUMNS}")
    if graphs.empty:
        raise ValueError("the frame has no graphs")


def _columns(by: Sequence[str]) -> list[str]:
    """``by`` as a list of columns that tell answers apart."""
    by = [by] if isinstance(by, str) else list(by)
    for name in by:
        if name not in ANSWER:
            raise unknown_name("column of an answer", name, ANSWER)
    return by


def _marked(graphs: pd.DataFrame) -> pd.DataFrame:
    """The frame with the number of its answer, and each property of each graph.

    ``unique`` marks the first of equal labelled graphs in an answer, and ``vu`` the
    first valid one: a graph written with a repeated edge can equal a valid one.
    """
    _check(graphs)
    frame = graphs.loc[:, list(COLUMNS)].reset_index(drop=True)
    frame["answer"] = frame.groupby(list(ANSWER), sort=False, dropna=False).ngroup()
    rows = frame.groupby("answer")["amount"].agg(["size", "first"])
    for answer in rows.index[rows["size"] != rows["first"]][:1]:
        row = frame[frame["answer"] == answer].iloc[0]
        raise ValueError(
            f"an answer has {rows.loc[answer, 'size']} rows for an amount of "
            f"{rows.loc[answer, 'first']}: {row[list(ANSWER)].to_dict()}"
        )
    for name in ("wellformed", "valid", "copy"):
        frame[name] = frame[name].astype(bool)
    written = frame["graph"][frame["wellformed"]]
    numbers: dict[object, int] = {}
    keys = [numbers.setdefault(graph.key, len(numbers)) for graph in written]
    frame["key"] = pd.Series(keys, index=written.index).reindex(
        frame.index, fill_value=-1
    )
    first = ~frame.duplicated(["answer", "key"])
    first_valid = ~frame.duplicated(["answer", "key", "valid"])
    frame["novel"] = frame["wellformed"] & ~frame["copy"]
    frame["unique"] = frame["wellformed"] & first
    frame["un"] = frame["unique"] & frame["novel"]
    frame["vu"] = frame["valid"] & first_valid
    frame["vn"] = frame["valid"] & frame["novel"]
    frame["vun"] = frame["vu"] & frame["novel"]
    return frame


def _per_answer(marked: pd.DataFrame) -> pd.DataFrame:
    groups = marked.groupby("answer", sort=True)
    answers = groups.head(1).set_index("answer")[list(ANSWER)]
    found = groups[list(SHARES)].mean().mul(100)
    found["graphs"] = groups.size()
    found["wellformed"] = groups["wellformed"].sum()
    found["whole"] = found["wellformed"] == found["graphs"]
    return pd.concat([answers, found], axis=1)


def _estimate(
    metric: str, values: np.ndarray, seed: int, draws: int
) -> dict[str, float]:
    """Mean, standard error and 95 % interval of one metric over answers."""
    values = values[~np.isnan(values)]
    nan = float("nan")
    if not len(values):
        return {metric: nan, **{f"{metric}_{x}": nan for x in ("se", "low", "high")}}
    if np.ptp(values) == 0:
        wilson = proportion((values / 100).tolist())
        low, high = 100 * wilson["low"], 100 * wilson["high"]
    else:
        drawn = bootstrap_means(values, np.random.default_rng(seed), draws)
        low, high = percentiles(drawn)
    return {
        metric: float(values.mean()),
        f"{metric}_se": float(values.std() / np.sqrt(len(values))),
        f"{metric}_low": low,
        f"{metric}_high": high,
    }
