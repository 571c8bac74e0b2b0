"""Agents that act one after the other, holding the lock of the cell they stand on."""

from __future__ import annotations

import numpy as np
import torch

from helpers.self_assembly.config import AssemblyConfig
from helpers.self_assembly.kernels import get_kernel
from helpers.self_assembly.locks import OCCUPIED, TARGET, permutation, step_locks


class LocksCrowd:
    """State of the grid under sequential locks; `step_locks` does the work."""

    def __init__(
        self,
        target: np.ndarray,
        positions: np.ndarray,
        config: AssemblyConfig,
        seed: int,
    ) -> None:
        self._config = config
        self._seed = seed
        self._positions = np.ascontiguousarray(positions, dtype=np.int32)
        self._cells = np.full(np.add(target.shape, 2), OCCUPIED, dtype=np.uint8)
        self._cells[1:-1, 1:-1] = target.astype(np.uint8) * TARGET
        rows, columns = self._positions.T + 1
        self._cells[rows, columns] |= OCCUPIED
        self._identity = np.arange(len(positions), dtype=np.int32)
        self._table = np.empty((0, 0))
        if config.field_update == "live":
            height, width = target.shape
            self._table = get_kernel(config.kernel).table(
                height, width, config.intensity, config.beta
            )

    @property
    def positions(self) -> np.ndarray:
        return self._positions.copy()

    def cells(self) -> np.ndarray:
        """State in the coding of `step_locks`."""
        return self._cells

    def sources(self) -> torch.Tensor:
        """Blue and red sources, bool (2, H, W): open targets, agents outside."""
        cells = self._cells[1:-1, 1:-1]
        return torch.from_numpy(np.stack((cells == TARGET, cells == OCCUPIED)))

    @property
    def unoccupied(self) -> int:
        return int(np.count_nonzero(self._cells == TARGET))

    def _order(self, step: int) -> np.ndarray:
        if self._config.order == "id":
            return self._identity
        if self._config.order == "random":
            return permutation(len(self._identity), self._seed, step)
        grid = np.full(self._cells.shape, -1, dtype=np.int32)
        grid[self._positions[:, 0], self._positions[:, 1]] = self._identity
        return grid[grid >= 0]

    def advance(
        self,
        fields: torch.Tensor,
        early_probability: float,
        step: int,
        repairing: bool = False,
    ) -> int:
        """One step of all agents under `fields` (2, H, W); returns how many moved.

        A live field is updated on a copy. While repairing, agents move only to
        better cells and do not explore.
        """
        config = self._config
        blue, red = fields.cpu().numpy()
        live = config.field_update == "live" and not repairing
        if live:
            blue, red = blue.copy(), red.copy()
        moved, _ = step_locks(
            self._cells,
            blue,
            red,
            self._positions,
            self._order(step),
            float(early_probability),
            config.strict,
            0.0 if repairing else float(config.gamma),
            config.gamma_reading == "release" and not repairing,
            config.tie == "random",
            repairing,
            self._seed,
            step,
            self._table if live else np.empty((0, 0), dtype=blue.dtype),
        )
        return int(moved)
