"""A data set's own test code, run in the judge with a stand-in for the function."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from functools import lru_cache
from types import CodeType
from typing import Any

from helpers.sandbox.child_process import WINDOW, Child, Ended
from helpers.sandbox.plain_data import encode
from helpers.sandbox.verdicts import Outcome, SandboxError, Verdict

# calls that test code has made so far, in order; None where they differed once
_calls_of: dict[tuple[str, str, str], list[str] | None] = {}
_MOST = 2000


class Unforeseen(BaseException):
    """Test code did not make the calls that were sent ahead."""


def run(job: dict, child: Child, foresee: bool) -> Outcome:
    """Verdict of test code on a program; ``seconds`` is left to the caller.

    Most test code makes the same calls whatever it is answered. With ``foresee`` those
    that it made for other programs are sent ahead, all at once, as a turn of each
    process costs more than a call.

    Raises
    ------
    Unforeseen
        If the code did not make these calls: the verdict needs another process.
    SandboxError
        If the code does not run, whatever the program.
    """
    names: dict[str, Any] = {"__name__": "tests"}
    key = (job["check"], job["context"], job["entry"])
    foreseen = _calls_of.get(key) if foresee else None
    candidate = _Candidate(child, foreseen or [])
    try:
        exec(_compiled(job["context"], "<context>"), names)
        exec(_compiled(job["check"], "<tests>"), names)
        check: Callable[[Any], object] = names["check"]
        # some tests (HumanEval 33) call it by its name, which may be "check" (MBPP 56)
        names[job["entry"]] = candidate
    except Exception as error:
        raise SandboxError(f"the tests do not run: {error!r}") from None
    outcome = _outcome(check, candidate)
    if candidate.strayed or (outcome.passed and candidate.left):
        _calls_of[key] = None
        raise Unforeseen
    if len(_calls_of) >= _MOST:
        _calls_of.clear()
    known = _calls_of.setdefault(key, [])
    if known is not None and len(candidate.calls) > len(known):
        _calls_of[key] = candidate.calls
    return outcome


def _outcome(check: Callable[[Any], object], candidate: _Candidate) -> Outcome:
    """Call the tests and say what came of it."""
    try:
        check(candidate)
    except Ended as ended:
        return ended.outcome
    except Unforeseen:
        return Outcome(Verdict.WRONG)
    except Exception as error:
        if candidate.ended is not None:
            return candidate.ended
        if error is candidate.raised:
            return candidate.raised_outcome
        name = type(error).__name__
        return Outcome(Verdict.WRONG, "" if name == "AssertionError" else name)
    finally:
        if candidate.unasked:
            raise SandboxError(f"the tests cannot be run here: {candidate.unasked}")
    if candidate.ended is not None:
        return candidate.ended
    try:
        return candidate.last()
    except Ended as ended:
        return ended.outcome


@lru_cache(1024)
def _compiled(source: str, name: str) -> CodeType:
    return compile(source, name, "exec", dont_inherit=True)


class _Candidate:
    """Stands for the program's function in test code.

    Parameters
    ----------
    child : Child
    foreseen : list of str
        Calls that are sent ahead.
    """

    def __init__(self, child: Child, foreseen: list[str]) -> None:
        self._child = child
        self._foreseen = foreseen if sum(map(len, foreseen)) <= WINDOW else []
        self._nonces = child.post(self._foreseen) if self._foreseen else []
        self.calls: list[str] = []
        self.strayed = False
        self.unasked = ""
        self.raised: Exception | None = None
        self.raised_outcome = Outcome(Verdict.EXC)
        self.ended: Outcome | None = None

    @property
    def left(self) -> bool:
        """Whether calls that were sent ahead have not been made."""
        return len(self.calls) < len(self._nonces)

    def __call__(self, *arguments: object, **keywords: object) -> object:
        try:
            call = encode([list(arguments), keywords])
        except (TypeError, ValueError) as error:
            self.unasked = f"as an argument, {error}"
            raise
        number = len(self.calls)
        self.calls.append(call)
        try:
            if number >= len(self._nonces):
                nonce = self._child.post([call])[0]
            elif call == self._foreseen[number]:
                nonce = self._nonces[number]
            else:
                self.strayed = True
                raise Unforeseen
            return self._child.answer(nonce)
        except Ended as ended:
            if ended.outcome.verdict is not Verdict.EXC:
                self.ended = ended.outcome
                raise
            self.raised_outcome = ended.outcome
            self.raised = _exception(ended.outcome.detail)
            raise self.raised from None

    def last(self) -> Outcome:
        """The verdict when nothing was wrong so far."""
        if not self.calls and not self.left:  # is it a program at all?
            self._child.answer(self._child.post([""])[0])
        if self._child.surplus() and not self.left:
            return Outcome(Verdict.VIOLATION, "unasked answer")
        return Outcome(Verdict.PASS)


def _exception(name: str) -> Exception:
    """An exception of the built-in type of that name, as test code may expect it."""
    kind = getattr(builtins, name, None)
    if not (isinstance(kind, type) and issubclass(kind, Exception)):
        kind = RuntimeError
    try:
        error = kind.__new__(kind)  # without the arguments that some types need
    except TypeError:  # ExceptionGroup is not made without them
        error = RuntimeError()
    error.args = (f"the program raised {name}",)
    return error
