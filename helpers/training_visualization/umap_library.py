"""umap-learn, whose machine code is kept on disk between processes."""

from __future__ import annotations

import contextlib
from functools import lru_cache
from types import ModuleType

MODULES = ("aligned_umap", "distances", "layouts", "umap_", "utils")


@lru_cache(maxsize=1)
def umap_library() -> ModuleType:
    """The package ``umap``; use this instead of importing it.

    Most of its functions are compiled again in every process, for ten seconds in all.
    numba keeps their code where it keeps all code: beside the source, or in
    ``NUMBA_CACHE_DIR``. Where neither can be written they are compiled as before.
    """
    import importlib

    import umap
    from numba.core.dispatcher import Dispatcher

    for name in MODULES:
        module = importlib.import_module(f"umap.{name}")
        for function in vars(module).values():
            own = getattr(function, "__module__", "") == module.__name__
            if own and isinstance(function, Dispatcher):
                with contextlib.suppress(RuntimeError):  # nowhere to write
                    function.enable_caching()
    return umap
