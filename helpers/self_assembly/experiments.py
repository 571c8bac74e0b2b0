"""The chapter's experiments, each one tidy table: a row per run.

Every function is a cached stage: its key holds the arguments and the code it uses,
so an interrupted notebook resumes where it stopped.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from helpers.cache import stage
from helpers.progress import progress_bar
from helpers.self_assembly.assembly import Assembly
from helpers.self_assembly.config import AssemblyConfig
from helpers.self_assembly.metrics import summarise
from helpers.self_assembly.shape_categories import CATEGORIES
from helpers.self_assembly.shape_loader import load_shape_folder
from helpers.self_assembly.shapes import make_shape, named_shape, text_shape
from helpers.self_assembly.trace import Trace

# Drawing a shape takes longer than a short run on it.
target_shape = lru_cache(maxsize=32)(named_shape)
category_shape = lru_cache(maxsize=64)(make_shape)
ABLATION_CAP = 300  # steps; settings that fail would otherwise eat the time
EVENT_STEP = 40  # when a run is disturbed
# Every reading sets all fields that tell the readings apart, so that its name is true
# whatever the configuration says.
LOCKS = {"semantics": "locks", "order": "random", "gamma_reading": "engine"}
ROUNDS = {**LOCKS, "semantics": "rounds"}
READINGS: dict[str, dict[str, Any]] = {
    "random order": LOCKS,
    "fixed order": {**LOCKS, "order": "id"},
    "γ releases locks": {**LOCKS, "gamma_reading": "release"},
    "4 rounds": {**ROUNDS, "rounds": 4},
    "1 round": {**ROUNDS, "rounds": 1},
}
JUDGED = ("random order", "fixed order")  # of these the notebook makes claims


def row(trace: Trace, **labels: Any) -> dict[str, Any]:
    """Measures of one run with its labels, as a row of a tidy table."""
    measures = summarise([trace], [labels]).assign(seconds=trace.total_seconds)
    return {str(name): value for name, value in measures.iloc[0].items()}


def _table(rows: Iterable[dict[str, Any]], total: int, title: str) -> pd.DataFrame:
    return pd.DataFrame(list(progress_bar(rows, total=total, desc=title)))


def run_once(
    target: np.ndarray, seed: int, config: AssemblyConfig, **start: Any
) -> Trace:
    """One run from a random start outside ``target``; see :class:`Assembly`."""
    return Assembly(target, config=config, seed=seed, **start).run(record=False)


@stage
def headline_runs(
    width: int, seeds: Sequence[int], config: AssemblyConfig
) -> pd.DataFrame:
    """The paper's largest instance under every reading of "in parallel".

    Twice the seeds for the two orders of sequential locks; half of them for the
    readings that take longer.
    """
    target = target_shape("pentagon", width)
    more = [seed + i * len(seeds) for i in (0, 1) for seed in seeds]
    fewer = seeds[: max(2, len(seeds) // 2)]
    cases = [
        (name, seed)
        for name in READINGS
        for seed in (more if name in JUDGED else fewer)
    ]
    rows = (
        row(
            run_once(target, seed, replace(config, **READINGS[name])),
            reading=name,
            seed=seed,
        )
        for name, seed in cases
    )
    return _table(rows, len(cases), "headline")


@stage
def category_runs(
    width: int,
    instances: int,
    seeds: Sequence[int],
    config: AssemblyConfig,
    folder: str | None = None,
) -> pd.DataFrame:
    """Runs over all 16 shape categories.

    With ``folder`` the shapes are the PNG files found there (the paper's own set),
    otherwise ``instances`` generated shapes per category. Files outside the folders
    of the authors' set have no category and are left out.
    """
    shapes: list[tuple[int, str, str, np.ndarray]] = []
    if folder is not None:
        for loaded in load_shape_folder(Path(folder), width):
            if (known := loaded.category) is not None:
                shapes.append((known.id, known.label, loaded.name, loaded.mask))
        shapes.sort(key=lambda shape: shape[0])
    else:
        for known in CATEGORIES:
            for i in range(instances):
                mask = category_shape(known.id, width, instance=i)
                shapes.append((known.id, known.label, f"{known.key} {i}", mask))
    rows = (
        row(
            run_once(mask, seed, config),
            category=id,
            label=label,
            shape=name,
            seed=seed,
        )
        for id, label, name, mask in shapes
        for seed in seeds
    )
    return _table(rows, len(shapes) * len(seeds), "categories")


@stage
def scaling_runs(
    widths: Sequence[int], shape: str, seeds: Sequence[int], config: AssemblyConfig
) -> pd.DataFrame:
    """The same shape on growing grids: steps and seconds against n."""
    cases = [(width, seed) for width in widths for seed in seeds]
    rows = (
        row(run_once(target_shape(shape, width), seed, config), width=width, seed=seed)
        for width, seed in cases
    )
    return _table(rows, len(cases), "scaling")


@stage
def ablation_runs(
    knob: str,
    values: Sequence[Any],
    shape: str,
    width: int,
    seeds: Sequence[int],
    config: AssemblyConfig,
) -> pd.DataFrame:
    """Change one field of the configuration; runs stop at :data:`ABLATION_CAP`.

    ``rounds`` implies the simultaneous semantics.
    """
    base = replace(config, max_steps=ABLATION_CAP)
    if knob == "rounds":
        base = replace(base, semantics="rounds")
    target = target_shape(shape, width)
    cases = [(value, seed) for value in values for seed in seeds]
    rows = (
        row(
            run_once(target, seed, replace(base, **{knob: value})),
            knob=knob,
            setting=value,
            seed=seed,
        )
        for value, seed in cases
    )
    return _table(rows, len(cases), knob)


@stage
def crowd_size_runs(
    ratios: Sequence[float],
    shape: str,
    width: int,
    seeds: Sequence[int],
    config: AssemblyConfig,
) -> pd.DataFrame:
    """Fewer and more agents than target cells: ``n = ratio |T|``."""
    target = target_shape(shape, width)
    size = int(target.sum())
    cases = [(ratio, seed) for ratio in ratios for seed in seeds]
    rows = (
        row(
            run_once(target, seed, config, n_agents=round(ratio * size)),
            ratio=ratio,
            shape=shape,
            seed=seed,
        )
        for ratio, seed in cases
    )
    return _table(rows, len(cases), "crowd size")


@stage
def disturbance_runs(
    event: str,
    shape: str,
    width: int,
    spares: float,
    seeds: Sequence[int],
    config: AssemblyConfig,
) -> list[tuple[int, list[int]]]:
    """Disturb a run at step 40; the decay of open targets, per seed.

    ``event``: "remove 10 %" takes that share of all agents away, "add 20 %" adds
    agents after a start with too few, "new target" swaps the shape for the letter L.

    Returns
    -------
    list of (step of the event, open targets per step)
    """
    found = []
    target = target_shape(shape, width)
    for seed in seeds:
        n_agents = round(spares * int(target.sum()))
        assembly = Assembly(target, n_agents, config=config, seed=seed)
        for _ in range(EVENT_STEP):
            assembly.step(record=False)
        disturb(assembly, event, width)
        trace = assembly.run(record=False)
        found.append((EVENT_STEP, trace.unoccupied))
    return found


def disturb(assembly: Assembly, event: str, width: int) -> None:
    """Apply one of the events of :func:`disturbance_runs`; ValueError if unknown."""
    if event == "remove 10 %":
        assembly.remove_agents(0.1)
    elif event == "add 20 %":
        assembly.add_agents(round(0.2 * assembly.n_agents))
    elif event == "new target":
        assembly.set_target(text_shape("L", width))
    else:
        raise ValueError(
            f"unknown event {event!r} (there are: remove 10 %, add 20 %, new target)"
        )


@stage
def failure_runs(
    shapes: Sequence[str], width: int, seeds: Sequence[int], config: AssemblyConfig
) -> tuple[pd.DataFrame, dict[str, Trace]]:
    """Shapes that stall, without and with the geodesic repair (ours).

    Also returns the first seed's final state per shape and repair.
    """
    rows: list[dict[str, Any]] = []
    last: dict[str, Trace] = {}
    for name in progress_bar(shapes, desc="failures"):
        target = target_shape(name, width)
        for repair in ("none", "geodesic"):
            for seed in seeds:
                trace = run_once(target, seed, replace(config, repair=repair))
                rows.append(row(trace, shape=name, repair=repair, seed=seed))
                last.setdefault(f"{name}, {repair}", trace)
    return pd.DataFrame(rows), last
