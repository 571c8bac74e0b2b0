"""The checks of the start-here notebook turn wrong attempts down with a hint."""

from __future__ import annotations

import pytest

from helpers.curriculum.start_exercises import check_affordable, check_verdict
from helpers.self_assembly.exercises import check_slowest


def verdict(low, high, bound, null):
    if low >= bound:
        return "reproduced"
    return "direction only" if low > null else "not reproduced"


def affordable(specs, scale, seconds, gpu=False, internet=False):
    return [
        spec.name
        for spec in specs
        if (row := spec.scale(scale)).seconds <= seconds
        and (gpu or not row.gpu)
        and (internet or not row.internet)
    ]


WRONG = [
    (check_verdict, lambda low, high, b, n: verdict((low + high) / 2, high, b, n), "w"),
    (check_verdict, lambda low, high, b, n: verdict(high, high, b, n), "whole"),
    (check_verdict, lambda low, high, b, n: verdict(low + 1e-9, high, b, n), "null"),
    (check_verdict, lambda low, high, b, n: verdict(low - 1e-9, high, b, n), "bound"),
    (check_affordable, lambda s, n, t: affordable(s, n, t, internet=True), "internet"),
    (check_affordable, lambda s, n, t: affordable(s, n, t, gpu=True), "gpu"),
    (check_affordable, lambda s, n, t: affordable(s, "default", t), "smoke"),
    (check_affordable, lambda *given: affordable(*given)[::-1], "order"),
    (check_slowest, lambda target, gammas, seeds: min(gammas), "mean steps"),
    (check_slowest, lambda target, gammas, seeds: gammas[0], "mean steps"),
]


@pytest.mark.parametrize(("check", "attempt", "hint"), WRONG)
def test_wrong_solutions_get_a_hint(check, attempt, hint):
    with pytest.raises(AssertionError, match=hint):
        check(attempt)
