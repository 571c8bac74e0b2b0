"""The four properties of a visualisation, each as a number.

Formulas follow the authors' released evaluation code. Its neighbour counts include
the point itself, which adds about 0.4 to 0.9; here it is left out unless asked for.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
from sklearn.neighbors import NearestNeighbors

from helpers.training_visualization.heads import Head, logits, softmax


def nearest(points: np.ndarray, queries: np.ndarray | None, k: int) -> np.ndarray:
    """Indices of the k nearest ``points``, shape (n, k).

    Without ``queries`` each point's neighbours among the others.

    Raises
    ------
    ValueError
        If there are fewer than k points to choose from.
    """
    available = len(points) - (queries is None)
    if not 1 <= k <= available:
        raise ValueError(f"k is {k}; allowed: 1 to {available}")
    search = NearestNeighbors(n_neighbors=k).fit(points)
    return search.kneighbors(queries, return_distance=False)


def overlap(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """How many indices two lists of neighbours share, row by row; shape (n,).

    Each row holds different indices.
    """
    both = np.sort(np.concatenate([first, second], axis=1), axis=1)
    return np.count_nonzero(both[:, 1:] == both[:, :-1], axis=1)


def neighbor_preservation(
    high: np.ndarray, low: np.ndarray, k: int = 15, *, include_self: bool = False
) -> float:
    """Mean number of a point's k nearest neighbours that stay among its k nearest.

    ``mean_i |kNN_R(i) ∩ kNN_Z(i)|``, 0 to k. For n points chance gives about
    ``k^2 / (n - 1)``.

    Parameters
    ----------
    high, low : np.ndarray
        Representations (n, features) and their places (n, 2).
    include_self : bool
        Count as the released code does: the point is one of its own k neighbours.
    """
    if include_self:
        return 1.0 + neighbor_preservation(high, low, k - 1) if k > 1 else 1.0
    return float(overlap(nearest(high, None, k), nearest(low, None, k)).mean())


def boundary_preservation(
    high: np.ndarray,
    low: np.ndarray,
    boundary_high: np.ndarray,
    boundary_low: np.ndarray,
    k: int = 15,
) -> float:
    """Mean number of a point's k nearest boundary points that stay its k nearest.

    ``mean_i |kNN_B(i) ∩ kNN_ZB(i)|``, 0 to k; chance gives ``k^2 / |B|``.
    """
    found = overlap(nearest(boundary_high, high, k), nearest(boundary_low, low, k))
    return float(found.mean())


def inverse_projection(
    high: np.ndarray,
    reconstructed: np.ndarray,
    head: Head,
    groups: Mapping[str, np.ndarray] | None = None,
) -> dict[str, float] | dict[str, dict[str, float]]:
    """How well a place's pre-image is classified as the sample itself.

    - ``ppr``, prediction preserving rate:
      ``mean_i [argmax g(x_i) = argmax g(psi(phi(x_i)))]``, more is better.
    - ``confidence_difference``: ``mean_i |p_c(x_i) - p_c(psi(phi(x_i)))|`` of the
      predicted class c = argmax g(x_i), less is better.

    Parameters
    ----------
    reconstructed : np.ndarray
        Shape (n, features), the inverse projection of each point's place.
    groups : mapping of str to boolean or index array, optional
        A result per subset as well: an average hides a small subset that fails.
    """
    before = softmax(logits(head, high))
    after = softmax(logits(head, reconstructed))
    predicted = before.argmax(axis=1)
    kept = predicted == after.argmax(axis=1)
    rows = np.arange(len(high))
    change = np.abs(before[rows, predicted] - after[rows, predicted])

    def summary(part: np.ndarray | slice) -> dict[str, float]:
        if not len(kept[part]):
            return {"ppr": np.nan, "confidence_difference": np.nan}
        return {
            "ppr": float(kept[part].mean()),
            "confidence_difference": float(change[part].mean()),
        }

    if groups is None:
        return summary(slice(None))
    return {"all": summary(slice(None))} | {k: summary(g) for k, g in groups.items()}


def preserving_rate(before: np.ndarray, after: np.ndarray, k: int = 15) -> np.ndarray:
    """Share of each sample's k neighbours that it keeps from one epoch to the next.

    ``alpha_i = |kNN_before(i) ∩ kNN_after(i)| / k``, shape (n,).
    """
    return overlap(nearest(before, None, k), nearest(after, None, k)) / k


def displacements(places: Sequence[np.ndarray]) -> np.ndarray:
    """How far each point moves at each transition, shape (epochs - 1, n)."""
    steps = itertools.pairwise(places)
    return np.stack([np.linalg.norm(b - a, axis=1) for a, b in steps])


def temporal_preservation(
    high: Sequence[np.ndarray],
    low: Sequence[np.ndarray],
    k: int = 15,
    *,
    rates: np.ndarray | None = None,
) -> float:
    """Mean correlation of a sample's neighbour-preserving rate with its movement.

    Per sample Pearson's r over the transitions between ``alpha_i^t`` and
    ``|phi_t(x_i^t) - phi_(t-1)(x_i^(t-1))|``; a sample without variance counts 0.
    More negative is better: who keeps its neighbours should stay where it is.

    Parameters
    ----------
    high, low : sequence of np.ndarray
        Representations and places per epoch, the same samples in the same order.
    rates : np.ndarray, optional
        `preserving_rate` of every transition, shape (epochs - 1, n), if known.

    Raises
    ------
    ValueError
        With fewer than three epochs: two transitions are needed for a correlation.
    """
    if len(low) < 3:
        raise ValueError(f"{len(low)} epochs; a correlation needs at least 3")
    rates = transition_rates(high, k) if rates is None else rates
    return float(_correlation(rates, displacements(low)).mean())


def transition_rates(high: Sequence[np.ndarray], k: int = 15) -> np.ndarray:
    """`preserving_rate` of every transition, shape (epochs - 1, n)."""
    near = [nearest(x, None, k) for x in high]
    return np.stack([overlap(a, b) for a, b in itertools.pairwise(near)]) / k


def temporal_null(
    rates: np.ndarray, moves: np.ndarray, draws: int = 200, seed: int = 0
) -> np.ndarray:
    """`temporal_preservation` if the order of the transitions meant nothing.

    The transitions of the rates are permuted, alike for all samples; shape (draws,).
    """
    rng = np.random.default_rng(seed)
    orders = [rng.permutation(len(rates)) for _ in range(draws)]
    return np.array([_correlation(rates[o], moves).mean() for o in orders])


def map_size(z: np.ndarray) -> float:
    """Standard deviation of places (n, 2) along an axis."""
    return float(np.sqrt(z.var(axis=0).mean()))


def relative_movement(low: Sequence[np.ndarray]) -> float:
    """Mean displacement over the map's standard deviation along an axis.

    Unlike `temporal_preservation` it does not depend on the scale of a map.
    """
    sizes = [map_size(z) for z in low]
    scale = np.array([(a + b) / 2 for a, b in itertools.pairwise(sizes)])
    moved = displacements(low).mean(axis=1)
    return float(
        np.divide(moved, scale, out=np.zeros_like(moved), where=scale > 0).mean()
    )


def _correlation(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Pearson's r over the first axis, 0 where one of both does not vary."""
    a, b = first - first.mean(axis=0), second - second.mean(axis=0)
    below = np.sqrt((a * a).sum(axis=0) * (b * b).sum(axis=0))
    above = (a * b).sum(axis=0)
    return np.divide(above, below, out=np.zeros_like(above), where=below > 1e-12)
