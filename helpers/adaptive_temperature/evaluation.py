"""Many samplers on the same generated problems: samples drawn, run and counted.

Equal n for all; sample j of a problem uses the same random numbers under every sampler
(`helpers.tiny_lm.prefix_tree`), and every distinct program runs once, in the sandbox.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from pathlib import Path
from random import Random
from typing import Any

import pandas as pd
import torch

from helpers.adaptive_temperature.ledger import digest
from helpers.adaptive_temperature.problem_family import (
    ProgrammingProblem,
    generate,
    solution,
)
from helpers.adaptive_temperature.problems import Problem
from helpers.adaptive_temperature.rules import RuleTable
from helpers.adaptive_temperature.samplers import Sampler
from helpers.adaptive_temperature.scoring import Runner, score
from helpers.adaptive_temperature.token_flags import TokenFlags
from helpers.adaptive_temperature.training import CHECKPOINTS
from helpers.cache import stage
from helpers.names import unknown_name
from helpers.parallel import in_processes
from helpers.sandbox.jobs import Cases
from helpers.sandbox.limits import Limits
from helpers.sandbox.verdicts import Verdict
from helpers.tiny_lm import checkpoint
from helpers.tiny_lm.prefix_tree import draw

WORLDS = {"family": "problems", "start": "start", "mid": "mid"}
"""Checkpoint of each world; the problems are the same."""
LIMITS = Limits(memory_mib=256, cpu_seconds=0.3, wall_seconds=10.0)
"""Of one program: the longest right one takes milliseconds."""
LONGEST = 150
"""Tokens of a sample at most; more than nine in ten right solutions are shorter."""


@dataclass(frozen=True)
class Request:
    """Samples to draw.

    Attributes
    ----------
    world : str
        One of `WORLDS`.
    split : str
        ``"dev"`` or ``"test"``.
    problems : int
        Problems of the split.
    samplers : tuple of Sampler
    n : int
        Samples per problem and sampler.
    seed : int
        Of problems and samples.
    weights : str, optional
        Folder of another checkpoint than the one that ships with the project.
    part, parts : int
        Every ``parts``-th problem from number ``part`` on.
    weights_digest : str
        Filled in by `evaluate`: other weights in the same folder give other samples.
    """

    world: str
    split: str
    problems: int
    samplers: tuple[Sampler, ...]
    n: int
    seed: int
    weights: str | None = None
    part: int = 0
    parts: int = 1
    weights_digest: str = ""

    def __post_init__(self) -> None:
        if self.world not in WORLDS:
            raise unknown_name("world", self.world, list(WORLDS))
        names = [sampler.name for sampler in self.samplers]
        if len(set(names)) < len(names):
            raise ValueError(f"two samplers have one name; allowed: once each: {names}")

    @property
    def folder(self) -> Path:
        """Of the checkpoint."""
        return Path(self.weights) if self.weights else CHECKPOINTS / WORLDS[self.world]

    def tasks(self) -> list[ProgrammingProblem]:
        """The problems of this part."""
        found = generate(self.split, self.problems, self.seed)
        return found[self.part :: self.parts]


@dataclass(frozen=True)
class Evaluation:
    """What the samplers achieved.

    Attributes
    ----------
    results : DataFrame
        A row a sampler and problem: world, split, sampler, rule, a, b, top_p, task_id,
        n, c (right ones), distinct, valid (those that parse), tokens, and hot, the
        share of tokens drawn hot.
    verdicts : DataFrame
        A row a sampler and verdict: world, split, sampler, rule, top_p, verdict, count.
    programs : int
        Distinct programs that were run.
    tier : str
        Of the sandbox that ran them.
    """

    results: pd.DataFrame
    verdicts: pd.DataFrame
    programs: int
    tier: str


@lru_cache(maxsize=4)
def loaded(folder: Path) -> checkpoint.Checkpoint:
    """A checkpoint, read once a process."""
    return checkpoint.load(folder)


def as_problem(task: ProgrammingProblem) -> Problem:
    """A generated problem as one of a data set, with its cases as the tests."""
    return Problem(task.key, task.prompt, task.entry_point, Cases(task.cases))


def hot_share(tokenizer: Any, rule: str, tasks: Sequence[ProgrammingProblem]) -> float:
    """Share of the tokens of right solutions, in random styles, that a rule heats."""
    table = RuleTable(TokenFlags.of(tokenizer), rule)
    found: list[bool] = []
    for task in tasks:
        start = len(tokenizer(task.prompt)["input_ids"])
        text = task.prompt + solution(task.chain, Random(task.key))
        ids = torch.tensor([tokenizer(text)["input_ids"]])
        found += [
            bool(table.hot(ids[:, :length])) for length in range(start, ids.shape[1])
        ]
    return sum(found) / len(found)


@stage
def drawn(request: Request) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Distinct samples with their counts, and totals of tokens.

    Returns
    -------
    (DataFrame, DataFrame)
        Columns sampler, task_id, text, count; and sampler, task_id, tokens, hot, cut.
    """
    model, tokenizer, _ = loaded(request.folder)
    tasks = request.tasks()
    prompts = [tokenizer(task.prompt)["input_ids"] for task in tasks]
    bound = {s.name: s.on(tokenizer) for s in request.samplers}
    draws = draw(
        model,
        prompts,
        bound,
        request.n,
        eos=tokenizer.eos_token_id,
        max_new_tokens=LONGEST,
        seed=request.seed,
        progress=False,
    )
    decoded = cache(tokenizer.decode)  # a text is drawn by most of the samplers
    rows = [
        (name, task.key, decoded(ids), count)
        for name in bound
        for place, task in enumerate(tasks)
        for ids, count in draws.samples(name, place).items()
    ]
    samples = pd.DataFrame(rows, columns=["sampler", "task_id", "text", "count"])
    totals = draws.totals()
    totals["task_id"] = [tasks[place].key for place in totals["prompt"]]
    return samples, totals[["sampler", "task_id", "tokens", "hot", "cut"]]


