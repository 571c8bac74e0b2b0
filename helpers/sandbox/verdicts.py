"""What a program did, and the one thing that is not about the program."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """What happened to a program, decided outside its process."""

    PASS = "PASS"
    """Every answer was right."""
    WRONG = "WRONG"
    """It answered, and a test did not accept the answer."""
    EXC = "EXC"
    """It raised, or returned something that is not plain data (TypeError)."""
    COMPILE = "COMPILE"
    """It is not Python."""
    TIMEOUT = "TIMEOUT"
    """Processor time or, as the backstop, wall time ran out."""
    DIED = "DIED"
    """Its process ended before the last answer: a crash, a signal, an exit."""
    LIMIT = "LIMIT"
    """It answered with more than it may."""
    VIOLATION = "VIOLATION"
    """It wrote on the channel what it was not asked for, or closed it."""


@dataclass(frozen=True)
class Outcome:
    """One program's verdict.

    Attributes
    ----------
    verdict : Verdict
    detail : str
        The exception's type, the signal or exit status, the kind of limit, the case.
    seconds : float
        Processor time of the program's process, including its start.
    """

    verdict: Verdict
    detail: str = ""
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        """Whether the verdict is PASS."""
        return self.verdict is Verdict.PASS

    def __str__(self) -> str:
        return f"{self.verdict}({self.detail})" if self.detail else str(self.verdict)


class SandboxError(RuntimeError):
    """The sandbox itself failed, twice: this says nothing about the program.

    Never to be stored as a failed program.
    """
