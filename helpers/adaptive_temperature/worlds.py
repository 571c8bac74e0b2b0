r"""Two designed worlds: training solutions that are wrong at a known place.

In `start`, first words of lines are wrong in 15 % of the lines and the style is nearly
fixed, so heat at the start of a line finds mistakes. In `mid`, 3 % of the tokens inside
lines are wrong and the style is free, so heat at the start of a line finds other right
programs. Both are made up to show when the method can work; neither is evidence that
real models are like that. The problems' cases stay right.

>>> from random import Random
>>> print(spoil("    return sum(numbers)\n", WORLDS["mid"], Random(6)), end="")
    return sum(numbers >
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from helpers.adaptive_temperature.code_styles import (
    Chooser,
    random_chooser,
    write_solution,
)
from helpers.adaptive_temperature.problem_family import Chain

#: Words that a line of some solution starts with.
FIRST_WORDS = tuple(
    """best continue count counts else for groups i if numbers result return text
    total while words x""".split()
)
#: Words and signs from inside lines, with the blank before them.
INSIDE = (
    *(" x", " w", " i", " result", " total", " count", " best", " numbers", " words"),
    *(" text", " counts", " in", " for", " if", " else", " not", " len", " sum"),
    *(" =", " +", " -", " *", " %", " >", " <", " ==", " >=", " <=", " !=", " +="),
    *(" 0", " 1", " 2", " 3", " 4", " 5"),
    *("x", "w", "i", "0", "1", "2", "(", ")", "[", "]", ".", ":", ",", "append"),
)
_PIECE = re.compile(r" ?[^\W\d]\w*| ?\d+| ?[^\s\w]+")


@dataclass(frozen=True)
class World:
    """Where its solutions are wrong, and how much their style varies.

    Attributes
    ----------
    first : float
        Probability that the first word of a line is replaced.
    inside : float
        Probability that a later word, number or run of signs is replaced.
    fixed : float
        Probability that a choice of style takes its first option anyway.
    """

    first: float
    inside: float
    fixed: float


WORLDS = {"start": World(0.15, 0.0, 0.9), "mid": World(0.0, 0.03, 0.0)}


def world_solution(chain: Chain, world: World, rng: Random) -> str:
    """A solution as this world's training data has it."""
    choose = _steady(random_chooser(rng), world.fixed, rng)
    return spoil(write_solution(chain.steps, chain.ending, choose), world, rng)


def spoil(solution: str, world: World, rng: Random) -> str:
    """Replace words of a solution at the world's places and rates."""
    lines = []
    for line in solution.splitlines():
        code = line.lstrip(" ")
        pieces = [match.group() for match in _PIECE.finditer(code)]
        if rng.random() < world.first:
            pieces[0] = _other(pieces[0], FIRST_WORDS, rng)
        for i in range(1, len(pieces)):
            if rng.random() < world.inside:
                pieces[i] = _other(pieces[i], INSIDE, rng)
        lines.append(f"{line[: len(line) - len(code)]}{''.join(pieces)}\n")
    return "".join(lines)


def _other(piece: str, pieces: Sequence[str], rng: Random) -> str:
    return rng.choice([other for other in pieces if other != piece])


def _steady(choose: Chooser, fixed: float, rng: Random) -> Chooser:
    return lambda weights: 0 if rng.random() < fixed else choose(weights)
