"""umap-learn, without compiling again and without Python for every pair of samples."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from functools import cache, lru_cache
from types import ModuleType
from typing import Any

import numpy as np

MODULES = ("aligned_umap", "distances", "layouts", "umap_", "utils")


@lru_cache(maxsize=1)
def umap_library() -> ModuleType:
    """The package ``umap``; use this instead of importing it.

    Most of its functions are compiled again in every process, for ten seconds in all,
    and two loops of `layouts` even in every call. numba keeps their code where it keeps
    all code: beside the source, or in ``NUMBA_CACHE_DIR``. Where neither can be written
    they are compiled once a process. Below 4,096 samples the distances of all pairs
    come from a compiled loop too: the same but for rounding, a hundred times as fast as
    one call of the metric per pair.
    """
    import importlib

    import umap
    from numba.core.dispatcher import Dispatcher

    for name in MODULES:
        module = importlib.import_module(f"umap.{name}")
        for label, function in vars(module).items():
            own = getattr(function, "__module__", "") == module.__name__
            # numba would take the code of a function and of its parallel twin for one
            if own and isinstance(function, Dispatcher) and "_parallel" not in label:
                _keep(function)
    umap.layouts.numba = _compiling_once(umap.layouts.numba)
    umap.umap_.pairwise_distances = all_distances
    _start_threads()
    return umap


def _start_threads() -> None:
    """numba starts its threads once, and sets how many torch has as it does.

    Left to the first parallel loop, that would undo `single_thread` around it.
    """
    import numba
    import torch

    before = torch.get_num_threads()
    numba.get_num_threads()  # starts them
    torch.set_num_threads(before)


def all_distances(
    x: np.ndarray, y: np.ndarray | None = None, *, metric: Any, **options: Any
) -> np.ndarray:
    """scikit-learn's ``pairwise_distances``, fast where the metric is numba's.

    Parameters
    ----------
    x, y : np.ndarray
        Shapes (n, d) and (m, d); without ``y``, distances within ``x``.
    metric : str or callable
    **options
        Arguments of the metric; with any, or for integers, scikit-learn answers.

    Returns
    -------
    np.ndarray
        Shape (n, m), of the type of x.
    """
    from numba.core.dispatcher import Dispatcher
    from sklearn.metrics import pairwise_distances

    if options or x.dtype.kind != "f" or not isinstance(metric, Dispatcher):
        return pairwise_distances(x, y, metric=metric, **options)
    other = x if y is None else y
    found = np.empty((len(x), len(other)), x.dtype)
    _pair_loop(metric)(np.ascontiguousarray(x), np.ascontiguousarray(other), found)
    return found


@cache
def _pair_loop(metric: Callable[..., float]) -> Callable[..., None]:
    """The loop with this metric in it."""
    import numba

    @numba.njit
    def fill(x: np.ndarray, y: np.ndarray, found: np.ndarray) -> None:
        for i in range(len(x)):
            for j in range(len(y)):
                found[i, j] = metric(x[i], y[j])

    return fill


def _compiling_once(numba: ModuleType) -> ModuleType:
    """numba, but ``njit`` of a function that it has seen gives the same dispatcher."""
    module = ModuleType("numba")
    vars(module).update(vars(numba))

    @cache
    def njit(function: Callable[..., Any], **options: Any) -> Any:
        return _keep(numba.njit(function, **options))

    vars(module)["njit"] = njit
    return module


def _keep(function: Any) -> Any:
    """A dispatcher that keeps its machine code on disk, where it can be written."""
    with contextlib.suppress(RuntimeError):
        function.enable_caching()
    return function
