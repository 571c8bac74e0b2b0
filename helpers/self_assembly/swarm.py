"""A swarm on its grid: who stands where, what is recorded, what may change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from helpers.self_assembly.config import AssemblyConfig
from helpers.self_assembly.crowd import LocksCrowd
from helpers.self_assembly.rounds import RoundsCrowd
from helpers.self_assembly.start import (
    Start,
    check_positions,
    check_target,
    draw_positions,
)
from helpers.self_assembly.trace import Trace


class Swarm:
    """Agents, target and history; `Assembly` adds the method that moves them."""

    def __init__(
        self,
        target: np.ndarray,
        n_agents: int | None = None,
        positions: np.ndarray | None = None,
        config: AssemblyConfig | None = None,
        seed: int = 0,
        start: Start = "outside",
    ) -> None:
        self.config = AssemblyConfig() if config is None else config
        if not isinstance(seed, (int, np.integer)) or isinstance(seed, bool):
            raise ValueError(f"seed must be an integer >= 0, not {seed!r}")
        if not 0 <= seed < 2**63:
            raise ValueError(f"seed must be in [0, 2**63), not {seed!r}")
        self.seed = int(seed)
        self._target = check_target(target, self.config.require_connected)
        self._rng = np.random.default_rng(self.seed)
        if positions is None:
            count = int(self._target.sum()) if n_agents is None else n_agents
            place = draw_positions(self._target, count, self._rng, start)
        else:
            place = check_positions(positions, self._target.shape)
            if n_agents is not None and n_agents != len(place):
                raise ValueError(
                    f"n_agents is {n_agents}, but positions holds {len(place)}"
                )
        self._trace = Trace(self._target, [place], [0])
        self._begin(place)

    def _begin(self, positions: np.ndarray) -> None:
        """Start an epoch: a new crowd on the grid; the last record is replaced."""
        kind = LocksCrowd if self.config.semantics == "locks" else RoundsCrowd
        self._crowd: LocksCrowd | RoundsCrowd = kind(
            self._target, positions, self.config, self.seed
        )
        self._n = len(positions)
        self._size = int(self._target.sum())
        self._unoccupied = self._crowd.unoccupied
        self._trace.target = self._target
        self._trace.positions[-1] = positions.copy()
        self._trace.unoccupied[-1] = self._unoccupied

    @property
    def target(self) -> np.ndarray:
        """Target, bool (H, W); a copy."""
        return self._target.copy()

    @property
    def positions(self) -> np.ndarray:
        """(row, column) of every agent, int32 (n, 2); a copy."""
        return self._crowd.positions

    @property
    def n_agents(self) -> int:
        return self._n

    @property
    def unoccupied(self) -> int:
        """Target cells without an agent."""
        return self._unoccupied

    @property
    def missing(self) -> int:
        """Target cells still to be filled, given the number of agents."""
        return self._unoccupied - max(0, self._size - self._n)

    @property
    def done(self) -> bool:
        """Target full, or all agents inside when there are fewer."""
        return self.missing <= 0

    @property
    def trace(self) -> Trace:
        """Everything recorded since the start; a copy, safe to keep."""
        trace = self._trace
        return replace(
            trace,
            target=trace.target.copy(),
            positions=list(trace.positions),
            unoccupied=list(trace.unoccupied),
            moved=list(trace.moved),
            seconds=list(trace.seconds),
        )

    def remove_agents(self, which: float | Sequence[int] | np.ndarray) -> np.ndarray:
        """Take agents off the grid; the others are renumbered in order.

        Parameters
        ----------
        which : float in [0, 1] or sequence of int
            Share removed at random (rounded to whole agents), or agent numbers.

        Returns
        -------
        int array
            Numbers (before renumbering) of the agents removed.
        """
        if isinstance(which, float):
            if not 0.0 <= which <= 1.0:
                raise ValueError(f"share of agents must be in [0, 1], not {which}")
            gone = self._rng.choice(self._n, round(which * self._n), replace=False)
        else:
            gone = np.atleast_1d(np.asarray(which))
            if gone.size and gone.dtype.kind not in "ui":
                raise ValueError("agent numbers must be integers (or give a share)")
            gone = gone.astype(np.int64)
            if gone.size and (gone.min() < 0 or gone.max() >= self._n):
                raise ValueError(f"agent numbers must be in 0..{self._n - 1}")
        self._begin(np.delete(self.positions, gone, axis=0))
        return np.unique(gone)

    def add_agents(self, count: int, start: Start = "outside") -> None:
        """Put `count` more agents on random free cells, numbered after the others."""
        old = self.positions
        new = draw_positions(self._target, count, self._rng, start, taken=old)
        self._begin(np.concatenate((old, new)))

    def set_target(self, target: np.ndarray) -> None:
        """Go on towards another target on the same grid; agents stay where they are."""
        new = check_target(target, self.config.require_connected)
        if new.shape != self._target.shape:
            raise ValueError(
                f"the new target has shape {new.shape}, the grid {self._target.shape}"
            )
        positions = self.positions
        self._target = new
        self._begin(positions)
