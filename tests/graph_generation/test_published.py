"""Readers of the published tables: no number lost, and the tables agree."""

from __future__ import annotations

import pytest

from helpers.graph_generation.published import (
    SETTINGS,
    confusion,
    distributions,
    molecules,
    rules,
    two_components,
)
from helpers.graph_generation.reference_lines import slope
from helpers.graph_generation.tasks import RULES
from helpers.papers import paper_entry


def mean_of(table: str, **setting: object) -> float:
    found = rules(table)
    for name, value in setting.items():
        found = found[found[name] == value]
    return found["mean"].item()


def test_every_printed_number_appears_once() -> None:
    table = rules()
    assert not table.duplicated([*SETTINGS, "metric"]).any()
    # 8 rules, then 3 in two sizes, two models, five temperatures, two amounts; four
    # prompts and three metrics each, but for the two dashes of Table 18
    assert len(table) == (8 + 3 * (2 + 2 + 5 + 2)) * 4 * 3 - 2 * 3
    assert set(table["rule"]) == set(RULES)
    assert table["mean"].between(0, 100).all() and table["se"].between(0, 25).all()
    # a mean at either end leaves no room for a spread, and no spread is a rare mean
    assert (table.loc[table["mean"].isin([0, 100]), "se"] == 0).all()
    assert set(table.loc[table["se"] == 0, "mean"]) <= {0, 90, 100}


@pytest.mark.parametrize(
    ("table", "column", "levels"),
    [
        ("sizes", "size", ["medium", "small", "large"]),
        ("models", "model", ["GPT-4", "GPT-3.5", "LLama2-13B"]),
        ("temperature", "temperature", [0.8, 0, 0.2, 0.4, 0.6, 1]),
        ("amount", "amount", [10, 5, 20]),
    ],
)
def test_a_table_varies_one_column(table: str, column: str, levels: list) -> None:
    found = rules(table)
    assert found[column].unique().tolist() == levels
    fixed = set(SETTINGS) - {column, "method", "rule"}
    assert all(found[name].nunique() == 1 for name in fixed)
    assert set(found["rule"]) == {"cycles", "k-regular", "k-color"}


def test_cells_that_the_text_of_the_paper_speaks_of() -> None:
    wheel = {
        method: mean_of("methods", rule="wheel", method=method, metric="valid")
        for method in ("zero-shot", "few-shot")
    }
    assert wheel["few-shot"] - wheel["zero-shot"] == pytest.approx(75.8)
    planar = [
        mean_of("methods", rule="planar", method=method, metric="valid")
        for method in ("few-shot", "zero-shot")
    ]
    assert planar[0] - planar[1] == pytest.approx(-43)
    setting = {"rule": "k-color", "method": "zero-shot", "model": "GPT-3.5"}
    assert mean_of("models", metric="valid", **setting) == 0
    assert mean_of("models", metric="unique", **setting) == 72
    amount = {"rule": "cycles", "method": "zero-shot", "amount": 20}
    assert mean_of("amount", metric="valid", **amount) == 98.2
    assert mean_of("methods", rule="bipartite", method="few-shot", metric="novel") < 100


def test_distributions_follow_p_where_the_paper_says_so() -> None:
    table = distributions()
    assert len(table) == 3 * 3 * 4 * 3
    cell = table.query("distribution == 'union' and method == 'cot'")
    cell = cell[cell["metric"] == "p_pred"]
    assert cell["p"].tolist() == [0.2, 0.4, 0.6, 0.8]
    assert slope(cell["p"], cell["mean"] / 100) == pytest.approx(0.53, abs=0.006)


def test_small_tables() -> None:
    assert two_components().query("method == 'cot'")["mean"].tolist() == [100, 100, 89]
    assert len(two_components()) == 9
    assert len(molecules()) == 8
    assert sum(confusion().values()) == 41_127


@pytest.mark.parametrize(
    "name", ["rules_medium", "rules_amount", "distributions", "molecules"]
)
def test_entries_say_how_they_are_known(name: str) -> None:
    entry = paper_entry("graph_generation", name)
    assert entry["status"] == "printed" and "Table" in entry["where"]


def test_an_unknown_table() -> None:
    with pytest.raises(ValueError, match="did you mean 'sizes'"):
        rules("size")
