"""Speed of the self-assembly step, as ratios against the authors' direct sums.

    python benchmarks/self_assembly.py [--agents 10000 100000] [--repeats 7]

For every size the two ways to compute the light are timed in turn, in one process:

* ours: both fields everywhere (`make_field`), then the decisions of all agents;
* direct: what the authors' engine does, for every agent the sum over all sources at
  its 3 x 3 cells, once per colour it reads, compiled like ours. It is timed on a
  sample of agents and scaled up to all of them, since its cost is exactly linear in
  the agents asked (beyond 10^4 agents one step would take minutes to hours).

Medians of wall time; CPU seconds stand beside them, because on a machine that does
other work only these can be compared between runs. The starting state is the
hardest one: every agent outside and moving.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from matplotlib.path import Path
from numba import njit

from helpers.self_assembly.assembly import Assembly
from helpers.self_assembly.config import AssemblyConfig
from helpers.self_assembly.light_field import FFTField

FILL = 0.22
"""Share of the grid that is target; the mean of the authors' shape set, halved."""

BAR_MS = {10**4: 5.0, 10**5: 70.0, 10**6: 1000.0}


def pentagon(agents: int, fill: float = FILL) -> np.ndarray:
    """Regular pentagon of about `agents` cells on a square grid filled to `fill`."""
    width = round((agents / fill) ** 0.5)
    radius = (fill * width**2 / (2.5 * np.sin(np.pi * 0.4))) ** 0.5
    angle = np.pi * (0.4 * np.arange(5) - 0.5)
    corners = width / 2 + radius * np.stack((np.cos(angle), np.sin(angle)), axis=1)
    rows, columns = np.mgrid[:width, :width] + 0.5
    inside = Path(corners).contains_points(np.c_[columns.ravel(), rows.ravel()])
    return inside.reshape(width, width)


@njit(cache=True)
def direct_sums(agents: np.ndarray, sources: np.ndarray) -> float:
    """Sum 1000 / (1 + d) over `sources` at the 3 x 3 cells of each agent."""
    total = 0.0
    for row, column in agents:
        for dy in range(-1, 2):
            for dx in range(-1, 2):
                light = 0.0
                for y, x in sources:
                    d = max(abs(y - row - dy), abs(x - column - dx))
                    light += 1000.0 / (1.0 + d)
                total += light
    return total


class Clock:
    """Wall and CPU seconds of repeated calls."""

    def __init__(self) -> None:
        self.wall: list[float] = []
        self.cpu: list[float] = []

    def time(self, work: Callable[[], object]) -> None:
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        self.wall.append(time.perf_counter() - wall)
        self.cpu.append(time.process_time() - cpu)

    @property
    def wall_ms(self) -> float:
        return 1e3 * statistics.median(self.wall)

    @property
    def cpu_ms(self) -> float:
        return 1e3 * statistics.median(self.cpu)

    def __str__(self) -> str:
        return f"{self.wall_ms:9.2f} ms wall {self.cpu_ms:9.2f} ms CPU"


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure_step(agents: int, repeats: int) -> None:
    """Print the times of one step with `agents` agents and their ratio to direct."""
    target = pentagon(agents)
    crowd = Assembly(target, seed=0, config=AssemblyConfig())
    for _ in range(2):
        crowd.step(record=False)
    sample = min(crowd.n_agents, max(20, 2 * 10**7 // crowd.n_agents))
    clocks = {name: Clock() for name in ("step", "field", "fft", "decide", "direct")}
    fft = FFTField(target.shape)
    for _ in range(repeats):
        state = crowd._crowd
        sources = state.sources()
        fields = crowd._light(sources)
        blue = np.argwhere(sources[0].numpy())
        asked = crowd.positions[:sample].astype(np.int64)
        clocks["field"].time(lambda s=sources: crowd._light(s))
        clocks["fft"].time(lambda s=sources: fft(s))
        clocks["direct"].time(lambda a=asked, b=blue: direct_sums(a, b))
        clocks["step"].time(lambda: crowd.step(record=False))
        step = len(crowd.trace.moved)
        clocks["decide"].time(
            lambda c=state, f=fields, t=step: c.advance(f, crowd.early_probability, t)
        )
    n = crowd.n_agents
    direct_ms = clocks["direct"].wall_ms * n / sample
    size = target.shape[0]
    print(f"\n{n} agents on {size} x {size} cells ({type(crowd._light).__name__})")
    print(f"  whole step            {clocks['step']}", end="")
    bar = BAR_MS.get(agents)
    print(f"   (aim {bar:g} ms)" if bar else "")
    print(f"    both fields         {clocks['field']}")
    print(f"    both by FFT         {clocks['fft']}")
    print(f"    decisions           {clocks['decide']}")
    print(f"  direct, one field     {direct_ms:9.2f} ms wall ({sample} agents timed)")
    print(f"  direct / whole step   {direct_ms / clocks['step'].wall_ms:9.0f} x")
    print(f"  direct / both fields  {direct_ms / clocks['field'].wall_ms:9.0f} x")
    print(f"  peak memory so far    {peak_mib():9.0f} MiB")


def measure_runs(agents: int, seeds: int) -> None:
    """Print the steps and seconds of whole runs to completion."""
    target = pentagon(agents)
    clock, steps, completed = Clock(), [], 0
    for seed in range(seeds):
        crowd = Assembly(target, seed=seed)
        clock.time(lambda c=crowd: c.run(record=False))
        steps.append(crowd.trace.steps)
        completed += crowd.done
    print(f"\n{int(target.sum())} agents, {seeds} seeded runs: {completed} completed")
    print(f"  steps {steps}")
    print(f"  one run               {clock}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--agents", type=int, nargs="+", default=[10**4, 10**5, 10**6])
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} cores, {torch.get_num_threads()} threads, load {load:.1f}")
    for agents in options.agents:
        measure_step(agents, options.repeats)
    measure_runs(10**4, options.seeds)


if __name__ == "__main__":
    main()
