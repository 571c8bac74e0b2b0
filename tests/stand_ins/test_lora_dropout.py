"""Notebook 04 at paper scale on random DeBERTaV3 and LLaMA2, in the hub's files."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from helpers import assets
from helpers.lora_dropout import api, paper_recipes, paper_tables
from helpers.lora_dropout.paper_instructions import (
    fine_tune_instructions,
    language_model,
)
from helpers.lora_dropout.paper_recipes import (
    DEBERTA,
    LLAMA,
    Adaptation,
    InstructionRecipe,
    paper_recipe,
)
from helpers.lora_dropout.paper_runs import pretrained_tokenizer
from tests.lora_dropout.paper_models import QUICK, WORDS
from tests.stand_ins import models
from tests.stand_ins.conftest import Fetch, execute, run_of


def glue(folder: Path) -> None:
    for config, columns in (
        ("rte", ("sentence1", "sentence2")),
        ("cola", ("sentence",)),
    ):
        (folder / config).mkdir()
        for split in ("train", "validation"):
            rows = [
                {**{c: f"the {w} ran" for c in columns}, "label": i % 2, "idx": i}
                for i, w in enumerate(WORDS[:8])
            ]
            name = f"{split}-00000-of-00001.parquet"
            pd.DataFrame(rows).to_parquet(folder / config / name)


def squad(config: str, empty: bool):
    def build(folder: Path) -> None:
        rows = []
        for i, word in enumerate(WORDS[:8]):
            context = f"the {word} ran . who sat on the hill ?"
            answers = {"text": [word], "answer_start": [4]}
            if empty and i % 2:
                answers = {"text": [], "answer_start": []}
            question = "who ran ?"
            rows.append(
                {
                    "id": str(i),
                    "title": "t",
                    "context": context,
                    "question": question,
                    "answers": answers,
                }
            )
        (folder / config).mkdir()
        for split in ("train", "validation"):
            name = f"{split}-00000-of-00001.parquet"
            pd.DataFrame(rows).to_parquet(folder / config / name)

    return build


def alpaca(folder: Path) -> None:
    rows = [
        {"instruction": f"who saw {w}?", "input": w * (i % 2), "output": f"the {w}"}
        for i, w in enumerate(WORDS[:8])
    ]
    (folder / "alpaca_data_cleaned.json").write_text(json.dumps(rows))


@pytest.mark.parametrize("task", ["RTE", "CoLA"])
def test_the_papers_cell_tunes_deberta_on_glue(
    fetched: Fetch, monkeypatch: pytest.MonkeyPatch, task: str
) -> None:
    fetched("04", {"deberta-v3-base": models.deberta, "glue": glue})
    short = paper_recipe(task).shortened(**QUICK)
    monkeypatch.setitem(paper_recipes.RECIPES, task, short)
    run = run_of(paper_data="GLUE", glue_task=task, glue_folder=None, hub_model=DEBERTA)
    shown: list = []
    for _ in range(2):  # the second time the results are read
        execute("04", "paper", run=run, ld=api, display=shown.append)
    assert shown[:2] == shown[2:]
    assert {result.model for result in shown} == {DEBERTA}
    assert shown[0].ensemble is None and shown[1].ensemble is not None


def test_what_the_hub_serves_is_deberta_v3(fetched: Fetch) -> None:
    fetched("04", {"deberta-v3-base": models.deberta})
    tokenizer = pretrained_tokenizer(DEBERTA)
    assert tokenizer.tokenize("the fox ran")[0] == "▁the"
    assert assets.revision_of(DEBERTA) == "8ccc9b6f36199bec6961081d44eb72fb3f7353f3"


@pytest.mark.parametrize(
    ("version", "name", "config"),
    [("SQuAD v1.1", "squad", "plain_text"), ("SQuAD v2.0", "squad_v2", "squad_v2")],
)
def test_the_papers_cell_tunes_deberta_on_squad(
    fetched: Fetch,
    monkeypatch: pytest.MonkeyPatch,
    version: str,
    name: str,
    config: str,
) -> None:
    build = squad(config, empty=version == "SQuAD v2.0")
    fetched("04", {"deberta-v3-base": models.deberta, name: build})
    short = paper_recipe(version).shortened(**QUICK, max_tokens=24, stride=4)
    monkeypatch.setitem(paper_recipes.RECIPES, version, short)
    run = run_of(paper_data=version, glue_task="RTE", glue_folder=None, hub_model=None)
    shown: list = []
    execute("04", "paper", run=run, ld=api, display=shown.append)
    for found in shown:
        assert found.model == DEBERTA and found.steps >= 2
        assert 0 <= found.mean["f1"] <= 100
    assert shown[0].ensemble is None and shown[1].ensemble is not None


def test_the_papers_cell_takes_llama_for_alpaca(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    called: list = []
    monkeypatch.setattr(
        paper_tables, "fine_tune_instructions", lambda *a, **k: called.append((a, k))
    )
    run = run_of(paper_data="Alpaca", glue_task="RTE", glue_folder=None, hub_model=None)
    execute("04", "paper", run=run, ld=api, BUILD=tmp_path, display=lambda _: None)
    assert [a[0].method for a, _ in called] == ["LoRA", "LoRA + LoRA Dropout"]
    assert all("model" not in k for _, k in called)  # LLaMA2 is the function's own


def test_llama_on_instructions(fetched: Fetch, tmp_path: Path) -> None:
    fetched("04", {"llama-2-7b": models.llama, "alpaca-cleaned": alpaca})
    recipe = InstructionRecipe(
        epochs=1, batch=4, micro_batch=2, warmup=1, max_tokens=256, save_every=1
    )
    chosen = Adaptation("LoRA + LoRA Dropout", rank=2, instances=2, members=2)
    found = fine_tune_instructions(
        chosen, work=tmp_path / "work", recipe=recipe, progress=False
    )
    assert found.model == LLAMA
    assert (found.examples, found.dropped, found.steps) == (8, 0, 2)
    network, tokenizer = language_model(LLAMA, "bf16")
    assert network.config.num_hidden_layers == 2
    assert tokenizer.pad_token == "</s>"
