"""``begin``: validates, seeds and says where it runs."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from helpers import begin, claims, scales
from helpers.notebook_files import write_notebook
from helpers.parameters import ParameterError

CELL = """\
scale: str = "smoke"
seed: int = 0
side: int | None = None
gamma: float = 0.5
"""
TABLE = """\
title = "Light"
paper = "none"
chapter = "none"
[limits.gamma]
ge = 0
[scales.smoke]
seeds = 3
seconds = 10
memory_mib = 500
parameters = { side = 7 }
"""
VALUES = {"scale": "smoke", "seed": 4, "side": None, "gamma": 0.5}


@pytest.fixture(autouse=True)
def _notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cell = {
        "cell_type": "code",
        "metadata": {"tags": ["parameters"]},
        "source": CELL,
        "outputs": [],
        "execution_count": None,
    }
    notebook = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    write_notebook(notebook, tmp_path / "01_light.ipynb")
    (tmp_path / "01_light.toml").write_text(TABLE)
    monkeypatch.setattr(scales, "NOTEBOOKS", tmp_path)


def test_parameters_are_resolved_and_shown(capsys: pytest.CaptureFixture[str]) -> None:
    run = begin("01_light", {**VALUES, "unrelated": object()})
    assert (run.notebook, run.scale, run.seed) == ("01_light", "smoke", 4)
    assert (run.side, run.gamma, run.seeds) == (7, 0.5, [4, 5, 6])
    shown = capsys.readouterr().out
    assert "01_light · scale smoke · seeds 4–6" in shown
    assert "side=7" in shown
    assert f"numpy {np.__version__}" in shown
    with pytest.raises(AttributeError, match="no parameter 'sides'"):
        _ = run.sides


def numbers() -> tuple[Any, ...]:
    legacy = np.random.random(3)  # noqa: NPY002
    return random.random(), *legacy, *torch.rand(3).tolist()


def test_the_same_seed_gives_the_same_numbers() -> None:
    begin("01_light", VALUES)
    first = numbers()
    begin("01_light", VALUES)
    assert numbers() == first
    begin("01_light", {**VALUES, "seed": 5})
    assert set(numbers()).isdisjoint(first)


def test_a_notebook_without_torch_does_not_wait_for_it() -> None:
    code = (
        "import sys; from helpers.session import describe, seed_everything; "
        "seed_everything(0); assert 'torch ' in describe(); "
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_old_claims_are_forgotten() -> None:
    from helpers import near, record

    options: Any = {"statement": "s", "null": 0, "exact": True}
    record("a", 1.0, expect=near(1, absolute=0.1), **options)
    begin("01_light", VALUES)
    assert claims.recorded() == []


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"gamma": -1.0}, "greater than or equal to 0"),
        ({"gamma": "0.5"}, "valid number"),
        ({"seed": 0.5}, "'seed'"),
        ({"scale": "smok"}, "did you mean 'smoke'"),
    ],
)
def test_values_are_checked_again_inside(values: dict[str, Any], words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        begin("01_light", {**VALUES, **values})


def test_the_parameters_cell_must_have_run() -> None:
    with pytest.raises(ParameterError, match="run the parameters cell first: gamma"):
        begin("01_light", {k: v for k, v in VALUES.items() if k != "gamma"})
