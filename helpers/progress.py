"""Progress bars that leave nothing behind, not even an empty box in a notebook."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any, NoReturn, TextIO, TypeVar, overload

from tqdm import tqdm

T = TypeVar("T")


@overload
def progress_bar(iterable: Iterable[T], **options: Any) -> tqdm[T]: ...
@overload
def progress_bar(iterable: None = None, **options: Any) -> tqdm[NoReturn]: ...
def progress_bar(iterable: Iterable[T] | None = None, **options: Any) -> Any:
    """tqdm's bar, taken away at its end unless ``leave=True``.

    Drawn on standard error as ever, but on standard output in a notebook: JupyterLab
    puts errors on a red ground, which stays when the bar is gone.

    Parameters
    ----------
    iterable : iterable, optional
        What is counted; without it the caller does, by ``bar.update()``.
    **options
        As of tqdm.
    """
    return tqdm(iterable, **{"leave": False, "file": _stream(), **options})


def _stream() -> TextIO:
    """Where bars are drawn; a kernel's streams are recognised by their type."""
    notebook = type(sys.stdout).__module__ == "ipykernel.iostream"
    return sys.stdout if notebook else sys.stderr
