"""A small pool for models that answer one request at a time; it keeps the order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol, runtime_checkable

from helpers.llm.backend import Completion, Request


@runtime_checkable
class OneByOne(Protocol):
    """A `Backend` that can also be asked for one answer, from several threads.

    Attributes
    ----------
    workers : int
        How many requests at once.
    """

    @property
    def workers(self) -> int: ...

    def answer(self, request: Request) -> Completion: ...


def in_order(
    answer: Callable[[Request], Completion], requests: Sequence[Request], workers: int
) -> Iterator[Completion]:
    """Answers in the order of the requests, ``workers`` of them under way at once.

    At most twice as many are asked ahead of the answer last taken, so that whoever
    stops taking them (an error, a cap on cost, an interruption) has asked for few more.
    Those under way then still end by themselves.

    >>> ask = [Request.ask(word) for word in ("a", "b", "c")]
    >>> [c.text for c in in_order(lambda r: Completion(r.prompt), ask, workers=2)]
    ['a', 'b', 'c']
    """
    pool = ThreadPoolExecutor(workers, thread_name_prefix="answers")
    ahead: deque[Future[Completion]] = deque()
    waiting = iter(requests)
    try:
        for request in waiting:
            ahead.append(pool.submit(answer, request))
            if len(ahead) == 2 * workers:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
