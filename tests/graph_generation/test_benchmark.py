"""The benchmark runs and prints its numbers; how large they are is not tested."""

from __future__ import annotations

import re

import networkx as nx
import pytest

from benchmarks import graph_generation as benchmark
from helpers.graph_generation.reply_parser import parse_reply
from helpers.graph_generation.tasks import RULES


def test_quick_prints_every_number(capsys: pytest.CaptureFixture[str]) -> None:
    assert benchmark.main(["--quick"]) == 0
    printed = capsys.readouterr().out
    assert re.search(r"ours +12 classes +[\d.]+ s", printed)
    assert "polygraph-benchmark" in printed
    for rule in RULES:
        assert re.search(rf"{rule} +[\d,]+", printed), rule
    assert re.search(r"parsed: [\d.]+ MB/s", printed)


def test_different_counts_fail(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    graphs = [nx.cycle_graph(4), nx.path_graph(4), nx.path_graph(4)]
    monkeypatch.setattr(benchmark, "cubic_graphs", lambda count: graphs)
    monkeypatch.setattr(benchmark.importlib.util, "find_spec", lambda name: object())
    monkeypatch.setattr(benchmark, "throughput", lambda runs: {"graph": _NoGraphs()})
    for unique, status in ((2, 0), (3, 1)):
        monkeypatch.setattr(benchmark, "peer_unique", lambda g, unique=unique: unique)
        assert benchmark.main([]) == status
    assert "different classes" in capsys.readouterr().err


class _NoGraphs:
    def tolist(self) -> list:
        return []


def test_replies_are_read_unless_they_are_damaged() -> None:
    from helpers.graph_generation.graphs import Graph

    graphs = [Graph.of(4, [(1, 2), (2, 3)])] * 600
    read = [parse_reply(text, 10).answers for text in benchmark.replies(graphs)]
    whole = sum(all(a is not None and a.graph for a in answers) for answers in read)
    assert 25 <= whole < 60


def test_no_graphs_are_no_benchmark() -> None:
    with pytest.raises(SystemExit):
        benchmark.main(["--graphs", "2"])
