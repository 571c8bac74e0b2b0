"""Cells of the experiments, asked of baselines whose answers are known to be right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from helpers.graph_generation.baseline_model import BaselineModel
from helpers.graph_generation.distribution_answers import slopes
from helpers.graph_generation.distribution_cells import DistributionCell, continued
from helpers.graph_generation.held_out import around, held_out
from helpers.graph_generation.large_models import (
    campaign,
    large_model,
    rule_campaign,
    share_campaign,
)
from helpers.graph_generation.rule_cells import Cell, generated
from helpers.graph_generation.rule_documents import HELD_OUT, RuleMix, random_task
from helpers.graph_generation.tasks import PAIRS, RULES, Pair, preset
from helpers.llm.backend import BackendError, Completion, Request
from helpers.llm.cost import CostCapError, Price

QUIET = {"progress": False}


@pytest.mark.parametrize("rule", RULES)
def test_an_oracle_is_always_valid(rule: str) -> None:
    cells = [
        Cell(preset(rule, "small"), method) for method in ("few-shot", "zero-shot")
    ]
    graphs = generated(BaselineModel("oracle"), cells, 3, name="oracle", **QUIET)
    assert len(graphs) == 2 * 3 * 10
    assert graphs["valid"].all() and graphs["finished"].all()


def test_pairs_are_asked_for_and_checked() -> None:
    graphs = generated(
        BaselineModel(),
        [Cell(pair, "few-shot") for pair in PAIRS],
        2,
        name="o",
        **QUIET,
    )
    assert graphs["valid"].all()
    assert graphs["rule"].nunique() == len(PAIRS)


def test_examples_belong_to_the_run_and_not_to_the_method() -> None:
    cell = Cell(preset("trees", "small"), "few-shot")
    steps = replace(cell, method="few-shot-cot")
    assert cell.given(0, seed=1) == steps.given(0, seed=1)
    assert cell.given(0, seed=1) != cell.given(1, seed=1) != cell.given(1, seed=2)
    assert len({graph.key for graph in cell.given(0, seed=1)}) == 3
    assert replace(cell, method="zero-shot").given(0, seed=1) == ()
    assert cell.given(0, seed=1)[0].text in cell.request(0, seed=1).prompt


def test_bad_cells_are_refused() -> None:
    with pytest.raises(ValueError, match="zero-shot"):
        Cell(preset("trees"), "zero-shots")
    with pytest.raises(ValueError, match="amount is 0"):
        Cell(preset("trees"), amount=0)
    with pytest.raises(ValueError, match="cot"):
        DistributionCell("union", 0.5, "cots")


@pytest.mark.parametrize("method", ["zero-shot", "few-shot", "cot"])
def test_a_plug_in_sampler_counts_the_shown_graphs_and_not_the_example(
    method: str,
) -> None:
    cells = [
        DistributionCell(name, p, method)
        for name in ("trees-or-cycles", "union", "motif")
        for p in (0.2, 0.8)
    ]
    replies = continued(BaselineModel("oracle"), cells, 8, name="plug-in", **QUIET)
    assert (replies["p_pred"] == replies["given"]).all()
    assert (replies["valid"] == 100).all()
    found = slopes(replies).set_index("quantity")["slope"]
    assert found.between(0.6, 1.4).all()


def test_all_methods_see_the_same_graphs() -> None:
    cells = [DistributionCell("motif", 0.4, m) for m in ("zero-shot", "cot")]
    first, second = (cell.episode(3, seed=0) for cell in cells)
    assert first == second
    assert first != cells[0].episode(4, seed=0)


class Counting:
    """An oracle that counts what it is asked, and may lose its connection."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.asked, self.stop_after = 0, stop_after
        self.name = "counting"

    def complete(self, requests: Sequence[Request]) -> Iterator[Completion]:
        for request in requests:
            if self.asked == self.stop_after:
                raise BackendError("gone")
            self.asked += 1
            yield next(BaselineModel().complete([request]))


def test_an_interrupted_campaign_resumes(tmp_path: Path) -> None:
    file = tmp_path / "answers.jsonl"
    asking = {"runs": 1, "share_runs": 1, **QUIET}
    with pytest.raises(BackendError, match="gone"):
        campaign(Counting(stop_after=100), file, **asking)
    rest = Counting()
    graphs, shares = campaign(rest, file, **asking)
    assert rest.asked == len(rule_campaign()) + len(share_campaign()) - 100
    assert graphs["valid"].all() and (shares["valid"] == 100).all()
    again = Counting()
    campaign(again, file, **asking)
    assert again.asked == 0


def test_a_campaign_above_its_cap_asks_nothing(tmp_path: Path) -> None:
    model = Counting()
    cap = {"price": Price(30.0, 60.0), "max_cost": 0.01}
    with pytest.raises(CostCapError, match="nothing was asked"):
        campaign(model, tmp_path / "answers.jsonl", runs=1, share_runs=1, **cap)
    assert model.asked == 0


def test_the_campaign_has_the_cells_of_the_tables() -> None:
    cells = rule_campaign()
    assert len(set(cells)) == len(cells) == 32 + 24 + 60 + 24 + 9
    assert len(share_campaign()) == 36


def test_a_server_needs_the_name_of_its_model() -> None:
    with pytest.raises(ValueError, match="endpoint_model"):
        large_model("unused", "http://localhost:1/v1")


@pytest.mark.parametrize("rule", RULES)
def test_held_out_sizes_are_never_trained(rule: str) -> None:
    rng = np.random.default_rng(0)
    drawn = [random_task(RuleMix(), share, rng) for share in np.linspace(0, 1, 2_000)]
    trained = {
        task.n for task in drawn if not isinstance(task, Pair) if task.rule == rule
    }
    assert held_out(rule).n not in trained
    assert HELD_OUT[0] not in trained
    assert {task.n for task in around(rule)} <= trained
