"""Expensive stages are computed once per parameters and code.

``@stage`` keeps a function's result on disk (joblib). The key holds the arguments and
a fingerprint of the function's module with all ``helpers`` modules it imports, so an
interrupted notebook resumes at its first unfinished stage and an edit recomputes
exactly what it touches. What a stage reads from files must be among its arguments, by
a digest say. Set ``CURRICULUM_CACHE=off`` to compute everything anew.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from helpers.code_hash import module_fingerprint
from helpers.paths import BUILD

P = ParamSpec("P")
R = TypeVar("R")


def stage(function: Callable[P, R]) -> Callable[P, R]:
    """Cache the results of a module-level function of ``helpers`` on disk.

    The function must be deterministic given its arguments (pass the seed), and its
    arguments and result must pickle. Raises TypeError for a function defined elsewhere,
    as in a notebook, whose code could change without the key noticing.
    """
    if not function.__module__.startswith("helpers."):
        raise TypeError(f"{function.__name__}: move it to a helpers module to cache it")
    code = module_fingerprint(function.__module__)

    def compute(code: str, args: tuple, kwargs: dict) -> R:
        return function(*args, **kwargs)

    # joblib files results under this function's identity.
    compute.__module__ = function.__module__
    compute.__qualname__ = compute.__name__ = f"{function.__name__}_stage"
    stored: list[Callable[..., R]] = []

    @functools.wraps(function)
    def cached(*args: P.args, **kwargs: P.kwargs) -> R:
        if os.environ.get("CURRICULUM_CACHE") == "off":
            return function(*args, **kwargs)
        if not stored:
            from joblib import Memory

            stored.append(Memory(BUILD / "cache", verbose=0).cache(compute))
        return stored[0](code, args, kwargs)

    return cached
