"""Claims: judged by computation, and refused when they cannot be."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from helpers import claim_table, claims
from helpers.claim_table import format_number
from helpers.claims import (
    DIRECTION,
    MIME,
    NOT_REPRODUCED,
    NOT_TESTABLE,
    REPRODUCED,
    VERDICTS,
    ClaimError,
    claims_in,
    judge,
    record,
    worse,
)
from helpers.expectations import (
    HollowExpectationError,
    at_least,
    at_most,
    beats,
    near,
    trend,
)
from helpers.intervals import interval, proportion


@pytest.fixture(autouse=True)
def _no_claims_yet() -> None:
    claims.reset()


def make(id: str = "a", **options: Any) -> claims.Claim:
    settings: dict[str, Any] = {
        "statement": "it works",
        "expect": near(1.0, absolute=0.1),
        "null": 0.0,
        **options,
    }
    return record(id, **settings)


def test_the_mean_and_its_interval_come_from_the_seeds() -> None:
    claim = make(seeds=[0.98, 1.0, 1.02])
    half = 4.302652729911275 * 0.02 / math.sqrt(3)  # Student t, 2 degrees, 97.5 %
    assert claim.value == pytest.approx(1.0)
    assert (claim.low, claim.high) == pytest.approx((1 - half, 1 + half))
    assert claim.verdict == REPRODUCED
    assert claim.seeds == [0.98, 1.0, 1.02]


def test_a_good_mean_with_a_wide_interval_is_not_reproduced() -> None:
    claim = make(seeds=[0.5, 1.5])
    assert claim.value == 1.0
    assert claim.verdict == NOT_REPRODUCED


@pytest.mark.parametrize(
    ("expect", "value", "null", "verdict"),
    [
        (near(1.0, absolute=0.1), 1.05, 0.0, REPRODUCED),
        (near(1.0, absolute=0.1), 0.5, 0.0, DIRECTION),
        (near(1.0, absolute=0.1), -0.5, 0.0, NOT_REPRODUCED),
        (near(1.0, absolute=0.1), 0.0, 0.0, NOT_REPRODUCED),
        (at_most(2.0, floor=1.0), 3.0, 5.0, DIRECTION),
        (at_most(2.0, floor=1.0), 6.0, 5.0, NOT_REPRODUCED),
        (at_least(10), 5.0, (0.0, 4.0), DIRECTION),
        (at_least(10), 3.0, (0.0, 4.0), NOT_REPRODUCED),
        (beats(0.5), 0.2, 0.0, DIRECTION),
        (beats(0.5), -0.2, 0.0, NOT_REPRODUCED),
        (trend("rising"), 1.0, 0.5, REPRODUCED),
        (trend("rising"), 0.75, 0.5, DIRECTION),
        (trend("rising"), 0.5, 0.5, NOT_REPRODUCED),
    ],
)
def test_verdicts(expect: Any, value: float, null: Any, verdict: str) -> None:
    assert make(value=value, expect=expect, null=null, exact=True).verdict == verdict


@given(
    st.lists(st.floats(-100, 100), min_size=2, max_size=6),
    st.floats(0.5, 50),
    st.floats(0, 100),
)
def test_a_stricter_bound_never_gives_a_better_verdict(
    seeds: list[float], bound: float, more: float
) -> None:
    low, high = interval(seeds)
    value = float(np.mean(seeds))
    loose = judge(at_least(bound), value, low, high, [0.0])
    strict = judge(at_least(bound + more), value, low, high, [0.0])
    assert VERDICTS.index(strict) <= VERDICTS.index(loose)


def test_a_claim_that_this_scale_cannot_test() -> None:
    claim = make(value=1.0, testable=False, why="needs 10^4 agents")
    assert claim.verdict == NOT_TESTABLE
    assert claim.value is None
    assert claim.reason == "needs 10^4 agents"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"value": math.nan, "exact": True}, "value is nan"),
        ({"value": math.inf, "exact": True}, "value is inf"),
        ({"seeds": [1.0, math.nan]}, "value is nan"),
        ({"value": 1.0, "low": 0.9, "high": math.inf}, "high is inf"),
        ({"value": 1.0, "exact": True, "null": math.nan}, "null is nan"),
        ({"value": 1.0, "exact": True, "null": (0.0, math.inf)}, "null is .*inf"),
        ({"value": 1.0, "low": 1.05, "high": 0.95}, "1 lies outside its interval"),
        ({"value": 1.2, "low": 0.95, "high": 1.05}, "1.2 lies outside its interval"),
        ({"value": 5.0, "seeds": [1.0, 1.01]}, "5 lies outside its interval"),
        ({"seeds": [1.0, 1.01], "low": 0.9, "high": 1.1}, "one of the three"),
        ({"value": 1.0, "exact": True, "low": 0.9}, "one of the three"),
        ({"value": 1.0}, "needs at least 2 seeds"),
        ({"seeds": [1.0]}, "needs at least 2 seeds"),
        ({}, "neither value nor seeds"),
        ({"value": 1.0, "exact": True, "paper_status": "guessed"}, "guessed"),
    ],
)
def test_claims_that_cannot_be_judged(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ClaimError, match=words):
        make(**options)


def test_recording_twice_and_hollow_expectations_are_refused() -> None:
    make(value=1.0, exact=True)
    with pytest.raises(ClaimError, match="claim 'a' is recorded twice"):
        make(value=1.0, exact=True)
    with pytest.raises(HollowExpectationError, match="is satisfied by 0"):
        make("b", value=1.0, exact=True, expect=at_least(-1))
    assert [claim.id for claim in claims.recorded()] == ["a"]


def test_claims_survive_the_notebook_file() -> None:
    claim = make(seeds=[0.98, 1.0, 1.02], paper=1, paper_status="printed", ref="T 2")
    output = {"data": {MIME: json.loads(json.dumps(claim.to_json()))}}
    text = {"data": {MIME: json.dumps(claim.to_json())}}
    cells = [{"outputs": [output]}, {"source": "#"}, {"outputs": [{}, text]}]
    assert claims_in({"cells": cells}) == [claim, claim]


def test_what_counts_as_worse() -> None:
    expected = {"a": REPRODUCED, "b": DIRECTION, "c": REPRODUCED, "d": NOT_TESTABLE}
    found = {"a": DIRECTION, "b": REPRODUCED, "d": NOT_REPRODUCED, "e": REPRODUCED}
    assert worse(expected, found) == [
        "claim 'a' got worse: reproduced -> direction only",
        "claim 'c' is expected (reproduced) but was not recorded",
        "claim 'e' (reproduced) has no committed expectation",
    ]
    assert worse(expected, expected) == []


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (None, "–"),
        ("about 5 k", "about 5 k"),
        (0, "0"),
        (0.12345, "0.123"),
        (1234.5, "1,234"),
        (5.0, "5"),
        (1e-5, "1.00e-05"),
        (2e7, "2.00e+07"),
        (-0.5, "-0.5"),
    ],
)
def test_numbers_are_shown_briefly(number: Any, shown: str) -> None:
    assert format_number(number) == shown


def test_the_table_escapes_and_names_the_verdict() -> None:
    claim = make(value=1.0, exact=True, statement="a < b", paper=2.0, ref="Table <1>")
    table = claim_table.table_html([claim])
    assert "a &lt; b" in table
    assert "Table &lt;1&gt;" in table
    assert "● reproduced" in table
    recalled = make("r", value=1.0, exact=True, paper=2.0, paper_status="recalled")
    assert "2 (recalled)" in claim_table.table_html([recalled])


def test_rounding_does_not_put_a_value_outside_its_interval() -> None:
    low = 1.0 + 2**-50
    assert make(value=1.0, low=low, high=1.05).verdict == REPRODUCED
    for number, hits in enumerate(([0] * 7, [1] * 7)):
        make(f"share {number}", **proportion(hits))


@pytest.mark.parametrize(("hits", "n"), [(17, 18), (0, 5), (5, 5), (30, 60)])
def test_proportion_has_the_interval_of_wilson(hits, n):
    found = proportion([1] * hits + [0] * (n - hits))
    test = stats.binomtest(hits, n).proportion_ci(method="wilson")
    assert found["value"] == hits / n
    assert (found["low"], found["high"]) == pytest.approx((test.low, test.high))
