"""PCA and t-SNE of every checkpoint by itself: the baselines without a memory.

Both are fitted to the training samples together with the boundary points, so that
the distance to the boundary has a fair chance of being kept. UMAP is in
`baseline_umap`, the authors' successor in `timevis`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from helpers.processor_time import ProcessorTime
from helpers.training_visualization.projection import Projection
from helpers.training_visualization.trace import Trace


def training_points(trace: Trace) -> Iterator[np.ndarray]:
    """Per checkpoint the training samples, then its boundary points: (n + b, features).

    All that a map is fitted to.
    """
    for t, x in enumerate(trace.train):
        yield np.concatenate([x, trace.boundary[t]]) if trace.boundary else x


def split_places(
    trace: Trace, places: list[np.ndarray]
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Places of training samples and of boundary points, from `training_points`' order.

    The second list is empty if the trace has no boundary points at all.
    """
    n = trace.train.shape[1]
    return [z[:n] for z in places], [z[n:] for z in places] if trace.boundary else []


def project_pca(trace: Trace) -> Projection:
    """The two directions of greatest variance, per checkpoint.

    Linear, so it has an exact transform and an inverse, ``z V' + mean``. The signs of
    the axes may flip between checkpoints; nothing is done about it, as in the released
    baseline.
    """
    from sklearn.decomposition import PCA

    places, test, back, test_back, seconds = [], [], [], [], []
    for t, points in enumerate(training_points(trace)):
        with ProcessorTime() as watch:
            model = PCA(2, svd_solver="full").fit(points)
        seconds.append(watch.seconds)
        places.append(model.transform(points))
        back.append(model.inverse_transform(places[-1][: trace.train.shape[1]]))
        if trace.test.size:
            test.append(model.transform(trace.test[t]))
            test_back.append(model.inverse_transform(test[-1]))
    train, boundary = split_places(trace, places)
    return Projection("PCA", train, test, boundary, back, test_back, seconds)


def project_tsne(
    trace: Trace, perplexity: float = 30.0, random_state: int = 0, **options: Any
) -> Projection:
    """t-SNE of scikit-learn, per checkpoint; it places no new samples, inverts none.

    Parameters
    ----------
    perplexity : float
        Effective number of neighbours (30 in the released baseline).
    **options
        For scikit-learn's ``TSNE``.

    Raises
    ------
    ValueError
        If the perplexity is not below the number of points of every checkpoint.
    """
    from sklearn.manifold import TSNE

    fewest = min(len(points) for points in training_points(trace))
    if not 1 <= perplexity < fewest:
        raise ValueError(
            f"perplexity is {perplexity}; allowed: 1 to below {fewest}, the points"
        )
    places, seconds = [], []
    for points in training_points(trace):
        model = TSNE(2, perplexity=perplexity, random_state=random_state, **options)
        with ProcessorTime() as watch:
            places.append(model.fit_transform(points))
        seconds.append(watch.seconds)
    train, boundary = split_places(trace, places)
    return Projection("t-SNE", train, boundary=boundary, seconds=seconds)
