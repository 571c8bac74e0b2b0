"""UMAP as a baseline: from checkpoint to checkpoint, and all checkpoints aligned.

The released baseline starts UMAP at the previous checkpoint's map. AlignedUMAP, which
the paper does not compare with, was made for a sequence of data sets. Both come from
umap-learn.
"""

from __future__ import annotations

import copy
import warnings
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

from helpers.processor_time import ProcessorTime
from helpers.training_visualization.baselines import split_places, training_points
from helpers.training_visualization.metrics import inverse_projection, nearest
from helpers.training_visualization.projection import Projection
from helpers.training_visualization.trace import Trace
from helpers.training_visualization.umap_library import umap_library


@dataclass(frozen=True)
class InverseSample:
    """Inverse projections of a few training samples.

    Attributes
    ----------
    rows : np.ndarray
        Shape (m,), which training samples.
    back : np.ndarray
        Shape (m, features).
    milliseconds : float
        Processor time per point, see `umap_inverse`; NaN where it was not taken.
    """

    rows: np.ndarray
    back: np.ndarray
    milliseconds: float


@dataclass(frozen=True)
class UmapProjection(Projection):
    """A projection that inverts some of its samples, see `umap_inverse`.

    Attributes
    ----------
    inverse : list of InverseSample
        One per checkpoint, or empty. ``train_back`` stays empty: it would have to
        hold every sample, at about 11 ms each.
    """

    inverse: list[InverseSample] = field(default_factory=list)


def project_umap(
    trace: Trace,
    n_neighbors: int = 15,
    inverse: int = 0,
    *,
    random_state: int = 0,
    **options: Any,
) -> UmapProjection:
    """UMAP per checkpoint, started at the previous checkpoint's map.

    A training sample starts where it was. A boundary point is another mix of samples
    at every checkpoint: it starts at the mean of the previous places of its nearest
    training samples (ours; the released code has as many of them at every checkpoint,
    and starts one where its row was).

    Parameters
    ----------
    n_neighbors : int
        The point itself included (umap-learn's default).
    inverse : int
        How many random training samples to invert per checkpoint.
    random_state : int
        A seed also means one thread.
    **options
        For ``umap.UMAP``, such as ``n_epochs``.

    Raises
    ------
    ValueError
        If ``n_neighbors`` or ``inverse`` exceed the samples.
    """
    umap = umap_library()

    n = trace.train.shape[1]
    _check_neighbors(trace, n_neighbors)
    if not 0 <= inverse <= n:
        raise ValueError(f"inverse is {inverse}; allowed: 0 to {n}, the samples")
    rng = np.random.default_rng(random_state)
    places: list[np.ndarray] = []
    test: list[np.ndarray] = []
    samples: list[InverseSample] = []
    seconds: list[float] = []
    for t, points in enumerate(training_points(trace)):
        start = _start(points, places[-1][:n], n_neighbors) if places else "spectral"
        with ProcessorTime() as watch, warnings.catch_warnings():
            # a spectral start of few points falls back to dense eigenvectors
            warnings.filterwarnings("ignore", module="umap|sklearn")
            model = umap.UMAP(
                n_neighbors=n_neighbors,
                init=start,
                random_state=random_state,
                transform_seed=random_state,
                n_jobs=1,  # what a seed enforces anyway, with a warning
                **options,
            ).fit(points)
        seconds.append(watch.seconds)
        places.append(np.asarray(model.embedding_))
        if trace.test.size:
            test.append(np.asarray(model.transform(trace.test[t])))
        if inverse:
            rows = np.sort(rng.choice(n, inverse, replace=False))
            samples.append(_invert(model, rows, timed=t == len(trace) - 1))
    train, boundary = split_places(trace, places)
    return UmapProjection(
        "UMAP", train, test, boundary, seconds=seconds, inverse=samples
    )


def _start(points: np.ndarray, before: np.ndarray, k: int) -> np.ndarray:
    """Where the training samples were; a boundary point amid its nearest of these."""
    n = len(before)
    if len(points) == n:
        return before
    near = nearest(points[:n], points[n:], k)
    return np.concatenate([before, before[near].mean(axis=1)])


