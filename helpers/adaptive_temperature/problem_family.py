"""A generated family of short programming problems with unit tests.

A problem's *key* is its steps and its ending, not their wording. The key decides the
test inputs and, by its hash, whether the problem is for training, development or test;
chains of the same steps in another order fall into the same split.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from random import Random
from typing import Any

from helpers.adaptive_temperature import (
    dictionary_steps,
    number_steps,
    text_steps,
    word_steps,
)
from helpers.adaptive_temperature.code_styles import (
    every_choice,
    random_chooser,
    write_solution,
)
from helpers.adaptive_temperature.problem_steps import Ending, Step
from helpers.names import unknown_name

SPLITS = ("train", "dev", "test")
CASES = 10
#: Numbers of steps that are asked for; the checkpoints learn from one to three.
LENGTHS = (3, 4)
ENTRY_POINT = "solve"
_TRIES = 100  # chains tried per problem asked for
#: Kind of the argument, with its weight among the problems.
STARTS = {"numbers": 0.5, "words": 0.32, "text": 0.18}
#: For each kind, groups of steps with the weight of a group.
STEPS: dict[str, tuple[tuple[float, tuple[Step, ...]], ...]] = {
    "numbers": (
        (3.0, number_steps.FILTERS),
        (3.0, number_steps.MAPS),
        (2.0, number_steps.CHOICES),
        (3.0, number_steps.SEQUENCES),
        (0.5, (dictionary_steps.NUMBER_COUNTS,)),
        (0.5, dictionary_steps.NUMBER_GROUPS),
    ),
    "words": (
        (3.0, word_steps.FILTERS),
        (2.0, word_steps.MAPS),
        (1.5, word_steps.CHOICES),
        (2.0, word_steps.SEQUENCES),
        (1.2, word_steps.TO_NUMBERS),
        (0.6, (dictionary_steps.WORD_COUNTS,)),
        (1.0, dictionary_steps.WORD_GROUPS),
    ),
    "text": (
        (1.5, text_steps.FILTERS),
        (2.0, text_steps.CHANGES),
        (1.5, (text_steps.SPLIT,)),
        (0.7, (dictionary_steps.TEXT_COUNTS,)),
    ),
    "counts": ((1.0, dictionary_steps.OFTEN),),
    "groups": ((1.0, (dictionary_steps.SIZES,)),),
}
ENDINGS: dict[str, tuple[Ending, ...]] = {
    "numbers": number_steps.ENDINGS,
    "words": word_steps.ENDINGS,
    "text": text_steps.ENDINGS,
    "counts": dictionary_steps.COUNT_ENDINGS,
    "groups": dictionary_steps.GROUP_ENDINGS,
}


@dataclass(frozen=True)
class Chain:
    """What a problem means: its steps and its ending."""

    steps: tuple[Step, ...]
    ending: Ending

    @property
    def key(self) -> str:
        """Names of the steps and of the ending; equal keys are the same problem."""
        names = [step.name for step in self.steps]
        return " | ".join([*names, f"return {self.ending.name}"])

    @property
    def argument(self) -> str:
        """Kind and name of the function's argument."""
        return self.steps[0].takes if self.steps else self.ending.takes

    def __call__(self, value: Any) -> Any:
        """The reference result for one argument, independent of every code style."""
        for step in self.steps:
            value = step.apply(value)
        return self.ending.apply(value)


@dataclass(frozen=True)
class ProgrammingProblem:
    """A problem as a model gets it, and how its answer is judged.

    Attributes
    ----------
    key : str
        What the problem means, see `Chain.key`.
    prompt : str
        Head and docstring of the function, in HumanEval's form; a solution is its body.
    entry_point : str
        Name of the function.
    cases : tuple
        ``(arguments, result)`` pairs, shared by all problems of this key: copy what a
        program may change.
    steps : int
        Number of steps.
    chain : Chain
        The reference.
    """

    key: str
    prompt: str
    entry_point: str
    cases: tuple[tuple[tuple, object], ...]
    steps: int
    chain: Chain


def split_of(chain: Chain) -> str:
    """Split of a chain: 80 % train, 8 % dev, 12 % test, by the hash of its parts."""
    parts = sorted(step.name for step in chain.steps)
    digest = sha256("|".join([*parts, chain.ending.name]).encode()).digest()
    place = int.from_bytes(digest[:4], "big") % 100
    return "train" if place < 80 else "dev" if place < 88 else "test"


