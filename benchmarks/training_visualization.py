"""Cost of DeepVisualInsight's parts, as ratios against what they stand in for.

    python benchmarks/training_visualization.py [--seeds 3] [--repeats 7] [--quick]

Everything runs in one process, on one thread where two are not named, and on the
representations of one training on digits (1437 samples, 64 features, 7 checkpoints,
143 boundary samples each):

* fit: DVI against umap-learn's UMAP started at the previous checkpoint's map, on the
  same points, in turn; the first checkpoint apart from the later ones. UMAP as it is
  installed, and with this project's distances. The metrics of the maps stand beside,
  since a map is worth only what it shows; the aims are for DVI's means over the seeds;
* distances: our compiled loop against scikit-learn's call of umap-learn's metric for
  every pair, which is what umap-learn does below 4,096 samples; they must agree;
* inverse projection: our decoder against `UMAP.inverse_transform`, per point, beyond
  the triangulation of the whole map with which every call of it begins; aim 100x;
* boundary samples: all pairs searched together, by false position, against one
  bisection after the other, as the released code does it, with the network on images
  and with its linear head on representations; aim 50x. How many forward passes each
  asks for, and what a pass in a batch saves, are the two factors. Also by wall time on
  two threads, which a batch can share and a single image cannot: on one, the network
  itself is nine tenths of our time;
* attention: closed form for a linear head against autograd, and against autograd
  sample by sample, as the released code does it; they must agree to 1e-6;
* scaling: complex and a fixed number of steps of one checkpoint over the number of
  points, with the exponent of a power law and the peak memory; and a fit over the
  number of checkpoints.

Medians over the repeats, ours and the peer's in turn. Seconds are of the processor,
all threads, less what numba spends on compiling: on a machine that does other work
wall time says little. Exit status 1 if results that must agree do not.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

import numpy as np
import torch
from sklearn.metrics import pairwise_distances
from threadpoolctl import threadpool_limits

from helpers.processor_time import ProcessorTime
from helpers.torch_threads import single_thread
from helpers.training_visualization.attention import attention
from helpers.training_visualization.baseline_umap import (
    project_umap,
    timed_inverse,
    umap_inverse,
)
from helpers.training_visualization.boundary_samples import BoundarySampler, one_by_one
from helpers.training_visualization.estimator import DVI
from helpers.training_visualization.heads import Head, LinearHead, frozen, logits
from helpers.training_visualization.projection import (
    Projection,
    evaluate,
    evaluate_time,
)
from helpers.training_visualization.subjects import (
    DigitsCNN,
    digits,
    seeded,
    train_digits,
)
from helpers.training_visualization.trace import Trace
from helpers.training_visualization.umap_library import all_distances, umap_library

AIM_INVERSE, AIM_BOUNDARY, AGREE = 100.0, 50.0, 1e-6
AIMS = {  # of a map of digits; the last two are upper limits
    "boundary": 9.0,
    "PPR": 0.91,
    "PPR, last four": 0.94,
    "temporal r": -0.6,
    "movement": 0.25,
}
UPPER = ("temporal r", "movement")
INVERTED = 20
ROUND = 0.2  # seconds
QUICK_FIT = {"first_steps": 40, "steps": 20}


class Clock:
    """Processor seconds of repeated calls, less numba's compilations; or wall time."""

    def __init__(self, wall: bool = False) -> None:
        self.wall = wall
        self.seconds: list[float] = []

    def time(self, work: Callable[[], object], count: int = 1) -> None:
        begun = time.perf_counter()
        with ProcessorTime() as watch:
            for _ in range(count):
                work()
        wall = time.perf_counter() - begun
        self.seconds.append((wall if self.wall else watch.seconds) / count)

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


def in_turn(
    works: dict[str, Callable[[], object]], repeats: int, wall: bool = False
) -> dict[str, float]:
    """Warm up, then time all in every round; median seconds a call by name.

    Short calls are made often enough that a round is about as long for each of them:
    what came before, another's threads and what it left in caches, weighs little.
    """
    clocks = {name: Clock(wall) for name in works}
    counts = {}
    for name, work in works.items():
        work()
        begun = time.perf_counter()
        work()
        counts[name] = max(1, int(ROUND / (time.perf_counter() - begun)))
    for _ in range(repeats):
        for name, work in works.items():
            clocks[name].time(work, counts[name])
    return {name: clock.median for name, clock in clocks.items()}


def ratio(label: str, peer: float, ours: float, aim: float | None = None) -> None:
    note = f"   (aim {aim:g} x)" if aim else ""
    print(f"  {label:44}{peer / max(ours, 1e-9):9.1f} x{note}")


