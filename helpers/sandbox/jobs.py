"""A program with the tests that decide about it."""

from __future__ import annotations

from dataclasses import dataclass, field

from helpers.names import unknown_name
from helpers.sandbox.plain_data import POLICIES, encode


@dataclass(frozen=True)
class Cases:
    """Calls with the values they must return.

    Attributes
    ----------
    calls : tuple of (arguments, expected)
        Arguments as a tuple; all of it `helpers.sandbox.plain_data`.
    policy : str
        ``"strict"`` or ``"python"``, see `helpers.sandbox.plain_data.equal`.
    encoded : tuple of (str, str)
        The same as text; equality and hash of a Cases are those of its texts, so that
        lists may stand among the arguments, and 1, 1.0 and True differ.

    Raises
    ------
    ValueError
        If there is no call, a policy of another name, or a value that is not plain.
    """

    calls: tuple[tuple[tuple, object], ...] = field(compare=False)
    policy: str = "strict"
    encoded: tuple[tuple[str, str], ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.policy not in POLICIES:
            raise unknown_name("policy", self.policy, POLICIES)
        if not self.calls:
            raise ValueError("no calls; allowed: at least one (arguments, expected)")
        encoded = []
        for number, call in enumerate(self.calls, start=1):
            try:
                arguments, expected = call
                if not isinstance(arguments, tuple):
                    raise TypeError(f"arguments are a {type(arguments).__name__}")
                encoded.append((encode([arguments, {}]), encode(expected)))
            except (TypeError, ValueError) as error:
                raise ValueError(
                    f"case {number}: {error}; allowed: a tuple of plain arguments and "
                    "a plain expected value"
                ) from None
        object.__setattr__(self, "encoded", tuple(encoded))


@dataclass(frozen=True)
class Check:
    """A data set's own test code, which is trusted and runs in the judge.

    Attributes
    ----------
    source : str
        Defines ``check(candidate)``; AssertionError means a wrong answer. The
        candidate, which the code may also call by the entry point's name, takes and
        returns copies of plain data: what the program does to an argument is not seen
        by the test. A test that passes something else than plain data cannot be run
        here, which is a `helpers.sandbox.verdicts.SandboxError`, no verdict.
    context : str
        Trusted code that ``source`` may refer to, run before it (HumanEval 32, 38 and
        50 call functions of their prompts).
    """

    source: str
    context: str = ""


@dataclass(frozen=True)
class Job:
    """One program, its entry point and its tests.

    Attributes
    ----------
    source : str
        The whole program. It runs as a module named ``program``, not ``__main__``.
    entry : str
        Name of the function that the tests call.
    tests : Cases or Check

    Raises
    ------
    ValueError
        If ``entry`` is no name, or ``tests`` of another type.
    """

    source: str
    entry: str
    tests: Cases | Check

    def __post_init__(self) -> None:
        if not isinstance(self.source, str):
            raise ValueError(f"source is a {type(self.source).__name__}; allowed: str")
        if not isinstance(self.entry, str) or not self.entry.isidentifier():
            raise ValueError(f"entry is {self.entry!r}; allowed: a function's name")
        if not isinstance(self.tests, Cases | Check):
            raise ValueError(
                f"tests are a {type(self.tests).__name__}; allowed: Cases or Check"
            )
