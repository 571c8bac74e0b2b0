"""The spatio-temporal complex: which points of a checkpoint should lie together.

Two fuzzy simplicial sets: one over the training points, and one that ties every point
to its nearest *boundary* points. Their edges are the positives of the UMAP loss.
Across checkpoints the complex is carried by the neighbour-preserving rate of each
sample (`metrics.preserving_rate`), which weighs the temporal loss.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from sklearn.neighbors import NearestNeighbors

from helpers.names import unknown_name
from helpers.training_visualization.umap_library import umap_library

EdgeSampling = Literal["weight", "as_released"]
SAMPLINGS = ("weight", "as_released")


@dataclass(frozen=True)
class Edges:
    """Pairs of points with a membership.

    Attributes
    ----------
    heads, tails : np.ndarray
        Shape (edges,), indices of points; boundary points follow the training points.
    weights : np.ndarray
        Shape (edges,), memberships in (0, 1].
    """

    heads: np.ndarray
    tails: np.ndarray
    weights: np.ndarray

    def __len__(self) -> int:
        return len(self.heads)

    @classmethod
    def joined(cls, parts: Sequence[Edges]) -> Edges:
        """The edges of all parts, in their order."""
        return cls(
            np.concatenate([part.heads for part in parts]),
            np.concatenate([part.tails for part in parts]),
            np.concatenate([part.weights for part in parts]),
        )

    def chances(self, rule: EdgeSampling = "weight", rounds: int = 10) -> np.ndarray:
        """How often an edge is drawn, shape (edges,), sums to 1.

        ``"weight"``: proportional to the membership, as UMAP means it.
        ``"as_released"``: the authors' code repeats an edge ``int(max w / w)`` times,
        the weak ones most (a slip inherited from an early parametric UMAP). Edges below
        ``max w / rounds`` are dropped in both.
        """
        if rule not in SAMPLINGS:
            raise unknown_name("edge sampling", rule, SAMPLINGS)
        top = self.weights.max()
        kept = self.weights >= top / rounds
        often = (
            self.weights
            if rule == "weight"
            else np.floor(top / np.maximum(self.weights, 1e-12))
        )
        chance = np.where(kept, often, 0.0)
        return chance / chance.sum()


def neighbor_graph(
    points: np.ndarray, queries: np.ndarray, k: int
) -> tuple[np.ndarray, np.ndarray]:
    """Indices and distances of the k nearest ``points``, shapes (n, k); exact.

    With ``queries is points`` each point is its own first neighbour, at distance 0, as
    UMAP's graph wants it.
    """
    search = NearestNeighbors(n_neighbors=k).fit(points)
    if queries is not points:
        distances, indices = search.kneighbors(queries)
        return indices, distances
    distances, indices = search.kneighbors(None, k - 1)
    own = np.arange(len(points))[:, None]
    return np.hstack([own, indices]), np.pad(distances, ((0, 0), (1, 0)))


def boundary_graph(
    boundary: np.ndarray, every: np.ndarray, k: int
) -> tuple[np.ndarray, np.ndarray]:
    """Indices and distances of the k nearest boundary points of all points, (n, k).

    Parameters
    ----------
    boundary : np.ndarray
        Shape (b, features), the last b rows of ``every``, as which they are numbered.
    """
    indices, distances = neighbor_graph(boundary, every, k)
    indices = indices + len(every) - len(boundary)
    # a boundary point is its own neighbour; rounding must not set it apart from itself
    itself = indices == np.arange(len(every))[:, None]
    return indices, np.where(itself, 0.0, distances)


def fuzzy_graph(
    indices: np.ndarray, distances: np.ndarray, k: int, seed: int = 0
) -> tuple[Any, np.ndarray, np.ndarray]:
    """UMAP's fuzzy simplicial set of a neighbour graph (umap-learn does the work).

    Returns
    -------
    graph : sparse array of memberships
    sigmas, rhos : np.ndarray
        Local scales and distances of the nearest neighbours, shapes (n,).
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        graph, sigmas, rhos = umap_library().umap_.fuzzy_simplicial_set(
            np.empty((len(indices), 1), np.float32),
            k,
            np.random.RandomState(seed),  # unused where the neighbours are given
            "euclidean",
            knn_indices=indices,
            knn_dists=distances.astype(np.float32),
        )
    return graph.tocoo(), sigmas, rhos


def fuzzy_set(
    indices: np.ndarray, distances: np.ndarray, k: int, seed: int = 0
) -> Edges:
    """The edges of :func:`fuzzy_graph`."""
    graph, _, _ = fuzzy_graph(indices, distances, k, seed)
    return Edges(graph.row, graph.col, graph.data)


def spatial_complex(
    train: np.ndarray, boundary: np.ndarray, k: int = 15, seed: int = 0
) -> Edges:
    """Edges among training points, and from every point to its nearest boundary points.

    Parameters
    ----------
    train : np.ndarray
        Shape (n, features).
    boundary : np.ndarray
        Shape (b, features); with fewer than two boundary points only the training graph
        is made.
    k : int
        Neighbours, the point itself included; fewer where there are not so many points.

    Raises
    ------
    ValueError
        With fewer than three training points.
    """
    if len(train) < 3:
        raise ValueError(f"{len(train)} samples; a complex needs at least 3")
    near = min(k, len(train) - 1)
    edges = fuzzy_set(*neighbor_graph(train, train, near), near, seed)
    if len(boundary) < 2:
        return edges
    every = np.concatenate([train, boundary])
    near = min(k, len(boundary))
    ties = fuzzy_set(*boundary_graph(boundary, every, near), near, seed)
    return Edges.joined([edges, ties])
