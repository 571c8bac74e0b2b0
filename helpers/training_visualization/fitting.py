"""Fits the autoencoder of one checkpoint."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from helpers.torch_threads import flush_denormal, single_thread
from helpers.training_visualization.autoencoder import Autoencoder
from helpers.training_visualization.batches import Batches
from helpers.training_visualization.dense_pass import DensePass
from helpers.training_visualization.losses import umap_gradient, umap_loss

LOOKS = 20  # times the losses are noted during a fit


@dataclass(frozen=True)
class FitSettings:
    """How long and with what weights a checkpoint is fitted; see `estimator.DVI`."""

    steps: int
    learning_rate: float
    recon_weight: float
    temporal_weight: float
    negatives: int


def fit_checkpoint(
    autoencoder: Autoencoder,
    points: np.ndarray,
    batches: Batches,
    settings: FitSettings,
    attention: np.ndarray | None = None,
    rates: np.ndarray | None = None,
) -> np.ndarray:
    """Train in place; returns the losses on the way.

    Adam with a rate that rises for a tenth of the steps and then falls to a tenth of
    its peak (ours: the released schedule counts in epochs, which are a few dozen steps
    on small data and leave it untrained).

    Parameters
    ----------
    autoencoder : Autoencoder
        As the checkpoint before left it; the temporal loss holds it there.
    points : np.ndarray
        Scaled representations (N, features) of training, then boundary points.
    attention : np.ndarray, optional
        Shape as ``points``.
    rates : np.ndarray, optional
        Neighbour-preserving rate (N,) of each point, 0 for boundary points; absent at
        the first checkpoint.

    Returns
    -------
    np.ndarray
        Shape (looks, 2): UMAP loss and reconstruction loss.
    """
    device = batches.device
    x = torch.from_numpy(np.ascontiguousarray(points, np.float32)).to(device)
    focus = None if attention is None else torch.from_numpy(attention).to(device)
    kept = None
    if rates is not None and settings.temporal_weight > 0:
        kept = torch.from_numpy(np.asarray(rates, np.float32)).to(device)
    weights = _flattened(autoencoder)
    before = weights.detach().clone()
    optimizer = torch.optim.Adam([weights], lr=settings.learning_rate, fused=True)
    total = max(settings.steps, 3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        settings.learning_rate,
        total_steps=total,
        pct_start=max(0.1, 2 / total),  # a rise of no step at all would divide by 0
        div_factor=25,
        final_div_factor=0.4,
    )
    encode, decode = DensePass(autoencoder.encoder), DensePass(autoencoder.decoder)
    every = max(1, settings.steps // LOOKS)
    losses = []
    with single_thread(), flush_denormal(), torch.no_grad():
        for step in range(settings.steps):
            chosen, ties = batches.draw()
            batch = x[chosen]
            z = encode.forward(batch)
            error = decode.forward(z) - batch
            urgent = error if focus is None else error * (1 + focus[chosen])
            if step % every == 0:
                spread = umap_loss(z, ties, settings.negatives)
                losses.append((float(spread), float((urgent * error).mean())))
            pull = umap_gradient(z, ties, settings.negatives)
            urgent *= 2 * settings.recon_weight / error.numel()
            encode.backward(decode.backward(urgent, True) + pull, False)
            if kept is not None:
                hold = 2 * settings.temporal_weight * float(kept[chosen].mean())
                assert weights.grad is not None
                weights.grad.add_(weights, alpha=hold).sub_(before, alpha=hold)
            optimizer.step()
            schedule.step()
    for weight in autoencoder.parameters():
        weight.data, weight.grad = weight.data.clone(), None
    return np.array(losses)


def _flattened(model: torch.nn.Module) -> torch.nn.Parameter:
    """All weights as one vector that the model's own weights and gradients look into.

    An optimiser's step over sixteen small tensors costs more than the network's pass.
    """
    weights = list(model.parameters())
    flat = torch.nn.Parameter(torch.nn.utils.parameters_to_vector(weights).detach())
    flat.grad = torch.zeros_like(flat)
    sizes = [weight.numel() for weight in weights]
    for weight, data, grad in zip(
        weights, flat.data.split(sizes), flat.grad.split(sizes), strict=True
    ):
        weight.data, weight.grad = data.view_as(weight), grad.view_as(weight)
    return flat
