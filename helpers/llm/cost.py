"""What a run will cost, told before it begins, and a cap that holds to its end."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass

from helpers.llm.answer_cache import Cached
from helpers.llm.backend import Backend, Completion, Request
from helpers.progress import progress_bar

Count = Callable[[str], int]
# Runs that tokenizers of today's models seldom divide, or seldom join.
_PIECES = re.compile(r"[^\W\d_]{1,8}|\d{1,3}|[^\w\s]|_|\n+")


class CostCapError(RuntimeError):
    """A run would cost, or has come to cost, more than was allowed."""


@dataclass(frozen=True)
class Price:
    """US dollars for a million tokens, as providers print them.

    Raises
    ------
    ValueError
        If one is negative.
    """

    prompt: float
    completion: float

    def __post_init__(self) -> None:
        for name in ("prompt", "completion"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name} is {getattr(self, name)}; allowed: 0 or more")

    def of(self, prompt_tokens: float, completion_tokens: float) -> float:
        """Dollars.

        >>> Price(2.5, 10.0).of(1_000_000, 100_000)
        3.5
        """
        spent = self.prompt * prompt_tokens + self.completion * completion_tokens
        return spent / 1e6


@dataclass(frozen=True)
class Estimate:
    """Of the requests that are still to be asked.

    Attributes
    ----------
    calls, kept : int
        To be asked, and already answered in the cache.
    prompt_tokens, completion_tokens : int
    dollars : float, optional
        None without a price.
    """

    calls: int
    kept: int
    prompt_tokens: int
    completion_tokens: int
    dollars: float | None

    def __str__(self) -> str:
        tokens = f"{self.prompt_tokens:,} + {self.completion_tokens:,} tokens"
        money = "" if self.dollars is None else f", about ${self.dollars:,.2f}"
        return f"{self.calls:,} calls ({self.kept:,} kept), {tokens}{money}"


def rough_tokens(text: str) -> int:
    """Tokens that a text has for most models, within a third or so either way.

    >>> rough_tokens("Answer 1: (3, [(1, 2), (2, 3)])")
    20
    """
    return sum(1 for _ in _PIECES.finditer(text))


def estimate(
    backend: Backend,
    requests: Sequence[Request],
    *,
    price: Price | None = None,
    expected_tokens: int | None = None,
    count: Count = rough_tokens,
) -> Estimate:
    """Tokens, and with a price dollars, that a run will take; asks nothing.

    Parameters
    ----------
    expected_tokens : int, optional
        Length of a usual answer; the longest allowed by default, which is the worst.
    count : callable
        Tokens of a text.
    """
    missing = _missing(backend, requests)
    asked = sum(count(request.prompt) for request in missing)
    told = sum(
        min(request.sampling.max_tokens, expected_tokens or request.sampling.max_tokens)
        for request in missing
    )
    dollars = None if price is None else price.of(asked, told)
    kept = len(set(requests)) - len(set(missing))
    return Estimate(len(missing), kept, asked, told, dollars)


def run_requests(
    backend: Backend,
    requests: Sequence[Request],
    *,
    price: Price | None = None,
    max_cost: float | None = None,
    expected_tokens: int | None = None,
    count: Count = rough_tokens,
    progress: bool = True,
) -> list[Completion]:
    """Complete all requests, or refuse before the first if they cost too much.

    An estimate may be wrong, so what was really used is counted too and the run is
    stopped when it passes the cap; by then, a server has been asked for at most twice
    its ``workers`` answers more. With a cache (`helpers.llm.answer_cache.cached`),
    answers so far are kept, here as after an interruption by hand.

    Parameters
    ----------
    max_cost : float, optional
        Cap in dollars; needs a price.
    price, expected_tokens, count
        As in `estimate`.

    Raises
    ------
    CostCapError
        If the cap is too low for the estimate, or for what was used.
    ValueError
        If there is a cap without a price, or a number is negative.
    BackendError
        If the model cannot be asked.
    """
    if max_cost is not None and (price is None or not max_cost >= 0):
        raise ValueError(f"max_cost is {max_cost}; allowed: 0 or more, with a price")
    if expected_tokens is not None and expected_tokens < 1:
        raise ValueError(f"expected_tokens is {expected_tokens}; allowed: 1 or more")
    expected = estimate(
        backend, requests, price=price, expected_tokens=expected_tokens, count=count
    )
    if max_cost is not None and (expected.dollars or 0) > max_cost:
        raise CostCapError(
            f"{expected} is above the cap of ${max_cost:,.2f}; nothing was asked"
        )
    fresh = Counter(_missing(backend, requests))
    found: list[Completion] = []
    spent = 0.0
    stream = (each for each in backend.complete(requests))  # one that can be closed
    bar = progress_bar(total=len(requests), desc="answers", disable=not progress)
    with bar, closing(stream):
        for request, completion in zip(requests, stream, strict=True):
            found.append(completion)
            bar.update()
            if price is None or not fresh[request]:
                continue
            fresh[request] -= 1
            spent += price.of(
                completion.prompt_tokens or count(request.prompt),
                completion.completion_tokens or count(completion.text),
            )
            bar.set_postfix_str(f"${spent:,.2f}", refresh=False)
            if max_cost is not None and spent > max_cost:
                raise CostCapError(
                    f"${spent:,.2f} were spent on {len(found)} of {len(requests)} "
                    f"answers, above the cap of ${max_cost:,.2f}"
                )
    return found


def _missing(backend: Backend, requests: Sequence[Request]) -> list[Request]:
    """Requests that a backend's model would really be asked."""
    if isinstance(backend, Cached):
        return backend.missing(requests)
    return list(requests)
