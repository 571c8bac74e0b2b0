"""Exercises: a stub for the learner, a check, and a folded solution that CI runs.

In a notebook an exercise is a Markdown cell, a stub cell tagged ``exercise`` and a
solution cell tagged ``solution`` (folded in JupyterLab). Both define the same
function; the check functions live in the chapter's ``exercises`` module and raise
AssertionError with a hint.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def exercise(check: Callable[..., None], attempt: Callable[..., Any]) -> None:
    """Run ``check`` on the learner's function and print what it says.

    An unfinished stub (``NotImplementedError``) or a failed check prints a hint
    instead of stopping the notebook; any other error is the learner's to see.
    """
    try:
        check(attempt)
    except NotImplementedError:
        print(f"{attempt.__name__}: not attempted yet.")
    except AssertionError as hint:
        print(f"{attempt.__name__}: not yet. {hint}")
    else:
        print(f"{attempt.__name__}: correct.")
