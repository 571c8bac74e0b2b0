"""The tagged parameters cell of a notebook, read without running it.

papermill only warns about an unknown parameter and never checks types. Here the
cell is parsed with ``ast``, so that a wrong name, type or value is one clear
line before any kernel starts.
"""

from __future__ import annotations

import ast
import io
import json
import tokenize
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import GenericAlias
from typing import Annotated, Any, Literal, Optional, Union

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from helpers.names import suggest
from helpers.notebook_files import cell_tags, read_notebook

_TYPES: dict[str, Any] = {
    "int": int,
    "float": float,
    "str": str,
    "bool": bool,
    "list": list,
    "dict": dict,
    "tuple": tuple,
    "None": None,
    "Literal": Literal,
    "Optional": Optional,
    "Union": Union,
}
_STRICT = ConfigDict(allow_inf_nan=False)


class ParameterError(ValueError):
    """A parameter that the notebook does not have or cannot take."""


@dataclass(frozen=True)
class Parameter:
    """One line of the parameters cell."""

    name: str
    annotation: str
    type: Any
    default: Any
    help: str = ""
    limits: Mapping[str, Any] = field(default_factory=dict)

    def adapter(self) -> TypeAdapter[Any]:
        kind = self.type
        if self.limits:
            kind = _limit(kind, self.limits)
        return TypeAdapter(kind, config=_STRICT)

    def check(self, value: Any) -> Any:
        """Return ``value`` as the declared type, or raise :class:`ParameterError`."""
        try:
            return self.adapter().validate_python(value, strict=True)
        except ValidationError as error:
            raise ParameterError(self._message(value, error)) from None

    def parse(self, text: str) -> Any:
        """Read a value typed in the shell: ``1e-3``, ``true``, ``none``, ``1,2,3``."""
        adapter = self.adapter()
        errors: list[ValidationError] = []
        for value, strict in self._readings(text):
            try:
                return adapter.validate_python(value, strict=strict)
            except ValidationError as error:
                errors.append(error)
        raise ParameterError(self._message(text, max(errors, key=_clarity)))

    def _readings(self, text: str) -> Iterator[tuple[Any, bool]]:
        """What ``text`` may mean, likeliest first, and whether to take it strictly."""
        word = text.strip()
        literal = _literal(word)
        if word.lower() in {"none", "null"}:
            yield None, True
        if self._is_text():
            yield text, True
        if literal is not _NOTHING:
            yield literal, True
        yield word, False
        if isinstance(literal, float):
            yield literal, False  # 1e3 is a whole number
        if "list" in self.annotation and not isinstance(literal, list):
            words = [part.strip() for part in word.split(",")]
            items = [_literal(part) for part in words]
            if _NOTHING not in items:
                yield items, True
            yield words, False

    def _is_text(self) -> bool:
        try:
            TypeAdapter(self.type).validate_python("any text", strict=True)
        except ValidationError:
            return False
        return True

    def _message(self, value: Any, error: ValidationError) -> str:
        detail = error.errors()[0]
        reason = detail["msg"][0].lower() + detail["msg"][1:]
        hint = ""
        if isinstance(value, str) and detail["type"] == "literal_error":
            names = [str(c) for c in getattr(self.type, "__args__", ())]
            hint = suggest(value, names)
        limits = "".join(f", {k} {v}" for k, v in self.limits.items())
        return (
            f"parameter {self.name!r}: {value!r} is not allowed "
            f"({self.annotation}{limits}): {reason}{hint}"
        )


_NOTHING = object()


def _literal(text: str) -> Any:
    """JSON or Python literal in ``text``, or ``_NOTHING``."""
    for reader in (json.loads, ast.literal_eval):
        try:
            return reader(text)
        except (ValueError, SyntaxError):
            continue
    return _NOTHING


def _clarity(error: ValidationError) -> tuple[int, bool]:
    """Rank of an error: a bound that was missed says more than a wrong type."""
    detail = error.errors()[0]
    return len(detail["loc"]), not detail["type"].endswith(("_type", "_parsing"))


def _limit(kind: Any, limits: Mapping[str, Any]) -> Any:
    """Apply ``ge``, ``le``, ``gt``, ``lt`` or lengths to a type, sparing ``None``."""
    arguments: tuple[Any, ...] = getattr(kind, "__args__", ())
    origin = getattr(kind, "__origin__", None)
    if type(None) in arguments and origin is not Literal:
        rest = [a for a in arguments if a is not type(None)]
        return Optional[_limit(Union[tuple(rest)], limits)]  # noqa: UP007, UP045
    if origin is list and not {"min_length", "max_length"} & set(limits):
        return GenericAlias(list, (Annotated[arguments[0], Field(**limits)],))
    return Annotated[kind, Field(**limits)]


