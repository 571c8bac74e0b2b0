"""The comparison at paper scale: a code model on HumanEval, sampler by sampler."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from helpers.adaptive_temperature.extraction import Extracted, tally
from helpers.adaptive_temperature.paper_generation import (
    Decoding,
    sample_with_model,
    sample_with_server,
)
from helpers.adaptive_temperature.problems import Problem
from helpers.adaptive_temperature.samplers import Sampler
from helpers.adaptive_temperature.scoring import Runner, score
from helpers.llm.completions import Endpoint


def compare_samplers(
    model: str | Path,
    problems: Sequence[Problem],
    samplers: Sequence[Sampler],
    *,
    work: Path,
    sandbox: Runner,
    decoding: Decoding | None = None,
    ks: Sequence[int] = (1, 5, 10, 15),
    seed: int = 0,
    device: str | None = None,
    progress: bool = True,
) -> pd.DataFrame:
    """Sample and score every sampler; an interrupted comparison goes on.

    Choose temperatures on other problems than those that are reported: the paper's
    pairs differ from data set to data set.

    Returns
    -------
    DataFrame
        A row a sampler: pass@k with its interval in percent, and how many completions
        were stopped, cut at the limit, or repeat the prompt.
    """
    rows = []
    for sampler in samplers:
        folder = work / _slug(sampler.name)
        samples = sample_with_model(
            model,
            problems,
            sampler,
            work=folder,
            decoding=decoding,
            seed=seed,
            device=device,
            progress=progress,
        )
        rows.append(_row(sampler.name, problems, samples, folder, sandbox, ks, seed))
    return pd.DataFrame(rows).set_index("sampler")


def score_server(
    endpoint: Endpoint,
    problems: Sequence[Problem],
    temperatures: Sequence[float],
    *,
    work: Path,
    sandbox: Runner,
    top_p: float = 0.95,
    decoding: Decoding | None = None,
    ks: Sequence[int] = (1, 5, 10, 15),
    seed: int = 0,
    progress: bool = True,
) -> pd.DataFrame:
    """The same of a model behind a server, at uniform temperatures.

    There is no column ``stopped``: a server strips the stop string it ended at.
    """
    rows = []
    for temperature in temperatures:
        name = f"{endpoint.model}, T = {temperature:g}"
        folder = work / _slug(name)
        samples = sample_with_server(
            endpoint,
            problems,
            temperature=temperature,
            top_p=top_p,
            work=folder,
            decoding=decoding,
            seed=seed,
            progress=progress,
        )
        rows.append(_row(name, problems, samples, folder, sandbox, ks, seed))
    return pd.DataFrame(rows).set_index("sampler").drop(columns="stopped")


def _row(
    name: str,
    problems: Sequence[Problem],
    samples: Mapping[str, list[Extracted]],
    folder: Path,
    sandbox: Runner,
    ks: Sequence[int],
    seed: int,
) -> dict[str, Any]:
    scores = score(
        problems,
        {task: [found.text for found in texts] for task, texts in samples.items()},
        sandbox=sandbox,
        ledger=folder / "verdicts.jsonl",
        progress=False,
    )
    row: dict[str, Any] = {"sampler": name}
    most = int(scores.counts["n"].min())
    for k in (k for k in ks if k <= most):
        found = scores.interval(k, seed=seed)
        row[f"pass@{k}"] = 100 * found["value"]
        row |= {f"pass@{k} {end}": 100 * found[end] for end in ("low", "high")}
    told = tally(found for texts in samples.values() for found in texts)
    return row | {"solved": scores.solved} | told


def _slug(name: str) -> str:
    """A sampler's name as that of a folder."""
    return re.sub(r"[^\w.-]+", "-", name).strip("-")
