"""Learning curves of whole workloads, trained in parallel and kept on disk.

Every trial is a cached stage of its own: an interrupted training resumes with the
trials that are missing.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from helpers.cache import stage
from helpers.parallel import in_processes
from helpers.spot_tuning.curves import LearningCurves
from helpers.spot_tuning.workload import Workload
from helpers.spot_tuning.workloads import WORKLOADS, Scale, workload

if TYPE_CHECKING:  # pandas is for the table only
    import pandas as pd

# Longest first, so that the processes finish together.
_LONGEST_FIRST = ("ResNet", "CNN", "GBTR", "SVM", "LoR", "LiR")


class Task(NamedTuple):
    """One trial to train, for ``steps`` steps; ``setting`` is an index."""

    name: str
    setting: int
    seed: int
    steps: int
    scale: Scale


@dataclass(frozen=True)
class TrainedTrial:
    """What one trial did.

    Attributes
    ----------
    metrics : np.ndarray
        Shape (steps,), validation metric after each step.
    declared_seconds : float
        Seconds per step on one core by counted operations, see `Workload`.
    measured_seconds : float
        Median processor time of a step where it was trained.
    total_seconds : float
        Processor time of the whole trial, without imports.
    """

    metrics: np.ndarray
    declared_seconds: float
    measured_seconds: float
    total_seconds: float


@stage
def train_trial(task: Task) -> TrainedTrial:
    """Train one setting of one workload, on one core."""
    chosen = workload(task.name, task.scale)
    trial = chosen.trainer(task.setting, task.seed)
    clock, metrics = [time.process_time()], []
    with _one_thread():
        for _ in range(task.steps):
            metrics.append(trial.train_step())
            clock.append(time.process_time())
    return TrainedTrial(
        np.array(metrics),
        chosen.step_seconds(task.setting),
        float(np.median(np.diff(clock))),
        clock[-1] - clock[0],
    )


@contextmanager
def _one_thread() -> Iterator[None]:
    """Small arrays gain nothing from torch's threads, and trials share the cores."""
    if (torch := sys.modules.get("torch")) is None:
        yield
        return
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@stage
def train_trials(tasks: tuple[Task, ...], processes: int) -> dict[Task, TrainedTrial]:
    """Train all ``tasks`` in that many processes, with a progress bar."""
    order = sorted(tasks, key=lambda task: _LONGEST_FIRST.index(task.name))
    trained = in_processes(train_trial, order, processes, label="trials")
    return dict(zip(order, trained, strict=True))


def tasks_of(
    name: str,
    seed: int,
    *,
    settings: int | None = None,
    steps: int | None = None,
    scale: Scale = "default",
) -> tuple[Task, ...]:
    """The trials of one workload and seed; see :func:`train_all`."""
    if steps is not None and steps < 1:
        raise ValueError(f"steps is {steps}; allowed: 1 or more")
    chosen = workload(name, scale)
    return tuple(
        Task(name, i, seed, min(steps or chosen.steps(i), chosen.steps(i)), scale)
        for i in chosen.spread(settings)
    )


def train_all(
    names: Sequence[str] = tuple(WORKLOADS),
    seeds: Sequence[int] = (0,),
    *,
    settings: int | None = None,
    steps: int | None = None,
    scale: Scale = "default",
    processes: int = 2,
) -> dict[str, tuple[LearningCurves, ...]]:
    """Really train every setting of the workloads.

    Parameters
    ----------
    names, seeds : sequence
    settings : int, optional
        Only that many settings, evenly spread over the grid: a smoke test.
    steps : int, optional
        Only the first steps of each.
    scale : {"default", "paper"}
    processes : int
        Worker processes of one thread each.

    Returns
    -------
    dict
        Curves of each workload, one per seed. Their ``step_seconds`` are the declared
        ones (`Workload.step_seconds`): the same on every machine.
    """
    plans = {
        name: [
            tasks_of(name, seed, settings=settings, steps=steps, scale=scale)
            for seed in seeds
        ]
        for name in names
    }
    every_task = tuple(
        task for plan in plans.values() for part in plan for task in part
    )
    trained = train_trials(every_task, processes)
    return {
        name: tuple(_curves(workload(name, scale), part, trained) for part in plan)
        for name, plan in plans.items()
    }


def train_curves(
    name: str,
    seed: int = 0,
    *,
    settings: int | None = None,
    steps: int | None = None,
    scale: Scale = "default",
    processes: int = 2,
) -> LearningCurves:
    """Curves of one workload and one seed; see :func:`train_all`."""
    return train_all(
        (name,),
        (seed,),
        settings=settings,
        steps=steps,
        scale=scale,
        processes=processes,
    )[name][0]


def _curves(
    chosen: Workload, tasks: Sequence[Task], trained: dict[Task, TrainedTrial]
) -> LearningCurves:
    return LearningCurves(
        workload=chosen.name,
        metric=chosen.metric,
        settings=tuple(chosen.settings[task.setting] for task in tasks),
        metrics=tuple(trained[task].metrics for task in tasks),
        step_seconds=np.array([trained[task].declared_seconds for task in tasks]),
        decay_steps=tuple(
            tuple(d for d in chosen.decay_steps(task.setting) if d < task.steps)
            for task in tasks
        ),
        alpha=chosen.alpha,
        checkpoint_mb=chosen.checkpoint_mb,
    )


def step_times(
    names: Sequence[str] = tuple(WORKLOADS),
    seed: int = 0,
    *,
    settings: int | None = None,
    steps: int | None = None,
    scale: Scale = "default",
    processes: int = 2,
) -> pd.DataFrame:
    """Declared beside measured step times, a row per trial.

    Columns: workload, setting (index), declared_ms and measured_ms per step, and
    cpu_seconds of the whole trial. The last two were measured when the trial was
    trained, on that machine.
    """
    import pandas as pd

    tasks = tuple(
        task
        for name in names
        for task in tasks_of(name, seed, settings=settings, steps=steps, scale=scale)
    )
    trained = train_trials(tasks, processes)
    return pd.DataFrame(
        {
            "workload": task.name,
            "setting": task.setting,
            "declared_ms": 1e3 * trained[task].declared_seconds,
            "measured_ms": 1e3 * trained[task].measured_seconds,
            "cpu_seconds": trained[task].total_seconds,
        }
        for task in tasks
    )
