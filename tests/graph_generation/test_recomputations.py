"""What follows from the printed tables, to the digits that were worked out before."""

from __future__ import annotations

import pytest

from helpers.graph_generation.molecule_recomputations import (
    copies_explain,
    cot_gain,
    molecule_counts,
    molecule_totals,
)
from helpers.graph_generation.recomputations import (
    against_chance,
    against_references,
    bipartite_partitions,
    constant_answers,
    copying,
    error_bars,
    size_steps,
    slopes,
    unique_by_label,
    unique_without_valid,
)


def test_cycles_are_more_unique_than_isomorphism_allows() -> None:
    table = unique_by_label()
    assert len(table) == 40
    assert table["above"].min() > 40
    frozen = table.query("method == 'zero-shot' and temperature <= 0.4")
    assert frozen["unique"].tolist() == [90] * 3
    assert frozen["most"].tolist() == [10] * 3


def test_unique_is_printed_where_nothing_is_valid() -> None:
    table = unique_without_valid()
    assert len(table) == 5
    first = table.query("model == 'GPT-3.5'").iloc[0]
    assert (first["unique"], first["unique_se"]) == (72.0, 8.1)


def test_llama_copies_its_valid_graphs() -> None:
    table = copying().query("model == 'LLama2-13B'")
    own = table.set_index(["method", "rule"])["own"]
    assert own["few-shot"].to_dict() == {
        "k-regular": 0.0,
        "cycles": 1.5,
        "k-color": 5.6,
    }
    assert own["few-shot-cot"].to_dict() == {
        "k-regular": 0.3,
        "cycles": 3.4,
        "k-color": 5.0,
    }
    assert copying().query("model == 'GPT-4'")["copies"].eq(0).all()


def test_bipartite_answers_shrink_to_one_graph() -> None:
    table = bipartite_partitions().set_index("method")
    assert table["distinct"].round(1).tolist() == [4.4, 5.0, 1.7, 1.1]
    # ten random ones of 126 splits
    assert table["random_splits"].iloc[0] == pytest.approx(9.65, abs=0.01)


def test_cells_below_chance() -> None:
    table = against_chance(draws=400)
    # planar and k-color of GPT-4, k-color alone elsewhere, less a dash
    assert len(table) == 4 * (2 + 2 + 2 + 5 + 2) - 1
    planar = table.query("rule == 'planar' and method == 'few-shot'")
    assert planar["z"].item() < -8
    llama = table.query("model == 'LLama2-13B'")
    assert (llama["valid"] < llama["chance"]).all()


def test_size_steps_are_mostly_within_two_joint_errors() -> None:
    table = size_steps()
    assert len(table) == 36
    zero = table.query("method == 'zero-shot' and rule != 'cycles'")
    assert (zero["z"] < 0).all() and (zero["z"] > -1.5).all()
    step = zero.query("rule == 'k-regular' and to == 'medium'").iloc[0]
    assert step["change"] == pytest.approx(-10.7)
    assert step["z"] == pytest.approx(-10.7 / (9.9**2 + 6.8**2) ** 0.5)


def test_slopes_and_distances() -> None:
    table = slopes()
    for metric, expected in {
        "p_pred": [-0.04, 0.06, 0.53, -0.04, 0.00, 0.53, -0.09, 0.15, 0.04],
        "p_gen": [0.40, 0.18, 0.77, 0.17, 0.02, 0.71, 0.25, -0.03, 0.30],
    }.items():
        found = table[table["metric"] == metric]["slope"]
        assert found.to_numpy() == pytest.approx(expected, abs=0.0051)
    stated = table.query("metric == 'p_pred' and method == 'cot'")["error"]
    assert stated.to_numpy() == pytest.approx([9.6, 10.3, 22.6], abs=0.051)
    # se of a slope: one cell of the four weighs (p - .5)/.2
    first = table.iloc[0]
    weighed = [0.3 * 1.8, 0.1 * 2.8, 0.1 * 1.8, 0.3 * 0.0]
    by_hand = sum(x * x for x in weighed) ** 0.5 / 0.2 / 100
    assert first["slope_se"] == pytest.approx(by_hand)


def test_five_reference_answerers_stand_beside_the_prompts() -> None:
    table = against_references().set_index(["distribution", "line"])
    assert len(table) == 3 * (3 + 5)
    union = table.loc["union"]
    assert union.loc["constant", "p_pred_error"] == pytest.approx(20.0)
    assert union.loc["counter", "p_pred_error"] == pytest.approx(5.0, abs=0.05)
    assert union.loc["plug-in", "p_gen_error"] == pytest.approx(6.9, abs=0.1)
    assert union.loc["few-shot", "p_pred_error"] == pytest.approx(20.0)
    assert union.loc["cot", "p_gen_slope"] == pytest.approx(0.71, abs=0.006)


def test_the_usual_answer_is_sixty_percent() -> None:
    table = constant_answers()
    assert len(table) == 7
    assert set(table["mean"]) == {60.0}


def test_error_bars_are_numpys_default() -> None:
    table = error_bars().set_index("ddof")
    assert table["explained"].to_dict() == {0: 34, 1: 2}
    assert set(table["cells"]) == {34}


def test_molecule_counts_give_the_whole_table() -> None:
    assert molecule_totals()[0] == 110
    table = molecule_counts()
    assert (table["recomputed"].round(1) - table["printed"]).abs().max() < 0.11
    counts = table.set_index(["method", "metric"])["count"]
    assert [counts[m, "c_m"] for m in ("few-shot", "few-shot-cot")] == [29, 36]
    assert [counts[m, "novel"] for m in ("few-shot", "few-shot-cot")] == [87, 72]
    assert [counts[m, "unique"] for m in ("few-shot", "few-shot-cot")] == [101, 102]
    c = table[table["metric"] == "c"]["recomputed"]
    assert c.to_numpy() == pytest.approx([34.84, 48.77], abs=0.005)


def test_the_gain_of_cot_is_within_noise_and_explained_by_copies() -> None:
    gain = cot_gain()
    assert gain["z"] == pytest.approx(1.03, abs=0.005)
    assert gain["p_value"] == pytest.approx(0.301, abs=0.001)
    table = copies_explain().set_index("molecules")
    few, cot = table.loc["few-shot"], table.loc["few-shot-cot"]
    assert [few["copies"], cot["copies"]] == pytest.approx([20.9, 34.5], abs=0.051)
    assert [few["c_m_novel"], cot["c_m_novel"]] == pytest.approx([18.5, 20.4], abs=0.05)
    assert [few["c_novel"], cot["c_novel"]] == pytest.approx([17.6, 21.7], abs=0.05)
    ends = table.loc[["random molecules", "active molecules"], "c_m"]
    assert ends.to_numpy() == pytest.approx([12.05, 56.13], abs=0.01)
