"""The comparison: fair rows, two processes like one, and a real trace."""

from __future__ import annotations

import csv
import gzip
from datetime import datetime

import numpy as np
import pytest

from helpers.paths import user_data
from helpers.spot_tuning.prices import TraceError, from_changes
from helpers.spot_tuning.revocation_comparison import (
    METHODS,
    pooled_reliability,
    predict_all,
    score_all,
    score_difference,
)
from helpers.spot_tuning.revocation_deltas import DeltaRule
from helpers.spot_tuning.revocation_runs import LSTMTask, run_tasks
from helpers.spot_tuning.revocation_samples import SplitPlan
from helpers.spot_tuning.revocation_training import TrainingSettings
from tests.spot_tuning.synthetic_prices import random_trace

RULE = DeltaRule("log-uniform", high=0.5)
PLAN = SplitPlan(every=40, repeats=1)
TINY = TrainingSettings(hidden=4)
TRACES = [random_trace(4, 0), random_trace(4, 1, "m4.2xlarge", 0.12)]


@pytest.fixture(autouse=True)
def _no_cache(monkeypatch):
    monkeypatch.setenv("CURRICULUM_CACHE", "off")


def compare(**changes):
    settings = {"plan": PLAN, "settings": TINY, "workers": 1, "progress": False}
    minimum = changes.pop("minimum", 5)
    cases = predict_all([(TRACES, 0), (TRACES, 1)], RULE, **settings | changes)
    return score_all(cases, minimum)


def test_one_row_per_type_seed_and_method():
    table = compare(days=2)
    names = [*METHODS, *(f"{m}, recalibrated" for m in METHODS[2:])]
    assert len(table) == 2 * 2 * len(names)
    assert set(table["method"]) == set(names)
    same = table.groupby(["instance_type", "seed"])[["positives", "negatives"]]
    assert (same.nunique() == 1).all(axis=None)
    majority = table[table["method"] == "Majority"]
    assert (majority["auc"] == 0.5).all()
    assert not table["degenerate"].any()


def test_differences_are_paired_on_the_same_trace():
    table = compare(methods=["Majority", "Hazard"])
    found = score_difference(table, "auc", "Hazard", "Majority")
    rows = table.set_index(["seed", "instance_type", "method"])["auc"]
    expected = [
        rows[(seed, trace.instance_type, "Hazard")] - 0.5
        for seed in (0, 1)
        for trace in sorted(TRACES, key=lambda t: t.instance_type)
    ]
    assert found == pytest.approx(expected)
    few = compare(methods=["Majority", "Hazard"], minimum=10_000)
    assert len(score_difference(few, "auc", "Hazard", "Majority")) == 0


def test_processes_do_not_change_the_results():
    tasks = [
        LSTMTask(TRACES[0], kind, 3, RULE, None, PLAN, TINY)
        for kind in ("joint", "split")
    ]
    alone = run_tasks(tasks, workers=1, progress=False)
    pair = run_tasks(tasks, workers=2, progress=False)
    for one, two in zip(alone, pair, strict=True):
        assert np.array_equal(one.probabilities, two.probabilities)
        assert one.classifier.architecture == two.classifier.architecture
    _, test = tasks[1].samples()
    assert np.array_equal(
        pair[1].classifier.predict_proba(test), alone[1].probabilities
    )


def test_another_training_rule_keeps_the_prior_of_the_requests():
    shifted = LSTMTask(
        TRACES[0], "split", 0, RULE, DeltaRule("fluctuation"), PLAN, TINY
    )
    plain = LSTMTask(TRACES[0], "split", 0, RULE, None, PLAN, TINY)
    first, second = run_tasks([shifted, plain], workers=1, progress=False)
    assert first.classifier.prior == second.classifier.prior
    train, _ = shifted.samples()
    assert train.prior != first.classifier.prior


def test_too_few_revocations_are_reported_not_scored():
    table = compare(methods=["Majority"], minimum=10_000)
    assert table["degenerate"].all()
    assert table["auc"].isna().all()
    assert (table["positives"] > 0).all()


def test_reliability_pools_the_cases():
    cases = predict_all(
        [(TRACES, 0)], RULE, methods=["Hazard"], plan=PLAN, progress=False
    )
    predicted, observed, count = pooled_reliability(cases, ["Hazard"], bins=4)["Hazard"]
    p = np.concatenate([case.answers["Hazard"] for case in cases])
    labels = np.concatenate([case.labels for case in cases])
    top = p >= 0.75
    assert count.sum() == len(p)
    assert count[3] == top.sum() > 0
    assert np.isclose(predicted[3], p[top].mean())
    assert np.isclose(observed[3], labels[top].mean())


def test_bad_input():
    with pytest.raises(ValueError, match="did you mean 'RevPred'"):
        compare(methods=["RevPed"])
    with pytest.raises(ValueError, match="workers is 0"):
        compare(workers=0)
    with pytest.raises(TraceError, match="300 minutes leave"):
        predict_all([([TRACES[0].slice(0, 300)], 0)], RULE, progress=False)


def test_networks_beat_the_majority_on_a_real_trace():
    folder = user_data()
    path = folder / "spot" / "r3.large-us-east-1c.csv.gz" if folder else None
    if path is None or not path.is_file():
        pytest.skip("needs spot/r3.large-us-east-1c.csv.gz in CURRICULUM_DATA")
    with gzip.open(path, "rt") as file:
        rows = list(csv.reader(file))[1:]
    times = [datetime.fromisoformat(time.replace("Z", "+00:00")) for time, _ in rows]
    trace = from_changes("r3.large", times, [float(price) for _, price in rows])
    cases = predict_all(
        [([trace], 0)],
        DeltaRule("log-uniform"),
        plan=SplitPlan(every=40, repeats=2),
        workers=1,
        progress=False,
    )
    table = score_all(cases).set_index("method")
    assert table.loc["RevPred", "auc"] > 0.85
    assert table.loc["Hazard", "auc"] > 0.85
    assert (table["brier"].drop("Majority") < table.loc["Majority", "brier"]).all()
