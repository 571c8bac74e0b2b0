"""A job: one notebook at one scale with checked parameters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from helpers.curriculum.keys import Inputs, run_key
from helpers.curriculum.results import run_folder
from helpers.parameters import ParameterError, check_values, parse_assignments
from helpers.scales import NotebookSpec, Scale, all_specs, find_spec, resolve


@dataclass(frozen=True)
class Job:
    """What to run, checked; nothing has been started yet."""

    spec: NotebookSpec
    scale: str
    overrides: Mapping[str, Any] = field(default_factory=dict)
    home: Path | None = None  # where its files go; None: the place of `curriculum run`
    inputs: Inputs | None = field(default=None, compare=False, repr=False)

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def row(self) -> Scale:
        return self.spec.scale(self.scale)

    @property
    def folder(self) -> Path:
        return self.home or run_folder(self.name, self.scale, dict(self.overrides))

    @property
    def executed(self) -> Path:
        return self.folder / "executed.ipynb"

    @cached_property
    def resolved(self) -> dict[str, Any]:
        return resolve(self.spec, self.scale, {**self.overrides, "scale": self.scale})

    @cached_property
    def key(self) -> str:
        return run_key(self.spec, self.scale, self.resolved, self.inputs)

    def __str__(self) -> str:
        given = "".join(f" {k}={v!r}" for k, v in self.overrides.items())
        return f"{self.name} {self.scale}{given}"


def make_job(
    spec: NotebookSpec,
    scale: str,
    overrides: Mapping[str, Any] | None = None,
    home: Path | None = None,
    inputs: Inputs | None = None,
) -> Job:
    """A job from Python values; ``home`` is the folder of its files.

    ``inputs``, read once for many jobs of a notebook, spares reading them for each.

    Raises
    ------
    ParameterError
        If the scale or a parameter is unknown or a value is not allowed.
    """
    given = dict(overrides or {})
    _refuse_scale(given)
    spec.scale(scale)
    parameters = spec.parameters()
    for name in ("scale", "seed"):
        if name not in parameters:
            raise ParameterError(f"{spec.name}: the parameters cell has no {name!r}")
    job = Job(spec, scale, check_values(parameters, given), home, inputs)
    _ = job.key  # missing data is bad input too
    return job


def make_jobs(
    names: Iterable[str], scale: str, assignments: Iterable[str] = ()
) -> list[Job]:
    """Jobs from the words of a command line; all notebooks when none is named."""
    specs = [find_spec(name) for name in names] or all_specs()
    if not specs:
        raise ParameterError("there is no notebook with a scale table")
    unique = {spec.name: spec for spec in specs}.values()
    words = list(assignments)
    return [
        make_job(spec, scale, parse_assignments(spec.parameters(), words))
        for spec in unique
    ]


def _refuse_scale(given: Mapping[str, Any]) -> None:
    if "scale" in given:
        raise ParameterError("choose the scale with --scale, not as a parameter")
