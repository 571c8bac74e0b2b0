"""The notebook's comparisons: every method on the same traces, one task each.

A task is one method on one trace; tasks run side by side and each is kept on disk, so
an interrupted run resumes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from helpers.cache import stage
from helpers.names import unknown_name
from helpers.parallel import in_processes
from helpers.torch_threads import single_thread
from helpers.training_visualization.baseline_umap import (
    UmapProjection,
    project_aligned_umap,
    project_umap,
    umap_inverse,
)
from helpers.training_visualization.baselines import project_pca, project_tsne
from helpers.training_visualization.estimator import DVI
from helpers.training_visualization.fisher import project_deepview
from helpers.training_visualization.projection import (
    Projection,
    evaluate,
    evaluate_time,
)
from helpers.training_visualization.subjects import train_digits, train_tangle
from helpers.training_visualization.timevis import project_timevis
from helpers.training_visualization.trace import Trace

if TYPE_CHECKING:
    import pandas as pd

SUBJECTS: dict[str, Callable[..., Trace]] = {
    "digits": train_digits,
    "tangle": train_tangle,
}


@dataclass(frozen=True)
class Effort:
    """What the methods may spend; the same for every seed of an experiment.

    Attributes
    ----------
    first_steps, steps : int
        Of `estimator.DVI`.
    timevis_steps, umap_epochs, aligned_epochs, tsne_iterations : int
        Training steps and epochs of the others.
    inverted : int
        Points per checkpoint whose inverse UMAP computes; 0 for none.
    options : tuple of (str, value)
        Other parameters of `estimator.DVI`.
    """

    first_steps: int = 1500
    steps: int = 800
    timevis_steps: int = 1000
    umap_epochs: int = 200
    aligned_epochs: int = 40
    tsne_iterations: int = 500
    inverted: int = 100
    options: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True)
class Task:
    """One method on one trace.

    Attributes
    ----------
    subject : str
        One of :data:`SUBJECTS`.
    seed : int
        Of the classifier and of the method.
    method : str
        One of :data:`METHODS`, or :data:`VARIANTS`.
    checkpoints : tuple of int
        Epochs whose maps are drawn.
    effort : Effort
    samples : int
        Only the first so many training samples (and a quarter as many test samples); 0
        for all.
    recorded : tuple of int
        Epochs that are recorded, `checkpoints` among them; by default no others.
    """

    subject: str
    seed: int
    method: str
    checkpoints: tuple[int, ...]
    effort: Effort = field(default_factory=Effort)
    samples: int = 0
    recorded: tuple[int, ...] = ()

    def trace(self) -> Trace:
        """The trace; trained once for all methods.

        Raises
        ------
        ValueError
            For an unknown subject, or a checkpoint that is not recorded.
        """
        if self.subject not in SUBJECTS:
            raise unknown_name("subject", self.subject, list(SUBJECTS))
        recorded = self.recorded or self.checkpoints
        if missing := sorted(set(self.checkpoints) - set(recorded)):
            raise ValueError(f"checkpoints {missing}; allowed: recorded {recorded}")
        trained = SUBJECTS[self.subject](
            self.seed, max(recorded), checkpoints=recorded
        ).at([recorded.index(epoch) for epoch in self.checkpoints])
        if not self.samples:
            return trained
        return trained.first(self.samples, max(1, self.samples // 4))


@dataclass(frozen=True)
class Measured:
    """Rows of `evaluate`, a row of `evaluate_time`, and rows of `umap_inverse`."""

    properties: pd.DataFrame
    time: dict[str, Any]
    inverse: list[dict[str, Any]]


def _dvi(trace: Trace, task: Task, **changes: Any) -> Projection:
    options = {
        **dict(task.effort.options),
        "first_steps": task.effort.first_steps,
        "steps": task.effort.steps,
        "random_state": task.seed,
    }
    model = DVI(**{**options, **changes}).fit_trace(trace)
    return model.project(trace, task.method)


METHODS: dict[str, Callable[[Trace, Task], Projection]] = {
    "DVI": _dvi,
    "PCA": lambda trace, task: project_pca(trace),
    "t-SNE": lambda trace, task: project_tsne(
        trace, random_state=task.seed, max_iter=task.effort.tsne_iterations
    ),
    "UMAP": lambda trace, task: project_umap(
        trace,
        inverse=task.effort.inverted,
        random_state=task.seed,
        n_epochs=task.effort.umap_epochs,
    ),
    "AlignedUMAP": lambda trace, task: project_aligned_umap(
        trace, random_state=task.seed, n_epochs=task.effort.aligned_epochs
    ),
    "Parametric UMAP": lambda trace, task: _dvi(
        trace,
        task,
        boundary=0.0,
        attention=None,
        transfer=False,
        first_steps=3 * task.effort.steps // 2,  # at every checkpoint
    ),
    "TimeVis": lambda trace, task: project_timevis(
        trace, steps=task.effort.timevis_steps, random_state=task.seed
    ),
    "DeepView": lambda trace, task: project_deepview(  # a few hundred points at most
        trace, random_state=task.seed, n_epochs=task.effort.umap_epochs
    ),
}
# Changes of DVI for the ablation; the first is the method itself.
VARIANTS: dict[str, dict[str, Any]] = {
    "full method": {},
    "no boundary points": {"boundary": 0.0},
    "no attention": {"attention": None},
    "temporal loss off": {"temporal_weight": 0.0},
    "temporal loss as released (0.3)": {"temporal_weight": 0.3},
    "no warm start": {"transfer": False},
    "features unscaled": {"scale": False},
    "weak edges repeated (released)": {"edge_sampling": "as_released"},
}


@stage
def measure(task: Task) -> Measured:
    """Fit one method to one trace and measure its maps."""
    trace = task.trace()
    with single_thread():
        if task.method in VARIANTS:
            projection = _dvi(trace, task, **VARIANTS[task.method])
        elif task.method in METHODS:
            projection = METHODS[task.method](trace, task)
        else:
            raise unknown_name("method", task.method, [*METHODS, *VARIANTS])
        properties = evaluate(projection, trace)
        inverse = (
            umap_inverse(projection, trace)
            if isinstance(projection, UmapProjection) and task.effort.inverted
            else []
        )
        time = evaluate_time(projection, trace)
    labels: dict[str, Any] = {"subject": task.subject, "seed": task.seed}
    return Measured(
        properties.assign(**labels),
        {**time, **labels},
        [{**row, **labels} for row in inverse],
    )


def _train(task: Task) -> None:
    task.trace()


def compare(
    subjects: dict[str, tuple[int, ...]],
    seeds: Sequence[int],
    methods: Sequence[str],
    effort: Effort | None = None,
    *,
    samples: int = 0,
    recorded: Mapping[str, tuple[int, ...]] | None = None,
    workers: int = 2,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Every method on every subject and seed.

    Parameters
    ----------
    subjects : dict of str to tuple of int
        Checkpoints per subject.
    recorded : mapping of str to tuple of int, optional
        All that are recorded, as `Task` has them: comparisons that share them share
        the classifiers.

    Returns
    -------
    properties, times, inverse : DataFrame
        Rows of `projection.evaluate`, of `projection.evaluate_time` and of
        `baseline_umap.umap_inverse`, with columns subject and seed.
    """
    import pandas as pd

    tasks = [
        Task(
            subject,
            seed,
            method,
            checkpoints,
            effort or Effort(),
            samples,
            (recorded or {}).get(subject, ()),
        )
        for subject, checkpoints in subjects.items()
        for seed in seeds
        for method in methods
    ]
    # trained once each, before two methods would do it at the same time
    distinct = {(t.subject, t.seed): t for t in tasks}.values()
    in_processes(_train, list(distinct), workers, label="classifiers")
    found = in_processes(measure, tasks, workers, label="maps")
    return (
        pd.concat([m.properties for m in found], ignore_index=True),
        pd.DataFrame([m.time for m in found]),
        pd.DataFrame([row for m in found for row in m.inverse]),
    )


