"""TimeVis (IJCAI 2022), the authors' successor: one autoencoder for all checkpoints.

All representations of all checkpoints are points of one complex. Spatial edges join
near points of a checkpoint, temporal edges join a sample to itself at other
checkpoints. Formulas follow the released code; what differs is marked "ours":

- every point is used; the released code keeps k-centres up to a Hausdorff bound, which
  saves nothing at this size;
- representations are divided by their RMS at each checkpoint, since they grow 50-fold
  in the first epochs and one autoencoder has to serve all;
- no attention in the reconstruction, a budget of steps instead of epochs, and another
  learning rate.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from helpers.processor_time import ProcessorTime
from helpers.seeding import torch_seeded
from helpers.torch_threads import flush_denormal, single_thread
from helpers.training_visualization.autoencoder import Autoencoder
from helpers.training_visualization.baselines import split_places, training_points
from helpers.training_visualization.checkpoint_map import root_mean_square
from helpers.training_visualization.complex import (
    Edges,
    boundary_graph,
    fuzzy_graph,
    neighbor_graph,
)
from helpers.training_visualization.projection import Projection
from helpers.training_visualization.trace import Trace
from helpers.training_visualization.umap_library import umap_library

PRUNE_SPATIAL = 10  # weights below max / 10 are dropped, as in the DVI code
PRUNE_TEMPORAL = 100  # released T_N_EPOCHS


def project_timevis(
    trace: Trace,
    n_neighbors: int = 15,
    *,
    recon_weight: float = 10.0,
    hidden: tuple[int, ...] = (128, 128, 128),
    steps: int = 2500,
    batch_size: int = 500,
    negatives: int = 5,
    learning_rate: float = 3e-3,
    random_state: int = 0,
) -> Projection:
    """One map of all checkpoints; new samples and inverse projections included.

    ``L = L_umap + recon_weight L_recon`` with UMAP's cross entropy of sampled edges
    against ``negatives`` shuffled pairs each, and the mean squared error of both ends.

    Parameters
    ----------
    recon_weight : float
        10 for CIFAR-10 in the released code, 1 to 30 for others.
    hidden : tuple of int
        Widths of the encoder, mirrored in the decoder (ours, as our DVI).
    steps, batch_size, learning_rate
        Adam for that many batches of edges drawn by weight, with a learning rate that
        falls to 0 along a cosine (ours).

    Raises
    ------
    ValueError
        If ``n_neighbors`` exceeds the samples.
    """
    n = trace.train.shape[1]
    if not 2 <= n_neighbors < n:
        raise ValueError(
            f"n_neighbors is {n_neighbors}; allowed: 2 to below {n}, the samples"
        )
    with ProcessorTime() as watch:
        scale = [root_mean_square(x) for x in trace.train]
        points = [
            (x / s).astype(np.float32)
            for x, s in zip(training_points(trace), scale, strict=True)
        ]
        edges = spatio_temporal_edges(points, n, n_neighbors)
        with torch_seeded(random_state), single_thread(), flush_denormal():
            model = Autoencoder(trace.train.shape[2], hidden)
            _train(
                model,
                np.concatenate(points),
                edges,
                recon_weight=recon_weight,
                steps=steps,
                batch_size=batch_size,
                negatives=negatives,
                learning_rate=learning_rate,
                rng=np.random.default_rng(random_state),
            )
    places = [_apply(model.encode, x) for x in points]
    train, boundary = split_places(trace, places)
    test = (
        [_apply(model.encode, x / s) for x, s in zip(trace.test, scale, strict=True)]
        if trace.test.size
        else []
    )
    back, test_back = (
        [_apply(model.decode, z) * s for z, s in zip(found, scale, strict=False)]
        for found in (train, test)
    )
    seconds = [watch.seconds / len(trace)] * len(trace)
    return Projection("TimeVis", train, test, boundary, back, test_back, seconds)


def spatio_temporal_edges(points: list[np.ndarray], n: int, k: int = 15) -> Edges:
    """All edges; each of the two kinds of every checkpoint has greatest weight 1.

    Parameters
    ----------
    points : list of np.ndarray
        Per checkpoint (n + b, features): training samples, then boundary points.
    n : int
        Training samples per checkpoint.
    k : int
        Neighbours, the point itself included where it is one of the candidates.
    """
    parts: list[Edges] = []
    sigmas, rhos = np.zeros((2, len(points), n))
    first = np.cumsum([0, *(len(x) for x in points)])[:-1]
    for t, x in enumerate(points):
        own = x[:n]
        graph, sigmas[t], rhos[t] = fuzzy_graph(*neighbor_graph(own, own, k), k)
        parts.append(_edges(graph, first[t], PRUNE_SPATIAL))
        if len(x) - n >= 2:
            near = min(k, len(x) - n)
            graph, _, _ = fuzzy_graph(*boundary_graph(x[n:], x, near), near)
            parts.append(_edges(graph, first[t], PRUNE_SPATIAL))
    if len(points) > 1:
        train = np.stack([x[:n] for x in points])
        parts.append(_temporal_edges(train, first, sigmas, rhos, k))
    return Edges.joined(parts)


def _edges(graph: Any, first: int, prune: int) -> Edges:
    """Edges of a sparse graph whose row 0 is point ``first``, without the weakest."""
    top = graph.data.max()
    keep = graph.data * prune >= top
    return Edges(
        graph.row[keep] + first, graph.col[keep] + first, graph.data[keep] / top
    )


def _temporal_edges(
    train: np.ndarray, first: np.ndarray, sigmas: np.ndarray, rhos: np.ndarray, k: int
) -> Edges:
    """From each sample to itself at the k checkpoints where it was nearest.

    The weight is what UMAP gives a neighbour at that distance: with the sample's own
    scales ``exp(-max(0, |x_t - x_s| - rho_t) / sigma_t)``, then the fuzzy union
    ``w + w' - w w'`` of both directions.

    Parameters
    ----------
    train : np.ndarray
        Shape (checkpoints, n, features).
    first : np.ndarray
        Row of each checkpoint's first sample, shape (checkpoints,).
    sigmas, rhos : np.ndarray
        Shape (checkpoints, n), from the spatial graphs.
    """
    weight = np.zeros((len(train), len(train), train.shape[1]))
    for t, x in enumerate(train):
        away = np.linalg.norm(train - x, axis=2)
        strength = np.exp(-np.maximum(away - rhos[t], 0) / sigmas[t])
        # the checkpoint itself is among the k, at distance 0, and gets no edge
        weight[t] = np.where(away.argsort(axis=0).argsort(axis=0) < k, strength, 0)
        weight[t, t] = 0
    other = weight.transpose(1, 0, 2)
    weight = weight + other - weight * other
    top = weight.max() or 1.0
    one, two, i = np.nonzero(weight * PRUNE_TEMPORAL >= top)
    return Edges(first[one] + i, first[two] + i, weight[one, two, i] / top)


def _apply(layers: Callable[[Tensor], Tensor], x: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        return layers(torch.from_numpy(x.astype(np.float32))).numpy()


def _train(
    model: Autoencoder,
    points: np.ndarray,
    edges: Edges,
    *,
    recon_weight: float,
    steps: int,
    batch_size: int,
    negatives: int,
    learning_rate: float,
    rng: np.random.Generator,
) -> None:
    a, b = (float(x) for x in umap_library().umap_.find_ab_params(1.0, 0.1))
    x = torch.from_numpy(points)
    bounds = np.cumsum(edges.weights)
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate, fused=True)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    target = torch.zeros(batch_size * (1 + negatives))
    target[:batch_size] = 1
    for _ in range(steps):
        drawn = np.searchsorted(bounds, rng.random(batch_size) * bounds[-1])
        drawn = np.minimum(drawn, len(edges) - 1)
        ends = x[np.concatenate([edges.heads[drawn], edges.tails[drawn]])]
        z = model.encode(ends)
        recon = (model.decode(z) - ends).square().mean()
        head, tail = z[:batch_size], z[batch_size:]
        far = torch.from_numpy(rng.permutation(batch_size * negatives) % batch_size)
        near = torch.arange(batch_size * negatives) % batch_size
        gap = torch.cat([head - tail, head[near] - tail[far]]).square().sum(1)
        q = 1 / (1 + a * (gap + 1e-12) ** b)
        entropy = -(
            target * q.clamp(1e-4, 1).log()
            + (1 - target) * (1 - q).clamp(1e-4, 1).log()
        )
        optimizer.zero_grad()
        (entropy.mean() + recon_weight * recon).backward()
        optimizer.step()
        schedule.step()