def quality(projection: Projection, trace: Trace) -> dict[str, float]:
    """Metrics of the training samples, k = 15, by name."""
    table = evaluate(projection, trace, ks=(15,))
    table = table[table.split == "train"]
    timed = evaluate_time(projection, trace)
    return {
        "neighbours": table.neighbors.mean(),
        "boundary": table.boundary.mean(),
        "PPR": table.ppr.mean(),
        "PPR, last four": table.ppr.iloc[-4:].mean(),
        "temporal r": timed["temporal"],
        "movement": timed["movement"],
    }


def compare(found: Sequence[dict[str, float]]) -> None:
    """Print the means of `quality` over seeds, with their spread, beside the aims."""
    print(f"  DVI, mean and standard deviation over {len(found)} seeds")
    for name, aim in AIMS.items():
        values = [one[name] for one in found]
        mean, sign = statistics.mean(values), "<=" if name in UPPER else ">="
        met = mean <= aim if name in UPPER else mean >= aim
        print(
            f"    {name:16}{mean:7.3f} +- {np.std(values):.3f}   "
            f"(aim {sign} {aim:g}: {'met' if met else 'NOT met'})"
        )


def without_test(trace: Trace) -> Trace:
    """The training samples alone: placing others is no part of the fit."""
    return replace(trace, test=np.zeros((0, 0, 0), np.float32), y_test=np.zeros(0, int))


@contextmanager
def as_installed() -> Iterator[None]:
    """Within it, umap-learn calls its metric for every pair of few samples."""
    module = umap_library().umap_
    module.pairwise_distances = pairwise_distances
    try:
        yield
    finally:
        module.pairwise_distances = all_distances


def measure_fit(seeds: Sequence[int], options: dict, umap_options: dict) -> Trace:
    """Print seconds per checkpoint and metrics of DVI and UMAP; returns a trace."""
    print("\nfit of a checkpoint, on digits")
    names = ("DVI", "UMAP", "UMAP, our distances")
    first: dict[str, list[float]] = {name: [] for name in names}
    later: dict[str, list[float]] = {name: [] for name in names}
    qualities = []
    # compiles, which is not counted, and starts what either starts once
    warm = without_test(train_digits(seeds[0])).at([0, 1])
    DVI(**QUICK_FIT).fit_trace(warm)
    project_umap(warm, n_epochs=5)
    for seed in seeds:
        trace = without_test(train_digits(seed))
        dvi = DVI(random_state=seed, **options).fit_trace(trace)
        with as_installed():
            peer = project_umap(trace, random_state=seed, **umap_options)
        fast = project_umap(trace, inverse=INVERTED, random_state=seed, **umap_options)
        for name, found in zip(names, (dvi.project(trace), peer, fast), strict=True):
            first[name].append(found.seconds[0])
            later[name] += found.seconds[1:]
            shown = quality(found, trace)
            line = "  ".join(f"{key} {value:.3f}" for key, value in shown.items())
            print(f"  seed {seed} {name:20}{line}")
            if name == "DVI":
                qualities.append(shown)
        ppr = [row["ppr"] for row in umap_inverse(fast, trace)]
        print(
            f"  seed {seed} UMAP inverts {INVERTED} samples per checkpoint: "
            f"PPR {np.mean(ppr):.3f} (last four {np.mean(ppr[-4:]):.3f})"
        )
    compare(qualities)
    for name in first:
        print(
            f"  {name:20} first {statistics.median(first[name]):6.2f} s CPU, "
            f"each later {statistics.median(later[name]):6.2f} s CPU"
        )
    for label, seconds in (("first checkpoint", first), ("later checkpoint", later)):
        spent = [statistics.median(seconds[name]) for name in names]
        ratio(f"UMAP / DVI, {label}", spent[1], spent[0])
        ratio(f"... with our distances, {label}", spent[2], spent[0])
    return trace


def measure_distances(trace: Trace, repeats: int) -> bool:
    """Print the time of all distances of a checkpoint; True if both agree."""
    x, metric = trace.train[-1], umap_library().distances.euclidean
    found = in_turn(
        {
            "ours": lambda: all_distances(x, metric=metric),
            "peer": lambda: pairwise_distances(x, metric=metric),
        },
        min(repeats, 3),
    )
    fast, slow = (f(x, metric=metric) for f in (all_distances, pairwise_distances))
    difference = float(np.abs(fast - slow).max() / slow.max())
    print(f"\ndistances of {len(x)} samples")
    ratio("scikit-learn, pair by pair / ours", found["peer"], found["ours"])
    print(f"  largest difference {difference:.1e}   (allowed {AGREE:g})")
    return difference <= AGREE


