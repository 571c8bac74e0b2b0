"""Numbers of answers behind printed cells, against search and simulation."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from helpers.graph_generation.answer_counts import (
    answers_of_distributions,
    answers_of_rules,
    fitting,
    standard_error,
)


@pytest.mark.parametrize("ddof", [0, 1])
@pytest.mark.parametrize("amount", [3, 5])
def test_fitting_is_an_exhaustive_search(ddof: int, amount: int) -> None:
    printed: dict[tuple[float, float], set[int]] = {}
    for answers in range(1 + ddof, 5):
        counts = range(amount + 1)
        for chosen in itertools.combinations_with_replacement(counts, answers):
            mean = 100 * float(np.mean(chosen)) / amount
            se = standard_error(list(chosen), amount, ddof=ddof)
            printed.setdefault((round(mean, 1), round(se, 1)), set()).add(answers)
    for (mean, se), expected in printed.items():
        found = {n for n in fitting(mean, se, amount, ddof=ddof) if n < 5}
        assert found == expected, (mean, se)


def test_simulated_cells_are_explained_by_their_own_number() -> None:
    rng = np.random.default_rng(0)
    for answers, amount in itertools.product((2, 9, 15, 28, 30), (5, 10, 20)):
        counts = rng.binomial(amount, rng.beta(1, 1, answers))
        mean = round(100 * float(counts.mean()) / amount, 1)
        se = round(standard_error(counts.tolist(), amount), 1)
        assert answers in fitting(mean, se, amount)


def test_cells_worked_out_by_hand() -> None:
    """One answer of 90 in 15, one of 40 in 15, one of 50 in 15, one of 90 in 30."""
    for answers, one, rest, printed in [
        (15, 9, 10, (99.3, 0.6)),
        (15, 4, 0, (2.7, 2.6)),
        (15, 5, 10, (96.7, 3.2)),
        (30, 9, 10, (99.7, 0.3)),
    ]:
        counts = [one] + [rest] * (answers - 1)
        assert round(standard_error(counts), 1) == printed[1]
        assert answers in fitting(*printed)
    assert fitting(50.0, 90.0) == set()
    assert 2 in fitting(70.0, 21.2)  # answers of 40 and 100


def test_every_printed_cell_has_an_explanation() -> None:
    table = answers_of_rules()
    assert len(table) == 162
    assert (table["answers"] > 0).all()
    main = table.query("asked == 30")
    assert len(main) == 32 + 12
    # more than fifteen answers are needed for most of these, with CoT too
    needed = main["fits"].map(lambda fits: min(fits)) > 15
    assert needed.sum() > 25
    assert needed[main["method"].str.endswith("cot")].sum() > 10
    zero = main.query("model == 'GPT-4' and method == 'zero-shot'").set_index("rule")
    for rule in ("planar", "wheel", "bipartite", "k-color"):
        assert zero.loc[rule, "fits"] == (30,)


def test_few_answers_remain_of_some_cells() -> None:
    table = answers_of_rules().set_index(["size", "temperature", "method", "rule"])
    left = table.query("model == 'GPT-4' and amount == 10")["answers"]
    assert left["large", 0.8, "zero-shot-cot", "k-regular"] == 2
    assert left["large", 0.8, "few-shot", "k-color"] == 5
    assert left["medium", 0.8, "few-shot", "wheel"] == 17


def test_distribution_cells_have_five_answers_or_three() -> None:
    table = answers_of_distributions()
    assert len(table) == 36
    three = table.query("distribution == 'trees-or-cycles' and method == 'cot'")
    assert set(three["fits"]) == {(3,)}
    others = table.drop(three.index)["fits"]
    assert sum(5 in fits for fits in others) == 31  # of 32; the last needs six
    spread = table[table["se"] > 0]
    assert spread["fits"].map(bool).all()
    assert spread["fits_ddof_1"].map(bool).sum() == 2
