"""Checks for the exercises of the template notebook."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from helpers.curriculum.template import match_probability, people_needed


def _number(value: Any, what: str) -> float:
    """The learner's result as a float; AssertionError when it is none."""
    ok = isinstance(value, int | float | np.number) and math.isfinite(value)
    assert ok, f"{what} should be a number, not {value!r}."
    return float(value)


def check_match_probability(attempt: Callable[[int, int], float]) -> None:
    """Compare with the product formula, also where it must be 0 or 1."""
    for people, days in ((1, 365), (2, 365), (23, 365), (70, 365), (8, 7)):
        value = _number(attempt(people, days), f"P({people}, {days})")
        expected = match_probability(people, days)
        assert math.isclose(value, expected, abs_tol=1e-9), (
            f"P({people}, {days}) should be {expected:.6f}, got {value:.6f}. Multiply "
            "the chances that each newcomer avoids everybody before."
        )


def check_people_needed(attempt: Callable[[int, float], int]) -> None:
    """Compare with the smallest group for several years and chances."""
    for days, chance in ((365, 0.5), (365, 0.95), (100, 0.5), (2, 0.5), (1000, 0.01)):
        value = _number(attempt(days, chance), f"people needed at {chance:g}")
        expected = people_needed(days, chance)
        assert value == expected, (
            f"{days} days and chance {chance:g} need {expected} people, got {value:g}. "
            "The group just large enough counts."
        )


def check_share_with_triple(
    attempt: Callable[[int, int, int, np.random.Generator], float],
) -> None:
    """Compare with the exact chance of three alike, within sampling error.

    For c days the chance that no three of n share one is the sum over the number p of
    pairs of ``n! c! / ((n - 2p)! p! 2^p (c - n + p)! c^n)``.
    """
    groups = 4000
    for people, days in ((3, 2), (10, 12), (40, 100)):
        rng = np.random.default_rng(people)
        value = _number(attempt(people, days, groups, rng), "the share")
        expected = _triple(people, days)
        slack = 5 * math.sqrt(expected * (1 - expected) / groups)
        assert abs(value - expected) <= slack, (
            f"{people} people and {days} days: about {expected:.3f} of the groups have "
            f"three alike, got {value:.3f}. Count how often each day occurs per group."
        )


def _triple(people: int, days: int) -> float:
    none = 0
    for pairs in range(people // 2 + 1):
        singles = people - 2 * pairs
        if singles + pairs > days:
            continue
        ways = math.comb(days, pairs) * math.perm(days - pairs, singles)
        orders = math.factorial(people) // (math.factorial(singles) * 2**pairs)
        none += ways * orders
    return 1 - none / days**people
