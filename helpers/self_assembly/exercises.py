"""Checks of exercises in notebooks 00 and 01; each raises an error with a hint."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np

from helpers.self_assembly.assembly import assemble
from helpers.self_assembly.baselines import nearest_agent_bound
from helpers.self_assembly.light_field import direct_field
from helpers.self_assembly.priority import priority_list
from helpers.self_assembly.shapes import named_shape

Cell = tuple[int, int]


def check_blue_light(attempt: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> None:
    """``attempt(target, occupied)`` -> blue light (H, W), equation (1)."""
    rng = np.random.default_rng(0)
    for shape in ((5, 5), (4, 9), (1, 6)):
        target = rng.random(shape) < 0.5
        occupied = rng.random(shape) < 0.4
        expected = direct_field(target & ~occupied)
        found = np.asarray(attempt(target, occupied), dtype=float)
        assert found.shape == shape, f"the light has shape {found.shape}, not {shape}"
        assert np.allclose(found, expected), (
            "the light differs; sources are target cells without an agent, and the "
            "distance is max(|dy|, |dx|)"
        )


def check_late_list(
    attempt: Callable[[np.ndarray, np.ndarray, Cell], Sequence[Cell]],
) -> None:
    """``attempt(red, target, cell)`` -> good cells of the late phase, best first."""
    rng = np.random.default_rng(1)
    for _ in range(20):
        red = rng.random((6, 6))  # no ties
        target = rng.random((6, 6)) < 0.7
        for row, column in np.argwhere(target):
            cell = int(row), int(column)
            expected = priority_list(red, red, target, cell, phase="late").good
            given = attempt(red.copy(), target.copy(), cell)
            found = [(int(r), int(c)) for r, c in given]
            assert set(found) == set(expected), (
                f"at {cell}: {found} instead of {list(expected)}; good cells lie in "
                "the target, on the grid, and are no brighter in red than the own cell"
            )
            assert found == list(expected), "right cells, wrong order: darkest first"


def check_lower_bound(attempt: Callable[[np.ndarray, np.ndarray], float]) -> None:
    """``attempt(target, positions)`` -> steps that no method can beat."""
    rng = np.random.default_rng(2)
    for _ in range(10):
        target = rng.random((8, 11)) < 0.3
        free = np.argwhere(~target)
        size = int(target.sum())
        positions = free[rng.permutation(len(free))[:size]]
        expected = nearest_agent_bound(target, positions)
        found = attempt(target, positions)
        assert found == expected, (
            f"{found} instead of {expected}: for each target cell take its nearest "
            "agent, then the largest of these Chebyshev distances"
        )


def check_slowest(
    attempt: Callable[[np.ndarray, Sequence[float], Sequence[int]], float],
) -> None:
    """``attempt(target, gammas, seeds)`` -> the gamma with most steps on average."""
    for width, gammas in ((14, (0.0, 0.8, 0.5)), (16, (0.7, 0.1)), (14, (0.6, 0.0))):
        seeds = range(width, width + 4)
        expected, means = _slowest(width, gammas, tuple(seeds))
        found = attempt(named_shape("disc", width), list(gammas), list(seeds))
        assert found == expected, (
            f"{found} instead of {expected}: over these seeds the mean steps are "
            + ", ".join(f"{m:.1f} at {g:g}" for g, m in zip(gammas, means, strict=True))
        )


@lru_cache
def _slowest(
    width: int, gammas: tuple[float, ...], seeds: tuple[int, ...]
) -> tuple[float, list[float]]:
    target = named_shape("disc", width)
    means = [
        float(np.mean([assemble(target, seed=s, gamma=g).steps for s in seeds]))
        for g in gammas
    ]
    return gammas[int(np.argmax(means))], means
