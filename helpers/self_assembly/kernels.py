"""The seven decays of light with distance offered by the authors' engine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from helpers.names import unknown_name

INTENSITY = 1000.0
"""Light of a source at distance 0 (symbol L of the method)."""

BETA = 1.0
"""Decay rate of light with distance (symbol beta of the method)."""

Metric = Callable[[np.ndarray, np.ndarray], np.ndarray]
Profile = Callable[[np.ndarray, float, float], np.ndarray]


def _manhattan(dy: np.ndarray, dx: np.ndarray) -> np.ndarray:
    return np.abs(dy) + np.abs(dx)


def _euclid(dy: np.ndarray, dx: np.ndarray) -> np.ndarray:
    return np.hypot(dy, dx)


def _chebyshev(dy: np.ndarray, dx: np.ndarray) -> np.ndarray:
    return np.maximum(np.abs(dy), np.abs(dx))


def _linear(d: np.ndarray, intensity: float, beta: float) -> np.ndarray:
    return intensity - beta * d


def _inverse(d: np.ndarray, intensity: float, beta: float) -> np.ndarray:
    return intensity / (1.0 + beta * d)


def _inverse_square(d: np.ndarray, intensity: float, beta: float) -> np.ndarray:
    return intensity / (1.0 + beta * d * d)


def _ring_share(d: np.ndarray, intensity: float, beta: float) -> np.ndarray:
    return intensity / np.maximum(8.0 * beta * d, 1.0)


@dataclass(frozen=True)
class Kernel:
    """How strongly one source lights a cell at offset (dy, dx).

    Attributes
    ----------
    name : str
        Key in `KERNELS`.
    formula : str
        The decay in symbols; d is the distance in cells, L the intensity.
    metric : callable
        Distance in cells from row and column offsets.
    profile : callable
        ``f(d, L, beta)``.
    positive : bool
        Whether f > 0 at every distance (false for the linear decays, which
        turn negative beyond d = L / beta).
    """

    name: str
    formula: str
    metric: Metric
    profile: Profile
    positive: bool = True

    def __call__(
        self,
        dy: np.ndarray | float,
        dx: np.ndarray | float,
        intensity: float = INTENSITY,
        beta: float = BETA,
    ) -> np.ndarray:
        """Light at offset (dy, dx), broadcast, float64.

        >>> float(KERNELS["inverse-chebyshev"](3, -4))
        200.0
        """
        offsets = np.asarray(dy, dtype=float), np.asarray(dx, dtype=float)
        return self.profile(self.metric(*offsets), intensity, beta)

    def table(
        self,
        height: int,
        width: int,
        intensity: float = INTENSITY,
        beta: float = BETA,
    ) -> np.ndarray:
        """Light at every offset inside a grid, shape (2 height - 1, 2 width - 1).

        Entry [height - 1 + dy, width - 1 + dx] is the light at offset (dy, dx).
        """
        dy = np.arange(1 - height, height, dtype=float)[:, None]
        dx = np.arange(1 - width, width, dtype=float)[None, :]
        return self.profile(self.metric(dy, dx), intensity, beta)


DEFAULT_KERNEL = "inverse-chebyshev"

KERNELS: dict[str, Kernel] = {
    kernel.name: kernel
    for kernel in (
        Kernel("linear-manhattan", "L - beta d", _manhattan, _linear, False),
        Kernel("linear-euclid", "L - beta d", _euclid, _linear, False),
        Kernel("inverse-manhattan", "L / (1 + beta d)", _manhattan, _inverse),
        Kernel("inverse-euclid", "L / (1 + beta d)", _euclid, _inverse),
        Kernel(DEFAULT_KERNEL, "L / (1 + beta d)", _chebyshev, _inverse),
        Kernel("inverse-square-euclid", "L / (1 + beta d^2)", _euclid, _inverse_square),
        Kernel("ring-share", "L / max(8 beta d, 1)", _chebyshev, _ring_share),
    )
}
"""The engine's selector 0-6 in order; number 4 is the one used for every shape.

`ring-share` spreads the light over the 8 d cells at Chebyshev distance d and
gives the source's own cell all of it (our reading of the engine's formula).
"""


def get_kernel(kernel: str | Kernel) -> Kernel:
    """Kernel by name; a `Kernel` passes through.

    Raises
    ------
    ValueError
        Unknown name; the message lists the known ones and the nearest.
    """
    if isinstance(kernel, Kernel):
        return kernel
    if kernel not in KERNELS:
        raise unknown_name("kernel", kernel, list(KERNELS))
    return KERNELS[kernel]
