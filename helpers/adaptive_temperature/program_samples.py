"""Samples of a model for some problems, and their verdicts test by test."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from helpers.adaptive_temperature.problems import Problem, job
from helpers.adaptive_temperature.rules import RULES
from helpers.adaptive_temperature.samplers import Sampler
from helpers.adaptive_temperature.token_flags import TokenFlags
from helpers.adaptive_temperature.traced_samples import TracedSample, traced_samples
from helpers.names import unknown_name
from helpers.sandbox.jobs import Cases
from helpers.sandbox.sandbox import Sandbox
from helpers.sandbox.verdicts import Outcome

WIDEST = 60
"""Characters of an argument list or of a value that are shown."""


@dataclass(frozen=True)
class CallVerdict:
    """One test of a problem and what came of it.

    Attributes
    ----------
    call : str
        The call, or what the data set's test code is called.
    expected : str
        What it must return; empty for test code.
    outcome : Outcome
    """

    call: str
    expected: str
    outcome: Outcome


@dataclass
class ProgramSamples:
    """A model, its problems, and a sandbox for what it writes.

    Attributes
    ----------
    model, tokenizer
        Any causal language model of transformers.
    problems : iterable of Problem
    sandbox : Sandbox, optional
        Without it nothing is run.
    count : int
        Samples at a time.
    max_new_tokens : int
        Of one sample.
    theta : float
        Of the rule `entropy`, in nats.

    Raises
    ------
    ValueError
        If there is no problem, or two of one name.
    """

    model: Any
    tokenizer: Any
    problems: Iterable[Problem]
    sandbox: Sandbox | None = None
    count: int = 4
    max_new_tokens: int = 96
    theta: float = 0.3

    def __post_init__(self) -> None:
        self.by_name: dict[str, Problem] = {}
        for problem in self.problems:
            if problem.task_id in self.by_name:
                raise ValueError(f"two problems are called {problem.task_id!r}")
            self.by_name[problem.task_id] = problem
        if not self.by_name:
            raise ValueError("there is no problem; allowed: one or more")

    @cached_property
    def flags(self) -> TokenFlags:
        """Of the vocabulary, read once."""
        return TokenFlags.of(self.tokenizer)

    @cached_property
    def rules(self) -> tuple[str, ...]:
        """Rules that this vocabulary allows, the plain temperature first."""
        known = []
        for rule in RULES:
            try:
                Sampler(rule, rule, 1.0, 0.5).on(self.flags)
            except ValueError:
                continue  # `release` needs a token of four spaces
            known.append(rule)
        return ("uniform", *known, "entropy")

    def problem(self, name: str) -> Problem:
        """The problem of this name; ValueError with the nearest one otherwise."""
        if name not in self.by_name:
            raise unknown_name("problem", name, list(self.by_name))
        return self.by_name[name]

    def sampler(self, rule: str, a: float, b: float) -> Sampler:
        """The sampler of these settings; `uniform` and `entropy` have no b."""
        if rule not in self.rules:
            raise unknown_name("rule", rule, self.rules)
        if rule == "uniform":
            return Sampler("uniform", a=a).on(self.flags)
        if rule == "entropy":
            return Sampler("entropy", rule, a, theta=self.theta).on(self.flags)
        return Sampler(rule, rule, a, b).on(self.flags)

    def draw(
        self, prompt: str, rule: str, a: float, b: float, seed: int
    ) -> list[TracedSample]:
        """Samples of a prompt; the same seed gives related ones under all settings."""
        return traced_samples(
            self.model,
            self.tokenizer,
            prompt,
            self.sampler(rule, a, b),
            self.count,
            seed=seed,
            max_new_tokens=self.max_new_tokens,
        )

    def run(self, name: str, prompt: str, completion: str) -> list[CallVerdict]:
        """Verdicts of one program, test by test, with the tests of a problem.

        Every call of a problem runs in a process of its own; test code of a data set
        is one test.

        Parameters
        ----------
        name : str
            Of the problem whose tests are used.
        prompt, completion : str
            The program, in this order; the prompt may have been changed.

        Raises
        ------
        ValueError
            If there is no such problem, or no sandbox.
        SandboxError
            If the sandbox itself failed: no verdict.
        """
        problem = replace(self.problem(name), prompt=prompt)
        if self.sandbox is None:
            raise ValueError("no sandbox was given, so nothing is run")
        if not isinstance(problem.test, Cases):
            outcome = self.sandbox.run(job(problem, completion))
            return [CallVerdict(f"check({problem.entry_point})", "", outcome)]
        policy = problem.test.policy
        single = [
            replace(problem, test=Cases((call,), policy)) for call in problem.test.calls
        ]
        outcomes = self.sandbox.run_many([job(one, completion) for one in single])
        return [
            CallVerdict(
                _call(problem.entry_point, arguments), _short(expected), outcome
            )
            for (arguments, expected), outcome in zip(
                problem.test.calls, outcomes, strict=True
            )
        ]


def _call(entry: str, arguments: tuple) -> str:
    return f"{entry}({_short(*arguments)})"


def _short(*values: object) -> str:
    text = ", ".join(map(repr, values))
    return text if len(text) <= WIDEST else text[: WIDEST - 1] + "…"