def studies(
    wanted: dict[str, tuple[Callable[..., Any], dict[str, Any]]],
    seeds: Sequence[int],
    workers: int = 2,
) -> dict[str, list[Any]]:
    """Case studies for several seeds, all side by side.

    Parameters
    ----------
    wanted : dict of str to (callable, dict)
        By name: a study, called with a seed, and its other arguments.

    Returns
    -------
    dict of str to list
        By name, one result per seed.
    """
    tasks = [
        partial(study, seed, **options)
        for study, options in wanted.values()
        for seed in seeds
    ]
    found = iter(in_processes(_call, tasks, workers, label="studies"))
    return {name: [next(found) for _ in seeds] for name in wanted}


def _call(task: Callable[[], Any]) -> Any:
    return task()


def per_seed(
    properties: pd.DataFrame,
    column: str,
    method: str,
    *,
    subject: str = "digits",
    split: str = "train",
    k: int = 15,
    epochs: Sequence[int] | None = None,
) -> np.ndarray:
    """A property's mean over checkpoints (or some of them), one number per seed.

    Raises
    ------
    ValueError
        If nothing was measured for these labels.
    """
    keep = (
        (properties["method"] == method)
        & (properties["subject"] == subject)
        & (properties["split"] == split)
        & (properties["k"] == k)
    )
    if epochs is not None:
        keep &= properties["epoch"].isin(list(epochs))
    if not keep.any():
        names = sorted(set(properties["method"]))
        raise unknown_name(f"method measured on {subject}, {split}", method, names)
    means = properties[keep].groupby("seed")[column].mean()
    return means.to_numpy()


def seed_times(
    times: pd.DataFrame, column: str, method: str, subject: str = "digits"
) -> np.ndarray:
    """A column of the times table, one number per seed."""
    keep = (times["method"] == method) & (times["subject"] == subject)
    if not keep.any():
        raise unknown_name("method", method, sorted(set(times["method"])))
    return times[keep].sort_values("seed")[column].to_numpy(dtype=float)
