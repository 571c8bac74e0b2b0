"""Reprise: six research papers, reproduced end to end in Jupyter notebooks.

What a notebook needs is importable from here; nothing heavy is loaded until used.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_PUBLIC = {
    "begin": "helpers.session",
    "record": "helpers.claims",
    "proportion": "helpers.intervals",
    "show": "helpers.claim_table",
    "explore": "helpers.explorer",
    "exercise": "helpers.exercises",
    "between": "helpers.expectations",
    "at_least": "helpers.expectations",
    "at_most": "helpers.expectations",
    "near": "helpers.expectations",
    "beats": "helpers.expectations",
    "trend": "helpers.expectations",
    "trend_share": "helpers.expectations",
}
__all__ = ["__version__", *_PUBLIC]


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module 'helpers' has no attribute {name!r}")
