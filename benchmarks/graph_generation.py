"""Isomorphism classes per second, side by side with polygraph-benchmark's VUN.

    python benchmarks/graph_generation.py [--graphs 300] [--quick]

The common job: which share of random cubic graphs on 16 nodes is unique up to
isomorphism, exactly. Such graphs defeat hashes by colour refinement: all fall into one
bucket, and every pair is searched. Both sides get the graphs in their own form, in
turn, in one process; VUN without a training set and validity function, so that
uniqueness alone is measured, and with a limit of an hour for a pair, as a pair beyond
its limit would count as equal. Exit status 1 unless both find the same number.

Then, ours alone: checks and metrics of graphs per second for every rule, and megabytes
of replies parsed per second, some of them damaged.

All times are processor seconds: on a machine that does other work wall time says
little. Without the peer (`pip install -e '.[bench]'`) only ours are timed.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from typing import TypeVar

import networkx as nx
import numpy as np
import pandas as pd

from helpers.graph_generation.baseline_model import BaselineModel
from helpers.graph_generation.checks import check
from helpers.graph_generation.graphs import Graph, from_networkx
from helpers.graph_generation.isomorphism import classes
from helpers.graph_generation.metrics import summary
from helpers.graph_generation.reply_parser import parse_reply
from helpers.graph_generation.rule_cells import Cell, generated
from helpers.graph_generation.tasks import RULES, preset

AIM = 20  # times the peer's speed
NODES = 16
HOUR = 3600
T = TypeVar("T")


def timed(function: Callable[[], T]) -> tuple[T, float]:
    """Result and processor seconds."""
    begun = time.process_time()
    found = function()
    return found, max(time.process_time() - begun, 1e-9)


def cubic_graphs(count: int) -> list[nx.Graph]:
    return [nx.random_regular_graph(3, NODES, seed=i) for i in range(count)]


def peer_unique(graphs: Sequence[nx.Graph]) -> int:
    """Unique graphs as polygraph-benchmark counts them."""
    from polygraph.metrics.vun import VUN

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # networkx tells of changed hashes
        found = VUN([], iso_timeout=HOUR).compute(graphs)
    return round(float(found["unique"]) * len(graphs))


def isomorphism(count: int) -> bool:
    """Print seconds of both; whether they agree. True without the peer."""
    graphs = cubic_graphs(count)
    written = [from_networkx(graph) for graph in graphs]
    classes(written[:3])  # warms up
    ours, seconds = timed(lambda: len(set(classes(written))))
    print(f"\n{count} random cubic graphs on {NODES} nodes")
    print(f"  ours                 {ours:5} classes {seconds:9.3f} s")
    if importlib.util.find_spec("polygraph") is None:
        print("  polygraph-benchmark  not installed: pip install -e '.[bench]'")
        return True
    peer_unique(graphs[:3])
    theirs, peer_seconds = timed(lambda: peer_unique(graphs))
    ratio = peer_seconds / seconds
    print(f"  polygraph-benchmark  {theirs:5} classes {peer_seconds:9.3f} s")
    print(f"  ratio {ratio:,.0f} x   (aim {AIM} x)")
    return ours == theirs


def throughput(runs: int) -> pd.DataFrame:
    """Print graphs checked per second, by rule; returns the graphs."""
    print("\ngraphs checked per second, half of them valid ones with noise")
    frames = []
    for rule in RULES:
        task = preset(rule, "medium")
        found = [
            generated(
                BaselineModel(name),
                [Cell(task, "zero-shot")],
                runs,
                name=name,
                seed=0,
                progress=False,
            )
            for name in ("oracle", "noisy oracle")
        ]
        frames += found
        graphs = pd.concat(found)["graph"].tolist()
        _, seconds = timed(lambda g=graphs, t=task: [check(t, x) for x in g])
        print(f"  {rule:12}{len(graphs) / seconds:12,.0f}")
    table = pd.concat(frames, ignore_index=True)
    _, seconds = timed(lambda: summary(table))
    print(
        f"  all metrics with intervals: {len(table) / seconds:,.0f} graphs per second"
    )
    return table


def replies(graphs: Sequence[Graph], seed: int = 0) -> list[str]:
    """Replies of ten graphs each; a third have one character replaced, or end early."""
    rng = np.random.default_rng(seed)
    texts = []
    for start in range(0, len(graphs) - 9, 10):
        ten = graphs[start : start + 10]
        text = "\n".join(f"Answer {i}: {g.text}" for i, g in enumerate(ten, 1))
        place = int(rng.integers(len(text)))
        damage = int(rng.integers(6))
        if damage == 0:
            text = f"{text[:place]}({text[place + 1 :]}"
        elif damage == 1:
            text = text[:place]
        texts.append(text)
    return texts


def parser(graphs: Sequence[Graph]) -> None:
    """Print megabytes of replies parsed per second."""
    texts = replies(graphs)
    _, seconds = timed(lambda: [parse_reply(text, 10) for text in texts])
    size = sum(map(len, texts)) / 1e6
    print(f"\nreplies parsed: {size / seconds:.1f} MB/s, {len(texts) / seconds:,.0f}/s")


def main(arguments: Sequence[str] | None = None) -> int:
    assert __doc__
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--graphs", type=int, default=300)
    options.add_argument("--quick", action="store_true", help="a look that it runs")
    given = options.parse_args(arguments)
    if given.graphs < 3:
        options.error("--graphs must be at least 3")
    print(f"{os.cpu_count()} cores, one thread, load {os.getloadavg()[0]:.1f}")
    same = isomorphism(12 if given.quick else given.graphs)
    table = throughput(1 if given.quick else 60)
    parser(table["graph"].tolist())
    if not same:
        print("the two count different classes", file=sys.stderr)
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
