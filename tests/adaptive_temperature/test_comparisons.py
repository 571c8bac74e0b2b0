"""Tables of an evaluation against counts by hand."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from helpers.adaptive_temperature import comparisons

N = 6


@pytest.fixture
def results() -> pd.DataFrame:
    """Three samplers on four problems, six samples each."""
    right = {
        "T = 0.2": [0, 6, 2, 1],
        "T = 0.8": [1, 4, 3, 0],
        "line 0.8/0.2": [2, 6, 3, 1],
    }
    rows = [
        {
            "world": "family",
            "split": "dev",
            "sampler": name,
            "rule": "line" if "line" in name else "uniform",
            "a": 0.2 if name == "T = 0.2" else 0.8,
            "b": 0.8 if name == "T = 0.8" else 0.2,
            "top_p": 1.0,
            "task_id": f"problem {i}",
            "n": N,
            "c": c,
            "distinct": 1 + c // 2,
            "valid": max(c, 3),
            "tokens": 10 * (i + 1),
            "hot": 0.1 * i,
        }
        for name, counts in right.items()
        for i, c in enumerate(counts)
    ]
    return pd.DataFrame(rows)


def by_hand(c: int, k: int) -> float:
    drawn = [any(s) for s in combinations([1] * c + [0] * (N - c), k)]
    return float(np.mean(drawn))


def test_summary_counts_as_by_hand(results: pd.DataFrame) -> None:
    found = comparisons.summary(results, (1, 3)).set_index("sampler")
    assert list(found.index) == ["T = 0.2", "T = 0.8", "line 0.8/0.2"]
    row = found.loc["T = 0.8"]
    assert row["pass@1"] == pytest.approx(8 / 24)
    assert row["pass@3"] == pytest.approx(
        np.mean([by_hand(c, 3) for c in (1, 4, 3, 0)])
    )
    assert row["pass@3 low"] < row["pass@3"] < row["pass@3 high"]
    # shares of tokens, not means of problems
    assert row["hot"] == pytest.approx((0.1 * 20 + 0.2 * 30 + 0.3 * 40) / 100)
    assert row["valid"] == pytest.approx((3 + 4 + 3 + 3) / 24)
    assert row["distinct"] == pytest.approx((1 + 3 + 2 + 1) / 24)


def test_the_best_is_chosen_among_those_that_are_named(results: pd.DataFrame) -> None:
    rows = comparisons.summary(results, (1, 3))
    assert comparisons.best(rows, 1, ["T = 0.2", "T = 0.8"]) == "T = 0.2"
    assert comparisons.best(rows, 1, list(rows["sampler"])) == "line 0.8/0.2"
    with pytest.raises(ValueError, match=r"unknown sampler 'T = 0\.3'"):
        comparisons.best(rows, 1, ["T = 0.3"])


def test_differences_are_paired_and_in_points(results: pd.DataFrame) -> None:
    found = comparisons.points(results, "line 0.8/0.2", "T = 0.2", 1)
    assert found["value"] == pytest.approx(100 * np.mean([2, 0, 1, 0]) / N)
    # no problem is worse, so no resampling is below zero
    assert 0 <= found["low"] <= found["value"] <= found["high"]
    frame = comparisons.differences(
        results, ["line 0.8/0.2", "T = 0.8"], "T = 0.2", (1, 3)
    )
    assert list(frame["k"]) == [1, 1, 3, 3]
    assert frame.loc[0, "difference"] == pytest.approx(found["value"] / 100)
    assert list(frame.loc[1, ["better", "worse"]]) == [2, 2]


def test_shares_of_samples_are_compared_problem_by_problem(
    results: pd.DataFrame,
) -> None:
    found = comparisons.share_points(results, "T = 0.8", "T = 0.2", "valid")
    assert found["value"] == pytest.approx(100 * (13 - 15) / 24)
    with pytest.raises(ValueError, match="unknown sampler"):
        comparisons.share_points(results, "T = 8", "T = 0.2", "valid")


def test_halves_choose_on_one_half_and_tell_on_the_other() -> None:
    rng = np.random.default_rng(0)
    easy = rng.random(200)
    skills = {"A1": 0.5, "A2": 0.7, "B1": 0.6, "B2": 0.3}
    rows = [
        {
            "task_id": f"problem {i}",
            "sampler": name,
            "n": 20,
            "c": int(rng.binomial(20, min(1, skill * (0.5 + e)))),
        }
        for name, skill in skills.items()
        for i, e in enumerate(easy)
    ]
    frame = pd.DataFrame(rows)
    found = comparisons.halves(frame, ["A1", "A2"], ["B1", "B2"], 1, repeats=300)
    fixed = comparisons.points(frame, "A2", "B1", 1)
    # the better ones are clear here, so that every half chooses them
    assert found["value"] == pytest.approx(fixed["value"], abs=0.2)
    width = found["high"] - found["low"]
    assert width == pytest.approx(fixed["high"] - fixed["low"], rel=0.3)


def test_a_choice_among_equals_gains_nothing() -> None:
    rng = np.random.default_rng(1)
    rows = [
        {
            "task_id": f"problem {i}",
            "sampler": name,
            "n": 20,
            "c": int(rng.binomial(20, 0.5)),
        }
        for name in [f"many {k}" for k in range(12)] + ["one"]
        for i in range(60)
    ]
    frame = pd.DataFrame(rows)
    many = [f"many {k}" for k in range(12)]
    chosen = comparisons.halves(frame, many, ["one"], 1, repeats=300)
    means = frame.groupby("sampler")["c"].mean() / 20
    with_hindsight = 100 * (means[many].max() - means["one"])
    assert chosen["value"] < with_hindsight - 1
    assert chosen["low"] < 0 < chosen["high"]
    with pytest.raises(ValueError, match="at least 4"):
        comparisons.halves(frame[frame["task_id"] == "problem 0"], many, ["one"], 1)
