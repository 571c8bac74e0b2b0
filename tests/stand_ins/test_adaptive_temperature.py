"""Notebook 05 at paper scale: a random CodeGen, problems in the original files."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from helpers.adaptive_temperature import api, figures, sampler_grid
from helpers.adaptive_temperature.paper_generation import (
    Decoding,
    hub_model,
    sample_with_model,
)
from helpers.adaptive_temperature.problems import read_mbpp
from helpers.adaptive_temperature.samplers import Sampler
from helpers.papers import paper_value
from tests.stand_ins import models
from tests.stand_ins.conftest import Fetch, execute, run_of

MODEL = "Salesforce/codegen-350M-mono"
FEW = Decoding(n=2, batch=2, max_new_tokens=4)


def problem(number: int) -> dict[str, str]:
    return {
        "task_id": f"HumanEval/{number}",
        "prompt": f'def add(a):\n    """ Add {number}.\n    """\n',
        "entry_point": "add",
        "canonical_solution": f"    return a + {number}\n",
        "test": f"def check(candidate):\n    assert candidate(1) == {1 + number}\n",
    }


def humaneval(folder: Path) -> None:
    problems = [problem(0), problem(1)]
    lines = [json.dumps(one) for one in problems]
    (folder / "HumanEval.jsonl").write_text("\n".join(lines))
    samples = [
        "    " * i
        + json.dumps(
            {
                "task_id": one["task_id"],
                "prompt": one["prompt"],
                "completion": f"    return a + {i % 2}\n\n",
                "language": "python",
            }
        )
        for one in problems
        for i in range(15)
    ]
    (folder / "codegeex13b_adapt_samples.jsonl").write_text("\n".join(samples))


def test_the_papers_cells_sample_codegen_on_humaneval(fetched: Fetch) -> None:
    fetched("05", {"humaneval": humaneval, "codegen-350m-mono": models.codegen})
    run = run_of(
        humaneval_folder=None,
        processes=1,
        temperatures=[0.8],
        rule="line-word",
        hub_model=MODEL,
        endpoint=None,
    )
    shown: list[Any] = []
    names = {
        "run": run,
        "figures": figures,
        "sampler_grid": sampler_grid,
        "paper_value": paper_value,
        "display": shown.append,
    }
    left = execute("05", "authors", ad=api, **names)
    assert left["authors"].solved == 2
    short = vars(api) | {
        "compare_samplers": partial(api.compare_samplers, decoding=FEW, progress=False)
    }
    shown.clear()
    execute(
        "05", "paper", ad=SimpleNamespace(**short), humaneval=left["humaneval"], **names
    )
    (table,) = shown
    assert len(table) == 2 + len(sampler_grid.published("line-word"))
    assert (table["answers"] == 4).all()


def test_the_study_of_hard_tokens_reads_codegen(fetched: Fetch) -> None:
    fetched("05", {"codegen-350m-mono": models.codegen})
    text = "def add(a):\n    if a:\n        return a\n    return 1\n"
    space = {"run": run_of(hub_model=MODEL), "figures": figures, "ad": api}
    left = execute("05", "study-hub", held_out={"a.py": text}, **space)
    assert len(left["large"]) > 20 and left["large"]["class"].nunique() > 1


def test_codegen_on_mbpp(fetched: Fetch, tmp_path: Path) -> None:
    fetched("05", {"codegen-350m-mono": models.codegen})
    one = {
        **problem(1),
        "task_id": "MbppEval/2",
        "prompt": "def add(a):\n    '''\n    Add one.\n    '''\n",
        "test": "def check(candidate):\n    assert add(1) == 2\n",
    }
    path = tmp_path / "mbpp_test.jsonl"
    path.write_text(json.dumps(one))
    problems = read_mbpp(path)
    sampler = Sampler("line-word 0.8/0.5", "line-word", 0.8, 0.5)
    few = replace(FEW, stops=("\nclass", "\ndef"))
    found = sample_with_model(
        MODEL, problems, sampler, work=tmp_path / "work", decoding=few, progress=False
    )
    assert len(found["MbppEval/2"]) == 2


def test_half_precision_is_widened_without_a_gpu(fetched: Fetch) -> None:
    fetched("05", {"codegen-350m-mono": models.codegen})
    model, tokenizer = hub_model(MODEL, "cpu")
    assert str(model.dtype) == "torch.float32"
    assert tokenizer.padding_side == "left"
