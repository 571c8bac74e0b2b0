"""ALF beside the baselines: same grid, same starts, steps and computing time."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import torch

from helpers.cache import stage
from helpers.progress import progress_bar
from helpers.self_assembly.assembly import Assembly
from helpers.self_assembly.baselines import (
    BASELINES,
    bottleneck_bound,
    edge_following_start,
    nearest_agent_bound,
    run_edge_following,
    run_optimal_distance,
)
from helpers.self_assembly.cone_field import ConeField
from helpers.self_assembly.config import AssemblyConfig
from helpers.self_assembly.experiments import row, run_once
from helpers.self_assembly.light_field import DirectField, FFTField
from helpers.self_assembly.shapes import named_shape

OCCUPANCY = 0.22  # agents per grid cell in the cost measurements
CAP = 400  # steps; HUN and DUD never finish and would only stand still for longer


@stage
def comparison_runs(
    width: int, shapes: Sequence[str], seeds: Sequence[int], config: AssemblyConfig
) -> pd.DataFrame:
    """ALF and the baselines from the same starts, with the lower bounds from each.

    Edge following starts from its own packed crowd of n + 3 agents, as in the
    authors' comparison; the method "ALF, packed start" runs ALF from there.
    """
    rows = []
    cases = [(name, seed) for name in shapes for seed in seeds]
    for name, seed in progress_bar(cases, desc="baselines"):
        target = named_shape(name, width)
        assembly = Assembly(target, config=config, seed=seed)
        start = assembly.positions
        labels = {"shape": name, "seed": seed, **_bounds(target, start)}
        rows.append(row(assembly.run(record=False), **labels))
        for method, run in BASELINES.items():
            if method != "Edge following":
                options = {"seed": seed, "max_steps": CAP}
                rows.append(row(run(target, start, record=False, **options), **labels))
        packed = edge_following_start(target, int(target.sum()) + 3)
        labels |= _bounds(target, packed)
        # Its steps grow like n or worse, so the common cap would cut it short.
        trace = run_edge_following(
            target, packed, seed=seed, record=False, max_steps=50 * len(packed)
        )
        rows.append(row(trace, **labels))
        trace = run_once(target, seed, config, positions=packed)
        rows.append(row(replace(trace, method="ALF, packed start"), **labels))
    return pd.DataFrame(rows)


def _bounds(target: np.ndarray, start: np.ndarray) -> dict[str, int]:
    """Both lower bounds on the steps from a start."""
    return {
        "nearest_bound": nearest_agent_bound(target, start),
        "bottleneck": bottleneck_bound(target, start),
    }


def planning_race(
    widths: Sequence[int], seeds: Sequence[int], config: AssemblyConfig
) -> pd.DataFrame:
    """Computing time of whole runs, ALF and the optimal planner in turn.

    Not cached: seconds belong to this machine.
    """
    rows = []
    for width in widths:
        target = named_shape("pentagon", width)
        for seed in seeds:
            assembly = Assembly(target, config=config, seed=seed)
            start = assembly.positions
            traces = (
                assembly.run(record=False),
                run_optimal_distance(target, start, seed=seed, record=False),
            )
            rows += [row(trace, width=width, seed=seed) for trace in traces]
    return pd.DataFrame(rows)


def _median_ms(action: Callable[[], object], repeats: int) -> float:
    """Median processor time of ``action`` in milliseconds, after one untimed call."""
    action()
    taken = []
    for _ in range(repeats):
        start = time.process_time()
        action()
        taken.append(1e3 * (time.process_time() - start))
    return float(np.median(taken))


def _crowd(agents: int) -> tuple[tuple[int, int], torch.Tensor]:
    """Grid shape and light sources (2, H, W) of a random crowd of that size."""
    side = round((agents / OCCUPANCY) ** 0.5)
    rng = np.random.default_rng(0)
    sources = rng.random((2, side, side)) < OCCUPANCY
    return (side, side), torch.from_numpy(sources.astype(np.float32))


def step_costs(sizes: Sequence[int], repeats: int = 5) -> pd.DataFrame:
    """Milliseconds of both light fields, by each method, and of a whole step.

    The naive sum is left out above 1000 agents, where it takes many seconds.
    """
    rows = []
    for agents in sizes:
        shape, sources = _crowd(agents)
        fields: dict[str, Callable[[torch.Tensor], object]] = {
            "FFT light": FFTField(shape),
            "O(cells) light": ConeField(shape),
        }
        if agents <= 1000:
            fields["naive light"] = DirectField(shape)
        costs = {
            name: _median_ms(partial(field, sources), repeats)
            for name, field in fields.items()
        }
        assembly = Assembly(named_shape("disc", shape[1]), n_agents=agents)
        for _ in range(3 + repeats):
            assembly.step(record=False)
        costs["whole step"] = 1e3 * float(np.median(assembly.trace.seconds[3:]))
        rows += [
            {"agents": agents, "part": part, "milliseconds": cost}
            for part, cost in costs.items()
        ]
    return pd.DataFrame(rows)


def naive_over_fft(agents: int, repeats: int) -> list[float]:
    """Time of the naive sum over time of the FFT, both fields, measured in turn."""
    shape, sources = _crowd(agents)
    naive, fft = DirectField(shape), FFTField(shape)
    return [
        _median_ms(partial(naive, sources), 1) / _median_ms(partial(fft, sources), 5)
        for _ in range(repeats)
    ]
