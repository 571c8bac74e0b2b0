"""Draws and verdicts of several samplers, with the shipped decoder and the sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from helpers.adaptive_temperature import evaluation
from helpers.adaptive_temperature.evaluation import (
    LIMITS,
    Request,
    as_problem,
    drawn,
    evaluate,
    loaded,
)
from helpers.adaptive_temperature.problems import job
from helpers.adaptive_temperature.sampler_grid import adapt, uniform
from helpers.sandbox.sandbox import Sandbox

SAMPLERS = (*uniform([0.8], [1.0]), *adapt("line-word", [1.0], [0.2]))
REQUEST = Request("family", "dev", 3, SAMPLERS, n=4, seed=0)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(workers=1, limits=LIMITS) as found:
        yield found


@pytest.fixture(autouse=True)
def _uncached(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CURRICULUM_CACHE", "off")


def test_counts_are_those_of_every_sample_run_one_by_one(sandbox: Sandbox) -> None:
    found = evaluate(REQUEST, sandbox=sandbox, processes=1, progress=False)
    samples, _ = drawn(REQUEST)
    problems = {task.key: as_problem(task) for task in REQUEST.tasks()}
    assert len(found.results) == 3 * len(SAMPLERS)
    for row in found.results.itertuples():
        mine = samples[
            (samples["sampler"] == row.sampler) & (samples["task_id"] == row.task_id)
        ]
        right = sum(
            count
            for text, count in zip(mine["text"], mine["count"], strict=True)
            if sandbox.run(job(problems[row.task_id], text)).passed
        )
        assert (row.n, row.c, row.distinct) == (4, right, len(mine))
    assert found.programs == len(samples.drop_duplicates(["task_id", "text"]))
    assert found.verdicts["count"].sum() == 3 * 4 * len(SAMPLERS)
    hot = found.results.groupby("rule")["hot"].mean()
    assert hot["uniform"] == 0 < hot["line-word"] < 0.3


def test_other_weights_in_the_same_folder_are_another_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Request] = []

    def stop(function: object, tasks: list[Request], *_: object, **__: object) -> None:
        asked.append(tasks[0])
        raise InterruptedError

    monkeypatch.setattr(evaluation, "in_processes", stop)
    for content in (b"one", b"two"):
        (tmp_path / "model.safetensors").write_bytes(content)
        with pytest.raises(InterruptedError):
            evaluate(replace(REQUEST, weights=str(tmp_path)), sandbox=None)  # type: ignore[arg-type]
    assert asked[0] != asked[1]


def test_parts_together_are_the_whole() -> None:
    whole, _ = drawn(REQUEST)
    parts = [drawn(replace(REQUEST, part=k, parts=2))[0] for k in range(2)]
    keys = ["sampler", "task_id", "text"]
    joined = {tuple(r[k] for k in keys) for p in parts for _, r in p.iterrows()}
    assert joined == {tuple(r[k] for k in keys) for _, r in whole.iterrows()}


def test_greedy_is_what_transformers_writes() -> None:
    model, tokenizer, _ = loaded(REQUEST.folder)
    task = REQUEST.tasks()[0]
    ids = tokenizer(task.prompt, return_tensors="pt")["input_ids"]
    with torch.inference_mode():
        out = model.generate(ids, do_sample=False, max_new_tokens=180)
    text = tokenizer.decode(out[0, ids.shape[1] :], skip_special_tokens=True)
    samples, _ = drawn(REQUEST)
    mine = samples[samples["sampler"] == "greedy"]
    assert text == mine[mine["task_id"] == task.key]["text"].item()


def test_bad_requests_are_refused_at_once() -> None:
    with pytest.raises(ValueError, match="did you mean 'family'"):
        replace(REQUEST, world="famly")
    with pytest.raises(ValueError, match="two samplers have one name"):
        replace(REQUEST, samplers=(SAMPLERS[0], SAMPLERS[0]))