def evaluate(
    request: Request,
    *,
    sandbox: Runner,
    processes: int = 2,
    ledger: Path | None = None,
    progress: bool = True,
) -> Evaluation:
    """Draw, run in the sandbox, count.

    Parameters
    ----------
    request : Request
        The whole of it; it is cut into parts for the processes here.
    sandbox : Sandbox
        See `LIMITS`.
    ledger : Path, optional
        Verdicts so far; see `helpers.adaptive_temperature.scoring.score`.
    """
    parts = min(4 * processes, request.problems)
    weights = (request.folder / "model.safetensors").read_bytes()
    request = replace(request, weights_digest=hashlib.sha256(weights).hexdigest())
    found = in_processes(
        drawn,
        [replace(request, part=k, parts=parts) for k in range(parts)],
        processes,
        label="sampling",
        progress=progress,
    )
    samples = pd.concat([part[0] for part in found], ignore_index=True)
    totals = pd.concat([part[1] for part in found], ignore_index=True)
    tasks = request.tasks()
    problems = [as_problem(task) for task in tasks]
    union = {
        str(key): Counter(dict.fromkeys(texts, 1))
        for key, texts in samples.groupby("task_id")["text"].unique().items()
    }
    scores = score(problems, union, sandbox=sandbox, ledger=ledger, progress=progress)
    verdict = scores.outcomes.set_index(["task_id", "completion_hash"])["verdict"]
    samples["completion_hash"] = samples["text"].map(digest)
    samples = samples.join(verdict, on=["task_id", "completion_hash"])
    order = [task.key for task in tasks]
    return Evaluation(
        _results(request, samples, totals, order),
        _verdicts(request, samples),
        len(scores.outcomes),
        scores.tier,
    )


def _results(
    request: Request, samples: pd.DataFrame, totals: pd.DataFrame, order: Sequence[str]
) -> pd.DataFrame:
    count, verdict = samples["count"], samples["verdict"]
    per_text = samples[["sampler", "task_id"]].assign(
        n=count,
        c=count.where(verdict == Verdict.PASS.value, 0),
        distinct=1,
        valid=count.where(verdict != Verdict.COMPILE.value, 0),
    )
    rows = per_text.groupby(["sampler", "task_id"]).sum()
    rows = rows.join(totals.set_index(["sampler", "task_id"]))
    rows["hot"] = rows["hot"] / rows["tokens"]
    names = [sampler.name for sampler in request.samplers]
    wanted = pd.MultiIndex.from_product([names, order], names=["sampler", "task_id"])
    return _labelled(request, rows.loc[wanted].reset_index())


def _verdicts(request: Request, samples: pd.DataFrame) -> pd.DataFrame:
    rows = samples.groupby(["sampler", "verdict"], sort=False)["count"].sum()
    found = _labelled(request, rows.reset_index())
    return found[["world", "split", "sampler", "rule", "top_p", "verdict", "count"]]


def _labelled(request: Request, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with columns that say what each sampler is."""
    by_name = {sampler.name: sampler for sampler in request.samplers}
    chosen = [by_name[name] for name in rows["sampler"]]
    return rows.assign(
        world=request.world,
        split=request.split,
        rule=[s.rule for s in chosen],
        a=[s.a for s in chosen],
        b=[s.cold for s in chosen],
        top_p=[s.top_p for s in chosen],
    )
