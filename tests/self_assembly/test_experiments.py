"""The experiment tables on tiny grids: right cases, labels, seeds and errors."""

from __future__ import annotations

import numpy as np
import pytest

from helpers.papers import paper_entry, paper_value
from helpers.self_assembly import comparison, experiments, paper_plan
from helpers.self_assembly.assembly import Assembly
from helpers.self_assembly.baselines import bottleneck_bound, edge_following_start
from helpers.self_assembly.config import AssemblyConfig
from helpers.self_assembly.scaling import aic_advantage
from helpers.self_assembly.shape_categories import CATEGORIES
from helpers.self_assembly.shapes import named_shape

CONFIG = AssemblyConfig()


@pytest.fixture(autouse=True)
def _no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CURRICULUM_CACHE", "off")


def test_headline_gives_the_orders_more_seeds() -> None:
    table = experiments.headline_runs(24, [0, 1, 2, 3], CONFIG)
    counts = table["reading"].value_counts()
    assert counts["random order"] == counts["fixed order"] == 8
    assert counts["1 round"] == 2
    assert not table.duplicated(["reading", "seed"]).any()
    assert len(table) == paper_plan.HEADLINE_RUNS * 4


def test_readings_keep_their_names_under_any_configuration() -> None:
    other = AssemblyConfig(semantics="rounds", order="id", gamma_reading="release")
    usual, changed = (
        experiments.headline_runs(24, [0, 1], config)[["reading", "seed", "steps"]]
        for config in (CONFIG, other)
    )
    assert changed.equals(usual)


def test_category_runs_cover_all_categories_in_order() -> None:
    table = experiments.category_runs(24, 1, [5], CONFIG)
    assert list(table["category"]) == [category.id for category in CATEGORIES]
    assert table["quality"].between(0, 1).all()


def test_ablation_changes_one_knob_and_respects_the_cap() -> None:
    values = ["inverse-chebyshev", "linear-manhattan"]
    table = experiments.ablation_runs("kernel", values, "star", 40, [0], CONFIG)
    assert list(table["setting"]) == values
    assert (table["steps"] <= experiments.ABLATION_CAP).all()


def test_a_run_equals_the_engine_itself() -> None:
    target = named_shape("star", 24)
    table = experiments.scaling_runs([24], "star", [3], CONFIG)
    trace = Assembly(target, config=CONFIG, seed=3).run()
    assert table.loc[0, "steps"] == trace.steps


def test_disturbances_happen_at_step_forty() -> None:
    (at, curve), *_ = experiments.disturbance_runs(
        "remove 10 %", "star", 24, 1.5, [0], CONFIG
    )
    assert at == 40
    assert curve[40] > curve[39], "agents inside were removed, too"
    assert curve[-1] == 0


def test_an_unknown_disturbance_names_the_known_ones() -> None:
    with pytest.raises(ValueError, match="remove 10 %, add 20 %, new target"):
        experiments.disturb(Assembly(named_shape("star", 24)), "earthquake", 24)


def test_the_repair_fills_what_light_does_not() -> None:
    table, last = experiments.failure_runs(("comb",), 24, [0], CONFIG)
    quality = table.set_index("repair")["quality"]
    assert quality["none"] < 1 == quality["geodesic"]
    assert set(last) == {"comb, none", "comb, geodesic"}


def test_no_method_beats_the_lower_bounds() -> None:
    table = comparison.comparison_runs(40, ("star",), [0], CONFIG)
    done = table[table["completed"]]
    packed = {"Edge following", "ALF, packed start"}
    assert {"ALF", "OPT-D", "TSWAP"} | packed <= set(done["method"])
    target = named_shape("star", 40)
    start = edge_following_start(target, int(target.sum()) + 3)
    bounds = table.groupby(table["method"].isin(packed))["bottleneck"].unique()
    assert bounds[True].tolist() == [bottleneck_bound(target, start)]
    assert bounds[True].tolist() != bounds[False].tolist()
    assert (done["steps"] >= done["bottleneck"]).all()
    assert (done["bottleneck"] >= done["nearest_bound"]).all()


def test_step_costs_time_each_part_once() -> None:
    table = comparison.step_costs([100], repeats=1)
    parts = {"FFT light", "O(cells) light", "naive light", "whole step"}
    assert set(table["part"]) == parts
    assert (table["milliseconds"] > 0).all()


@pytest.mark.parametrize(
    ("law", "winner", "loser"), [(np.sqrt, "sqrt", "log"), (np.log, "log", "sqrt")]
)
def test_aic_advantage_finds_the_law_that_made_the_data(law, winner, loser) -> None:
    n = np.repeat([50, 200, 800, 3000, 12000], 4)
    noise = np.random.default_rng(0).normal(scale=0.1, size=len(n))
    value, low, high = aic_advantage(n, 3 * law(n) + noise, winner, loser, resamples=50)
    assert 0 < low <= value <= high or low > 0
    assert aic_advantage(n, 3 * law(n) + noise, loser, winner, resamples=50)[0] < 0


def test_the_papers_numbers_say_how_they_are_known() -> None:
    entry = paper_entry("self_assembly", "headline_steps")
    assert (entry["value"], entry["status"]) == (119, "recalled")
    with pytest.raises(KeyError, match="did you mean 'headline_steps'"):
        paper_value("self_assembly", "headline_step")
