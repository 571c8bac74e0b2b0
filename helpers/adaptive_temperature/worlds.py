r"""Two designed worlds: training solutions that are wrong at a known place.

In `start`, first words of lines are wrong in 15 % of the lines and the style is nearly
fixed, so heat at the start of a line finds mistakes. In `mid`, 3 % of the tokens inside
lines are wrong and the style is free, so heat at the start of a line finds other right
programs. Both are made up to show when the method can work; neither is evidence that
real models are like that. The problems' cases stay right.

>>> from random import Random
>>> line = ["    ", "return", " sum", "(", "numbers", ")", "\n"]
>>> "".join(spoil(line, World(first=1.0, inside=0.0, fixed=0.0), Random(0)))
'    while sum(numbers)\n'
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from helpers.adaptive_temperature.code_styles import random_chooser, write_solution
from helpers.adaptive_temperature.problem_family import Chain

#: Words that a line of some solution starts with.
FIRST_WORDS = (
    *("best", "continue", "count", "counts", "else", "for", "groups", "i", "if"),
    *("numbers", "result", "return", "text", "total", "while", "words", "x"),
)
#: Words and signs from inside lines, with the blank before them.
INSIDE = (
    *(" x", " w", " i", " result", " total", " count", " best", " numbers", " words"),
    *(" text", " counts", " in", " for", " if", " else", " not", " len", " sum"),
    *(" =", " +", " -", " *", " %", " >", " <", " ==", " >=", " <=", " !=", " +="),
    *(" 0", " 1", " 2", " 3", " 4", " 5"),
    *("x", "w", "i", "0", "1", "2", "(", ")", "[", "]", ".", ":", ",", "append"),
)


@dataclass(frozen=True)
class World:
    """Where its solutions are wrong, and how much their style varies.

    Attributes
    ----------
    first : float
        Probability that the first word of a line is replaced.
    inside : float
        Probability that a later token is replaced.
    fixed : float
        Probability that a choice of style takes its first option anyway.
    """

    first: float
    inside: float
    fixed: float


WORLDS = {"start": World(0.15, 0.0, 0.9), "mid": World(0.0, 0.03, 0.0)}


def world_solution(chain: Chain, world: World, rng: Random) -> str:
    """A right solution in the styles of this world."""
    choose = random_chooser(rng)
    return write_solution(
        chain.steps,
        chain.ending,
        lambda weights: 0 if rng.random() < world.fixed else choose(weights),
    )


def spoil(tokens: Sequence[str], world: World, rng: Random) -> list[str]:
    """Replace tokens of a solution at the world's places and rates.

    Parameters
    ----------
    tokens : sequence of str
        Of a word-level tokenizer: line breaks and indentation are tokens.
    world : World
    rng : random.Random
    """
    spoilt: list[str] = []
    line_start = True
    for token in tokens:
        if not token.isspace():
            rate, others = (
                (world.first, FIRST_WORDS) if line_start else (world.inside, INSIDE)
            )
            if rng.random() < rate:
                token = rng.choice([t for t in others if t.strip() != token.strip()])
            line_start = False
        elif token == "\n":
            line_start = True
        spoilt.append(token)
    return spoilt
