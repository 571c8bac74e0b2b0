"""The first call of every notebook: validate, seed, and say where it runs."""

from __future__ import annotations

import platform
import random
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from helpers import claims, style
from helpers.parameters import ParameterError, check_values
from helpers.processors import cores
from helpers.scales import Scale, find_spec, resolve


@dataclass(frozen=True)
class Run:
    """Resolved parameters of this run; every parameter is an attribute too."""

    notebook: str
    scale: str
    seed: int
    row: Scale
    parameters: Mapping[str, Any]

    @property
    def seeds(self) -> list[int]:
        """Seeds of the independent repetitions, starting at ``seed``."""
        return list(range(self.seed, self.seed + self.row.seeds))

    def pick(self, *names: str) -> dict[str, Any]:
        """Some parameters by name, to hand them on as keyword arguments."""
        return {name: getattr(self, name) for name in names}

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["parameters"][name]
        except KeyError:
            raise AttributeError(
                f"this run has no parameter {name!r} "
                f"(it has: {', '.join(self.__dict__.get('parameters', {}))})"
            ) from None


def begin(notebook: str, namespace: Mapping[str, Any]) -> Run:
    """Check the parameters in ``namespace``, seed everything and print the setting.

    Parameters
    ----------
    notebook : str
        Name of the notebook, for example ``"01_self_assembly"``.
    namespace : mapping
        The notebook's ``globals()``, where the parameters cell left its values.

    Raises
    ------
    ParameterError
        If a value has the wrong type or is out of range, or the scale is unknown.
    """
    spec = find_spec(notebook)
    declared = spec.parameters()
    missing = [name for name in declared if name not in namespace]
    if missing:
        raise ParameterError(
            f"run the parameters cell first: {', '.join(missing)} not set"
        )
    values = check_values(declared, {name: namespace[name] for name in declared})
    resolved = resolve(spec, values["scale"], values)
    run = Run(
        spec.name,
        values["scale"],
        values["seed"],
        spec.scale(values["scale"]),
        resolved,
    )
    seed_everything(run.seed)
    claims.reset(judging=run.row.judge)
    style.use()
    print(f"{spec.name} · scale {run.scale} · seeds {run.seeds[0]}–{run.seeds[-1]}")
    print(", ".join(f"{k}={v!r}" for k, v in resolved.items() if k != "scale"))
    print(describe())
    return run


def seed_everything(seed: int) -> None:
    """Seed Python, NumPy and, if it has been imported, torch.

    Its import takes seconds, which a notebook without it should not wait for.
    """
    import numpy as np

    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - libraries still read the global state
    if torch := sys.modules.get("torch"):
        torch.manual_seed(seed)


def versions(
    packages: tuple[str, ...] = ("numpy", "torch", "matplotlib"),
) -> dict[str, str]:
    """Python's version and that of each installed package."""
    found = {"python": platform.python_version()}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def describe() -> str:
    """One line: versions, device and threads."""
    parts = [f"{name} {number}" for name, number in versions().items()]
    device = "cpu"
    threads = cores()
    if torch := sys.modules.get("torch"):
        device = "cuda" if torch.cuda.is_available() else "cpu"
        threads = torch.get_num_threads()
    return f"{', '.join(parts)} · {device}, {threads} threads"
