"""What a notebook is and what each of its scales asks for, as one table per notebook.

The table stands beside the notebook: ``notebooks/01_self_assembly.toml``.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from helpers.assets import Asset
from helpers.names import suggest
from helpers.parameters import Parameter, ParameterError, read_parameters
from helpers.paths import NOTEBOOKS

SCALES = ("smoke", "default", "paper")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Scale(_Strict):
    """One row: how large, how often, and what it may cost."""

    seeds: int = Field(ge=1, description="independent repetitions")
    seconds: float = Field(gt=0, description="budget on a quiet 2-core machine")
    memory_mib: int = Field(gt=0, description="budget for the whole process tree")
    cores: int = Field(2, ge=1, description="what a run of a sweep is given")
    judge: bool = Field(True, description="whether its claims get a verdict")
    internet: bool = Field(False, description="needs a network, or what is fetched")
    gpu: bool = Field(False, description="needs a CUDA device")
    disk_mib: int = Field(0, description="free disk needed for downloads")
    parameters: dict[str, Any] = Field(
        default_factory=dict, description="values for parameters left at None"
    )


class NotebookSpec(_Strict):
    """The contents of ``notebooks/<name>.toml`` with where it was found.

    ``question`` and ``reproduces`` are what README's table says of a chapter; the rules
    of :mod:`helpers.curriculum.lint` ask every chapter for both.
    """

    name: str
    path: Path
    title: str
    paper: str = Field(description="arXiv NNNN.NNNNN, or a citation")
    chapter: str = Field(description="folder of helpers that belongs to it")
    question: str = Field("", description="what the chapter asks, with its '?'")
    reproduces: str = Field("", description="which parts of the paper, in a few words")
    idea: str = Field("", description="its answer in one line, for the map")
    data: list[str] = Field(default_factory=list)
    assets: list[Asset] = Field(
        default_factory=list, description="what scale paper downloads"
    )
    plan: str = Field("", description="module:function, what scale paper computes")
    limits: dict[str, dict[str, Any]] = Field(default_factory=dict)
    scales: dict[str, Scale]

    @property
    def number(self) -> str:
        return self.name.split("_")[0]

    def parameters(self) -> dict[str, Parameter]:
        return read_parameters(self.path, self.limits)

    def defaults(self) -> dict[str, Any]:
        """Values in the parameters cell."""
        return {name: p.default for name, p in self.parameters().items()}

    def scale(self, name: str) -> Scale:
        if name not in self.scales:
            raise ParameterError(
                f"unknown scale {name!r}{suggest(name, self.scales)} "
                f"(allowed: {', '.join(self.scales)})"
            )
        return self.scales[name]


def load_spec(notebook: Path) -> NotebookSpec:
    """Read the table beside ``notebook`` and check it against the notebook.

    Raises
    ------
    ParameterError
        If the table is missing, malformed or names parameters that do not exist.
    """
    table = notebook.with_suffix(".toml")
    if not table.exists():
        raise ParameterError(f"{notebook.name} has no scale table {table.name}")
    if not notebook.exists():
        raise ParameterError(f"{table.name} has no notebook {notebook.name}")
    try:
        content = tomllib.loads(table.read_text(encoding="utf-8"))
        spec = NotebookSpec(name=notebook.stem, path=notebook, **content)
    except (tomllib.TOMLDecodeError, ValidationError, TypeError) as error:
        raise ParameterError(f"{table.name}: {error}") from None
    parameters = spec.parameters()
    for scale_name, scale in spec.scales.items():
        for name, value in scale.parameters.items():
            if name not in parameters:
                raise ParameterError(
                    f"{table.name}, scale {scale_name}: unknown parameter "
                    f"{name!r}{suggest(name, parameters)}"
                )
            parameters[name].check(value)
    for asset in spec.assets:
        for name in [*asset.parameters, *asset.when]:
            if name not in parameters:
                raise ParameterError(
                    f"{table.name}, asset {asset.id}: unknown parameter "
                    f"{name!r}{suggest(name, parameters)}"
                )
            for value in asset.when.get(name, []):
                parameters[name].check(value)
    return spec


def all_specs(folder: Path | None = None) -> list[NotebookSpec]:
    """Every notebook that has a scale table, in order."""
    tables = sorted((folder or NOTEBOOKS).glob("[0-9][0-9]_*.toml"))
    return [load_spec(table.with_suffix(".ipynb")) for table in tables]


def find_spec(name: str, folder: Path | None = None) -> NotebookSpec:
    """The notebook called ``01``, ``self_assembly`` or ``01_self_assembly``.

    Raises
    ------
    ParameterError
        If there is none of this name, or several: two notebooks of one number.
    """
    folder = folder or NOTEBOOKS
    stem = Path(name).stem
    names = sorted(p.stem for p in folder.glob("[0-9][0-9]_*.toml"))
    found = [n for n in names if stem in (n, n[:2], n[3:])]
    if len(found) > 1:
        raise ParameterError(f"{name!r} names several notebooks: {', '.join(found)}")
    if found:
        return load_spec(folder / f"{found[0]}.ipynb")
    choices = [*names, *(n[3:] for n in names)]
    raise ParameterError(
        f"unknown notebook {name!r}{suggest(stem, choices)} "
        f"(there are: {', '.join(names)})"
    )


def resolve(spec: NotebookSpec, scale: str, values: dict[str, Any]) -> dict[str, Any]:
    """Every parameter's value: the reader's, else the scale's, else the cell's own.

    A parameter whose value is ``None`` takes the value of the scale table, so that
    changing ``scale`` alone is enough in JupyterLab and in the shell alike.
    """
    row = spec.scale(scale)
    resolved: dict[str, Any] = {}
    for name, parameter in spec.parameters().items():
        value = values.get(name, parameter.default)
        if value is None:
            value = row.parameters.get(name)
        resolved[name] = value
    return resolved
