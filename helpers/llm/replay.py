"""Recorded answers in place of a model: a run is repeated without key or weights."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from helpers.llm.answer_cache import AnswerCache, request_key
from helpers.llm.backend import BackendError, Completion, Request
from helpers.names import suggest


class MissingAnswerError(BackendError):
    """A request that the file holds no answer to."""


class Replay:
    """Answers of one backend from a cache's file, under that backend's name.

    Parameters
    ----------
    path : str or Path
        Of `helpers.llm.answer_cache`, packed with gzip or not.
    name : str, optional
        Whose answers; needed where the file holds several backends'.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it holds no answers, or ``name`` does not choose one of its backends.
    """

    def __init__(self, path: str | Path, name: str | None = None) -> None:
        path = Path(path)
        if not path.is_file():
            raise FileNotFoundError(
                f"{path} is no file; allowed: a .jsonl or .jsonl.gz"
            )
        self.cache = AnswerCache(path, write=False)
        names = self.cache.names
        if not names:
            raise ValueError(f"{path} holds no recorded answers")
        if name is None and len(names) > 1:
            raise ValueError(f"{path} holds answers of several; name one of {names}")
        if name is not None and name not in names:
            near = suggest(name, names)
            raise ValueError(
                f"{path} holds no answers of {name!r}{near} (it has {names})"
            )
        self._name = name or names[0]

    @property
    def name(self) -> str:
        return self._name

    def complete(self, requests: Sequence[Request]) -> Iterator[Completion]:
        """As `helpers.llm.backend.Backend.complete`.

        Raises
        ------
        MissingAnswerError
            Before the first answer, if any is missing: how many, and the nearest.
        """
        keys = [request_key(self.name, request) for request in requests]
        missing = [
            request
            for request, key in zip(requests, keys, strict=True)
            if key not in self.cache
        ]
        if missing:
            raise MissingAnswerError(
                f"{self.cache.path} lacks {len(missing)} of {len(requests)} answers, "
                f"such as {_shown(missing[0])}: {self._nearest(missing[0])}"
            )
        return (self.cache[key] for key in keys)

    def _nearest(self, request: Request) -> str:
        """What of a request's is recorded after all."""
        same = [
            other
            for key, other in self.cache.requests.items()
            if other.messages == request.messages
            and request_key(self.name, other) == key
        ]
        if not same:
            return "these messages were never asked"
        if any(replace(other, sample=request.sample) == request for other in same):
            numbers = [
                other.sample
                for other in same
                if replace(other, sample=request.sample) == request
            ]
            return f"recorded are {len(numbers)} samples, the last is {max(numbers)}"
        return f"recorded with {same[0].sampling} and template {same[0].template!r}"


def _shown(request: Request) -> str:
    prompt = request.prompt
    short = prompt if len(prompt) <= 60 else prompt[:57] + "..."
    return (
        f"sample {request.sample} of {short!r} with {request.sampling} and template "
        f"{request.template!r}"
    )
