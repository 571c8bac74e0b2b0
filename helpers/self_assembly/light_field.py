"""Artificial light field: the sum of one decay kernel over all sources.

``F(g) = sum over sources s of f(d(g, s))``. Blue light comes from unoccupied
target cells, red light from agents outside the target; both are the same sum over
different sources, so every method here computes the two together.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from helpers.self_assembly.cone_field import ConeField
from helpers.self_assembly.config import AssemblyConfig
from helpers.self_assembly.kernels import (
    BETA,
    DEFAULT_KERNEL,
    INTENSITY,
    Kernel,
    get_kernel,
)
from helpers.self_assembly.threads import threads_for

FieldPair = Callable[[torch.Tensor], torch.Tensor]
"""Maps sources (2, H, W), blue then red, to fields (2, H, W)."""


def direct_field(
    sources: np.ndarray,
    kernel: str | Kernel = DEFAULT_KERNEL,
    *,
    intensity: float = INTENSITY,
    beta: float = BETA,
    chunk: int = 4_000_000,
) -> np.ndarray:
    """Light at every cell by the plain sum over sources (the reference).

    Cost is cells x sources; memory is bounded by `chunk` kernel values.

    Parameters
    ----------
    sources : array (H, W)
        Non-zero cells shine, each with its value as weight (a mask weighs 1).
    kernel : str or Kernel
        Decay with distance.
    intensity, beta : float
        L and beta of the kernel.
    chunk : int
        Kernel values held at a time.

    Returns
    -------
    float64 array (H, W)

    Examples
    --------
    >>> direct_field(np.eye(1, 4)).tolist()
    [[1000.0, 500.0, 333.3333333333333, 250.0]]
    """
    weights = np.asarray(sources, dtype=float)
    if weights.ndim != 2:
        raise ValueError(f"sources must be a 2-D grid, not of shape {weights.shape}")
    height, width = weights.shape
    decay = get_kernel(kernel)
    rows, columns = np.nonzero(weights)
    field = np.zeros((height, width))
    y, x = np.arange(height)[:, None, None], np.arange(width)[None, :, None]
    block = max(1, chunk // max(1, height * width))
    for start in range(0, len(rows), block):
        r, c = rows[start : start + block], columns[start : start + block]
        field += decay(y - r, x - c, intensity, beta) @ weights[r, c]
    return field


def good_fft_size(minimum: int) -> int:
    """Smallest even number >= minimum whose prime factors are 2, 3 and 5.

    >>> good_fft_size(2 * 135 - 1)
    270
    """
    size = max(2, minimum + minimum % 2)
    while True:
        rest = size
        for prime in (2, 3, 5):
            while rest % prime == 0:
                rest //= prime
        if rest == 1:
            return size
        size += 2


class FFTField:
    """Both fields by one fast Fourier transform, O(cells log cells).

    The two source grids are packed as real and imaginary part of one complex
    grid. The kernel is even in both offsets, so its spectrum is real, multiplies
    both parts alike and is computed once. The grid is padded to at least
    (2 H - 1, 2 W - 1), which keeps the circular convolution from wrapping round.

    Round-off (relative to the largest value of either field: about 1e-15 in
    float64, 1e-6 in float32) can order two cells whose light agrees to that
    precision either way. That is far below the contrast between neighbours, and
    the method tolerates far more: noise of 1e-2 does not change the number of
    steps. What must be exact is made exact: without sources a field is 0
    everywhere, and kernels that are positive never give negative light.

    Parameters
    ----------
    shape : (H, W)
    kernel, intensity, beta
        As in `direct_field`.
    dtype : torch.float32 or torch.float64
    device : str or torch.device
    """

    def __init__(
        self,
        shape: tuple[int, int],
        kernel: str | Kernel = DEFAULT_KERNEL,
        *,
        intensity: float = INTENSITY,
        beta: float = BETA,
        dtype: torch.dtype = torch.float32,
        device: str | torch.device = "cpu",
    ) -> None:
        if dtype not in (torch.float32, torch.float64):
            raise ValueError(f"dtype must be torch.float32 or float64, not {dtype}")
        self.shape = height, width = shape
        self.dtype = dtype
        self._size = good_fft_size(2 * height - 1), good_fft_size(2 * width - 1)
        decay = get_kernel(kernel)
        self._positive = decay.positive
        distance = [torch.arange(n, dtype=torch.float64) for n in self._size]
        dy, dx = (
            torch.minimum(d, n - d).numpy()
            for d, n in zip(distance, self._size, strict=True)
        )
        wrapped = decay(dy[:, None], dx[None, :], intensity, beta)
        with threads_for(height * width):
            spectrum = torch.fft.fft2(torch.from_numpy(wrapped).to(device)).real
            self._spectrum = spectrum.to(dtype).contiguous()

    def __call__(self, sources: torch.Tensor) -> torch.Tensor:
        """Fields (2, H, W) of the sources (2, H, W), on this field's device."""
        height, width = self.shape
        with threads_for(height * width):
            weights = torch.as_tensor(sources).to(self._spectrum.device, self.dtype)
            packed = torch.complex(weights[0], weights[1])
            # Rows first, so that padding rows are never transformed, neither on
            # the way there nor on the way back.
            spectrum = torch.fft.fft(packed, n=self._size[1], dim=1)
            spectrum = torch.fft.fft(spectrum, n=self._size[0], dim=0)
            spectrum *= self._spectrum
            light = torch.fft.ifft(torch.fft.ifft(spectrum, dim=0)[:height], dim=1)
            fields = torch.view_as_real(light[:, :width]).permute(2, 0, 1).contiguous()
            if self._positive:
                fields.clamp_(min=0)
            return fields.mul_(weights.any(dim=2).any(dim=1)[:, None, None])


class DirectField:
    """Both fields by `direct_field`; float64, for checks and small grids."""

    def __init__(
        self,
        shape: tuple[int, int],
        kernel: str | Kernel = DEFAULT_KERNEL,
        *,
        intensity: float = INTENSITY,
        beta: float = BETA,
    ) -> None:
        self.shape = shape
        self._kernel = get_kernel(kernel)
        self._intensity, self._beta = intensity, beta

    def __call__(self, sources: torch.Tensor) -> torch.Tensor:
        """Fields (2, H, W), float64, of the sources (2, H, W)."""
        light = [
            direct_field(grid, self._kernel, intensity=self._intensity, beta=self._beta)
            for grid in torch.as_tensor(sources).cpu().numpy()
        ]
        return torch.from_numpy(np.stack(light))


_CONE_FROM_CELLS = 160 * 160
"""Grids from this size on use the cone field when the method is "auto"."""


def make_field(shape: tuple[int, int], config: AssemblyConfig) -> FieldPair:
    """Light field of the method that `config` asks for (or the faster, if "auto")."""
    method, dtype = config.field_method, config.torch_dtype
    live = config.field_update == "live"
    if live:
        # Moves are added to and taken from the sum, which needs the digits.
        dtype = torch.float64
    if method == "auto":
        large = shape[0] * shape[1] >= _CONE_FROM_CELLS
        single = dtype == torch.float32 and torch.device(config.device).type == "cpu"
        cone = large and single and config.kernel == DEFAULT_KERNEL
        method = "cone" if cone else "fft"
    light = {"intensity": config.intensity, "beta": config.beta}
    if method == "direct":
        return DirectField(shape, config.kernel, **light)
    if method == "cone":
        return ConeField(shape, dtype=dtype, **light)
    return FFTField(shape, config.kernel, dtype=dtype, device=config.device, **light)
