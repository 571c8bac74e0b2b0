"""DeepView's distance between samples, which also counts how the prediction changes.

Fisher's information measures how fast the classifier's probabilities change along a
path. DeepView (arXiv 1909.09154) sums it along the straight line between two samples,
mixes it with the Euclidean distance, and gives the distances to UMAP. The formula
follows its released code; the distances need ``n^2 (steps + 2) / 2`` calls of the
classifier, which is why it is for small subsets only. (The package ``deepview`` on PyPI
is something else.)
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from helpers.processor_time import ProcessorTime
from helpers.training_visualization.baselines import split_places, training_points
from helpers.training_visualization.heads import Head, logits, softmax
from helpers.training_visualization.projection import Projection
from helpers.training_visualization.trace import Trace
from helpers.training_visualization.umap_library import umap_library

MOST = 300


def jensen_shannon(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """``KL(p, m) / 2 + KL(q, m) / 2`` with ``m = (p + q) / 2``, in nats.

    Parameters
    ----------
    p, q : np.ndarray
        Probabilities along the last axis.

    Returns
    -------
    np.ndarray
        Shape without the last axis, 0 to ln 2.
    """
    p, q = (np.maximum(x.astype(np.float64), 1e-12) for x in (p, q))
    middle = (p + q) / 2
    both = p * np.log(p / middle) + q * np.log(q / middle)
    return np.maximum(both.sum(axis=-1) / 2, 0)


def discriminative_distances(x: np.ndarray, head: Head, steps: int = 5) -> np.ndarray:
    """How far the prediction travels on the straight line between two samples.

    ``d(x, y) = sum_(i=0)^steps sqrt(JS(p(z_i), p(z_(i+1))))`` with
    ``z_i = x + i / (steps + 1) (y - x)``; the root of JS is, for a small step, as
    long as Fisher's information says, up to a constant.

    Parameters
    ----------
    x : np.ndarray
        Shape (n, features), at most 300 samples.
    head : callable
        Representations to logits.
    steps : int
        Points between the two ends (5 in DeepView).

    Returns
    -------
    np.ndarray
        Shape (n, n), symmetric, zero diagonal.

    Raises
    ------
    ValueError
        With more than 300 samples, fewer than 2, or a negative number of steps.
    """
    n = len(x)
    if not 2 <= n <= MOST:
        raise ValueError(
            f"{n} samples; allowed: 2 to {MOST}, since the distances take "
            f"{n * (n - 1) // 2 * (steps + 2):,} calls of the classifier: "
            "choose a subset"
        )
    if steps < 0:
        raise ValueError(f"steps is {steps}; allowed: 0 or more")
    share = np.linspace(0, 1, steps + 2, dtype=np.float32)[:, None]
    found = np.zeros((n, n))
    for i in range(n - 1):
        line = x[i] + share * (x[i + 1 :, None] - x[i])  # (others, steps + 2, features)
        p = softmax(logits(head, line.reshape(-1, x.shape[1])))
        p = p.reshape(*line.shape[:2], -1)
        found[i, i + 1 :] = np.sqrt(jensen_shannon(p[:, :-1], p[:, 1:])).sum(axis=1)
    return found + found.T


def fisher_distances(
    x: np.ndarray, head: Head, steps: int = 5, weight: float = 0.65
) -> np.ndarray:
    """DeepView's mix of structure and prediction.

    ``weight e(x, y) / max e + (1 - weight) d(x, y) / max d`` with the Euclidean
    distance e and `discriminative_distances` d.

    Parameters
    ----------
    weight : float
        Share of the Euclidean distance (lambda, 0.65 in DeepView).

    Returns
    -------
    np.ndarray
        Shape (n, n), symmetric, 0 to 1.

    Raises
    ------
    ValueError
        As `discriminative_distances`, and for a weight outside 0 to 1.
    """
    if not 0 <= weight <= 1:
        raise ValueError(f"weight is {weight}; allowed: 0 to 1")
    predicted = discriminative_distances(x, head, steps)
    wide = x.astype(np.float64)
    structure = np.linalg.norm(wide[:, None] - wide, axis=2)
    parts = ((weight, structure), (1 - weight, predicted))
    return sum(
        (share * part / (part.max() or 1.0) for share, part in parts),
        start=np.zeros_like(structure),
    )


def project_deepview(
    trace: Trace,
    steps: int = 5,
    weight: float = 0.65,
    n_neighbors: int = 30,
    *,
    random_state: int = 0,
    **options: Any,
) -> Projection:
    """UMAP of `fisher_distances`, per checkpoint by itself; no test, no inverse here.

    (DeepView inverts with kernels around the samples, which we leave out.)

    Parameters
    ----------
    trace : Trace
        At most 300 training samples and boundary points together.
    n_neighbors : int
        30 in DeepView; fewer where there are not so many points.
    **options
        For ``umap.UMAP``.

    Raises
    ------
    ValueError
        As `fisher_distances`.
    """
    umap = umap_library()

    places, seconds = [], []
    for points, head in zip(training_points(trace), trace.heads, strict=True):
        with ProcessorTime() as watch, warnings.catch_warnings():
            # umap-learn warns that precomputed distances allow no transform
            warnings.filterwarnings("ignore", module="umap|sklearn")
            model = umap.UMAP(
                n_neighbors=min(n_neighbors, len(points) - 1),
                metric="precomputed",
                random_state=random_state,
                n_jobs=1,
                **options,
            ).fit(fisher_distances(points, head, steps, weight))
        places.append(np.asarray(model.embedding_))
        seconds.append(watch.seconds)
    train, boundary = split_places(trace, places)
    return Projection("DeepView", train, boundary=boundary, seconds=seconds)
