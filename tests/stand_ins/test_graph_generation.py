"""Notebook 06 at paper scale: a random LLaMA2 with a chat template, and ogbg-molhiv."""

from __future__ import annotations

import gzip
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from helpers.graph_generation import api, figures, large_models, published
from helpers.graph_generation.large_models import large_model
from helpers.graph_generation.prompts import METHODS
from helpers.graph_generation.tasks import RULES
from helpers.llm import local
from helpers.llm.backend import Request, Sampling
from tests.stand_ins import models
from tests.stand_ins.conftest import Fetch, execute, run_of

MODEL = "meta-llama/Llama-2-13b-chat-hf"
SMILES = ["CCO", "c1ccccc1", "CC(=O)O", "CCN", "CCC", "CO"]


def molhiv(folder: Path) -> None:
    """As the Open Graph Benchmark's archive unpacks."""
    mapping, split = folder / "hiv" / "mapping", folder / "hiv" / "split" / "scaffold"
    for place in (mapping, split):
        place.mkdir(parents=True)
    lines = ["HIV_active,smiles,mol_id"]
    lines += [f"{i % 2},{smiles},M{i}" for i, smiles in enumerate(SMILES)]
    with gzip.open(mapping / "mol.csv.gz", "wt") as file:
        file.write("\n".join(lines))
    for name, rows in (("train", "0\n1\n2\n3"), ("valid", "4"), ("test", "5")):
        with gzip.open(split / f"{name}.csv.gz", "wt") as file:
            file.write(rows)


def test_the_papers_cell_asks_a_chat_model(
    fetched: Fetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched(
        "06",
        {"llama-2-13b-chat": lambda f: models.llama(f, chat=True, context=4096)},
    )
    # few short answers of every kind of prompt
    main = large_models.rule_campaign()[: len(RULES) * len(METHODS)]
    chosen = [cell for cell in main if cell.task.rule in ("cycles", "k-color")]
    shares = large_models.share_campaign((0.2, 0.8))
    monkeypatch.setattr(large_models, "rule_campaign", lambda size: chosen)
    monkeypatch.setattr(large_models, "share_campaign", lambda: shares[::3])
    config = local.LocalModel._config
    monkeypatch.setattr(
        local.LocalModel, "_config", lambda self, limit: config(self, min(limit, 4))
    )
    short = vars(api) | {"campaign": partial(api.campaign, runs=1, share_runs=1)}
    # the campaign has the paper's temperature, whatever the small decoder has
    run = run_of(
        hub_model=MODEL, endpoint=None, endpoint_model="", prices=None, temperature=0.2
    )
    shown: list[Any] = []
    left = execute(
        "06",
        "paper",
        run=run,
        gg=SimpleNamespace(**short),
        figures=figures,
        published=published,
        pd=pd,
        printed=published.distributions(),
        display=shown.append,
    )
    name = f"{MODEL}@a2cb7a712bb6e5e736ca7f8cd98167f81a0b5bd8 chat "
    assert left["model"].name.startswith(name)
    assert len(left["large"]) >= len(chosen)
    assert left["kept"].is_file()


def test_a_chat_prompt_is_the_templates(fetched: Fetch) -> None:
    fetched("06", {"llama-2-13b-chat": lambda f: models.llama(f, chat=True)})
    model = large_model(MODEL)
    assert isinstance(model, local.LocalModel) and model.chat
    request = Request.ask("Name a graph.", Sampling(0.8, 1.0, 4, 0))
    assert model._text(request) == "<s>[INST] Name a graph. [/INST]"
    assert len(list(model.complete([request]))) == 1


def test_the_molecules_cell_reads_the_unpacked_archive(fetched: Fetch) -> None:
    fetched("06", {"molhiv": molhiv})
    trained: list[Any] = []
    short = vars(api) | {
        "train_classifier": lambda data, seed: trained.append(data) or _Trained()
    }
    execute(
        "06",
        "molhiv",
        run=run_of(molhiv_folder=None),
        gg=SimpleNamespace(**short),
        figures=SimpleNamespace(confusion=lambda matrices: None),
    )
    assert trained[0].smiles == tuple(SMILES)
    assert [len(trained[0].rows[p]) for p in ("train", "valid", "test")] == [4, 1, 1]


class _Trained:
    epochs = pd.DataFrame({"epoch": [1], "loss": [0.5]})
    matrices: dict[str, Any] = {}  # noqa: RUF012
