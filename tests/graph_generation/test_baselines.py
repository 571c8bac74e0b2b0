"""Baselines reach the values that their definition forces, on every rule."""

from __future__ import annotations

import numpy as np
import pytest

from helpers.graph_generation.baselines import BASELINES, baseline_graphs
from helpers.graph_generation.chance import chance
from helpers.graph_generation.metrics import summary
from helpers.graph_generation.tasks import RULES, preset


@pytest.mark.parametrize("rule", RULES)
def test_validity_alone_is_cheap(rule: str) -> None:
    task = preset(rule, "medium")
    cell = {
        name: summary(baseline_graphs(name, task, runs=6, seed=1)).iloc[0]
        for name in ("oracle", "copy an example", "canonical answer")
    }
    for found in cell.values():
        assert found["valid"] == 100
    assert cell["oracle"]["vun"] > 95
    assert cell["copy an example"][["novel", "vun"]].tolist() == [0, 0]
    assert cell["copy an example"]["unique"] <= 30  # three examples for ten graphs
    assert cell["canonical answer"]["unique"] == pytest.approx(10)
    assert cell["canonical answer"]["iso_classes"] == 1


def test_uniform_graphs_pass_at_chance_level() -> None:
    task = preset("k-color", "small")
    table = baseline_graphs("uniform graph", task, runs=60, seed=0)
    level = 100 * chance(task, draws=2000).share
    assert summary(table)["valid"].item() == pytest.approx(level, abs=8)


def test_more_noise_leaves_fewer_valid_graphs() -> None:
    task = preset("planar", "small")
    shares = [
        baseline_graphs("noisy oracle", task, runs=20, seed=0, q=q)["valid"].mean()
        for q in (0, 0.1, 0.3, 0.9)
    ]
    assert shares[0] == 1
    assert all(np.diff(shares) < 0)


def test_complete_bipartite_graphs_leave_few_choices() -> None:
    task = preset("bipartite", "tiny")
    table = baseline_graphs("oracle", task, runs=30, seed=0, complete=True)
    assert table["valid"].all()
    # 35 splits of 8 nodes into 4 + 4
    assert len({graph.key for graph in table["graph"]}) == 35
    assert summary(table)["iso_classes"].item() == 1


def test_without_examples_nothing_is_a_copy() -> None:
    table = baseline_graphs("oracle", preset("wheel", "tiny"), runs=2, seed=0)
    assert set(table["method"]) == {"few-shot"}
    table = baseline_graphs(
        "oracle", preset("wheel", "tiny"), runs=2, seed=0, examples=0
    )
    assert set(table["method"]) == {"zero-shot"}
    assert not table["copy"].any()


@pytest.mark.parametrize("baseline", BASELINES)
def test_a_seed_is_a_table(baseline: str) -> None:
    task = preset("trees", "tiny")
    one, same, other = (
        baseline_graphs(baseline, task, runs=3, seed=seed)["graph"].tolist()
        for seed in (0, 0, 1)
    )
    assert one == same
    assert one != other


def test_refusals() -> None:
    task = preset("trees", "tiny")
    with pytest.raises(ValueError, match="did you mean 'oracle'"):
        baseline_graphs("oracles", task, runs=1, seed=0)
    with pytest.raises(ValueError, match="runs is 0"):
        baseline_graphs("oracle", task, runs=0, seed=0)
    with pytest.raises(ValueError, match="examples is 0; allowed: at least 1"):
        baseline_graphs("copy an example", task, runs=1, seed=0, examples=0)
    with pytest.raises(ValueError, match="q is 2"):
        baseline_graphs("noisy oracle", task, runs=1, seed=0, q=2)
