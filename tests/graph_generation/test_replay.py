"""Recorded answers of both layouts are scored by the same rules as fresh ones."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from helpers.graph_generation.graphs import Graph
from helpers.graph_generation.prompts import molecule_prompt, pair_prompt, rule_prompt
from helpers.graph_generation.recorded import read_recorded, recorded_files
from helpers.graph_generation.replay import IMPOSSIBLE, agreement, replayed
from helpers.graph_generation.tasks import Pair, Task
from helpers.llm.answer_cache import AnswerCache
from helpers.llm.backend import Completion, Request, Sampling

RING = Graph.of(3, [(1, 2), (2, 3), (1, 3)])
FILES = {path.name.split(".")[0]: path for path in recorded_files()}


def logged(text: str, prompt: str, task: str, valid: bool) -> dict[str, Any]:
    return {
        "task_id": task,
        "strategy": "few_shot_cot",
        "prompt": prompt,
        "model": "/models/Some-7b",
        "temperature": 0.8,
        "raw_output": text,
        "is_valid": valid,
    }


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    text = "".join(json.dumps(row) + "\n" for row in rows).encode()
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
    return path


def test_the_public_layout(tmp_path: Path) -> None:
    shown = "Example 1: (3, [(0,1),(1,2),(2,0)])\n\n"
    ring = f"{shown}Generate a single cycle graph with 3 nodes."
    rows = [
        logged("(3, [(0,1),(0,2),(1,2)])", ring, "cycle", True),
        logged("(3, [('0','1'),('0','2'),('1','2')])", ring, "cycle", True),
        logged("(4, [(0,1),(0,2),(1,2)])", ring, "cycle", True),
        logged("LLM_ERROR: timed out", ring, "cycle", False),
        logged(
            "(2, [(0,1)])",
            "Generate a planar graph with 5 nodes and 10 edges.",
            "planar",
            False,
        ),
        logged(
            "(4, [(0,2),(1,3)])",
            "Generate a bipartite graph with two partitions of 2 nodes each.",
            "bipartite",
            False,
        ),
    ]
    frame = replayed(read_recorded(write(tmp_path / "log.jsonl.gz", rows)))
    assert list(frame["error"]) == ["", "format", "nodes", IMPOSSIBLE, ""]
    assert list(frame["lenient"]) == [True, True, False, False, True]
    assert list(frame["copy"]) == [True, True, False, False, False]
    assert list(frame["run"]) == [0, 1, 2, 0, 0] and set(frame["slot"]) == {1}
    assert frame["reason"][1] == "Not the asked notation: quoted."
    assert "at most 3 n - 6 = 9" in frame["reason"][3]
    assert set(frame["model"]) == {"Some-7b"} and set(frame["method"]) == {
        "few-shot-cot"
    }
    cycles, _, bipartite = agreement(frame).to_dict("records")
    assert cycles["answers"] == 3 and cycles["only_recorded"] == 2
    assert cycles["why"] == "format 1, nodes 1" and cycles["recorded"] == 100
    assert bipartite["only_ours"] == 1


def test_answer_files_of_this_project(tmp_path: Path) -> None:
    cache = AnswerCache(tmp_path / "answers.jsonl")
    few = rule_prompt(Task("cycles", 3), "few-shot", 2, [RING])
    pair = pair_prompt(("cycle", "tree"), "zero-shot-cot", 1)
    other = molecule_prompt("is red", ["C"], "few-shot")
    sampling = Sampling(temperature=0.5)
    for prompt, text in (
        (few, "Answer 1: (3, [(1, 2), (1, 3), (2, 3)])\nAnswer 2: (3, [(1, 1)])"),
        (pair, ""),
        (other, "Answer 1: C"),
    ):
        request = Request.ask(prompt, sampling, template="graphs-2")
        cache.add("server", request, Completion(text, model="m-1"))
    records = list(read_recorded(cache.path))
    assert [record.task for record in records] == [
        Task("cycles", 3),
        Pair(("tree", "cycle")),
    ]
    assert records[0].examples == (RING,) and records[1].examples == ()
    frame = replayed(records)
    assert list(frame["slot"]) == [1, 2, 1] and list(frame["run"]) == [0, 0, 0]
    assert list(frame["valid"]) == [True, False, False]
    assert list(frame["copy"]) == [True, False, False]
    assert list(frame["error"]) == ["", "self-loop", "format"]
    assert set(frame["model"]) == {"m-1"} and set(frame["temperature"]) == {0.5}
    assert agreement(frame).empty  # nobody recorded a verdict


def test_what_is_no_recorded_answer_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"none\.jsonl is no file"):
        list(read_recorded(tmp_path / "none.jsonl"))
    strange = write(tmp_path / "strange.jsonl", [{"text": "(3, [])"}])
    with pytest.raises(ValueError, match=r"strange\.jsonl, row 1: neither layout"):
        list(read_recorded(strange))
    unknown = write(tmp_path / "unknown.jsonl", [logged("", "", "cube", True)])
    with pytest.raises(ValueError, match="row 1: neither layout"):
        list(read_recorded(unknown))
    with pytest.raises(ValueError, match="no recorded answers"):
        replayed([])


@pytest.mark.skipif(len(FILES) < 2, reason="needs graph_replay in CURRICULUM_DATA")
def test_recorded_models_get_the_recorded_rates_but_for_named_reasons() -> None:
    gpt4, llama = (
        agreement(replayed(read_recorded(FILES[name]))).set_index("rule")
        for name in ("gpt4_zero_shot_medium", "llama2_13b_chat_few_shot_cot_small")
    )
    assert (gpt4["only_ours"] == 0).all() and (llama["only_ours"] == 0).all()
    assert set(gpt4["why"]) == {"", "self-loop 1", "duplicate 4"}
    assert (gpt4["recorded"] - gpt4["valid"]).max() < 5
    assert gpt4["valid"]["trees"] == 100 and 60 < gpt4["valid"]["planar"] < 70
    # few-shot examples of another size, copied: valid for a check that does not count
    assert llama["why"]["trees"].startswith("nodes 31")
    assert llama["why"]["bipartite"].startswith("nodes 66")
    assert llama["recorded"]["cycles"] == llama["lenient"]["cycles"] == 64
