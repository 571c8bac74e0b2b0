"""Baselines reach the values that their definition forces, on every rule."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

from helpers.graph_generation.baseline_model import BASELINES, BaselineModel
from helpers.graph_generation.chance import chance
from helpers.graph_generation.metrics import summary
from helpers.graph_generation.rule_cells import Cell, generated
from helpers.graph_generation.tasks import RULES, preset
from helpers.llm.backend import BackendError, Request


@cache
def asked(
    kind: str,
    rule: str,
    size: str = "small",
    method: str = "few-shot",
    runs: int = 6,
    seed: int = 0,
    q: float = 0.1,
) -> pd.DataFrame:
    model = BaselineModel(kind, q)
    cells = [Cell(preset(rule, size), method)]
    return generated(model, cells, runs, name=kind, seed=seed, progress=False)


@pytest.mark.parametrize("rule", RULES)
def test_validity_alone_is_cheap(rule: str) -> None:
    cell = {
        kind: summary(asked(kind, rule, "medium")).iloc[0]
        for kind in ("oracle", "copy", "canonical")
    }
    for found in cell.values():
        assert found["valid"] == 100 and found["format"] == 0
    assert cell["oracle"]["vun"] > 95
    assert cell["copy"][["novel", "vun"]].tolist() == [0, 0]
    assert cell["copy"]["unique"] <= 30  # three examples for ten graphs
    assert cell["canonical"]["unique"] == pytest.approx(10)
    assert cell["canonical"]["iso_classes"] == 1


def test_uniform_graphs_are_valid_by_chance() -> None:
    table = asked("uniform", "k-color", method="zero-shot", runs=60)
    level = 100 * chance(preset("k-color", "small"), draws=2000).share
    assert summary(table)["valid"].item() == pytest.approx(level, abs=8)


def test_more_noise_leaves_fewer_valid_graphs() -> None:
    shares = [
        asked("noisy oracle", "planar", runs=20, q=q)["valid"].mean()
        for q in (0, 0.05, 0.1, 0.3)
    ]
    assert shares[0] == 1
    assert all(np.diff(shares) < 0)


def test_without_examples_nothing_is_a_copy() -> None:
    assert not asked("canonical", "wheel", method="zero-shot")["copy"].any()
    with pytest.raises(BackendError, match="no example to copy; allowed: few-shot"):
        asked("copy", "wheel", method="zero-shot")


@pytest.mark.parametrize("kind", BASELINES)
def test_a_seed_is_a_table(kind: str) -> None:
    one, same, other = (
        asked.__wrapped__(kind, "trees", "tiny", runs=3, seed=seed)["graph"].tolist()
        for seed in (0, 0, 1)
    )
    assert one == same
    assert (one == other) == (kind == "canonical")


def test_refusals() -> None:
    with pytest.raises(ValueError, match="did you mean 'oracle'"):
        BaselineModel("oracles")
    with pytest.raises(ValueError, match="q is 2; allowed: 0 to 1"):
        BaselineModel("noisy oracle", 2)
    with pytest.raises(BackendError, match="no answer to a prompt"):
        list(BaselineModel().complete([Request.ask("Name a tree.")]))