def _invert(model: Any, rows: np.ndarray, timed: bool) -> InverseSample:
    """Inverse projections of some of the samples that the model was fitted to."""
    found, seconds = timed_inverse(model, rows)
    milliseconds = np.nan
    if timed and len(rows) > 1:
        alone = timed_inverse(model, rows[:1])[1]
        milliseconds = 1000 * (seconds - alone) / (len(rows) - 1)
    return InverseSample(rows, found, milliseconds)


def timed_inverse(model: Any, rows: np.ndarray) -> tuple[np.ndarray, float]:
    """Inverse projections of samples (rows of the fit), and processor seconds for all.

    The model stays as it is: ``inverse_transform`` moves its own data, so that a second
    call answers otherwise (umap-learn, issue 515), and is given a copy.
    """
    model = copy.deepcopy(model)
    with ProcessorTime() as watch:
        found = model.inverse_transform(model.embedding_[rows])
    return np.asarray(found), watch.seconds


def umap_inverse(projection: UmapProjection, trace: Trace) -> list[dict[str, Any]]:
    """How well UMAP inverts, on the samples that `project_umap` has inverted.

    Returns
    -------
    list of dict
        Per checkpoint ``epoch``, ``points``, ``ppr``, ``confidence_difference`` (see
        `metrics.inverse_projection`) and, at the last, ``milliseconds`` of processor
        time per point beyond the first: every call begins with a triangulation of the
        whole map, which takes as long as many points and is not counted.

    Raises
    ------
    ValueError
        If nothing was inverted.
    """
    if not projection.inverse:
        raise ValueError("no sample was inverted; call project_umap with inverse > 0")
    rows: list[dict[str, Any]] = []
    for t, found in enumerate(projection.inverse):
        high = trace.train[t][found.rows]
        rows.append(
            {
                "epoch": trace.epochs[t],
                "points": len(found.rows),
                **inverse_projection(high, found.back, trace.heads[t]),
                "milliseconds": found.milliseconds,
            }
        )
    return rows


def project_aligned_umap(
    trace: Trace,
    n_neighbors: int = 15,
    *,
    regularisation: float = 1e-2,
    window: int = 3,
    random_state: int = 0,
    **options: Any,
) -> Projection:
    """AlignedUMAP: all checkpoints at once, each sample pulled to its other places.

    Training samples are related to themselves at the neighbouring checkpoints;
    boundary points have no counterpart. It can neither place new samples (umap-learn,
    issue 960) nor invert.

    Parameters
    ----------
    regularisation : float
        Strength of the pull (umap-learn's default).
    window : int
        Checkpoints on either side that pull (umap-learn's default).
    **options
        For ``umap.AlignedUMAP``, such as ``n_epochs``.

    Raises
    ------
    ValueError
        With a single checkpoint, or too few samples for ``n_neighbors``.
    """
    umap = umap_library()

    if len(trace) < 2:
        raise ValueError("1 checkpoint; alignment needs at least 2")
    _check_neighbors(trace, n_neighbors)
    n = trace.train.shape[1]
    # The boundary points come first. umap-learn (0.5.12) sizes its table of relations
    # by the highest related row and reads beyond it for rows that are higher still.
    points = [np.concatenate([x[n:], x[:n]]) for x in training_points(trace)]
    first = [len(x) - n for x in points]
    relations = [{a + i: b + i for i in range(n)} for a, b in pairwise(first)]
    with ProcessorTime() as watch, warnings.catch_warnings():
        # it takes no n_jobs, so that the seed's warning cannot be avoided
        warnings.filterwarnings("ignore", module="umap|sklearn")
        model = umap.AlignedUMAP(
            n_neighbors=n_neighbors,
            alignment_regularisation=regularisation,
            alignment_window_size=window,
            random_state=random_state,
            transform_seed=random_state,
            **options,
        ).fit(points, relations=relations)
    places = [
        np.concatenate([z[b:], z[:b]])
        for z, b in zip(map(np.asarray, model.embeddings_), first, strict=True)
    ]
    train, boundary = split_places(trace, places)
    seconds = [watch.seconds / len(trace)] * len(trace)
    return Projection("AlignedUMAP", train, boundary=boundary, seconds=seconds)


def _check_neighbors(trace: Trace, n_neighbors: int) -> None:
    n = trace.train.shape[1]
    if not 2 <= n_neighbors < n:
        raise ValueError(
            f"n_neighbors is {n_neighbors}; allowed: 2 to below {n}, the samples"
        )
