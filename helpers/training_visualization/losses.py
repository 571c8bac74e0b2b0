"""The three losses of a checkpoint's autoencoder.

Each is written as its formula, for reading and checking: the fit takes all gradients in
closed form, that of the first one from here.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import torch

from helpers.training_visualization.umap_library import umap_library

CLIP = 1e-4  # least probability of being apart, as in the released code
NEGATIVES = 5


@lru_cache(maxsize=16)
def curve(spread: float = 1.0, min_dist: float = 0.1) -> tuple[float, float]:
    """UMAP's a and b: ``q = 1 / (1 + a d^(2b))`` is the chance to lie together."""
    a, b = umap_library().umap_.find_ab_params(spread, min_dist)
    return float(a), float(b)


def umap_loss(
    z: torch.Tensor,
    weights: torch.Tensor,
    negatives: int = NEGATIVES,
    ab: tuple[float, float] | None = None,
) -> torch.Tensor:
    r"""Cross entropy of a batch of places against the complex.

    .. math:: L = \frac{1}{1 + m} \operatorname{mean}_{i \ne j}
              [ -w_{ij} \log q_{ij} - m \log (1 - q_{ij}) ]

    with q = 1 / (1 + a d^{2b}). In expectation this is UMAP's loss with negative
    sampling: an edge drawn with probability p_ij counts w_ij = M (M - 1) p_ij, every
    pair of the batch is a negative, and m negatives weigh as much as one edge.

    Parameters
    ----------
    z : torch.Tensor
        Places (M, 2).
    weights : torch.Tensor
        Symmetric (M, M), zero on the diagonal.
    negatives : int
        m, 5 in the released code.
    """
    a, b = ab or curve()
    size = len(z)
    p = a * _squares(z).clamp(min=1e-12) ** b
    apart = (p / (1 + p)).clamp(min=CLIP)
    terms = weights * torch.log1p(p) - negatives * torch.log(apart)
    off = ~torch.eye(size, dtype=torch.bool, device=z.device)
    return terms[off].mean() / (1 + negatives)


def umap_gradient(
    z: torch.Tensor,
    weights: torch.Tensor,
    negatives: int = NEGATIVES,
    ab: tuple[float, float] | None = None,
) -> torch.Tensor:
    r"""Gradient of `umap_loss` with respect to the places, shape (M, 2).

    With p = a d^{2b} the derivative of a pair's term by d^2 is
    ``b (w p - m [q < 1 - 1e-4]) / (d^2 (1 + p))``: three passes over the pairs in place
    of autograd's ten, each in memory that is there already. The power is taken by
    logarithms, a quarter of the time of ``pow``.
    """
    a, b = ab or curve()
    size = len(z)
    z = z.detach()
    squares = _squares(z).clamp_(min=1e-12)
    p = squares.log().mul_(b).exp_().mul_(a)
    slope = weights * p
    apart = torch.gt(p, CLIP / (1 - CLIP), out=torch.empty_like(p))
    slope.sub_(apart, alpha=negatives).div_(p.add_(1).mul_(squares))
    slope.fill_diagonal_(0)
    # both orders of a pair move it, hence 4 and not 2
    pull = slope.sum(dim=1, keepdim=True) * z - slope @ z
    return pull.mul_(4 * b / (size * (size - 1) * (1 + negatives)))


def _squares(z: torch.Tensor) -> torch.Tensor:
    """Squared distances (M, M), by differences: no cancellation between near points."""
    x, y = z[:, 0], z[:, 1]
    across = x[:, None] - x[None, :]
    along = y[:, None] - y[None, :]
    return torch.addcmul(across * across, along, along)


def reconstruction_loss(
    x: torch.Tensor,
    decoded: torch.Tensor,
    attention: torch.Tensor | None = None,
    power: float = 1.0,
) -> torch.Tensor:
    """``mean((1 + alpha)^beta (x - x')^2)``: attention up to doubles the weight.

    Parameters
    ----------
    attention : torch.Tensor, optional
        alpha, shape as ``x``; plain squared error without.
    power : float
        beta, 1 in the released code.
    """
    error = (x - decoded) ** 2
    if attention is None:
        return error.mean()
    return ((1 + attention) ** power * error).mean()


def temporal_loss(
    now: Sequence[torch.Tensor], before: Sequence[torch.Tensor], rate: torch.Tensor
) -> torch.Tensor:
    """``mean(alpha) sum |W_t - W_(t-1)|^2`` over all weights and biases.

    The more neighbours the samples of a batch have kept since the checkpoint before
    (``rate``, see `metrics.preserving_rate`), the less the map may change. It is a
    *sum* over weights: what its factor does depends on the size of the network.
    """
    moved = sum(((a - b) ** 2).sum() for a, b in zip(now, before, strict=True))
    return rate.mean() * moved