def measure_inverse(trace: Trace, repeats: int, points: int, options: dict) -> None:
    """Print the time per inverted point: decoder against UMAP's optimisation."""
    import umap

    last = trace.at([len(trace) - 1])
    x = last.train[0]
    dvi = DVI(**options).fit_trace(last)
    model = umap.UMAP(random_state=0, n_jobs=1).fit(x)
    rows = np.linspace(0, len(x) - 1, points).astype(int)
    ours, many, one = Clock(), Clock(), Clock()
    timed_inverse(model, rows)  # compiles
    for _ in range(repeats):
        ours.time(lambda: dvi.inverse_transform(dvi.places_[0]), 20)
        many.seconds.append(timed_inverse(model, rows)[1])
        one.seconds.append(timed_inverse(model, rows[:1])[1])
    per_ours = ours.median / len(x)
    per_peer = (many.median - one.median) / (points - 1)
    print(f"\ninverse projection ({len(x)} points ours, {points} UMAP's)")
    print(
        f"  ours {1e6 * per_ours:9.2f} us per point   "
        f"UMAP {1e6 * per_peer:9.0f} us per point, and {one.median:.2f} s a call"
    )
    ratio("UMAP.inverse_transform / ours", per_peer, per_ours, AIM_INVERSE)


def measure_boundary(repeats: int, pairs: int) -> bool:
    """Print the time of both searches on the same pairs; True if they agree.

    Of images with their network, and of representations with the network's linear
    head. What a forward pass costs in a batch, which bounds what a batch is worth,
    depends on network and processor.
    """
    split = digits()
    net = seeded(DigitsCNN, 0)
    images, labels = torch.tensor(split.x), torch.tensor(split.y)
    adam = torch.optim.Adam(net.parameters(), lr=1e-2)
    for _ in range(60):
        adam.zero_grad()
        torch.nn.functional.cross_entropy(net(images), labels).backward()
        adam.step()
    net.eval()
    with torch.no_grad():
        features = net.features(images).numpy()
    found = [
        searches(f"images, {pairs} pairs", net, split.x, repeats, pairs),
        searches("representations", frozen(net.head), features, repeats, pairs),
    ]
    return all(found)


def searches(label: str, head: Head, x: np.ndarray, repeats: int, pairs: int) -> bool:
    """One part of `measure_boundary`."""
    sampler = BoundarySampler()
    asked = 0

    def classify(samples: np.ndarray) -> np.ndarray:
        nonlocal asked
        asked += len(samples)
        return logits(head, samples)

    scores = classify(x)
    labels = scores.argmax(axis=1)
    rng = np.random.default_rng(0)
    drawn = rng.integers(len(x), size=(50 * pairs, 2))
    drawn = drawn[labels[drawn[:, 0]] != labels[drawn[:, 1]]][: pairs // 2]
    parents = np.concatenate([drawn, drawn[:, ::-1]])  # both ways, as the code draws
    counts, good = [], []
    for search in (sampler.locate, partial(one_by_one, sampler)):
        asked = 0
        good.append(search(classify, x, parents, scores)[1])
        counts.append(asked / len(parents))
    # a bisection that ends in a narrow bracket may miss what false position meets
    same = (good[0] == good[1]).mean()
    some = x[: len(parents)]
    both: dict[str, Callable[[], object]] = {
        "ours": lambda: sampler.locate(classify, x, parents, scores),
        "single": lambda: one_by_one(sampler, classify, x, parents, scores),
    }
    found = in_turn(
        both
        | {
            "batch": lambda: classify(some),
            "each": lambda: [classify(some[i : i + 1]) for i in range(len(some))],
        },
        repeats,
    )
    print(f"\nboundary samples of {label}, {good[0].mean():.0%} reach the boundary")
    print(
        f"  together {1e3 * found['ours']:9.2f} ms   "
        f"one by one {1e3 * found['single']:9.2f} ms   same verdict {same:.4f}"
    )
    ratio("one by one / together", found["single"], found["ours"], AIM_BOUNDARY)
    ratio(
        f"... passes per pair, {counts[1]:.2f} / {counts[0]:.2f}", counts[1], counts[0]
    )
    ratio("... seconds a pass, single / in a batch", found["each"], found["batch"])
    torch.set_num_threads(2)
    walls = in_turn(both, repeats, wall=True)
    torch.set_num_threads(1)
    ratio("... by wall time, two threads", walls["single"], walls["ours"], AIM_BOUNDARY)
    return bool(same > 0.98)


def measure_attention(trace: Trace, repeats: int) -> bool:
    """Print the time of both gradients of a linear head; True if they agree."""
    x, head = trace.train[-1], trace.heads[-1]
    assert isinstance(head, LinearHead)
    module = torch.nn.Linear(head.weight.shape[1], head.weight.shape[0])
    with torch.no_grad():
        module.weight.copy_(torch.from_numpy(head.weight))
        module.bias.copy_(torch.from_numpy(head.bias))
    temperature = 0.01
    some = x[:200]
    closed, grad = attention(head, x, temperature), attention(module, x, temperature)
    difference = float(np.abs(closed - grad).max())
    found = in_turn(
        {
            "ours": lambda: attention(head, x, temperature),
            "autograd": lambda: attention(module, x, temperature),
            "single": lambda: [
                attention(module, some[i : i + 1], temperature)
                for i in range(len(some))
            ],
        },
        repeats,
    )
    single = found["single"] / len(some) * len(x)
    print(f"\nattention of {len(x)} x {x.shape[1]} features")
    print(
        f"  closed form {1e3 * found['ours']:7.2f} ms   autograd "
        f"{1e3 * found['autograd']:7.2f} ms   sample by sample {1e3 * single:7.0f} ms"
    )
    ratio("autograd in batches / closed form", found["autograd"], found["ours"])
    ratio("autograd sample by sample / closed form", single, found["ours"])
    print(f"  largest difference {difference:.1e}   (allowed {AGREE:g})")
    return difference <= AGREE


def blobs(points: int, features: int = 64, classes: int = 10) -> tuple:
    """Gaussian classes and the linear head that tells them apart."""
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(classes, features))
    x = centres[rng.integers(classes, size=points)]
    x = (x + 0.7 * rng.normal(size=x.shape)).astype(np.float32)
    return x, LinearHead(centres, -0.5 * (centres**2).sum(axis=1))


