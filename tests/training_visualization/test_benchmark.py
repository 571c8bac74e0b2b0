"""The benchmark runs and prints its ratios; how large they are is not tested."""

from __future__ import annotations

import re

import numpy as np
import pytest
import umap

from benchmarks import training_visualization as benchmark
from tests.training_visualization.small_traces import small_trace


class FirstTwo:
    """The peer's interface without its minutes of compiling."""

    def __init__(self, **options):
        pass

    def fit(self, x):
        self.embedding_, self.width = x[:, :2].copy(), x.shape[1]
        return self

    def inverse_transform(self, z):
        return np.pad(z, ((0, 0), (0, self.width - 2)))


@pytest.fixture
def small(monkeypatch):
    """Small blobs for the trained digits, a stand-in for UMAP."""
    monkeypatch.setattr(umap, "UMAP", FirstTwo)
    trace = small_trace(samples=120, test=0)  # a test split only compiles more
    monkeypatch.setattr(benchmark, "train_digits", lambda seed: trace)


def test_quick_prints_every_ratio(small, capsys) -> None:
    assert benchmark.main(["--quick"]) == 0
    printed = capsys.readouterr().out
    for label in (
        "UMAP / DVI, first checkpoint",
        "UMAP / DVI, later checkpoint",
        "scikit-learn, pair by pair / ours",
        "UMAP.inverse_transform / ours",
        "one by one / together",
        "... by wall time, two threads",
        "autograd in batches / closed form",
        "autograd sample by sample / closed form",
    ):
        assert re.search(re.escape(label) + r" +[\d.]+ x", printed), label
    assert "exponent of a power law" in printed and "each further one" in printed
    assert "boundary" in printed and "temporal r" in printed and "PPR" in printed
    assert re.search(
        r"temporal r +[-\d.]+ \+- [\d.]+ +\(aim <= -0.6: (NOT )?met\)", printed
    )


def test_what_must_agree_decides(small, monkeypatch, capsys) -> None:
    for part in ("measure_fit", "measure_inverse", "measure_points"):
        monkeypatch.setattr(benchmark, part, lambda *a: small_trace(samples=120))
    monkeypatch.setattr(benchmark, "measure_checkpoints", lambda *a: None)
    assert benchmark.main(["--quick"]) == 0
    monkeypatch.setattr(benchmark, "AGREE", -1.0)
    assert benchmark.main(["--quick"]) == 1
    assert "must agree" in capsys.readouterr().err


def test_one_size_has_no_exponent(capsys) -> None:
    with pytest.raises(SystemExit):
        benchmark.main(["--quick", "--points", "300"])
    assert "at least two" in capsys.readouterr().err
