"""Light field in time linear in the number of cells, for 1 / (1 + beta d), Chebyshev.

Two ideas make the sum over all sources cheap.

1. The decay is written as a short sum of exponentials,
   ``1 / (1 + beta d) ~ sum_k w_k q_k^d`` with w_k >= 0 and 0 < q_k < 1.
2. The plane around a cell splits into four Chebyshev sectors. In the sector
   above, |dy| >= |dx| and d = |dy|, so the light of one exponential travels down
   row by row. With V, R and L the sums over the column, its right and its left
   half cone (both with the column),

   ``V(y, x) = s(y, x) + q V(y - 1, x)``
   ``R(y, x) = V(y, x) + q R(y - 1, x + 1)``
   ``L(y, x) = V(y, x) + q L(y - 1, x - 1)``
   ``C(y, x) = R + L - V``

   The vertical sectors own the shared diagonals; the horizontal ones leave them
   out, which is the same cone one row earlier: ``q C(y - 1, x)``.

Every sum is of positive terms, so errors do not grow with the distance, and light
that would come from outside the grid is zero, so no padding is needed. The scheme
is ours; the authors sum directly.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np
import torch
from numba import njit
from scipy.optimize import minimize, nnls

from helpers.self_assembly.kernels import BETA, INTENSITY

_ROWS_PER_BLOCK = 8
_MAX_TERMS = 24


def fit_exponentials(
    reach: int, beta: float = BETA, tolerance: float = 1e-3
) -> tuple[np.ndarray, np.ndarray, float]:
    """Shortest sum of exponentials within `tolerance` of 1 / (1 + beta d).

    Rates are geometric, ``q_k = exp(-a_k)``; their two end points are searched and
    the weights found by nonnegative least squares on the relative error.

    Parameters
    ----------
    reach : int
        Largest distance in cells that must be covered.
    beta : float
    tolerance : float
        Largest relative error allowed at any distance 0..reach.

    Returns
    -------
    weights, ratios : float64 arrays (terms,)
    error : float
        Largest relative error over all distances 0..reach. Since all weights and
        sources are nonnegative it also bounds the relative error of the field.

    Raises
    ------
    ValueError
        `tolerance` is not reached with the largest number of terms.
    """
    every = np.arange(reach + 1, dtype=float)
    sample = np.unique(np.r_[0:64, np.geomspace(1, max(reach, 1), 600).round()])
    sample = sample[sample <= reach]
    decay = 1.0 + beta * sample

    def weights_for(ends: np.ndarray, terms: int) -> tuple[np.ndarray, np.ndarray]:
        rates = np.exp(np.linspace(ends[0], ends[1], terms))
        basis = np.exp(-np.outer(sample, rates)) * decay[:, None]
        return nnls(basis, np.ones(len(sample)))[0], rates

    def worst(ends: np.ndarray, terms: int) -> float:
        weights, rates = weights_for(ends, terms)
        fitted = np.exp(-np.outer(sample, rates)) @ weights
        return float(np.abs(fitted * decay - 1.0).max())

    guess = np.log([0.6 * beta / (1.0 + beta * reach), 2.5 * beta])
    for terms in range(4, _MAX_TERMS + 1):
        search = minimize(
            worst, guess, args=(terms,), method="Nelder-Mead", options={"maxiter": 120}
        )
        if search.fun > tolerance:
            continue
        weights, rates = weights_for(search.x, terms)
        used = weights > 0
        weights, ratios = weights[used], np.exp(-rates[used])
        fitted = (weights * ratios ** every[:, None]).sum(axis=1)
        error = float(np.abs(fitted * (1.0 + beta * every) - 1.0).max())
        if error <= tolerance:
            return weights, ratios, error
    raise ValueError(
        f"no sum of {_MAX_TERMS} exponentials is within {tolerance} of "
        f"1 / (1 + {beta} d) up to d = {reach}; allow a larger tolerance"
    )


@njit(cache=True, nogil=True, fastmath={"contract", "nsz"})
def _sweep(source, weights, ratios, up, shift, column, right, left, out):  # pragma: no cover
    """Add one sector to `out`; rows are visited downwards, or upwards if `up`.

    `shift` is 0 for the sector with its diagonals and 1 for the one without.
    `right` and `left` are stored along their diagonals, so the move by one column
    per row is an offset and each is updated in place.
    """
    height, width = source.shape
    for start in range(0, height, 8):
        for k in range(len(weights)):
            q = ratios[k]
            w = weights[k] * (q if shift else weights.dtype.type(1))
            v = column[k]
            for row in range(start, min(start + 8, height - shift)):
                y = height - 1 - row if up else row
                s = source[y]
                o = out[y - shift] if up else out[y + shift]
                r = right[k, row : row + width]
                l = left[k, height - 1 - row : height - 1 - row + width]
                for x in range(width):
                    v[x] = s[x] + q * v[x]
                    r[x] = v[x] + q * r[x]
                    l[x] = v[x] + q * l[x]
                    o[x] += w * (r[x] + l[x] - v[x])


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=max(1, min(4, torch.get_num_threads())))


class ConeField:
    """Both fields in O(cells x terms), for the default kernel only.

    The four independent pieces of work (two fields, two orientations) run in
    threads, as many as torch uses, at most four.

    Parameters
    ----------
    shape : (H, W)
    intensity, beta : float
        L and beta of the kernel L / (1 + beta d), d the Chebyshev distance.
    tolerance : float
        Largest relative error of the kernel, see `fit_exponentials`. The default
        1e-3 is ten times below the noise that changes nothing in the number of
        steps (1e-2); neighbouring cells see nearly the same error, so their order
        suffers far less still.
    dtype : numpy dtype
        float32 adds a relative round-off of about 1e-5.

    Attributes
    ----------
    error : float
        The bound reached: |field - exact| <= error x exact, before round-off.
    terms : int
        Number of exponentials.
    """

    def __init__(
        self,
        shape: tuple[int, int],
        *,
        intensity: float = INTENSITY,
        beta: float = BETA,
        tolerance: float = 1e-3,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        self.shape = height, width = shape
        reach = max(height, width) - 1
        weights, ratios, self.error = fit_exponentials(reach, beta, tolerance)
        self.terms = len(weights)
        self.dtype = dtype
        self._weights = (intensity * weights).astype(_numpy_dtype(dtype))
        self._ratios = ratios.astype(self._weights.dtype)

    def _orientation(self, source: np.ndarray, shift: int) -> np.ndarray:
        """Sectors above and below every cell; without diagonals if shift is 1."""
        height, width = source.shape
        out = np.zeros_like(source)
        for up in (False, True):
            column, right, left = (
                np.zeros((self.terms, size), source.dtype)
                for size in (width, width + height, width + height)
            )
            args = (self._weights, self._ratios, up, shift, column, right, left, out)
            _sweep(source, *args)
        return out

    def __call__(self, sources: torch.Tensor) -> torch.Tensor:
        """Fields (2, H, W) of the sources (2, H, W), on the CPU."""
        grids = torch.as_tensor(sources).to("cpu", self.dtype).contiguous()
        turned = grids.transpose(1, 2).contiguous()
        work = [(g, 0) for g in grids.numpy()] + [(g, 1) for g in turned.numpy()]
        parts = list(_pool().map(lambda job: self._orientation(*job), work))
        fields = torch.from_numpy(np.stack(parts[:2]))
        # The cell itself is the apex of both vertical sectors: count it once.
        fields -= grids * float(self._weights.sum())
        for field, part in zip(fields, parts[2:], strict=True):
            field += torch.from_numpy(part).t()
        return fields


def _numpy_dtype(dtype: torch.dtype) -> np.dtype:
    return np.dtype(np.float32 if dtype == torch.float32 else np.float64)
