"""Answers kept on disk by everything that they depend on, and never asked for twice.

The key is the SHA-256 of the backend's name, the messages, all sampling parameters, the
sample's number and the template's version. Without the sample's number, many samples of
one prompt would silently become one; without the rest, a changed setting would be
answered from the wrong run. The value is the whole answer, empty or cut off as it may
be: an answer that came is an answer.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from helpers.llm.backend import (
    Backend,
    BackendError,
    Completion,
    Request,
    Sampling,
)
from helpers.llm.one_by_one import OneByOne, in_order
from helpers.row_log import RowLog, rows

_KNOWN = {field.name for field in fields(Completion)}


def request_key(name: str, request: Request) -> str:
    """Key of one answer of the backend called ``name``.

    >>> a, b = (Request.ask("p", Sampling(0.8), sample=k) for k in (0, 1))
    >>> request_key("m", a) == request_key("m", b)
    False
    """
    parts = json.dumps([name, asdict(request)], sort_keys=True)
    return hashlib.sha256(parts.encode()).hexdigest()


class AnswerCache:
    """Append-only file of answers, one JSON object a line (`helpers.row_log`).

    A row holds the key, the backend's name, the request and the answer. Of two answers
    with one key the first counts.

    Parameters
    ----------
    path : Path
        A ``.jsonl``; a ``.jsonl.gz`` can be read only.
    write : bool
        Open it for new answers.
    """

    def __init__(self, path: Path, *, write: bool = True) -> None:
        if write and path.suffix == ".gz":
            raise ValueError(f"{path} is packed; allowed to add to: a .jsonl")
        self.path = path
        self.names: list[str] = []  # of backends, in order of their first answer
        self.requests: dict[str, Request] = {}
        self._answers: dict[str, Completion] = {}
        self._log = RowLog(path) if write else None
        for row in rows(path):
            self._read(row)

    def __contains__(self, key: str) -> bool:
        return key in self._answers

    def __getitem__(self, key: str) -> Completion:
        return self._answers[key]

    def __len__(self) -> int:
        return len(self._answers)

    def add(self, name: str, request: Request, completion: Completion) -> None:
        """Keep one answer; several threads may."""
        if self._log is None:
            raise ValueError(f"{self.path} was opened for reading only")
        key = request_key(name, request)
        row = {"key": key, "backend": name, "request": asdict(request)}
        self._log.add(row | {"answer": asdict(completion)})
        self._keep(key, name, request, completion)

    def _read(self, row: dict[str, Any]) -> None:
        try:
            name, asked, answer = row["backend"], row["request"], row["answer"]
            request = Request(
                tuple((role, content) for role, content in asked["messages"]),
                Sampling(**asked["sampling"]),
                asked["sample"],
                asked["template"],
            )
            known = {k: v for k, v in answer.items() if k in _KNOWN}
            known["dropped"] = tuple(known.get("dropped", ()))
            completion = Completion(**known)
        except (ValueError, KeyError, TypeError, AttributeError):
            return  # not a row of ours
        # computed anew, so that a row edited by hand is not taken for another
        self._keep(request_key(name, request), name, request, completion)

    def _keep(
        self, key: str, name: str, request: Request, completion: Completion
    ) -> None:
        if name not in self.names:
            self.names.append(name)
        self.requests.setdefault(key, request)
        self._answers.setdefault(key, completion)


class Cached:
    """A backend whose answers are taken from a cache, and put there when they are new.

    Of a backend that is asked one by one in several threads, an answer is on disk as
    soon as it has come, also where it has to wait for its turn, or nobody waits for it
    any more because the run was interrupted.
    """

    def __init__(self, backend: Backend, cache: AnswerCache) -> None:
        self.backend, self.cache = backend, cache

    @property
    def name(self) -> str:
        return self.backend.name

    def missing(self, requests: Sequence[Request]) -> list[Request]:
        """Requests still to be asked, each once."""
        keys = {request_key(self.name, request): request for request in requests}
        return [request for key, request in keys.items() if key not in self.cache]

    def complete(self, requests: Sequence[Request]) -> Iterator[Completion]:
        """As `Backend.complete`."""
        with closing(self._asked(self.missing(requests))) as fresh:
            for request in requests:
                key = request_key(self.name, request)
                while key not in self.cache:
                    if next(fresh, None) is None:
                        raise BackendError(f"{self.name} left requests unanswered")
                yield self.cache[key]

    def _asked(self, requests: Sequence[Request]) -> Generator[Completion, None, None]:
        if not requests:
            return  # so that a model need not even be loaded
        if isinstance(self.backend, OneByOne):
            yield from in_order(self._answer, requests, self.backend.workers)
            return
        found = self.backend.complete(requests)
        for request, completion in zip(requests, found, strict=False):
            self.cache.add(self.name, request, completion)
            yield completion

    def _answer(self, request: Request) -> Completion:
        assert isinstance(self.backend, OneByOne)
        found = self.backend.answer(request)
        self.cache.add(self.name, request, found)
        return found


def cached(backend: Backend, path: str | Path) -> Cached:
    """``backend`` with its answers kept in a file; an interrupted run goes on there.

    Parameters
    ----------
    path : str or Path
        A ``.jsonl``, which several backends may share.
    """
    return Cached(backend, AnswerCache(Path(path)))
