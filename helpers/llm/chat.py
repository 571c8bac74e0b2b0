"""Chat models behind any server that speaks OpenAI's protocol, hosted or local.

An empty answer is an answer, and none is asked for again because somebody dislikes it:
that would flatter the model. What a model refuses to be told, such as a temperature, is
left out, and every answer says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from helpers.llm.backend import Completion, Request
from helpers.llm.one_by_one import in_order
from helpers.llm.transport import (
    KEY,
    EndpointError,
    check_address,
    open_client,
    reason,
    told_plainly,
)

# Servers that were built before the new name know only the old one, and the reverse.
LIMITS = ("max_tokens", "max_completion_tokens")
_DROPPABLE = ("top_p", "seed", "temperature")  # the first named is dropped first
# A refused parameter, as against one whose value is out of range.
_REFUSAL = re.compile(
    r"unsupported|not support|only the default|deprecat|cannot both|not permitted"
    r"|not allowed|unknown|unrecogni[sz]ed|unexpected|extra inputs",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class ChatServer:
    """A chat model behind ``base_url``; a `helpers.llm.backend.Backend`.

    Attributes
    ----------
    base_url : str
        For example ``http://localhost:8000/v1`` (vLLM, SGLang, llama.cpp, Ollama).
    model : str
        Exact name that the server knows the model by.
    timeout : float
        Seconds to wait for one answer.
    retries : int
        Repeats after a refused or broken connection, a timeout, or status 408, 409,
        429, 5xx, which wait longer each time, or as long as the server asks for.
    workers : int
        Requests at once.
    key_variable : str
        Environment variable with the key; servers that want none do without.

    Raises
    ------
    ValueError
        If the address, or ``workers``, ``retries`` or ``timeout`` make no sense.

    Notes
    -----
    ``transformers serve`` samples only models whose generation_config.json has
    ``do_sample``; of others it takes the likeliest tokens at every temperature.
    """

    base_url: str
    model: str
    timeout: float = 600.0
    retries: int = 4
    workers: int = 4
    key_variable: str = KEY
    # what this model has refused so far, so that it is not offered again
    _refused: set[str] = field(
        default_factory=set, init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        check_address(self.base_url)
        for name, least in (("workers", 1), ("retries", 0)):
            if getattr(self, name) < least:
                raise ValueError(
                    f"{name} is {getattr(self, name)}; allowed: {least} or more"
                )
        if not self.timeout > 0:
            raise ValueError(f"timeout is {self.timeout}; allowed: above 0 seconds")

    @property
    def name(self) -> str:
        """Address and model."""
        return f"{self.base_url.rstrip('/')} {self.model}"

    def complete(self, requests: Sequence[Request]) -> Iterator[Completion]:
        """As `helpers.llm.backend.Backend.complete`, ``workers`` requests at once.

        Raises
        ------
        EndpointError
            If the server is unreachable after all retries, or refuses.
        """
        return in_order(self.answer, requests, self.workers)

    def answer(self, request: Request) -> Completion:
        """One completion; several threads may ask.

        Raises
        ------
        EndpointError
            As `complete`.
        """
        wanted = _parameters(request)
        messages = [{"role": role, "content": text} for role, text in request.messages]
        while True:
            sent = self._offered(wanted)
            with told_plainly(self.base_url, self.retries):
                try:
                    answer = self._client.chat.completions.create(
                        model=self.model, messages=messages, **sent
                    )
                    break
                except _refusals() as error:
                    refused = _refused_parameter(error, sent)
                    if refused is None:
                        raise
                    self._refused.add(refused)
        kept = {*sent, LIMITS[0]} if LIMITS[1] in sent else {*sent}
        dropped = tuple(name for name in wanted if name not in kept)
        return self._completion(answer, dropped)

    def _offered(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """Parameters without the refused ones; the limit by a name not yet refused."""
        offered = {k: v for k, v in wanted.items() if k not in self._refused}
        if LIMITS[0] not in offered and LIMITS[1] not in self._refused:
            offered[LIMITS[1]] = wanted[LIMITS[0]]
        return offered

    def _completion(self, answer: Any, dropped: tuple[str, ...]) -> Completion:
        choices = getattr(answer, "choices", None)
        if not isinstance(choices, list):  # some send errors with status 200
            told = getattr(answer, "error", None) or str(answer)
            raise EndpointError(
                f"{self.base_url} gave no chat completion: {told!s:.300}"
            )
        usage = getattr(answer, "usage", None)
        created = getattr(answer, "created", None) or datetime.now(UTC).timestamp()
        message = choices[0].message if choices else None
        return Completion(
            text=getattr(message, "content", None) or "",
            finish_reason=(choices[0].finish_reason or "") if choices else "no choice",
            prompt_tokens=getattr(usage, "prompt_tokens", None) or 0,
            completion_tokens=getattr(usage, "completion_tokens", None) or 0,
            model=getattr(answer, "model", None) or "",
            fingerprint=getattr(answer, "system_fingerprint", None) or "",
            created=datetime.fromtimestamp(created, UTC).isoformat(timespec="seconds"),
            dropped=dropped,
        )

    @cached_property
    def _client(self) -> Any:
        return open_client(
            self.base_url,
            timeout=self.timeout,
            retries=self.retries,
            variable=self.key_variable,
        )


def _parameters(request: Request) -> dict[str, Any]:
    """What a request says about sampling; a ``top_p`` of 1 says nothing."""
    sampling = request.sampling
    found: dict[str, Any] = {
        "temperature": sampling.temperature,
        LIMITS[0]: sampling.max_tokens,
    }
    if sampling.top_p != 1:
        found["top_p"] = sampling.top_p
    if request.seed is not None:
        found["seed"] = request.seed & 0x7FFF_FFFF  # some servers take 32 bits
    return found


def _refusals() -> tuple[type[Exception], ...]:
    import openai

    return openai.BadRequestError, openai.UnprocessableEntityError


def _refused_parameter(error: Any, sent: dict[str, Any]) -> str | None:
    """Which of the parameters sent this model does not take, if that is the matter."""
    body = error.body if isinstance(error.body, dict) else {}
    told = f"{body.get('code') or ''} {reason(error)}"
    if not _REFUSAL.search(told):
        return None
    named = [n for n in (*LIMITS, *_DROPPABLE) if re.search(rf"\b{n}\b", told)]
    candidates = [body.get("param"), *named]
    return next((str(name) for name in candidates if name in sent), None)
