"""Metrics of answers against definitions written out, and against the paper's cells."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pandas as pd
import pytest

from helpers.graph_generation.checks import ErrorKind
from helpers.graph_generation.graph_frame import COLUMNS, graph_rows
from helpers.graph_generation.graphs import Graph
from helpers.graph_generation.isomorphism import classes
from helpers.graph_generation.metrics import (
    METRICS,
    SHARES,
    errors,
    per_answer,
    summary,
    with_chance,
)
from helpers.graph_generation.tasks import Task, preset

TASK = Task("cycles", 4)
RINGS = [
    Graph.of(4, [(1, 2), (2, 3), (3, 4), (4, 1)]),
    Graph.of(4, [(1, 3), (3, 2), (2, 4), (4, 1)]),
    Graph.of(4, [(1, 2), (2, 4), (4, 3), (3, 1)]),
]
PATH = Graph.of(4, [(1, 2), (2, 3), (3, 4)])


def frame(*answers: list[Graph | None], **options: Any) -> pd.DataFrame:
    rows: list[dict[str, Any]] = []
    for run, graphs in enumerate(answers):
        given = {"model": "x", "run": run, **options}
        rows += graph_rows(TASK, graphs, **given)
    return pd.DataFrame(rows)


def test_one_answer_by_hand() -> None:
    a, b, _ = RINGS
    answer = [a, a, b, b, PATH, PATH, Graph(4, ()), None, None, None]
    written = frame(answer, examples=[b])
    found = per_answer(written).iloc[0]
    assert found[list(SHARES)].to_dict() == pytest.approx(
        {
            "valid": 40,  # four rings
            "unique": 40,  # a, b, the path and the graph without edges
            "novel": 50,  # all that are written but b, twice
            "vu": 20,
            "vn": 20,
            "un": 30,
            "vun": 10,  # a alone
        }
    )
    # one class among four rings
    assert summary(written)["iso_unique"].item() == pytest.approx(25)
    assert (found["wellformed"], found["whole"]) == (7, False)


def test_a_ring_written_with_a_repeated_edge_hides_no_valid_one() -> None:
    doubled = Graph(4, (*RINGS[0].edges, (2, 1)))
    found = per_answer(frame([doubled, RINGS[0]])).iloc[0]
    assert (found["valid"], found["unique"], found["vu"]) == (50, 50, 50)
    assert frame([doubled])["lenient"].tolist() == [True]


def test_shares_are_those_of_the_definitions() -> None:
    """Sets of keys, one graph after the other, on random answers."""
    rng = np.random.default_rng(0)
    pool: list[Graph | None] = [*RINGS, PATH, Graph(4, ()), Graph(5, ()), None]
    answers = [[pool[i] for i in rng.integers(0, 7, 6)] for _ in range(60)]
    examples = [RINGS[1], PATH]
    table = per_answer(frame(*answers, examples=examples)).set_index("run")
    ring_keys = {g.key for g in RINGS}
    example_keys = {g.key for g in examples}
    for run, answer in enumerate(answers):
        keys = [g.key for g in answer if g is not None]
        new = [k for k in keys if k not in example_keys]
        right = [k for k in keys if k in ring_keys]
        both = [k for k in right if k in new]
        counts = {
            "valid": right,
            "unique": set(keys),
            "novel": new,
            "vu": set(right),
            "vn": both,
            "un": set(new),
            "vun": set(both),
        }
        for name, members in counts.items():
            assert table.loc[run, name] == pytest.approx(100 * len(members) / 6), name


def test_the_papers_error_bar() -> None:
    """Five answers of 60, 60, 60, 60 and 70 % are printed as 62.0 ± 1.8 (Table 11)."""
    right, wrong = RINGS[0], PATH
    counts = [6, 6, 6, 6, 7]
    cell = summary(frame(*([right] * k + [wrong] * (10 - k) for k in counts))).iloc[0]
    assert (round(cell["valid"], 1), round(cell["valid_se"], 1)) == (62.0, 1.8)
    assert cell["valid_low"] < 62 < cell["valid_high"]
    assert (cell["answers"], cell["graphs"]) == (5, 50)


def test_where_all_answers_agree_the_interval_still_has_a_width() -> None:
    cell = summary(frame(*[[RINGS[0]] * 2] * 8)).iloc[0]
    assert (cell["valid"], cell["valid_se"], cell["valid_high"]) == (100, 0, 100)
    assert 60 < cell["valid_low"] < 70  # Wilson's, of 8 in 8: 67.6


def test_the_bootstrap_covers_the_truth() -> None:
    rng = np.random.default_rng(3)
    answers = []
    for cell in range(40):
        counts = rng.binomial(10, 0.5, 20)
        graphs = [[RINGS[0]] * k + [PATH] * (10 - k) for k in counts]
        answers.append(frame(*graphs, model=str(cell)))
    cells = summary(pd.concat(answers), by=["model"], draws=300)
    inside = (cells["valid_low"] <= 50) & (cells["valid_high"] >= 50)
    assert 0.85 <= inside.mean() <= 1  # 93 % in the long run
    assert (cells["valid_high"] - cells["valid_low"]).max() < 20


def test_denominators() -> None:
    graphs = frame([*RINGS, PATH], [*RINGS, None], [None] * 4)
    every = summary(graphs).iloc[0]
    assert every["valid"] == pytest.approx(100 * 6 / 12)
    assert every["format"] == pytest.approx(100 * 5 / 12)
    paper = summary(graphs, denominator="paper").iloc[0]
    assert (paper["valid"], paper["answers"], paper["graphs"]) == (75, 1, 4)
    assert paper["format"] == every["format"]
    nothing = summary(frame([None]), denominator="paper").iloc[0]
    assert (nothing["answers"], nothing["format"]) == (0, 100)
    assert np.isnan(nothing["valid"]) and np.isnan(nothing["valid_low"])
    with pytest.raises(ValueError, match="did you mean 'paper'"):
        summary(graphs, denominator="papers")


def test_isomorphism_is_counted_in_answers_and_in_the_cell() -> None:
    graphs = frame(RINGS, [PATH, PATH, None], [RINGS[0], PATH, None])
    cell = summary(graphs).iloc[0]
    # a third of the first answer, all of the third; the second has no valid graph
    assert cell["iso_unique"] == pytest.approx((100 / 3 + 100) / 2)
    assert (cell["iso_classes"], cell["iso_pooled"]) == (1, 25)
    assert len(set(classes(RINGS))) == 1


def test_cells_keep_apart_what_differs_and_pool_the_rest() -> None:
    graphs = pd.concat(
        [
            frame([RINGS[0]], method="few-shot", temperature=np.nan),
            frame([PATH], [PATH], temperature=0.8),
        ]
    )
    table = summary(graphs, by=["method", "temperature"])
    assert table["method"].tolist() == ["few-shot", "zero-shot"]
    assert table["valid"].tolist() == [100, 0]
    assert summary(graphs, by="model")["valid"].tolist() == pytest.approx([100 / 3])
    expected = {"format", "answers", "graphs", "iso_classes", "iso_pooled"}
    ends = ("", "_se", "_low", "_high")
    expected |= {m + end for m in METRICS for end in ends}
    assert set(table) == {"method", "temperature"} | expected


def test_errors_add_up_with_the_valid_ones() -> None:
    graphs = frame([RINGS[0], PATH, Graph(5, ()), None], [None] * 4)
    table = errors(graphs, by=["rule"])
    assert len(table) == len(ErrorKind)
    shares = table.set_index("error")["share"]
    assert shares[ErrorKind.FORMAT] == pytest.approx(62.5)
    assert shares.sum() == pytest.approx(100 - 12.5)
    assert table["graphs"].unique().tolist() == [8]


def test_refusals() -> None:
    graphs = frame(RINGS)
    with pytest.raises(ValueError, match="lacks copy"):
        summary(graphs.drop(columns="copy"))
    with pytest.raises(ValueError, match="no graphs"):
        per_answer(graphs.iloc[:0])
    with pytest.raises(ValueError, match="2 rows for an amount of 3"):
        per_answer(graphs.iloc[:2])
    with pytest.raises(ValueError, match="did you mean 'method'"):
        summary(graphs, by=["methods"])
    assert tuple(graphs) == COLUMNS


def test_chance_stands_beside_tasks_that_are_known() -> None:
    cells = pd.DataFrame(
        {
            "rule": ["k-color", "k-color", "cycles", "tree+tree", "cycles"],
            "size": ["small", "n = 9", "tiny", "5-7", "n = 3"],
        }
    )
    found = with_chance(cells, [Task("cycles", 3)])["chance"]
    assert found[0] == pytest.approx(26.4, abs=3)
    assert np.isnan(found[1])
    assert found[2:3].max() < 3
    assert found[4] == 100


def test_thousands_of_graphs_take_no_time() -> None:
    rng = np.random.default_rng(1)
    task = preset("cycles", "medium")
    rows: list[dict[str, Any]] = []
    for run in range(200):
        graphs: list[Graph | None] = []
        for _ in range(10):
            ring = (rng.permutation(15) + 1).tolist()
            graphs.append(Graph.of(15, zip(ring, ring[1:] + ring[:1], strict=True)))
        rows += graph_rows(task, graphs, model="x", method=str(run % 5), run=run)
    table = pd.DataFrame(rows)
    begun = time.process_time()
    cells = summary(table)
    assert time.process_time() - begun < 1.5  # 0.2 s where nothing else runs
    assert cells["iso_classes"].tolist() == [1] * 5
    assert cells["unique"].min() == 100
