"""The checks turn wrong attempts down, each with a hint that says why."""

from __future__ import annotations

import numpy as np
import pytest

from helpers.self_assembly.exercises import (
    check_blue_light,
    check_late_list,
    check_lower_bound,
)
from helpers.self_assembly.priority import priority_list


def light(sources, metric):
    rows, columns = np.indices(sources.shape)
    field = np.zeros(sources.shape)
    for r, c in np.argwhere(sources):
        field += 1000 / (1 + metric(abs(rows - r), abs(columns - c)))
    return field


def late(red, target, cell):
    return priority_list(red, red, target, cell, phase="late").good


def distances(target, positions):
    return np.abs(np.argwhere(target)[:, None] - positions[None])


WRONG = [
    (check_blue_light, lambda t, o: light(t, np.maximum), "without an agent"),
    (check_blue_light, lambda t, o: light(t & ~o, np.add), r"max\(\|dy\|, \|dx\|\)"),
    (check_blue_light, lambda t, o: light(t & ~o, np.maximum)[:1], "shape"),
    (check_late_list, lambda *given: late(*given)[::-1], "darkest first"),
    (check_late_list, lambda *given: late(*given)[:1], "good cells lie in"),
    (check_late_list, lambda r, t, c: late(r, t | True, c), "good cells lie in"),
    (check_lower_bound, lambda *g: distances(*g).sum(2).min(1).max(), "Chebyshev"),
    (check_lower_bound, lambda *g: distances(*g).max(2).min(1).mean(), "the largest"),
    (check_lower_bound, lambda *g: distances(*g).max(2).min(0).max(), "nearest"),
]


@pytest.mark.parametrize(("check", "attempt", "hint"), WRONG)
def test_wrong_solutions_get_a_hint(check, attempt, hint):
    with pytest.raises(AssertionError, match=hint):
        check(attempt)
