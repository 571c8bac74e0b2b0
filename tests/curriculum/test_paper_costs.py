"""Estimates of scale paper: counted from the code's own plans, priced by assumption."""

from __future__ import annotations

import json
from typing import Any

import pytest
import torch
from torch import nn
from typer.testing import CliRunner

from helpers.curriculum import machine, paper_costs
from helpers.curriculum.cli import app
from helpers.curriculum.paper_costs import estimates, rates
from helpers.paper_work import (
    Gpu,
    GpuWork,
    Transformer,
    convolutional,
    generation,
    training,
)
from helpers.parameters import ParameterError
from helpers.scales import all_specs, find_spec

GPU = Gpu("test", 2.0, 1.0, 0.5, 0.001, 0.1)


def test_the_longest_of_three_counts() -> None:
    work = {"gib": 1.0, "formula": ""}
    assert GpuWork("a", 5e12, 1, 0, **work).longest(GPU) == (10.0, "computing")
    assert GpuWork("b", 0, 200, 0, **work).longest(GPU)[1] == "starting layers"
    assert GpuWork("c", 0, 0, 3e9, **work).longest(GPU) == (3.0, "reading weights")


def test_training_by_hand() -> None:
    shape, runs = Transformer(1e6, 2, 8), {"tokens": 100, "passes": 10}
    full = training("full", shape, trained=1e6, **runs)
    adapted = training("adapted", shape, trained=1e3, **runs)
    assert full.operations == 6e9
    assert adapted.operations == 4e9
    again = training("again", shape, trained=1e3, checkpointing=True, **runs)
    assert again.operations == 6e9
    assert full.layer_passes == 60
    assert full.gib > adapted.gib
    assert adapted.gib * 2**30 == 4e6 + 12e3 + 34 * 2 * 8 * 100


def test_generation_by_hand() -> None:
    shape = Transformer(1e6, 3, 8)
    work = generation("g", shape, context=16, batch=4, steps=10)
    assert work.operations == 2 * 1e6 * 4 * 10
    assert work.bytes_read == 2e7
    assert work.gib * 2**30 == 2e6 + 2 * 3 * 8 * 16 * 4 * 2


def test_convolutions_are_counted_by_torch() -> None:
    def network() -> nn.Module:
        return nn.Sequential(nn.Conv2d(1, 4, 3, bias=False), nn.Flatten())

    work = convolutional("c", network, (1, 5, 5), images=7, batch=2)
    assert work.operations == 3 * (2 * 9 * 4 * 9) * 7
    assert torch.get_default_device().type == "cpu"


@pytest.mark.parametrize("number", ["01", "02", "03", "04", "05", "06", "07"])
def test_every_chapter_has_an_estimate_of_more_work_than_default(number: str) -> None:
    found = estimates(find_spec(number), rates())
    own = [part for part in found if not part.extra]
    assert all(0 < part.hours < 1000 and part.formula for part in found)
    assert (
        sum(part.hours for part in own)
        > find_spec(number).scale("default").seconds / 3600
    )
    wants_gpu = find_spec(number).scale("paper").gpu
    assert any(part.gib for part in own) == wants_gpu


def test_prices_can_be_given() -> None:
    assert rates(["gpu=1.5", "cpu=0"]).gpu.dollars_per_hour == 1.5
    spec = find_spec("04")
    usual, dear = (
        sum(part.dollars for part in estimates(spec, rates(p)) if part.gib)
        for p in ([], ["gpu=6"])
    )
    assert dear == pytest.approx(2 * usual)
    for wrong in ("gpu", "gpu=-1", "gpu=nan", "gup=1", "gpu=inf"):
        with pytest.raises(ParameterError, match="allowed: gpu=USD or cpu=USD"):
            rates([wrong])


def test_a_measured_default_run_is_preferred(
    project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = "[scales.default]\nseeds = 1\nseconds = 30\nmemory_mib = 100\n"
    project.add("01_first", table=table)
    spec = find_spec("01", project.root / "notebooks")
    assert paper_costs.measured(spec) == (30, "of the scale table")
    run = type("Run", (), {"passed": True, "seconds": 12.0})
    monkeypatch.setattr(paper_costs.RunResult, "load", lambda folder: run)
    assert paper_costs.measured(spec) == (12.0, "measured here")


def test_the_doctor_shows_assets_and_estimates(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in (("gpu", ""), ("internet", False)):
        monkeypatch.setattr(machine, name, lambda value=value: value)
    shown = CliRunner().invoke(app, ["doctor", "-s", "paper", "04", "--price", "gpu=2"])
    assert shown.exit_code == 2  # no GPU
    for words in (
        "8ccc9b6f36199bec6961081d44eb72fb3f7353f3\tMIT",
        "https://huggingface.co/meta-llama/Llama-2-7b-hf",
        "DeBERTaV3-base on RTE, LoRA + LoRA Dropout",
        "never run on a GPU here",
        "$2 an hour",
    ):
        assert words in shown.output


def test_plans_and_costs_are_well_formed() -> None:
    for spec in all_specs():
        assert bool(spec.plan) == (spec.number not in ("00", "99")), spec.name
    assert json.dumps(str(rates()))