def _resolve(annotation: ast.expr) -> Any:
    """Evaluate a type annotation that uses only the allowed names."""
    for node in ast.walk(annotation):
        if isinstance(node, ast.Name) and node.id not in _TYPES:
            raise ParameterError(
                f"type {node.id!r} is not allowed in a parameters cell; "
                f"use one of {', '.join(_TYPES)}"
            )
        if isinstance(node, ast.Call | ast.Attribute | ast.Lambda):
            raise ParameterError(
                f"{ast.unparse(annotation)!r} is not a plain type annotation"
            )
    code = compile(ast.Expression(annotation), "<parameters>", "eval")
    try:
        found = eval(code, {"__builtins__": {}}, _TYPES)
        TypeAdapter(found)
    except Exception as error:  # int["a"], a bare Literal, 1 / 0
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise ParameterError(
            f"{ast.unparse(annotation)!r} is no type of a parameter: {reason}"
        ) from None
    return found


def _comments(source: str) -> dict[int, str]:
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {
        t.start[0]: t.string.lstrip("# ").strip()
        for t in tokens
        if t.type == tokenize.COMMENT
    }


def parse_cell(
    source: str, limits: Mapping[str, Mapping[str, Any]] | None = None
) -> dict[str, Parameter]:
    """Parameters declared in the source of a parameters cell, in order.

    Raises
    ------
    ParameterError
        If the cell is not Python, a default is no literal, a type is unknown, a default
        does not fit its own type, or ``limits`` names a parameter that does not exist.
    """
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError) as error:  # ValueError: a null byte
        raise ParameterError(f"the parameters cell is not Python: {error}") from None
    comments = _comments(source)
    found: dict[str, Parameter] = {}
    for node in body:
        if isinstance(node, ast.ImportFrom) and node.module == "typing":
            continue
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue
        if not (isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)):
            raise ParameterError(
                f"line {node.lineno} of the parameters cell is not "
                "'name: type = literal  # comment'"
            )
        name = node.target.id
        try:
            default = ast.literal_eval(node.value) if node.value else None
        except (ValueError, TypeError):  # TypeError: {[]: 1}
            raise ParameterError(f"default of {name!r} is not a literal") from None
        end = node.end_lineno or node.lineno
        found[name] = Parameter(
            name=name,
            annotation=ast.unparse(node.annotation),
            type=_resolve(node.annotation),
            default=default,
            help=comments.get(node.lineno, comments.get(end, "")),
            limits=dict((limits or {}).get(name, {})),
        )
        found[name].check(default)
    for name in limits or {}:
        if name not in found:
            raise ParameterError(f"limits name {name!r}{suggest(name, found)}")
    return found


def parameters_cell(notebook: Mapping[str, Any]) -> Any:
    """The one code cell tagged ``parameters``."""
    cells = [
        c
        for c in notebook["cells"]
        if c["cell_type"] == "code" and "parameters" in cell_tags(c)
    ]
    if len(cells) != 1:
        raise ParameterError(
            f"expected one code cell tagged 'parameters', found {len(cells)}"
        )
    return cells[0]


def read_parameters(
    path: Path, limits: Mapping[str, Mapping[str, Any]] | None = None
) -> dict[str, Parameter]:
    """Parameters of the notebook at ``path``."""
    try:
        notebook = read_notebook(path)
    except (OSError, ValueError) as error:
        raise ParameterError(str(error)) from None
    return parse_cell(parameters_cell(notebook)["source"], limits)


def check_values(
    parameters: Mapping[str, Parameter], values: Mapping[str, Any]
) -> dict[str, Any]:
    """Validate ``values`` (already Python objects) against ``parameters``."""
    return {
        name: known(parameters, name).check(value) for name, value in values.items()
    }


def parse_assignments(
    parameters: Mapping[str, Parameter], assignments: Iterable[str]
) -> dict[str, Any]:
    """Validate shell assignments such as ``["gamma=0.5", "shape=a=b"]``."""
    values: dict[str, Any] = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not equals:
            raise ParameterError(f"{assignment!r} is not of the form name=value")
        values[name] = known(parameters, name).parse(text)
    return values


def known(parameters: Mapping[str, Parameter], name: str) -> Parameter:
    """The parameter of that name, or an error with the nearest one."""
    if name not in parameters:
        raise ParameterError(
            f"unknown parameter {name!r}{suggest(name, parameters)} "
            f"(this notebook has: {', '.join(parameters)})"
        )
    return parameters[name]
