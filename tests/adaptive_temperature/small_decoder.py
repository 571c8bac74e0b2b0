"""An untrained decoder with a tokenizer of whole words, and two problems."""

from __future__ import annotations

from functools import cache
from typing import Any

from helpers.adaptive_temperature.problems import Problem
from helpers.sandbox.jobs import Cases
from helpers.tiny_lm.config import TinyConfig
from helpers.tiny_lm.tokenizers import word_tokenizer

PROMPT = 'def solve(xs):\n    """Return the sum."""\n'
SOLUTION = "    total = 0\n    for x in xs:\n        total += x\n    return total\n"
WRONG = "    return xs[0]\n"


@cache
def decoder(context: int = 128) -> tuple[Any, Any]:
    """Two layers of width 32; likeliest tokens differ by little, so all occur."""
    tokenizer = word_tokenizer([PROMPT + SOLUTION, PROMPT + WRONG], context=context)
    shape = TinyConfig(len(tokenizer), layers=2, width=32, heads=2, context=context)
    return shape.model(0).eval(), tokenizer


def problems() -> list[Problem]:
    calls = ((([1, 2],), 3), (([4],), 4), (([],), 0))
    test = "def check(candidate):\n    assert candidate([1, 2]) == 3\n"
    return [
        Problem("family/sum", PROMPT, "solve", Cases(calls)),
        Problem("code/sum", PROMPT.replace("sum", "total"), "solve", test),
    ]
