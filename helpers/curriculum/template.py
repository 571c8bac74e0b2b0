"""The template notebook's method: do two people in a group share a birthday?

Formulas after P. Diaconis and F. Mosteller, Methods for Studying Coincidences (1989).
"""

from __future__ import annotations

import math

import numpy as np


def match_probability(people: int, days: int) -> float:
    r"""Chance that at least two of ``people`` share one of ``days`` birthdays.

    .. math:: P(n, c) = 1 - \prod_{i=1}^{n-1} (1 - i / c)

    All days are equally likely. Source: the standard birthday problem.

    >>> round(match_probability(23, 365), 3)
    0.507
    """
    if people > days:
        return 1.0
    terms = np.log1p(-np.arange(1, people) / days)
    return -math.expm1(float(terms.sum()))


def people_needed(days: int, chance: float = 0.5) -> int:
    """Smallest group with a match probability of at least ``chance`` (in (0, 1)).

    >>> people_needed(365)
    23
    """
    people = 2
    while match_probability(people, days) < chance:
        people += 1
    return people


def seasonal(days: int, amplitude: float) -> np.ndarray:
    """Probability of each birthday when births follow the seasons, shape (days,).

    A cosine over the year; the likeliest day is ``(1 + a) / (1 - a)`` times as likely
    as the unlikeliest. ``amplitude`` 0 gives equal days. Source: ours.
    """
    angle = 2 * np.pi * np.arange(days) / days
    weights = 1 + amplitude * np.cos(angle)
    return np.asarray(weights / weights.sum())


def share_with_match(
    people: int, birthdays: np.ndarray, groups: int, seed: int
) -> float:
    """Share of ``groups`` simulated groups in which two people share a birthday.

    ``birthdays`` holds the probability of each day, shape (c,), summing to 1. The
    same seed draws the same uniform numbers for every distribution, so that two
    distributions can be compared in pairs.
    """
    uniform = np.random.default_rng(seed).random((groups, people))
    drawn = np.searchsorted(np.cumsum(birthdays)[:-1], uniform, side="right")
    drawn.sort(axis=1)
    return float((np.diff(drawn, axis=1) == 0).any(axis=1).mean())
