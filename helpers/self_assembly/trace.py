"""What one run leaves behind, the same for the paper's method and every baseline."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np


@dataclass
class Trace:
    """Record of one run; index 0 is the start, index t the state after step t.

    Attributes
    ----------
    target : bool array (H, W)
        Target at the end of the run.
    positions : list of int arrays (n, 2)
        (row, column) of every agent, one array per recorded state. Row i is the
        same agent throughout, unless agents were added or removed. Only the first
        and last state are kept when the run was made with ``record=False``.
    unoccupied : list of int
        Target cells without an agent, per state (T + 1 values).
    moved : list of int
        Agents that changed cell in each step (T values).
    seconds : list of float
        Processor time of each step (T values), which other programs change little;
        that of a centralised baseline's planning is in ``planning_seconds``.
    """

    target: np.ndarray
    positions: list[np.ndarray] = field(default_factory=list)
    unoccupied: list[int] = field(default_factory=list)
    moved: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    planning_seconds: float = 0.0
    method: str = "ALF"

    @property
    def steps(self) -> int:
        """Steps taken (to completion, or to the cap)."""
        return len(self.moved)

    @property
    def n_agents(self) -> int:
        return len(self.positions[-1])

    @property
    def completed(self) -> bool:
        """All target cells filled, or all agents inside when there are fewer."""
        size = int(self.target.sum())
        return self.unoccupied[-1] <= max(0, size - self.n_agents)

    @property
    def total_seconds(self) -> float:
        return self.planning_seconds + sum(self.seconds)
