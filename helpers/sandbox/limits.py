"""What one program may use."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from numbers import Real

# a program that other processes kept from the processor gets up to so many times its
# wall time
MAX_EXTENSION = 6

# name -> (lowest, highest, unit)
_RANGES = {
    "memory_mib": (64, 65536, "MiB"),
    "cpu_seconds": (0.05, 3600.0, "s"),
    "wall_seconds": (0.1, 86400.0, "s"),
    "output_bytes": (1 << 10, 1 << 30, "bytes"),
}


@dataclass(frozen=True)
class Limits:
    """Limits of one program, over its compilation and all its calls.

    Attributes
    ----------
    memory_mib : int
        Address space, MiB, the interpreter's own share (about 30) included. Beyond it
        the program sees MemoryError.
    cpu_seconds : float
        Processor time; it alone decides TIMEOUT on a machine that does other work.
    wall_seconds : float
        Backstop for programs that sleep; not below ``cpu_seconds``. It is extended, up
        to `MAX_EXTENSION` times, for a program that has used some processor time all
        along: a busy machine fails nobody.
    output_bytes : int
        Length of all answers together, as encoded.

    Raises
    ------
    ValueError
        If a limit is no number, outside its range, or wall time is below CPU time.
    """

    memory_mib: int = 512
    cpu_seconds: float = 4.0
    wall_seconds: float = 20.0
    output_bytes: int = 1 << 20

    def __post_init__(self) -> None:
        for field in fields(self):
            low, high, unit = _RANGES[field.name]
            value = getattr(self, field.name)
            number = isinstance(value, Real) and not isinstance(value, bool)
            if not number or not math.isfinite(value) or not low <= value <= high:
                raise ValueError(
                    f"{field.name} is {value!r}; allowed: {low} to {high} {unit}"
                )
            if field.type == "int" and value != int(value):
                raise ValueError(f"{field.name} is {value!r}; allowed: whole {unit}")
            kind = int if field.type == "int" else float  # not numpy's: JSON
            object.__setattr__(self, field.name, kind(value))
        if self.wall_seconds < self.cpu_seconds:
            raise ValueError(
                f"wall_seconds is {self.wall_seconds}, less than cpu_seconds "
                f"({self.cpu_seconds}); allowed: at least as much"
            )
