"""Light field in time linear in the number of cells, for 1 / (1 + beta d), Chebyshev.

Two ideas make the sum over all sources cheap.

1. The decay is written as a short sum of exponentials,
   ``1 / (1 + beta d) ~ sum_k w_k q_k^d`` with w_k >= 0 and 0 < q_k < 1.
2. The plane around a cell splits into four Chebyshev sectors. In the sector
   above, ``|dy| >= |dx|`` and ``d = |dy|``, so the light of one exponential travels
   down row by row. With V, R and L the sums over the column, its right and its left
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
from helpers.self_assembly.threads import WORTH_SHARING

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
        return nnls(basis, np.ones(len(sample)), maxiter=1000 * terms)[0], rates

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
def _sweep(
    source: np.ndarray,
    weights: np.ndarray,
    ratios: np.ndarray,
    up: bool,
    shift: int,
    column: np.ndarray,
    right: np.ndarray,
    left: np.ndarray,
    out: np.ndarray,
) -> None:  # pragma: no cover
    """Add one sector to `out`; rows are visited downwards, or upwards if `up`.

    `shift` is 0 for the sector with its diagonals and 1 for the one without.
    `right` and `left` are stored along their diagonals, so the move by one column
    per row is an offset and each is updated in place. Two terms are advanced
    together (their number is even) and eight rows at a time, which keeps the
    traffic with memory below the arithmetic.
    """
    height, width = source.shape
    for start in range(0, height, _ROWS_PER_BLOCK):
        for k in range(0, len(weights), 2):
            q0, q1 = ratios[k], ratios[k + 1]
            w0, w1 = weights[k], weights[k + 1]
            if shift:
                w0, w1 = w0 * q0, w1 * q1
            v0, v1 = column[k], column[k + 1]
            for row in range(start, min(start + _ROWS_PER_BLOCK, height - shift)):
                y = height - 1 - row if up else row
                s = source[y]
                o = out[y - shift] if up else out[y + shift]
                back = height - 1 - row
                r0, r1 = right[k, row : row + width], right[k + 1, row : row + width]
                l0, l1 = left[k, back : back + width], left[k + 1, back : back + width]
                for x in range(width):
                    v0x, v1x = s[x] + q0 * v0[x], s[x] + q1 * v1[x]
                    r0x, r1x = v0x + q0 * r0[x], v1x + q1 * r1[x]
                    # Left half cone without its column, which `r` has already.
                    l0x, l1x = q0 * l0[x], q1 * l1[x]
                    o[x] += w0 * (r0x + l0x) + w1 * (r1x + l1x)
                    v0[x], v1[x] = v0x, v1x
                    r0[x], r1[x] = r0x, r1x
                    l0[x], l1[x] = v0x + l0x, v1x + l1x


@njit(cache=True, nogil=True)
def _add_transposed(field: np.ndarray, part: np.ndarray) -> None:  # pragma: no cover
    """field += part.T, in tiles that fit the cache."""
    height, width = field.shape
    tile = 32
    for top in range(0, height, tile):
        for start in range(0, width, tile):
            for y in range(top, min(top + tile, height)):
                for x in range(start, min(start + tile, width)):
                    field[y, x] += part[x, y]


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
        The bound reached: ``|field - exact| <= error x exact``, before round-off.
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
        even = (0, self.terms % 2)
        number = np.float32 if dtype == torch.float32 else np.float64
        self._weights = np.pad(intensity * weights, even).astype(number)
        self._ratios = np.pad(ratios, even).astype(number)

    def _vertical(self, source: np.ndarray) -> np.ndarray:
        """Sectors above and below every cell, with their diagonals."""
        light = np.ascontiguousarray(source, dtype=self._weights.dtype)
        out = self._sectors(light, 0)
        # The cell itself is the apex of both sectors: count it once.
        light *= self._weights.sum()
        out -= light
        return out

    def _horizontal(self, source: np.ndarray) -> np.ndarray:
        """Sectors left and right of every cell, without diagonals, transposed."""
        return self._sectors(
            np.ascontiguousarray(source.T, dtype=self._weights.dtype), 1
        )

    def _sectors(self, light: np.ndarray, shift: int) -> np.ndarray:
        height, width = light.shape
        out = np.zeros_like(light)
        for up in (False, True):
            column, right, left = (
                np.zeros((len(self._ratios), size), light.dtype)
                for size in (width, width + height, width + height)
            )
            args = (self._weights, self._ratios, up, shift, column, right, left, out)
            _sweep(light, *args)
        return out

    def __call__(self, sources: torch.Tensor) -> torch.Tensor:
        """Fields (2, H, W) of the sources (2, H, W), on the CPU."""
        grids = torch.as_tensor(sources).cpu().numpy()
        work = [(self._vertical, g) for g in grids]
        work += [(self._horizontal, g) for g in grids]
        large = grids[0].size >= WORTH_SHARING
        spread = _pool().map if large else map
        parts = list(spread(lambda job: job[0](job[1]), work))
        fields = np.stack(parts[:2])
        list(spread(_add_transposed, fields, parts[2:]))
        return torch.from_numpy(fields)
