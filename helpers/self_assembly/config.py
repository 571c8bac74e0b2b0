"""Every knob of the method in one validated, immutable configuration."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from functools import cache
from typing import Any, Literal, get_args, get_type_hints

import torch

from helpers.names import unknown_name
from helpers.self_assembly.kernels import (
    BETA,
    DEFAULT_KERNEL,
    INTENSITY,
    get_kernel,
)

PhaseRule = Literal[
    "fixed",
    "count",
    "feedback",
    "annealing-linear",
    "annealing-log",
    "annealing-sine",
]
Semantics = Literal["locks", "rounds"]
Order = Literal["id", "random", "raster"]
FieldUpdate = Literal["snapshot", "live"]
FieldMethod = Literal["auto", "fft", "cone", "direct"]
Precision = Literal["float32", "float64"]
GammaReading = Literal["engine", "release"]
TieRule = Literal["random", "scan"]
Repair = Literal["none", "geodesic"]


@dataclass(frozen=True)
class AssemblyConfig:
    """Parameters of one assembly; defaults are the paper's where it states them.

    "Engine" is the authors' published C++ engine, "3-D version" the independent
    re-implementation that names the paper's symbols.

    Attributes
    ----------
    kernel : str
        Decay of light, a key of `KERNELS` (engine: inverse Chebyshev throughout).
    intensity : float
        L > 0, light at distance 0 (1000 in engine and 3-D version).
    beta : float
        Decay rate > 0 per cell (1 in engine and 3-D version).
    omega : float
        Share of the target left open when the late phase begins, in [0, 1]
        (0.15 in the 3-D version; 0.2 was tried too). 0: never late, 1: always.
    gamma : float
        Exploration probability in [0, 1] (0.2, engine default).
    strict : bool
        Agents inside never leave the target, also in the early phase (engine;
        true for most shapes).
    phase_rule : str
        "fixed": early while the occupied share W < 1 - omega (paper).
        "count": early while more than `switch_count` targets are open (engine,
        set by hand per shape).
        "feedback": late for good once the last 10 steps gained at most 10 targets
        on average and more than 2 of them gained nothing (engine, mode 1).
        "annealing-linear", "-log", "-sine": each inside agent is early with
        probability U/n, ln(U+1)/ln(n+1), sin(pi U/n - pi/2)/2 + 1/2, where U is
        the number of open targets (engine, modes 2-4). The published code passes
        this probability through an integer, which truncates it to 0 or 1; here it
        is what was meant.
    switch_count : int or None
        W1 of the rule "count", required by it.
    semantics : str
        "locks": agents act one after the other; a move frees the old cell at once,
        so a later agent can enter it in the same step (engine).
        "rounds": all agents propose at once, conflicts have one winner, the others
        propose again, `rounds` times (ours; vectorised, runs on a GPU).
    rounds : int
        Proposal rounds per step; 4 takes about as many steps as locks (measured).
    order : str
        Who acts first: "id" (engine), "random" (new permutation each step) or
        "raster" (by cell). Under "rounds" it decides who wins a cell.
    field_update : str
        "snapshot": one field per step (paper, 3-D version); "live": the field
        follows every single move (engine; locks only, cells x moves per step).
    field_method : str
        "fft", "cone", "direct", or "auto": cone on large grids, else fft.
    precision : str
        "float32" or "float64" for the fields ("direct" and "live": float64).
    refresh : int
        Recompute the field every that many steps; 1 is the paper's.
    gamma_reading : str
        "engine": when no good cell is free, with probability gamma take a random
        free legal cell. "release": every free good cell is given up with
        probability gamma before the next is tried (3-D version), and there is no
        other exploration.
    tie : str
        Cells of equal light: "random" (seeded) or "scan" (row by row). A fixed
        scan makes agents drift towards the first neighbour where light is flat.
    repair : str
        "geodesic" replaces the light by distances inside the target once the run
        has stalled (ours, see `geodesic.py`); "none" is the paper's method.
    patience : int
        Steps without a new target filled that count as a stall (ours).
    max_steps : int
        Cap on the steps of one run (1000, engine).
    tail_steps, tail_cells : int
        A run also ends after 500 steps with at most 3 targets missing (engine).
    require_connected : bool
        Reject targets of several pieces instead of warning (problem statement).
    device : str
        torch device of the fields, and of the agents under "rounds".

    Raises
    ------
    ValueError
        For any value out of range, naming what is allowed.
    """

    kernel: str = DEFAULT_KERNEL
    intensity: float = INTENSITY
    beta: float = BETA
    omega: float = 0.15
    gamma: float = 0.2
    strict: bool = True
    phase_rule: PhaseRule = "fixed"
    switch_count: int | None = None
    semantics: Semantics = "locks"
    rounds: int = 4
    order: Order = "random"
    field_update: FieldUpdate = "snapshot"
    field_method: FieldMethod = "auto"
    precision: Precision = "float32"
    refresh: int = 1
    gamma_reading: GammaReading = "engine"
    tie: TieRule = "random"
    repair: Repair = "none"
    patience: int = 10
    max_steps: int = 1000
    tail_steps: int = 500
    tail_cells: int = 3
    require_connected: bool = False
    device: str = "cpu"

    def __post_init__(self) -> None:
        get_kernel(self.kernel)
        for name, hint in _type_hints().items():
            value, choices = getattr(self, name), get_args(hint)
            if choices and all(isinstance(c, str) for c in choices):
                _check_choice(name, value, list(choices))
            elif hint is bool and not isinstance(value, bool):
                raise ValueError(f"{name} must be True or False, not {value!r}")
        for name in ("omega", "gamma"):
            _check_number(name, getattr(self, name), 0.0, 1.0)
        for name in ("intensity", "beta"):
            _check_number(name, getattr(self, name), 0.0, math.inf)
            if getattr(self, name) == 0 or math.isinf(getattr(self, name)):
                raise ValueError(f"{name} must be positive and finite")
        for name in ("rounds", "refresh", "patience"):
            _check_integer(name, getattr(self, name), 1)
        for name in ("max_steps", "tail_steps", "tail_cells"):
            _check_integer(name, getattr(self, name), 0)
        if self.switch_count is not None:
            _check_integer("switch_count", self.switch_count, 0)
        elif self.phase_rule == "count":
            raise ValueError("phase_rule 'count' needs switch_count, an integer >= 0")
        self._check_combinations()

    def _check_combinations(self) -> None:
        if self.field_update == "live":
            if self.semantics != "locks":
                raise ValueError("field_update 'live' needs semantics 'locks'")
            if self.refresh != 1:
                raise ValueError("field_update 'live' needs refresh 1")
            if self.field_method == "cone":
                raise ValueError(
                    "field_update 'live' adds exact light move by move: field_method "
                    "must be 'auto', 'fft' or 'direct', not 'cone'"
                )
        if self.field_method == "cone" and self.kernel != DEFAULT_KERNEL:
            raise ValueError(
                f"field_method 'cone' works for kernel {DEFAULT_KERNEL!r} only, "
                f"not {self.kernel!r}; use 'fft'"
            )
        try:
            device = torch.device(self.device)
        except RuntimeError as error:
            raise ValueError(f"unknown device {self.device!r}") from error
        if device.type == "cuda" and not torch.cuda.is_available():
            raise ValueError("device 'cuda' was asked for, but torch finds no GPU")
        if device.type not in ("cpu", "cuda"):
            raise ValueError(f"device must be 'cpu' or 'cuda', not {self.device!r}")

    @classmethod
    def from_options(cls, **options: Any) -> AssemblyConfig:
        """Configuration from keywords; an unknown one names its nearest field."""
        known = [field.name for field in fields(cls)]
        for name in options:
            if name not in known:
                raise unknown_name("option", name, known)
        return cls(**options)

    @property
    def torch_dtype(self) -> torch.dtype:
        return torch.float32 if self.precision == "float32" else torch.float64


@cache
def _type_hints() -> dict[str, Any]:
    return get_type_hints(AssemblyConfig)


def _check_choice(name: str, value: object, allowed: list[str]) -> None:
    if value not in allowed:
        raise unknown_name(name, str(value), allowed)


def _check_number(name: str, value: object, low: float, high: float) -> None:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not low <= value <= high:  # type: ignore[operator]
        raise ValueError(f"{name} must be a number in [{low}, {high}], not {value!r}")


def _check_integer(name: str, value: object, low: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < low:
        raise ValueError(f"{name} must be an integer >= {low}, not {value!r}")
