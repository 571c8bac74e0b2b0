"""Checks for the exercises of the start-here notebook."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from helpers.claims import judge
from helpers.expectations import at_least
from helpers.scales import SCALES, NotebookSpec, all_specs


def check_verdict(attempt: Callable[[float, float, float, float], str]) -> None:
    """``attempt(low, high, bound, null)`` -> verdict of "at least ``bound``".

    Compared with :func:`helpers.claims.judge` for intervals around, on and beside the
    bound and the null value, which lies below the bound.
    """
    rng = np.random.default_rng(0)
    edges = [(1.5, 1.5), (1.2, 1.5), (1.5, 2.0), (1.0, 1.3), (0.2, 3.0), (1.0, 2.5)]
    drawn = np.sort(rng.uniform(0.0, 3.0, (40, 2)), axis=1)
    for low, high in [*edges, *drawn.round(2).tolist()]:
        expected = judge(at_least(1.5), (low + high) / 2, low, high, [1.0])
        found = attempt(low, high, 1.5, 1.0)
        assert found == expected, (
            f"[{low:g}, {high:g}] against at least 1.5 with null 1 is {expected!r}, "
            f"got {found!r}. First: is the whole interval at the bound or above? Then: "
            "is the whole interval above the null value?"
        )


def check_affordable(
    attempt: Callable[[Sequence[NotebookSpec], str, float], Iterable[str]],
) -> None:
    """``attempt(specs, scale, seconds)`` -> names of what a plain machine can run.

    Tried with the notebooks there are, and with one that needs a GPU but no internet.
    """
    specs = all_specs()
    scales = {
        name: row.model_copy(update={"gpu": True})
        for name, row in specs[-1].scales.items()
    }
    specs += [specs[-1].model_copy(update={"name": "gpu_only", "scales": scales})]
    for scale in SCALES:
        for seconds in (16, 90, 200, 1e9):
            rows = {spec.name: spec.scale(scale) for spec in specs}
            expected = [
                name
                for name, row in rows.items()
                if row.seconds <= seconds and not row.gpu and not row.internet
            ]
            found = list(attempt(specs, scale, seconds))
            assert found == expected, (
                f"{scale}, {seconds:g} s: {expected}, got {found}. A row of a scale "
                "table has seconds, gpu and internet; keep the order of specs"
            )
