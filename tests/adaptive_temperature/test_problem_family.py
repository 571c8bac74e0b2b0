"""The family of problems: its meaning, its code styles and its splits."""

from __future__ import annotations

import ast
import copy
from collections import Counter, defaultdict
from itertools import permutations
from random import Random
from typing import Any

import pytest

from helpers.adaptive_temperature.problem_family import (
    CASES,
    ENDINGS,
    SPLITS,
    STARTS,
    STEPS,
    Chain,
    cases_of,
    generate,
    random_argument,
    random_chain,
    solution,
    solutions,
    split_of,
    word_prompt,
)
from helpers.adaptive_temperature.problem_steps import Whole

ALL_STEPS = [step for groups in STEPS.values() for _, steps in groups for step in steps]
ALL_ENDINGS = [ending for endings in ENDINGS.values() for ending in endings]


def run(prompt: str, body: str, arguments: tuple) -> Any:
    """Result of a solution that this project wrote itself."""
    names: dict[str, Any] = {}
    exec(prompt + body, names)
    return names["solve"](*copy.deepcopy(arguments))


def dictionary(kind: str, rng: Random) -> Any:
    """An argument of any kind, dictionaries too."""
    if kind in STARTS:
        return random_argument(kind, rng)
    words = random_argument("words", rng)
    if kind == "counts":
        return dict(Counter(words))
    groups: dict[int, list[str]] = defaultdict(list)
    for word in words:
        groups[len(word)].append(word)
    return dict(groups)


def agree(chain: Chain, bodies: set[str], arguments: list[Any]) -> None:
    """Every body returns what the reference returns, of the same type."""
    prompt = f"def solve({chain.argument}):\n"
    for body in bodies:
        names: dict[str, Any] = {}
        exec(prompt + body, names)
        for argument in arguments:
            try:
                expected = chain(copy.deepcopy(argument))
            except (ValueError, IndexError):
                continue
            found = names["solve"](copy.deepcopy(argument))
            assert (type(found), found) == (type(expected), expected), (
                chain.key,
                body,
                argument,
            )


@pytest.mark.parametrize("kind", list(STEPS))
def test_every_style_of_every_step_and_ending_means_the_reference(kind: str) -> None:
    rng = Random(1)
    arguments = [dictionary(kind, rng) for _ in range(6)]
    for ending in ENDINGS[kind]:
        agree(Chain((), ending), set(solutions(Chain((), ending))), arguments)
    for step in (step for _, steps in STEPS[kind] for step in steps):
        endings = ENDINGS[step.gives]
        for ending in endings[:2]:  # the second counts or sums: another fused loop
            chain = Chain((step,), ending)
            bodies = set(solutions(chain))
            assert len(bodies) >= (1 if isinstance(step.shape, Whole) else 4)
            agree(chain, bodies, arguments)


def test_every_fused_ending_means_the_reference() -> None:
    rng = Random(2)
    for kind in STARTS:
        steps = [s for s in ALL_STEPS if s.takes == s.gives == kind]
        steps = [s for s in steps if not isinstance(s.shape, Whole)]
        arguments = [dictionary(kind, rng) for _ in range(6)]
        for ending in ENDINGS[kind]:
            chain = Chain(tuple(rng.sample(steps, 2)), ending)
            agree(chain, set(solutions(chain)), arguments)


def test_long_chains_in_random_styles_mean_the_reference() -> None:
    rng = Random(3)
    depths = set()
    for _ in range(250):
        chain = random_chain(rng, rng.choice([2, 3, 4]))
        bodies = {solution(chain, rng) for _ in range(4)}
        arguments = [random_argument(chain.argument, rng) for _ in range(4)]
        agree(chain, bodies, arguments)
        lines = [line for body in bodies for line in body.splitlines()]
        depths |= {len(line) - len(line.lstrip()) for line in lines}
    assert {4, 8, 12} <= depths <= {4, 8, 12, 16, 20}  # 20: a loop in the innermost


def test_wrong_solutions_fail() -> None:
    """The cases tell the reference from a chain that lacks its first step."""
    for problem in generate("dev", 40, 5):
        for i, step in enumerate(problem.chain.steps):
            if step.takes != step.gives:
                continue
            steps = problem.chain.steps[:i] + problem.chain.steps[i + 1 :]
            body = solution(Chain(steps, problem.chain.ending), Random(0))
            results = []
            for arguments, expected in problem.cases:
                try:
                    results.append(run(problem.prompt, body, arguments) == expected)
                except (ValueError, IndexError):
                    results.append(False)
            assert not all(results), problem.key


def test_a_wording_means_one_thing() -> None:
    for many in ([*ALL_STEPS], [*ALL_ENDINGS]):
        meanings = defaultdict(set)
        for one in many:
            for wording in one.wordings:
                meanings[one.takes, wording].add(one.name)
        assert {k: v for k, v in meanings.items() if len(v) > 1} == {}
    names = Counter((step.takes, step.name) for step in ALL_STEPS)
    assert max(names.values()) == 1


def test_splits_do_not_leak() -> None:
    keys = {
        split: {problem.key for problem in generate(split, 300, 0)} for split in SPLITS
    }
    for one, other in permutations(SPLITS, 2):
        assert not keys[one] & keys[other]
    rng = Random(4)
    shares = Counter()
    for _ in range(4000):
        chain = random_chain(rng, 3)
        shares[split_of(chain)] += 1
        shuffled = Chain(tuple(rng.sample(chain.steps, 3)), chain.ending)
        assert split_of(shuffled) == split_of(chain)
    assert 0.77 < shares["train"] / 4000 < 0.83
    assert 0.065 < shares["dev"] / 4000 < 0.095


def test_there_are_enough_problems() -> None:
    assert len({p.key for p in generate("dev", 400, 1)}) == 400
    assert len({p.key for p in generate("test", 600, 1)}) == 600


def test_problems_have_humaneval_form_and_fixed_cases() -> None:
    problems = generate("test", 60, 2, steps=(1, 2, 3, 4))
    assert {problem.steps for problem in problems} == {1, 2, 3, 4}
    for problem in problems:
        head, docstring = problem.prompt.splitlines()
        assert head.startswith(f"def {problem.entry_point}(")
        assert docstring.startswith('    """') and docstring.endswith('."""')
        ast.parse(problem.prompt + "    return\n")
        assert len(problem.cases) == CASES
        assert len({repr(result) for _, result in problem.cases}) > 1
        for arguments, expected in problem.cases:
            assert problem.chain(*copy.deepcopy(arguments)) == expected
    again = generate("test", 60, 2, steps=(1, 2, 3, 4))
    assert again == problems
    chain = problems[0].chain
    cases_of.cache_clear()
    assert cases_of(chain) == problems[0].cases
    prompts = {word_prompt(chain, Random(seed)) for seed in range(30)}
    assert len(prompts) > 1


def test_bad_requests_are_named() -> None:
    with pytest.raises(ValueError, match="did you mean 'test'"):
        generate("tests", 1, 0)
    with pytest.raises(ValueError, match="allowed: 1 and more"):
        generate("test", 0, 0)
    with pytest.raises(ValueError, match="allowed: 1 and more"):
        generate("test", 1, 0, steps=(0, 1))
    with pytest.raises(ValueError, match="allow more steps"):
        generate("dev", 400, 0, steps=(1,))
