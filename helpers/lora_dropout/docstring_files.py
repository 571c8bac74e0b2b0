"""Sentences of a folder of Python files, read with `ast`: none of the code runs."""

from __future__ import annotations

import ast
import gc
import hashlib
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from helpers.lora_dropout.docstring_cleaning import cleaned, first_sentence, skeleton

MAX_FILES = 400
# Tests, and code that the library took over from others.
_SKIPPED = {
    "_external",
    "_vendor",
    "array_api_compat",
    "array_api_extra",
    "cobyqa",
    "distutils",
    "ensurepip",
    "externals",
    "extern",
    "idlelib",
    "lib2to3",
    "pyprima",
    "site-packages",
    "test",
    "tests",
    "turtledemo",
    "vendored_packages",
}

_HOLDERS = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def read_folder(root: Path, name: str) -> list[tuple[str, str]]:
    """Pairs of part and sentence of the source files below ``root``, in path order.

    Near-copies are left out. Of a large library a fixed choice of `MAX_FILES` files is
    read, by hash of the path.

    Parameters
    ----------
    root : Path
    name : str
        Of the library, with which its parts begin.
    """
    files = [
        path
        for path in (found.relative_to(root) for found in root.rglob("*.py"))
        if not _SKIPPED & set(path.parts)
        and not path.name.startswith(("test", "conftest"))
    ]
    files.sort(key=lambda path: hashlib.sha256(path.as_posix().encode()).digest())
    found: dict[str, tuple[str, str]] = {}
    with no_collection():
        for path in sorted(files[:MAX_FILES]):
            part = "/".join((name, *path.with_suffix("").parts)[:3])
            for docstring in docstrings((root / path).read_bytes()):
                sentence = cleaned(first_sentence(docstring))
                if sentence is not None:
                    found.setdefault(skeleton(sentence), (part, sentence))
    return list(found.values())


def docstrings(source: bytes) -> Iterator[str]:
    """Docstrings of a module, its classes and functions; none where it has no syntax.

    Examples
    --------
    >>> list(docstrings(b"def f():\\n    '''Do nothing.'''"))
    ['Do nothing.']
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            tree = ast.parse(source)
        except (SyntaxError, ValueError):
            return
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, _HOLDERS) and (found := ast.get_docstring(node)):
            yield found
        # statements only: ast.walk visits every expression too, and costs twice this
        for inside in ("body", "orelse", "handlers", "finalbody", "cases"):
            waiting += getattr(node, inside, ())


@contextmanager
def no_collection() -> Iterator[None]:
    """Without the collector, which takes as long as the parser does.

    It looks for cycles after every few hundred nodes of a syntax tree, which has none.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
