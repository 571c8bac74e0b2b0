"""Temperatures of requests whose tokens are lists, as servers keep them.

A server has many requests at once, each with values of its own and with its prompt and
output as lists of numbers. `Tables.temperatures` decides for all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from helpers.adaptive_temperature.rules import WINDOW, RuleTable, check_rule
from helpers.adaptive_temperature.token_flags import TokenFlags
from helpers.adaptive_temperature.truncation import check_temperature
from helpers.names import suggest

ARGUMENTS = ("adapt_a", "adapt_b", "adapt_rule")
_DOCSTRING = 1024  # tokens of a docstring that `block` can look back over


@dataclass(frozen=True)
class Settings:
    """What one request asks for: temperatures and rule."""

    a: float
    b: float
    rule: str = "line-word"

    @classmethod
    def of(cls, params: Any) -> Settings | None:
        """From a request's SamplingParams; None if it does not ask for AdapT.

        Raises
        ------
        ValueError
            For a value out of its range, a name that is nearly one of ours, or a
            temperature other than 0 and 1.
        """
        given = getattr(params, "extra_args", None) or {}
        ours = [name for name in given if str(name).startswith("adapt_")]
        for name in ours:
            if name not in ARGUMENTS:
                hint = suggest(name, ARGUMENTS)
                raise ValueError(f"{name} is unknown{hint}; allowed: {ARGUMENTS}")
        if not ours:
            return None
        for name in ("adapt_a", "adapt_b"):
            if name not in given:
                raise ValueError(f"{ours[0]} is given without {name}")
            check_temperature(name, given[name])
        rule = given.get("adapt_rule", cls.rule)
        check_rule(rule)
        if params.temperature not in (0, 1):
            raise ValueError(
                f"temperature is {params.temperature}; allowed with adapt_a: 1, "
                "or 0 for greedy decoding"
            )
        return cls(float(given["adapt_a"]), float(given["adapt_b"]), rule)


@dataclass(frozen=True)
class Request:
    """A request's settings and tokens; vLLM lets ``output`` grow."""

    settings: Settings
    prompt: Sequence[int]
    output: Sequence[int]

    def tail(self, length: int) -> list[int]:
        """The last ``length`` tokens of prompt and output, or all."""
        found = list(self.output[-length:])
        missing = length - len(found)
        return [*self.prompt[-missing:], *found] if missing else found


class Tables:
    """The rules of one vocabulary, each prepared when first asked for."""

    def __init__(self, flags: TokenFlags) -> None:
        self.opaque = len(flags)
        self._flags, self._tables = flags, dict[str, RuleTable]()
        ends_blank = flags.newline_then_blank | flags.blank_without_newline
        self._ends_blank = [*ends_blank.tolist(), False]

    def __getitem__(self, rule: str) -> RuleTable:
        if rule not in self._tables:
            self._tables[rule] = RuleTable(self._flags, rule)
        return self._tables[rule]

    def temperatures(self, requests: Sequence[Request]) -> list[float]:
        """For the next token of each request.

        Only those whose last token ends in blanks or a newline, one in five or ten,
        are looked at further, all of a rule together.
        """
        found, further = [], dict[str, list[int]]()
        for place, request in enumerate(requests):
            settings = request.settings
            found.append(settings.a if settings.rule == "anti" else settings.b)
            last = request.tail(1)
            if last and self._ends_blank[self._known(last[0])]:
                further.setdefault(settings.rule, []).append(place)
        for rule, places in further.items():
            length = looked_back(rule)
            tails = [[*map(self._known, requests[i].tail(length))] for i in places]
            width = max(map(len, tails))
            ids = [[self.opaque] * (width - len(tail)) + tail for tail in tails]
            for place, hot in zip(
                places, self[rule].hot(torch.tensor(ids)), strict=True
            ):
                settings = requests[place].settings
                found[place] = settings.a if hot else settings.b
        return found

    def _known(self, number: int) -> int:
        """The number, or the opaque one for padding of the vocabulary and for -1,
        which stands for tokens not decided yet with asynchronous scheduling."""
        return number if 0 <= number < self.opaque else self.opaque


def looked_back(rule: str) -> int:
    """Last tokens that a rule may have to see."""
    return _DOCSTRING if rule == "block" else WINDOW
