"""The benchmark runs and prints its ratios; how large they are is not tested."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from benchmarks import lora_dropout as benchmark


def test_quick_prints_every_ratio(capsys) -> None:
    assert benchmark.main(["--quick"]) == 0
    printed = capsys.readouterr().out
    for label in (
        "step, one instance / plain LoRA",
        "step, peft's lora_dropout / plain LoRA",
        "step, 4 instances, one pass / plain LoRA",
        "ensemble of 8, one pass / one plain pass",
        "memory, LoRA Dropout / plain LoRA",
    ):
        assert re.search(re.escape(label) + r" +[\d.]+ x", printed), label
    assert "largest difference to the loop" in printed


def test_what_must_agree_decides(monkeypatch, capsys) -> None:
    monkeypatch.setattr(benchmark, "measure_steps", lambda *a: None)
    monkeypatch.setattr(benchmark, "AGREE", -1.0)
    assert benchmark.main(["--quick"]) == 1
    assert "do not agree" in capsys.readouterr().err


def test_bytes_of_saved_tensors() -> None:
    class Square(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(4, 4)

        def forward(self, x):
            out = self.layer(x) ** 2  # keeps x and the layer's output
            return SimpleNamespace(loss=out.sum())

    assert benchmark.saved_bytes(Square(), {"x": torch.ones(8, 4)}) == 2 * 8 * 4 * 4


def test_no_rounds_are_no_benchmark() -> None:
    with pytest.raises(SystemExit):
        benchmark.main(["--repeats", "0"])
