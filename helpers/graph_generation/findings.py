"""What the paper's printed numbers support, in one table of findings.

Every number is computed from the tables when it is asked for; what it means is inferred
in `helpers.graph_generation.recomputations`.
"""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from helpers.graph_generation.answer_counts import (
    answers_of_distributions,
    answers_of_rules,
)
from helpers.graph_generation.published import distributions
from helpers.graph_generation.recomputations import (
    against_chance,
    bipartite_partitions,
    constant_answers,
    error_bars,
    size_steps,
    unique_by_label,
    unique_without_valid,
)


def findings() -> pd.DataFrame:
    """A row per question to the tables: ``question``, ``answer``, ``tables``."""
    rows = [
        ("How many replies are behind a cell?", _replies(), "1-4, 14-18"),
        ("Which error bars are printed?", _error_bars(), "11-13"),
        ("When are two graphs the same?", _same(), "2, 17"),
        ("Unique among which graphs?", _among(), "16"),
        ("Which bipartite graphs are asked for?", _bipartite(), "1, 2"),
        ("Better than random graphs?", _chance(), "1, 15-18"),
        ("Are larger graphs harder?", _sizes(), "15"),
        ("Which p is stated?", _constant(), "11-13"),
    ]
    return pd.DataFrame(rows, columns=["question", "answer", "tables"])


def _and(values: Iterable[float], form: str = ".0f") -> str:
    """Numbers as a list in a sentence."""
    *first, last = (format(value, form) for value in values)
    return f"{', '.join(first)} and {last}" if first else last


def _replies() -> str:
    asked = sorted(set(answers_of_rules()["asked"]), reverse=True)
    fits = answers_of_distributions()["fits"].map(lambda found: 5 in found)
    return (
        f"{_and(asked)} of the rules, less a few that were left out; 5 explain "
        f"{fits.sum()} of {len(fits)} cells of the distributions"
    )


def _error_bars() -> str:
    population, sample = error_bars().sort_values("ddof").to_dict("records")
    return (
        f"population SD / √replies explains {population['explained']} of "
        f"{population['cells']} cells, the sample SD {sample['explained']}"
    )


def _same() -> str:
    table = unique_by_label()
    above = int((table["above"] > 0).sum())
    row = table.sort_values("most").to_dict("records")[0]
    return (
        f"labelled: {above} of {len(table)} cells of cycles are above what isomorphism "
        f"allows, such as {row['unique']:.0f} % where {row['most']:.0f} % is the most"
    )


def _among() -> str:
    table = unique_without_valid()
    return (
        f"all: {len(table)} cells without a valid graph have "
        f"{table['unique'].min():.0f} to {table['unique'].max():.0f} % unique ones"
    )


def _bipartite() -> str:
    table = bipartite_partitions()
    split = table["random_splits"].iloc[0]
    return (
        f"complete ones, as only those repeat: {_and(table['distinct'], '.1f')} "
        f"different graphs a reply, where ten random splits give {split:.2f}"
    )


def _chance() -> str:
    table = against_chance()
    high = table["valid"] - 2 * table["valid_se"] > table["chance"]
    low = table["valid"] + 2 * table["valid_se"] < table["chance"]
    return (
        f"{high.sum()} of {len(table)} cells of planar and k-color are, by two "
        f"standard errors; {low.sum()} are worse"
    )


def _sizes() -> str:
    table = size_steps().query("`from` == 'small' and to == 'large'")
    told = (table["z"].abs() > 2).sum()
    return (
        f"{told} of {len(table)} changes from small to large exceed two joint "
        f"standard errors; {(table['change'] < 0).sum()} are downwards"
    )


def _constant() -> str:
    table = constant_answers()
    total = len(distributions().query("metric == 'p_pred'"))
    (value,) = set(table["mean"])
    return (
        f"{value / 100:g} in every reply of {len(table)} cells of {total}, whatever p "
        "is"
    )