def measure_points(sizes: Sequence[int], steps: int, repeats: int) -> None:
    """Print the cost of one checkpoint over its number of points."""
    print(f"\none checkpoint of n points, {steps} steps")
    totals = []
    for size in sizes:
        x, head = blobs(size)
        clock = Clock()
        for _ in range(repeats if size <= 10_000 else 1):
            dvi = DVI(first_steps=steps)
            clock.time(lambda d=dvi, x=x, h=head: d.fit([x], head=h))
        totals.append(clock.median)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"  {size:7} points {totals[-1]:8.2f} s CPU   "
            f"peak memory so far {peak:6.0f} MiB"
        )
    exponent = np.polyfit(np.log(sizes), np.log(totals), 1)[0]
    print(f"  exponent of a power law {exponent:9.2f}")
    grown = np.log(totals[-1] / totals[-2]) / np.log(sizes[-1] / sizes[-2])
    print(f"  ... between the two largest {grown:5.2f}")


def measure_checkpoints(trace: Trace, counts: Sequence[int], options: dict) -> None:
    """Print the cost of a whole fit over its number of checkpoints."""
    print("\na fit of t checkpoints of digits")
    totals = []
    for count in counts:
        clock = Clock()
        part = trace.at(range(count))
        clock.time(lambda p=part: DVI(**options).fit_trace(p))
        totals.append(clock.median)
        print(f"  {count:3} checkpoints {totals[-1]:8.2f} s CPU")
    slope = (totals[-1] - totals[0]) / (counts[-1] - counts[0])
    print(f"  each further one {slope:5.2f} s CPU")


def main(arguments: Sequence[str] | None = None) -> int:
    assert __doc__
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--points", type=int, nargs="+", default=None)
    parser.add_argument("--quick", action="store_true", help="a look that it runs")
    given = parser.parse_args(arguments)
    quick = given.quick
    seeds = range(1 if quick else given.seeds)
    repeats = 1 if quick else given.repeats
    options: dict = QUICK_FIT if quick else {}
    usual = [300, 600] if quick else [1000, 3000, 10_000, 25_000, 50_000]
    sizes = given.points or usual
    if len(sizes) < 2:
        parser.error("an exponent needs at least two numbers of points")
    print(f"{os.cpu_count()} cores, one thread, load {os.getloadavg()[0]:.1f}")
    begun = time.perf_counter()
    umap_library()  # the limit reaches only what is loaded before it
    with single_thread(), threadpool_limits(1):  # of torch, and of numpy and scipy
        trace = measure_fit(seeds, options, {"n_epochs": 10} if quick else {})
        measure_inverse(trace, repeats, 5 if quick else 100, options)
        fine = [
            measure_distances(trace, repeats),
            measure_boundary(repeats, 20 if quick else 1000),
            measure_attention(trace, repeats),
        ]
        measure_points(sizes, 20 if quick else 500, min(repeats, 3))
        measure_checkpoints(trace, (1, 2) if quick else (1, 3, 7), options)
    print(f"\n{time.perf_counter() - begun:.0f} s in all")
    if not all(fine):
        print("results that must agree do not: see above", file=sys.stderr)
    return 0 if all(fine) else 1


if __name__ == "__main__":
    sys.exit(main())
