"""What the package's modules say about themselves, read from their source.

griffe reads signatures and numpydoc docstrings without importing anything: modules
that need an extra are documented too, and nothing runs.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeGuard

import griffe

PACKAGE = "helpers"
WIDTH = 88  # columns of a signature
LONGEST_VALUE = 60  # characters of a constant


def load(root: Path) -> griffe.Module:
    """The package below ``root`` with every module in it."""
    with _quiet():
        loaded = griffe.load(
            root / PACKAGE,  # a path, or another package of this name could be found
            search_paths=[root],
            docstring_parser="numpy",
            allow_inspection=False,
        )
    assert isinstance(loaded, griffe.Module)
    return loaded


def modules(package: griffe.Module) -> Iterator[griffe.Module]:
    """All public modules in the order of their names, packages before their parts."""
    yield package
    for _, member in sorted(package.members.items()):
        if isinstance(member, griffe.Module) and not member.name.startswith("_"):
            yield from modules(member)


def members(parent: griffe.Module | griffe.Class) -> list[griffe.Object]:
    """Public names that ``parent`` itself defines, in the order of the source."""
    found = [
        member
        for name, member in parent.members.items()
        if isinstance(member, griffe.Object)
        and not isinstance(member, griffe.Module)
        and not name.startswith("_")
    ]
    return sorted(found, key=lambda member: member.lineno or 0)


def is_value(item: griffe.Object) -> TypeGuard[griffe.Attribute]:
    """A value of a module or a field of a class, as opposed to a property."""
    return isinstance(item, griffe.Attribute) and "property" not in item.labels


def is_shown(value: griffe.Attribute, parent: griffe.Module | griffe.Class) -> bool:
    """Constants and fields, but not what the signature says or ``__init__`` assigns."""
    if isinstance(parent, griffe.Module) or value.docstring:
        return True
    given = {parameter.name for parameter in parent.parameters}
    return "class-attribute" in value.labels and value.name not in given


def sections(item: griffe.Object) -> tuple[list[griffe.DocstringSection], list[str]]:
    """The parts of a docstring, and what the parser complains about."""
    if item.docstring is None:
        return [], []
    with _quiet() as heard:
        found = item.docstring.parse("numpy")
    return found, heard


def signature(item: griffe.Object) -> str:
    """``name(...) -> type`` on one line, or one parameter a line when it is long."""
    if isinstance(item, griffe.Function):
        parameters, returns = list(item.parameters), item.returns
    elif isinstance(item, griffe.Class):
        parameters, returns = list(item.parameters), None
    else:
        annotation = getattr(item, "annotation", None)
        return f"{item.name}: {annotation}" if annotation else item.name
    texts = list(_parameters(parameters))
    if isinstance(item, griffe.Class) and not texts:
        return item.name
    end = f" -> {returns}" if returns is not None else ""
    line = f"{item.name}({', '.join(texts)}){end}"
    if len(line) <= WIDTH:
        return line
    return f"{item.name}(\n" + "".join(f"    {text},\n" for text in texts) + f"){end}"


def _parameters(parameters: list[griffe.Parameter]) -> Iterator[str]:
    """Each parameter as in a ``def``, with the bare ``*`` and ``/`` in their places."""
    if parameters and parameters[0].name in ("self", "cls"):
        parameters = parameters[1:]
    kinds = griffe.ParameterKind
    positional = [p for p in parameters if p.kind is kinds.positional_only]
    before: griffe.ParameterKind | None = None
    for parameter in parameters:
        kind = parameter.kind
        fresh = before not in (kinds.keyword_only, kinds.var_positional)
        if kind is kinds.keyword_only and fresh:
            yield "*"
        yield _parameter(parameter)
        if positional and parameter is positional[-1]:
            yield "/"
        before = kind


def _parameter(parameter: griffe.Parameter) -> str:
    kinds = griffe.ParameterKind
    if parameter.kind is kinds.var_positional:
        text = f"*{parameter.name}"
    elif parameter.kind is kinds.var_keyword:
        text = f"**{parameter.name}"
    else:
        text = parameter.name
    typed = parameter.annotation is not None
    text += f": {parameter.annotation}" if typed else ""
    if parameter.default is not None and not text.startswith("*"):
        text += f" = {parameter.default}" if typed else f"={parameter.default}"
    return text


def definition(item: griffe.Attribute) -> str:
    """``name: type = value`` on one line; a long value is left out."""
    text = f"{item.name}: {item.annotation}" if item.annotation else item.name
    value = str(item.value) if item.value is not None else ""
    if not value:
        return text
    short = len(value) <= LONGEST_VALUE and "\n" not in value
    return f"{text} = {value if short else '…'}"


@contextmanager
def _quiet() -> Iterator[list[str]]:
    """Collects what griffe logs instead of printing it."""
    heard: list[str] = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: heard.append(record.getMessage())  # type: ignore[method-assign]
    logger = logging.getLogger("griffe")
    before, logger.propagate = logger.propagate, False
    logger.addHandler(handler)
    try:
        yield heard
    finally:
        logger.removeHandler(handler)
        logger.propagate = before
