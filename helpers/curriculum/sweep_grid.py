"""A sweep: every combination of a grid, several times, as checked jobs.

Nothing starts before all cells are valid. A cell is known by its notebook, scale and
values alone, so that two sweeps share the cells that they have in common.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helpers import paths
from helpers.curriculum.jobs import Job, make_job
from helpers.curriculum.keys import Inputs
from helpers.parameters import Parameter, ParameterError, known, parse_assignments
from helpers.scales import NotebookSpec

MOST_CELLS = 100_000
_OPENING, _CLOSING, _QUOTES = "[({", "])}", "'\""


@dataclass(frozen=True)
class Cell:
    """One run of a sweep: a point of the grid and which repetition of it."""

    job: Job
    values: Mapping[str, Any]  # of the grid's parameters, checked
    repetition: int  # 0, 1, ...

    @property
    def seed(self) -> int:
        return int(self.job.overrides["seed"])

    @property
    def id(self) -> str:
        return self.job.folder.name

    def __str__(self) -> str:
        words = [f"{name}={value!r}" for name, value in self.values.items()]
        return " ".join([*words, f"seed={self.seed}"])


@dataclass(frozen=True)
class Sweep:
    """All cells of a grid, in the grid's order, the repetitions of a point together."""

    spec: NotebookSpec
    scale: str
    grid: Mapping[str, list[Any]]
    fixed: Mapping[str, Any]
    repetitions: int
    cells: tuple[Cell, ...]

    @property
    def home(self) -> Path:
        """``build/sweeps/<notebook>``: this notebook's sweeps and their cells."""
        return sweeps_folder(self.spec.name)

    @property
    def folder(self) -> Path:
        """Where the table, the figure and the page of this sweep go."""
        asked = [self.grid, self.fixed, self.repetitions]
        return self.home / f"{self.scale}-{_short_hash(asked, 8)}"

    def __str__(self) -> str:
        words = [f"{name} ({len(values)} values)" for name, values in self.grid.items()]
        words += [f"{self.repetitions} seeds"]
        return f"{self.spec.name} {self.scale}: {' × '.join(words)}"


def make_sweep(
    spec: NotebookSpec,
    scale: str,
    grid: Iterable[str],
    repetitions: int = 1,
    assignments: Iterable[str] = (),
) -> Sweep:
    """Cells from the words of a command line.

    Parameters
    ----------
    grid : iterable of str
        One ``name=value,value,...`` per parameter. A value that holds a comma stands
        in brackets or quotes: ``ranks=[2,4],[8]``.
    repetitions : int
        How often each point is run. A notebook uses the ``row.seeds`` seeds from
        ``seed`` on, so repetition ``r`` has ``seed + r * row.seeds``: no two of them
        have a seed in common, and their spread is one of independent runs.
    assignments : iterable of str
        ``name=value`` for all cells.

    Raises
    ------
    ParameterError
        If a name is unknown or stands twice, or a value is not allowed.
    """
    parameters = spec.parameters()
    row = spec.scale(scale)
    values = parse_grid(parameters, grid)
    fixed = parse_assignments(parameters, assignments)
    for name in values.keys() & fixed.keys():
        raise ParameterError(f"parameter {name!r} is in --grid and in --parameter")
    if "seed" in values and repetitions > 1:
        raise ParameterError("seeds come from --grid seed=... or --seeds, not both")
    count = repetitions
    for alternatives in values.values():
        count *= len(alternatives)
    if count > MOST_CELLS:
        raise ParameterError(f"{count} cells are too many (allowed: {MOST_CELLS})")
    if "seed" not in parameters:
        raise ParameterError(f"{spec.name}: the parameters cell has no 'seed'")
    inputs = Inputs.of(spec)
    base = fixed.get("seed", parameters["seed"].default)
    cells = []
    for point in itertools.product(*values.values()):
        chosen = dict(zip(values, point, strict=True))
        for repetition in range(repetitions):
            seed = base + repetition * row.seeds
            given = {**fixed, "seed": seed, **chosen}
            home = _cell_folder(spec.name, scale, given)
            job = make_job(spec, scale, given, home, inputs)
            cells.append(Cell(job, chosen, repetition))
    return Sweep(spec, scale, values, fixed, repetitions, tuple(cells))


def parse_grid(
    parameters: Mapping[str, Parameter], words: Iterable[str]
) -> dict[str, list[Any]]:
    """Allowed values per parameter from ``name=value,value,...`` words.

    Raises
    ------
    ParameterError
        If a word has no values, a name is unknown or stands twice, or a value is not
        allowed, missing or there twice.
    """
    found: dict[str, list[Any]] = {}
    for word in words:
        name, equals, text = word.partition("=")
        name = name.strip()
        if not equals or not text.strip():
            raise ParameterError(f"{word!r} is not of the form name=value,value,...")
        if name == "scale":
            raise ParameterError("choose the scale with --scale, not in a grid")
        parameter = known(parameters, name)
        if name in found:
            raise ParameterError(f"parameter {name!r} stands twice in the grid")
        found[name] = []
        for piece in split_values(text):
            if not piece:
                raise ParameterError(f"{word!r}: a value is missing between commas")
            value = parameter.parse(_unquoted(piece))
            if value in found[name]:
                raise ParameterError(f"{word!r}: the value {value!r} stands twice")
            found[name].append(value)
    return found


def split_values(text: str) -> list[str]:
    """Split at commas that stand in no brackets and no quotes.

    Examples
    --------
    >>> split_values("0.1, 0.2")
    ['0.1', '0.2']
    >>> split_values("[2,4],[8],'a,b'")
    ['[2,4]', '[8]', "'a,b'"]
    """
    pieces, depth, quote = [""], 0, ""
    for sign in text:
        if quote:
            quote = "" if sign == quote else quote
        elif sign in _QUOTES and (depth or not pieces[-1].strip()):
            quote = sign
        elif sign in _OPENING + _CLOSING:
            depth += 1 if sign in _OPENING else -1
        elif sign == "," and depth == 0:
            pieces.append("")
            continue
        pieces[-1] += sign
    return [piece.strip() for piece in pieces]


def _unquoted(piece: str) -> str:
    quoted = len(piece) > 1 and piece[0] == piece[-1] and piece[0] in _QUOTES
    return piece[1:-1] if quoted else piece


def label(values: Mapping[str, Any]) -> str:
    """``p = 0.2, rank = 4``; how a point of the grid is written for a reader."""
    return ", ".join(f"{name} = {value}" for name, value in values.items())


def points(cells: Sequence[Cell]) -> Iterator[tuple[Mapping[str, Any], list[Cell]]]:
    """The points of the grid, each with its repetitions."""
    for _, group in itertools.groupby(cells, key=lambda cell: json.dumps(cell.values)):
        found = list(group)
        yield found[0].values, found


def sweeps_folder(notebook: str) -> Path:
    return paths.BUILD / "sweeps" / notebook


def _cell_folder(notebook: str, scale: str, given: Mapping[str, Any]) -> Path:
    return sweeps_folder(notebook) / "cells" / f"{scale}-{_short_hash(given, 16)}"


def _short_hash(content: Any, digits: int) -> str:
    text = json.dumps(content, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:digits]
