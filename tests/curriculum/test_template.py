"""The template's method against brute force over all groups."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from helpers.curriculum.template import (
    match_probability,
    people_needed,
    seasonal,
    share_with_match,
)
from helpers.curriculum.template_exercises import _triple


def brute(people: int, days: int, alike: int) -> float:
    """Share of all ``days ** people`` groups in which ``alike`` share a birthday."""
    groups = list(product(range(days), repeat=people))
    return sum(max(np.bincount(group)) >= alike for group in groups) / len(groups)


@pytest.mark.parametrize(("people", "days"), [(1, 4), (2, 7), (3, 5), (5, 6), (4, 3)])
def test_exact_chances_agree_with_all_groups(people: int, days: int) -> None:
    assert match_probability(people, days) == pytest.approx(brute(people, days, 2))
    assert _triple(people, days) == pytest.approx(brute(people, days, 3), abs=1e-12)


def test_people_needed_is_the_smallest_group() -> None:
    for days, chance in ((365, 0.5), (20, 0.9), (1000, 0.01)):
        n = people_needed(days, chance)
        assert match_probability(n, days) >= chance > match_probability(n - 1, days)


def test_simulation_agrees_with_the_exact_chance() -> None:
    even = np.full(30, 1 / 30)
    share = share_with_match(7, even, 20_000, seed=1)
    assert share == pytest.approx(match_probability(7, 30), abs=0.02)
    assert share == share_with_match(7, even, 20_000, seed=1)
    assert share != share_with_match(7, even, 20_000, seed=2)


def test_seasonal_days_are_uneven_probabilities() -> None:
    days = seasonal(365, 0.5)
    assert days.sum() == pytest.approx(1)
    assert days.max() / days.min() == pytest.approx(3, abs=0.01)
    assert np.allclose(seasonal(365, 0.0), 1 / 365)
    assert share_with_match(23, days, 20_000, 0) > share_with_match(
        23, np.full(365, 1 / 365), 20_000, 0
    )
