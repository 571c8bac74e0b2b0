"""Completions of any server that speaks OpenAI's protocol (vLLM, llama.cpp, TGI, ...).

These are the raw completions of a prompt; `helpers.llm.chat` asks chat models.
The key comes from the environment (``OPENAI_API_KEY``) and is never printed or stored.
Only transport is retried: an answer that came is an answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from helpers.llm.backend import Completion
from helpers.llm.transport import (
    EndpointError,
    check_address,
    open_client,
    told_plainly,
)

__all__ = ["Endpoint", "EndpointError"]


@dataclass(frozen=True)
class Endpoint:
    """A model behind ``base_url``, for example ``http://localhost:8000/v1``.

    Attributes
    ----------
    model : str
        Name that the server knows the model by.
    timeout : float
        Seconds to wait for one answer.
    retries : int
        Repeats after a refused connection, a timeout, or status 408, 409, 429, 5xx.
    """

    base_url: str
    model: str
    timeout: float = 120.0
    retries: int = 4

    def __post_init__(self) -> None:
        check_address(self.base_url)

    def complete(
        self,
        prompt: str,
        n: int,
        *,
        temperature: float,
        top_p: float = 1.0,
        max_tokens: int = 500,
        stop: Sequence[str] = (),
        seed: int | None = None,
    ) -> list[Completion]:
        """Sample ``n`` completions of a prompt.

        A server that gives fewer in one answer is asked again.

        Parameters
        ----------
        stop : sequence of str
            Texts that end a completion; OpenAI's own servers take at most four.
        seed : int, optional
            Sent along; servers promise little about it.

        Raises
        ------
        EndpointError
            If the server is unreachable after all retries, refuses, or answers
            without a completion.
        """
        if n < 1:
            raise ValueError(f"n is {n}; allowed: 1 or more")
        found: list[Completion] = []
        while len(found) < n:
            answer = self._ask(
                prompt=prompt,
                n=n - len(found),
                temperature=temperature,
                top_p=top_p,
                max_tokens=max_tokens,
                **({"stop": list(stop)} if stop else {}),
                **({} if seed is None else {"seed": seed + len(found)}),
            )
            if not answer.choices:
                raise EndpointError(f"{self.base_url} answered without a completion")
            found += [
                Completion(choice.text or "", choice.finish_reason or "")
                for choice in answer.choices
            ]
        return found[:n]

    def _ask(self, **request: Any) -> Any:
        client = open_client(self.base_url, timeout=self.timeout, retries=self.retries)
        with client, told_plainly(self.base_url, self.retries):
            return client.completions.create(model=self.model, **request)
