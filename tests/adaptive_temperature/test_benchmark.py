"""The benchmark runs and prints its ratios; how large they are is not tested."""

from __future__ import annotations

import re

import pytest

from benchmarks import adaptive_temperature as benchmark


def test_quick_prints_every_ratio(capsys: pytest.CaptureFixture[str]) -> None:
    assert benchmark.main(["--quick"]) == 0
    printed = capsys.readouterr().out
    assert re.search(r"batch +1: plain temperature +[\d,]+ tokens/s", printed)
    for sampler in benchmark.OURS:
        label = f"{sampler.name} / plain temperature"
        assert re.search(re.escape(label) + r" +[\d.]+ x", printed), label


def test_what_must_agree_decides(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(benchmark, "measure", lambda *a: None)
    monkeypatch.setattr(benchmark, "agree", lambda size: False)
    assert benchmark.main(["--quick"]) == 1
    assert "other tokens" in capsys.readouterr().err


def test_no_rounds_are_no_benchmark() -> None:
    with pytest.raises(SystemExit):
        benchmark.main(["--repeats", "0"])
