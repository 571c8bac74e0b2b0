"""Samples at paper scale: any causal language model of transformers, or a server.

Every answer is on disk before the next is asked for, so that an interrupted run goes on
where it was, and its seeds do not depend on where it was interrupted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import AutoModelForCausalLM, AutoTokenizer, StoppingCriteria

from helpers.adaptive_temperature.extraction import STOPS, Extracted, extract
from helpers.adaptive_temperature.problems import Problem
from helpers.adaptive_temperature.samplers import Sampler
from helpers.assets import local
from helpers.llm.completions import Endpoint
from helpers.progress import progress_bar
from helpers.row_log import RowLog, rows
from helpers.run_folder import claim_folder
from helpers.seeding import seeded

Answer = tuple[str, bool]  # text, whether the model ended by itself
Ask = Callable[[Problem, int, int], list[Answer]]  # problem, how many, seed


@dataclass(frozen=True)
class Decoding:
    """How answers are sampled, apart from the temperatures.

    Attributes
    ----------
    n : int
        Per problem. The paper's 15 leave pass@15 to luck; 100 or more do not.
    batch : int
        Sampled at once.
    max_new_tokens : int
        500 in the released code.
    stops : tuple of str
        The first of them ends a completion.

    Raises
    ------
    ValueError
        If a number is below 1.
    """

    n: int = 100
    batch: int = 20
    max_new_tokens: int = 500
    stops: tuple[str, ...] = STOPS["adapt-humaneval"]

    def __post_init__(self) -> None:
        for name in ("n", "batch", "max_new_tokens"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; allowed: 1 or more")


def hub_model(name: str | Path, device: str | None = None) -> tuple[Any, Any]:
    """A causal language model of the hub or in a folder, and its tokenizer.

    What was fetched (`helpers.assets`) is not asked of the hub again.

    Parameters
    ----------
    name : str or Path
    device : str, optional
        A GPU if there is one; the model then has the type it was saved in.
    """
    place = device or ("cuda" if torch.cuda.is_available() else "cpu")
    # bfloat16 and the like are slow, or not there, on a CPU
    dtype = "auto" if place.startswith("cuda") else torch.float32
    folder = local(name)
    model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype)
    tokenizer = AutoTokenizer.from_pretrained(folder, padding_side="left")
    return model.to(place).eval(), tokenizer


def sample_with_model(
    name: str | Path,
    problems: Sequence[Problem],
    sampler: Sampler,
    *,
    work: Path,
    decoding: Decoding | None = None,
    seed: int = 0,
    device: str | None = None,
    progress: bool = True,
) -> dict[str, list[Extracted]]:
    """Sample completions of problems from a model of the hub or in a folder.

    Parameters
    ----------
    name : str or Path
    sampler : Sampler
        Any of them; it is bound to the model's tokenizer here.
    work : Path
        Folder of this run; an interrupted one goes on.
    device : str, optional
        As of `hub_model`.

    Returns
    -------
    dict
        Completions by ``task_id``.

    Raises
    ------
    ValueError
        If ``work`` holds a run with other settings.
    """
    setting = decoding or Decoding()
    key = {"model": str(name), "sampler": _described(sampler), "seed": seed}
    answers = _Answers(work, key | asdict(setting))
    if missing := answers.missing(problems, setting):
        ask = _asking_model(*hub_model(name, device), sampler, setting)
        answers.fill(missing, ask, seed, progress)
    return answers.extracted(problems, setting)


def sample_with_server(
    endpoint: Endpoint,
    problems: Sequence[Problem],
    *,
    temperature: float,
    top_p: float = 1.0,
    work: Path,
    decoding: Decoding | None = None,
    seed: int = 0,
    progress: bool = True,
) -> dict[str, list[Extracted]]:
    """Sample completions from a server, which knows one temperature only.

    For scoring and comparison: no server has a knob that AdapT could turn, except
    vLLM (`helpers.adaptive_temperature.vllm_adapter`). Arguments as of
    `sample_with_model`.

    Raises
    ------
    EndpointError
        If the server cannot be asked; answers so far are kept.
    """
    setting = decoding or Decoding()
    where = {"model": endpoint.model, "server": endpoint.base_url, "seed": seed}
    heat = {"temperature": temperature, "top_p": top_p}
    answers = _Answers(work, where | heat | asdict(setting))

    def ask(problem: Problem, count: int, seed: int) -> list[Answer]:
        found = endpoint.complete(
            problem.prompt,
            count,
            temperature=temperature,
            top_p=top_p,
            max_tokens=setting.max_new_tokens,
            stop=setting.stops,
            seed=seed,
        )
        return [(completion.text, completion.finished) for completion in found]

    answers.fill(answers.missing(problems, setting), ask, seed, progress)
    return answers.extracted(problems, setting)


class _Answers:
    """Answers of one run on disk (`helpers.row_log`)."""

    def __init__(self, work: Path, key: dict[str, Any]) -> None:
        claim_folder(work, key)
        self.path = work / "answers.jsonl"
        self.found: dict[tuple[str, int], list[Answer]] = {}
        for row in rows(self.path):
            try:
                answers = [(text, ended) for text, ended in row["answers"]]
                self.found[row["task_id"], row["first"]] = answers
            except (ValueError, KeyError, TypeError):
                continue

    def missing(
        self, problems: Sequence[Problem], setting: Decoding
    ) -> list[tuple[Problem, int, int]]:
        """Problem, first sample and number of samples of every batch still to draw."""
        return [
            (problem, first, min(setting.batch, setting.n - first))
            for problem in problems
            for first in range(0, setting.n, setting.batch)
            if (problem.task_id, first) not in self.found
        ]

    def fill(
        self,
        batches: Sequence[tuple[Problem, int, int]],
        ask: Ask,
        seed: int,
        progress: bool,
    ) -> None:
        bar = progress_bar(batches, desc="sampling", disable=not progress)
        with RowLog(self.path) as log:
            for problem, first, count in bar:
                own = _seed(seed, problem.task_id, first)
                answers = ask(problem, count, own)
                row = {"task_id": problem.task_id, "first": first, "answers": answers}
                log.add(row)
                self.found[problem.task_id, first] = answers

    def extracted(
        self, problems: Sequence[Problem], setting: Decoding
    ) -> dict[str, list[Extracted]]:
        return {
            problem.task_id: [
                extract(
                    text,
                    problem.prompt,
                    problem.entry_point,
                    stops=setting.stops,
                    finished=ended,
                )
                for first in range(0, setting.n, setting.batch)
                for text, ended in self.found[problem.task_id, first]
            ]
            for problem in problems
        }


def _asking_model(
    model: Any, tokenizer: Any, sampler: Sampler, setting: Decoding
) -> Ask:
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    arguments = sampler.on(tokenizer).generate_kwargs(tokenizer)

    def ask(problem: Problem, count: int, seed: int) -> list[Answer]:
        given = tokenizer(problem.prompt, return_tensors="pt").to(model.device)
        given.pop("token_type_ids", None)
        length = given["input_ids"].shape[1]
        # greedy answers are all the same
        copies = 1 if sampler.greedy else count
        with seeded(seed), torch.inference_mode():
            out = model.generate(
                **given,
                **arguments,
                num_return_sequences=copies,
                max_new_tokens=setting.max_new_tokens,
                stopping_criteria=[_Stop(tokenizer, length, setting.stops)],
                pad_token_id=tokenizer.pad_token_id,
            )
        texts = tokenizer.batch_decode(out[:, length:], skip_special_tokens=True)
        ends = _ends(model)
        ended = [bool(len(ends & set(row.tolist()))) for row in out[:, length:]]
        return list(zip(texts, ended, strict=True)) * (count if copies == 1 else 1)

    return ask


class _Stop(StoppingCriteria):
    """Ends a row once its newest tokens hold a stop string.

    Transformers' own criterion cannot read every vocabulary: not one of whole words.
    """

    def __init__(self, tokenizer: Any, length: int, stops: Sequence[str]) -> None:
        self.tokenizer, self.length, self.stops = tokenizer, length, stops
        self.window = max(map(len, stops), default=0) + 1

    def __call__(self, input_ids: Tensor, scores: Any, **kwargs: Any) -> Tensor:
        start = max(self.length, input_ids.shape[1] - self.window)
        tails = self.tokenizer.batch_decode(input_ids[:, start:])
        found = [any(stop in tail for stop in self.stops) for tail in tails]
        return torch.tensor(found, device=input_ids.device)


def _ends(model: Any) -> set[int]:
    ends = model.generation_config.eos_token_id
    return set(ends if isinstance(ends, list) else [ends])


def _described(sampler: Sampler) -> dict[str, Any]:
    described = {k: v for k, v in vars(sampler).items() if k[0] != "_"}
    return {k: v for k, v in described.items() if k not in ("flags", "name")}


def _seed(seed: int, task: str, first: int) -> int:
    text = f"{seed} {task} {first}".encode()
    return int.from_bytes(hashlib.sha256(text).digest()[:4], "little") >> 1
