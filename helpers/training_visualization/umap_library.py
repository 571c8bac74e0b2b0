"""umap-learn, whose machine code is kept on disk between processes."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from functools import cache, lru_cache
from types import ModuleType
from typing import Any

MODULES = ("aligned_umap", "distances", "layouts", "umap_", "utils")


@lru_cache(maxsize=1)
def umap_library() -> ModuleType:
    """The package ``umap``; use this instead of importing it.

    Most of its functions are compiled again in every process, for ten seconds in all,
    and two loops of `layouts` even in every call. numba keeps their code where it keeps
    all code: beside the source, or in ``NUMBA_CACHE_DIR``. Where neither can be written
    they are compiled once a process.
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
    return umap


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
