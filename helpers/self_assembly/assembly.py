"""The paper's method, step by step: light, priority lists, moves."""

from __future__ import annotations

import time
from functools import cached_property
from typing import Any, Literal

import numpy as np
import torch

from helpers.progress import progress_bar
from helpers.self_assembly.config import AssemblyConfig
from helpers.self_assembly.geodesic import geodesic_fields
from helpers.self_assembly.interrupts import interrupt_deferred
from helpers.self_assembly.light_field import FieldPair, make_field
from helpers.self_assembly.phases import PhaseRule
from helpers.self_assembly.priority import PriorityList, priority_list
from helpers.self_assembly.start import Start
from helpers.self_assembly.swarm import Swarm
from helpers.self_assembly.threads import threads_for
from helpers.self_assembly.trace import Trace

__all__ = ["Assembly", "assemble", "make_field"]


class Assembly(Swarm):
    """A swarm filling a target; see `AssemblyConfig` for every choice.

    Parameters
    ----------
    target : array (H, W) of 0 and 1
        Cells to fill. Empty and full grids are allowed: they are complete at once
        (a full one as soon as the agents fill it).
    n_agents : int, optional
        Number of agents n; as many as target cells by default. Fewer than target
        cells: complete when all are inside. More: when the target is full.
    positions : int array (n, 2), optional
        (row, column) of every agent; drawn at random by default.
    config : AssemblyConfig
    seed : int
        Decides the start and every random choice; same seed, same bits.
    start : "outside" or "anywhere"
        Where agents are drawn; outside the target in the paper.

    Raises
    ------
    ValueError
        Bad target, positions, number of agents, or seed; before any work.

    Examples
    --------
    >>> target = np.zeros((12, 12), dtype=bool)
    >>> target[4:8, 4:8] = True
    >>> trace = Assembly(target, seed=1).run()
    >>> trace.completed, trace.n_agents
    (True, 16)
    """

    def _begin(self, positions: np.ndarray) -> None:
        super()._begin(positions)
        self._phase_rule = PhaseRule(self.config)
        self._fields: torch.Tensor | None = None
        self._field_age = 0
        self._idle = 0
        self._repairing = False

    @property
    def repairing(self) -> bool:
        """Whether the geodesic repair has taken over from light."""
        return self._repairing

    @property
    def early_probability(self) -> float:
        """Probability that an agent inside acts by the early rule in the next step."""
        if self._repairing:
            return 0.0
        return self._phase_rule.early_probability(self._unoccupied, self._size, self._n)

    @property
    def phase(self) -> Literal["early", "late", "mixed"]:
        """Phase of the next step; "mixed" under the annealing rules."""
        probability = self.early_probability
        if 0.0 < probability < 1.0:
            return "mixed"
        return "early" if probability else "late"

    @property
    def blue(self) -> np.ndarray:
        """Blue field the next step uses, (H, W); a copy.

        While repairing, minus the walking distance to an open piece of the target.
        """
        return self._current_fields()[0].cpu().numpy().copy()

    @property
    def red(self) -> np.ndarray:
        """Red field the next step uses, (H, W); a copy.

        While repairing, minus the distance from the nearest entrance.
        """
        return self._current_fields()[1].cpu().numpy().copy()

    @cached_property
    def _light(self) -> FieldPair:
        height, width = self._target.shape
        return make_field((height, width), self.config)

    def _current_fields(self) -> torch.Tensor:
        if self._fields is None or self._field_age >= self.config.refresh:
            shape = self._target.shape
            if self._repairing:
                grids = np.empty((2, *shape), dtype=np.float32)
                geodesic_fields(self._crowd.cells(), grids[0], grids[1])
                self._fields = torch.from_numpy(grids).to(self.config.device)
            else:
                self._fields = self._light(self._crowd.sources())
            self._field_age = 0
        return self._fields

    def priority_list(
        self, agent: int, phase: Literal["early", "late"] | None = None
    ) -> PriorityList:
        """What agent number `agent` would like to do in the next step.

        `phase` must be given while the phase is "mixed".
        """
        if not 0 <= agent < self._n:
            raise ValueError(f"agent must be in 0..{self._n - 1}, not {agent}")
        chosen = phase or self.phase
        if chosen == "mixed":
            raise ValueError("the phase is mixed: say phase='early' or phase='late'")
        row, column = self.positions[agent]
        cell = int(row), int(column)
        return priority_list(
            self.blue,
            self.red,
            self._target,
            cell,
            chosen,
            self.config.strict,
            improve=self._repairing,
        )

    def step(self, record: bool = True) -> int:
        """Let every agent act once; returns how many moved.

        A completed assembly can still be stepped: agents outside go on wandering.
        """
        with interrupt_deferred(), threads_for(self._target.size):
            begin = time.process_time()
            fields = self._current_fields()
            moved = self._crowd.advance(
                fields, self.early_probability, len(self._trace.moved), self._repairing
            )
            before, self._unoccupied = self._unoccupied, self._crowd.unoccupied
            self._field_age += 1
            gain = before - self._unoccupied
            self._phase_rule.observe(gain)
            self._watch_for_stall(gain)
            trace = self._trace
            trace.seconds.append(time.process_time() - begin)
            trace.moved.append(moved)
            trace.unoccupied.append(self._unoccupied)
            if record or len(trace.positions) == 1:
                trace.positions.append(self.positions)
            else:
                trace.positions[-1] = self.positions
        return moved

    def _watch_for_stall(self, gain: int) -> None:
        self._idle = 0 if gain > 0 else self._idle + 1
        stalled = self._idle >= self.config.patience and not self.done
        started = self._unoccupied < self._size
        wanted = self.config.repair == "geodesic" and not self._repairing
        if wanted and stalled and started:
            self._repairing = True
            self._fields = None

    def run(
        self,
        max_steps: int | None = None,
        record: bool = True,
        progress: bool = False,
    ) -> Trace:
        """Step until done or capped; calling it again goes on from there.

        Parameters
        ----------
        max_steps : int, optional
            Cap for this call; `config.max_steps` by default.
        record : bool
            Keep the positions of every step, not only of the first and last.
        progress : bool
            Show a bar of filled target cells.

        Returns
        -------
        Trace
            Of all steps so far, earlier calls included.

        Notes
        -----
        An interrupt (Ctrl-C) waits for the end of the step and is then raised; the
        object stays consistent and `run` goes on from there.
        """
        cap = self.config.max_steps if max_steps is None else max_steps
        if not isinstance(cap, (int, np.integer)) or isinstance(cap, bool) or cap < 0:
            raise ValueError(f"max_steps must be an integer >= 0, not {max_steps!r}")
        tail = 0
        with progress_bar(
            total=self._size,
            initial=self._size - self._unoccupied,
            unit="cell",
            leave=True,
            disable=not progress,
        ) as bar:
            for _ in range(cap):
                if self.done or tail >= self.config.tail_steps:
                    break
                self.step(record)
                tail += self.missing <= self.config.tail_cells
                bar.update(self._size - self._unoccupied - bar.n)
        return self.trace


def assemble(
    target: np.ndarray,
    n_agents: int | None = None,
    *,
    positions: np.ndarray | None = None,
    seed: int = 0,
    start: Start = "outside",
    record: bool = True,
    progress: bool = False,
    **options: Any,
) -> Trace:
    """Run one assembly; `options` are the fields of `AssemblyConfig`.

    >>> target = np.zeros((1, 9), dtype=bool)
    >>> target[0, :3] = True
    >>> assemble(target, seed=3, gamma=0.5).completed
    True
    """
    config = AssemblyConfig.from_options(**options)
    crowd = Assembly(target, n_agents, positions, config, seed, start)
    return crowd.run(record=record, progress=progress)
