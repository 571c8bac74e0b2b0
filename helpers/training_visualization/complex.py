"""The spatio-temporal complex: which points of a checkpoint should lie together.

Two fuzzy simplicial sets: one over the training points, and one that ties every point
to its nearest *boundary* points. Their edges are the positives of the UMAP loss.
Across checkpoints the complex is carried by the neighbour-preserving rate of each
sample (`metrics.preserving_rate`), which weighs the temporal loss.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Literal

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


def fuzzy_set(
    indices: np.ndarray, distances: np.ndarray, k: int, seed: int = 0
) -> Edges:
    """UMAP's fuzzy simplicial set of a neighbour graph (umap-learn does the work)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        graph, _, _ = umap_library().umap_.fuzzy_simplicial_set(
            np.empty((len(indices), 1), np.float32),
            k,
            np.random.RandomState(seed),
            "euclidean",
            knn_indices=indices,
            knn_dists=distances.astype(np.float32),
        )
    graph = graph.tocoo()
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
    indices, distances = neighbor_graph(boundary, every, near)
    # a boundary point is its own neighbour; rounding must not set it apart from itself
    itself = indices == np.arange(len(every))[:, None] - len(train)
    distances = np.where(itself, 0.0, distances)
    ties = fuzzy_set(indices + len(train), distances, near, seed)
    return Edges(
        np.concatenate([edges.heads, ties.heads]),
        np.concatenate([edges.tails, ties.tails]),
        np.concatenate([edges.weights, ties.weights]),
    )
