"""What every language model is asked through: requests in, completions out, in order.

A model of this project, one of transformers, a server and a file of recorded answers
all have the same two members (`Backend`), so that an experiment does not know which of
them it runs on. A request names everything that an answer depends on, its own number
among samples of the same prompt included: two samples of one prompt stay two.

>>> request = Request.ask("Name a tree.", Sampling(temperature=0.8, seed=0), sample=3)
>>> request.prompt, request.sampling.temperature, request.sample
('Name a tree.', 0.8, 3)
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol, Self

from helpers.names import unknown_name

ROLES = ("system", "user", "assistant")


class BackendError(RuntimeError):
    """A model could not be asked, or gave nothing that could be an answer."""


@dataclass(frozen=True)
class Sampling:
    """How an answer is drawn.

    Attributes
    ----------
    temperature : float
        0 is greedy: the likeliest token each time.
    top_p : float
        Share of the probability that is kept before drawing; 1 keeps all.
    max_tokens : int
        Longest answer.
    seed : int, optional
        Without it an answer cannot be repeated.

    Raises
    ------
    ValueError
        If a number is outside its range.
    """

    temperature: float = 1.0
    top_p: float = 1.0
    max_tokens: int = 2048
    seed: int | None = None

    def __post_init__(self) -> None:
        if not (math.isfinite(self.temperature) and self.temperature >= 0):
            raise ValueError(f"temperature is {self.temperature}; allowed: 0 or more")
        if not 0 < self.top_p <= 1:
            raise ValueError(f"top_p is {self.top_p}; allowed: above 0, at most 1")
        if self.max_tokens < 1:
            raise ValueError(f"max_tokens is {self.max_tokens}; allowed: 1 or more")
        # 0 and 0.0 are one setting, and must be one key of a cache
        object.__setattr__(self, "temperature", float(self.temperature))
        object.__setattr__(self, "top_p", float(self.top_p))


@dataclass(frozen=True)
class Request:
    """One answer wanted.

    Attributes
    ----------
    messages : tuple of (role, content)
        The conversation so far, as chat servers take it.
    sampling : Sampling
    sample : int
        Number of this answer among those to the same messages, from 0.
    template : str
        Version of the wording that made the messages; part of a cache's key.

    Raises
    ------
    ValueError
        If there is no message, a role is unknown, or ``sample`` is negative.
    """

    messages: tuple[tuple[str, str], ...]
    sampling: Sampling = field(default_factory=Sampling)
    sample: int = 0
    template: str = ""

    def __post_init__(self) -> None:
        if not self.messages:
            raise ValueError("a request without messages; allowed: at least one")
        for role, _ in self.messages:
            if role not in ROLES:
                raise unknown_name("role", role, ROLES)
        if self.sample < 0:
            raise ValueError(f"sample is {self.sample}; allowed: 0 or more")

    @classmethod
    def ask(
        cls,
        prompt: str,
        sampling: Sampling | None = None,
        *,
        sample: int = 0,
        template: str = "",
    ) -> Self:
        """A request of one user message."""
        return cls((("user", prompt),), sampling or Sampling(), sample, template)

    @property
    def prompt(self) -> str:
        """All contents, one after the other: what a model without roles reads."""
        return "\n\n".join(content for _, content in self.messages)

    @property
    def seed(self) -> int | None:
        """Seed of this answer's own random numbers, below 2^63; None without a seed.

        It depends on the seed, the messages and the sample's number, so that samples
        of one prompt differ, and on nothing that is asked beside it.

        >>> a, b = (Request.ask("p", Sampling(seed=0), sample=k) for k in (0, 1))
        >>> a.seed == a.seed, a.seed == b.seed
        (True, False)
        """
        if self.sampling.seed is None:
            return None
        parts = json.dumps([self.sampling.seed, self.messages, self.sample])
        found = hashlib.sha256(parts.encode()).digest()
        return int.from_bytes(found[:8], "little") >> 1


@dataclass(frozen=True)
class Completion:
    """One sampled text, and what is known about how it came.

    Attributes
    ----------
    text : str
        Empty where the model said nothing, which is an answer too.
    finish_reason : str
        ``"stop"`` where the model ended by itself, ``"length"`` where the limit of
        tokens cut it off; servers have more.
    prompt_tokens, completion_tokens : int
        0 where nobody counted.
    model : str
        As the server names it, which may be a version of the name asked for.
    fingerprint : str
        Of the server's software, where it tells.
    created : str
        Date and time, ISO 8601 in UTC.
    dropped : tuple of str
        Sampling parameters that the model refused and the answer was drawn without.
    """

    text: str
    finish_reason: str = "stop"
    prompt_tokens: int = 0
    completion_tokens: int = 0
    model: str = ""
    fingerprint: str = ""
    created: str = ""
    dropped: tuple[str, ...] = ()

    @property
    def finished(self) -> bool:
        """False where the limit of tokens cut the text off."""
        return self.finish_reason != "length"


class Backend(Protocol):
    """Anything that completes requests.

    Attributes
    ----------
    name : str
        Identity for a cache's key: a server's address and the exact model's name, or
        the hash of a checkpoint. Two backends of one name must give the same answers.
    """

    @property
    def name(self) -> str: ...

    def complete(self, requests: Sequence[Request]) -> Iterator[Completion]:
        """One completion per request, in order, each as soon as it is there.

        Raises
        ------
        BackendError
            If the model cannot be asked; completions so far have been given.
        """
        ...