def random_chain(rng: Random, steps: int) -> Chain:
    """A chain of different steps that fit together, from kind to kind."""
    while True:
        kind = rng.choices(list(STARTS), list(STARTS.values()))[0]
        chosen: list[Step] = []
        for _ in range(steps):
            groups = STEPS[kind]
            members = rng.choices([g[1] for g in groups], [g[0] for g in groups])[0]
            step = members[int(rng.random() * len(members))]
            chosen.append(step)
            kind = step.gives
        endings = ENDINGS[kind]
        if len({step.name for step in chosen}) == steps:
            return Chain(tuple(chosen), endings[int(rng.random() * len(endings))])


def word_prompt(chain: Chain, rng: Random) -> str:
    """The function's first line and a docstring, in one of the wordings."""
    clauses = [rng.choice(step.wordings) for step in chain.steps]
    text = ", ".join(clauses)
    last = rng.choice(chain.ending.wordings)
    text = f"{text} and {last}" if text else last
    text = text[0].upper() + text[1:]
    return f'def {ENTRY_POINT}({chain.argument}):\n    """{text}."""\n'


_WORDS = (
    *("apple", "ant", "ear", "ice", "oak", "tea", "sea", "banana", "pear", "plum"),
    *("egg", "dog", "cat", "bird", "house", "tree", "moon", "river", "stone", "old"),
    *("area", "idea", "up", "it", "no", "echo", "window", "garden", "level", "otter"),
    "umbrella",
)


def random_argument(kind: str, rng: Random) -> Any:
    """A list of integers, a list of words with repeats, or a text of words."""
    if kind == "numbers":
        return [rng.randint(-9, 12) for _ in range(rng.randint(3, 9))]
    pool = rng.sample(_WORDS, 6)
    words = [rng.choice(pool) for _ in range(rng.randint(2, 8))]
    return words if kind == "words" else " ".join(words[:5])


@cache
def cases_of(chain: Chain) -> tuple[tuple[tuple, object], ...] | None:
    """Ten cases that only depend on the key, or None for a poor problem.

    A problem is poor if its result hardly varies or if leaving out one of its steps
    would change no result.
    """
    rng = Random(f"cases {chain.key}")
    cases: list[tuple[tuple, object]] = []
    for _ in range(4 * CASES):
        argument = random_argument(chain.argument, rng)
        try:
            cases.append(((argument,), chain(argument)))
        except (ValueError, IndexError):  # such as the largest of no numbers
            continue
        if len(cases) == CASES:
            break
    if len(cases) < CASES or len({repr(result) for _, result in cases}) < 2:
        return None
    for i, step in enumerate(chain.steps):
        if step.takes != step.gives:
            continue
        less = Chain(chain.steps[:i] + chain.steps[i + 1 :], chain.ending)
        if all(_same(less, argument, result) for (argument,), result in cases):
            return None
    return tuple(cases)


def _same(chain: Chain, argument: Any, result: object) -> bool:
    try:
        return bool(chain(argument) == result)
    except (ValueError, IndexError):
        return False


def generate(
    split: str, n: int, seed: int, *, steps: Sequence[int] = LENGTHS
) -> list[ProgrammingProblem]:
    """``n`` problems of a split with distinct keys.

    Parameters
    ----------
    split : str
        ``"train"``, ``"dev"`` or ``"test"``.
    n : int
        Number of problems.
    seed : int
        Of the keys and of the wording; a key's cases do not depend on it.
    steps : sequence of int
        Numbers of steps, drawn evenly.

    Raises
    ------
    ValueError
        If the split is unknown, a number is below 1, or there are not so many problems.
    """
    if split not in SPLITS:
        raise unknown_name("split", split, SPLITS)
    if n < 1 or not steps or min(steps) < 1:
        raise ValueError(f"n is {n} and steps {tuple(steps)}; allowed: 1 and more")
    rng = Random(f"{split} {seed}")
    problems: dict[str, ProgrammingProblem] = {}
    for _ in range(_TRIES * n):
        chain = random_chain(rng, rng.choice(steps))
        if split_of(chain) != split or chain.key in problems:
            continue
        if (cases := cases_of(chain)) is not None:
            prompt = word_prompt(chain, rng)
            problems[chain.key] = ProgrammingProblem(
                chain.key, prompt, ENTRY_POINT, cases, len(chain.steps), chain
            )
            if len(problems) == n:
                return list(problems.values())
    raise ValueError(
        f"found {len(problems)} {split} problems of {tuple(steps)} steps instead of "
        f"{n}; allow more steps"
    )


def solution(chain: Chain, rng: Random) -> str:
    """A right solution in a random style."""
    return write_solution(chain.steps, chain.ending, random_chooser(rng))


def solutions(chain: Chain) -> Iterator[str]:
    """Every right solution that the styles can write."""
    return every_choice(
        lambda choose: write_solution(chain.steps, chain.ending, choose)
    )
