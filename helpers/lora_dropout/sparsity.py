r"""What the masks do to an update: sparsity, rank and mean (sections 3 and 4.1).

With A (r, n2), B (n1, r) and masks of columns of A and rows of B, each zero with
probability p, the update ``B A`` becomes ``diag(m_B) B A diag(m_A)``. Each of its
entries survives with probability (1 - p)^2, hence is zero with probability 2p - p^2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from helpers.lora_dropout.masks import check_probability
from helpers.names import unknown_name

Scheme = Literal["rows and columns", "entries", "rank"]
SCHEMES: tuple[Scheme, ...] = ("rows and columns", "entries", "rank")


def dropped_share(p: float) -> float:
    """Expected share of an update's entries that are zero, ``2 p - p^2``.

    Examples
    --------
    >>> dropped_share(0.5)
    0.75
    """
    check_probability("p", p, one=True)
    return 2 * p - p * p


def masked_factors(
    b: np.ndarray, a: np.ndarray, p: float, scheme: Scheme, seed: int, draws: int
) -> tuple[np.ndarray, np.ndarray]:
    """Factors of masked updates, not rescaled: (draws, n1, r) and (draws, r, n2).

    Parameters
    ----------
    b, a : np.ndarray
        Shapes (n1, r) and (r, n2).
    p : float
        Drop probability, in [0, 1].
    scheme : {"rows and columns", "rank"}
        The paper's masks, or one mask of the rank as in DropLoRA.
    """
    check_probability("p", p, one=True)
    draw = np.random.default_rng(seed)
    if scheme == "rank":
        keep = draw.random((draws, 1, a.shape[0])) >= p
        return b * keep, np.broadcast_to(a, (draws, *a.shape))
    rows = draw.random((draws, b.shape[0], 1)) >= p
    columns = draw.random((draws, 1, a.shape[1])) >= p
    return b * rows, a * columns


def dropped_norm(
    b: np.ndarray, a: np.ndarray, p: float, scheme: Scheme, *, draws: int, seed: int
) -> np.ndarray:
    r"""Share of the update's squared norm that each draw of masks removes.

    Its mean is ``2 p - p^2`` for rows and columns and for independent entries alike,
    :math:`E \|d \circ \Delta\theta\|^2 = (2p - p^2) \|\Delta\theta\|^2` (appendix A):
    the mean sees one entry at a time. The spread is not the same, since a mask of rows
    and columns drops many entries together.

    Parameters
    ----------
    b, a : np.ndarray
        Shapes (n1, r) and (r, n2).
    p : float
        Drop probability, in [0, 1].
    scheme : str
        "rows and columns"; "entries": each dropped with probability 2p - p^2 by
        itself; "rank": whole rank-one terms, each with probability p.
    draws : int
        Independent masks.

    Returns
    -------
    np.ndarray
        Shape (draws,).
    """
    if scheme not in SCHEMES:
        raise unknown_name("scheme", scheme, SCHEMES)
    update = b @ a
    total = (update**2).sum()
    if scheme == "rank":
        kept_b, kept_a = masked_factors(b, a, p, scheme, seed, draws)
        return ((update - kept_b @ kept_a) ** 2).sum(axis=(1, 2)) / total
    draw = np.random.default_rng(seed)
    squares = update**2
    if scheme == "entries":
        share = dropped_share(p)
        dropped = [squares[draw.random(squares.shape) < share] for _ in range(draws)]
        return np.array([part.sum() for part in dropped]) / total
    check_probability("p", p, one=True)
    rows = draw.random((draws, len(b))) >= p
    columns = draw.random((draws, a.shape[1])) >= p
    kept = np.einsum("ki,ij,kj->k", rows, squares, columns, optimize=True)
    return 1 - kept / total


def masked_ranks(
    b: np.ndarray, a: np.ndarray, p: float, scheme: Scheme, *, draws: int, seed: int
) -> np.ndarray:
    """Rank of the masked update for each draw, shape (draws,).

    The paper's masks keep it at r unless fewer than r rows or columns survive; a mask
    of the rank leaves Binomial(r, 1 - p).
    """
    if scheme not in ("rows and columns", "rank"):
        raise unknown_name("scheme", scheme, ("rows and columns", "rank"))
    left, right = masked_factors(b, a, p, scheme, seed, draws)
    return np.linalg.matrix_rank(left @ right)


def equivalent_alpha(alpha: float, p: float) -> float:
    """The ``lora_alpha`` with which rescaled masks equal unscaled ones at ``alpha``.

    ``alpha (1 - p)^2``: the paper writes no 1 / (1 - p), so its network with the masks
    off is larger than its mean network by 1 / (1 - p)^2.

    Examples
    --------
    >>> equivalent_alpha(16, 0.5)
    4.0
    """
    check_probability("p", p, one=True)
    return alpha * (1 - p) ** 2


@dataclass(frozen=True)
class Rescaling:
    """Largest differences between unscaled masks and rescaled ones at the other alpha.

    Attributes
    ----------
    output, gradient : float
        Over the largest absolute value of either.
    mean_error : float
        Relative distance of the mean masked update and (1 - p)^2 times the update.
    """

    output: float
    gradient: float
    mean_error: float


def rescaling(
    p: float, *, alpha: float = 16.0, rank: int = 4, draws: int = 4000, seed: int = 0
) -> Rescaling:
    """Both forms of one layer with the same masks, and the mean over many masks.

    The layer takes 50 inputs and has 30 outputs; weights, inputs and masks are random,
    in float64.

    Parameters
    ----------
    p : float
        Drop probability, in [0, 1).
    draws : int
        Masks in the mean, whose error falls with their root.
    """
    check_probability("p", p)
    draw = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> Tensor:
        return torch.randn(shape, generator=draw, dtype=torch.float64)

    def kept(size: int) -> Tensor:
        return (torch.rand((draws, size), generator=draw) >= p).double()

    a, b, x = normal(rank, 50), normal(30, rank), normal(8, 50)
    columns, rows = kept(50), kept(30)

    def run(alpha: float, scale: float) -> list[Tensor]:
        factors = [part.clone().requires_grad_() for part in (a, b)]
        inside = (x * columns[0] * scale) @ factors[0].T
        out = (inside @ factors[1].T) * rows[0] * scale * (alpha / rank)
        grads = torch.autograd.grad(out.square().sum(), factors)
        return [out.detach(), *grads]

    # the same masks in both runs
    plain, scaled = run(alpha, 1.0), run(equivalent_alpha(alpha, p), 1 / (1 - p))
    apart = [
        float((one - two).abs().max() / one.abs().max().clamp(min=1e-300))
        for one, two in zip(plain, scaled, strict=True)
    ]
    update = b @ a
    mean = update * (rows.T @ columns) / draws
    expected = (1 - p) ** 2 * update
    error = torch.linalg.norm(mean - expected) / torch.linalg.norm(expected)
    return Rescaling(apart[0], max(apart[1:]), float(error))
