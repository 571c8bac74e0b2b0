"""Differences between cells with intervals over answers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from helpers.graph_generation import contrasts


def frame(seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    rows = [
        (rule, method, value)
        for rule, mean in (("a", 40), ("b", 60))
        for method, gain in (("zero-shot", 0), ("few-shot", 10))
        for value in rng.normal(mean + gain, 10, 200)
    ]
    return pd.DataFrame(rows, columns=["rule", "method", "valid"])


def test_the_interval_is_that_of_welch() -> None:
    answers = frame()
    one, other = (
        {"rule": "a", "method": "few-shot"},
        {"rule": "a", "method": "zero-shot"},
    )
    found = contrasts.contrast(answers, "valid", one, other)
    x = contrasts.chosen(answers, one)["valid"]
    y = contrasts.chosen(answers, other)["valid"]
    low, high = stats.ttest_ind(x, y, equal_var=False).confidence_interval()
    assert found["value"] == pytest.approx(x.mean() - y.mean())
    assert (found["low"], found["high"]) == pytest.approx((low, high), abs=0.2)


def test_rules_weigh_alike_whatever_their_number_of_answers() -> None:
    answers = frame()
    fewer = answers[(answers["rule"] == "a") | (answers.index % 4 == 0)]
    found = contrasts.level(fewer, "valid", {"rule": ("a", "b"), "method": "zero-shot"})
    assert found["value"] == pytest.approx(50, abs=1.5)


def test_a_share_is_of_sums_and_not_a_mean_of_shares() -> None:
    answers = pd.DataFrame({"vun": [0.0, 50.0], "valid": [0.0, 100.0], "rule": "a"})
    found = contrasts.share_of(answers, "vun", "valid", {"rule": "a"})
    assert found == {"value": 50.0, "low": 50.0, "high": 50.0}


def test_slopes() -> None:
    rng = np.random.default_rng(0)
    rows = [
        (method, p, 100 * np.clip(gain * p + rng.normal(0, 0.05), 0, 1))
        for method, gain in (("cot", 1.0), ("zero-shot", 0.25))
        for p in (0.2, 0.4, 0.6, 0.8)
        for _ in range(50)
    ]
    answers = pd.DataFrame(rows, columns=["method", "p", "p_pred"])
    found = contrasts.slope_contrast(
        answers, "p_pred", {"method": "cot"}, {"method": "zero-shot"}
    )
    assert found["low"] < 0.75 < found["high"]
    assert found["value"] == pytest.approx(0.75, abs=0.05)


def test_no_answers_are_told() -> None:
    with pytest.raises(ValueError, match="no answers with"):
        contrasts.level(frame(), "valid", {"rule": "c"})
