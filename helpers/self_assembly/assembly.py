"""The paper's method, step by step: light, priority lists, moves."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from types import FrameType
from typing import Any, Literal

import numpy as np
import torch
from tqdm import tqdm

from helpers.self_assembly.cone_field import ConeField
from helpers.self_assembly.config import AssemblyConfig
from helpers.self_assembly.crowd import LocksCrowd
from helpers.self_assembly.geodesic import geodesic_fields
from helpers.self_assembly.kernels import DEFAULT_KERNEL
from helpers.self_assembly.light_field import DirectField, FFTField, FieldPair
from helpers.self_assembly.phases import PhaseRule
from helpers.self_assembly.priority import PriorityList, priority_list
from helpers.self_assembly.rounds import RoundsCrowd
from helpers.self_assembly.start import (
    Start,
    check_positions,
    check_target,
    draw_positions,
)
from helpers.self_assembly.threads import threads_for
from helpers.self_assembly.trace import Trace

_CONE_FROM_CELLS = 160 * 160
"""Grids from this size on use the cone field when the method is "auto"."""


def make_field(shape: tuple[int, int], config: AssemblyConfig) -> FieldPair:
    """Light field of the method that `config` asks for (or the faster, if "auto")."""
    method = config.field_method
    on_cpu = torch.device(config.device).type == "cpu"
    if config.field_update == "live":
        method = "direct"
    elif method == "auto":
        large = shape[0] * shape[1] >= _CONE_FROM_CELLS
        cone = large and on_cpu and config.kernel == DEFAULT_KERNEL
        method = "cone" if cone and config.precision == "float32" else "fft"
    light = {"intensity": config.intensity, "beta": config.beta}
    if method == "direct":
        return DirectField(shape, config.kernel, **light)
    if method == "cone":
        return ConeField(shape, dtype=config.torch_dtype, **light)
    return FFTField(
        shape, config.kernel, dtype=config.torch_dtype, device=config.device, **light
    )


class Assembly:
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
        self._light = make_field(self._target.shape, self.config)
        self._step_count = 0
        self._trace = Trace(self._target, [place], [0])
        self._begin(place)

    def _begin(self, positions: np.ndarray) -> None:
        """Start an epoch: a new crowd, no stall, no memory of the phase rule."""
        kind = LocksCrowd if self.config.semantics == "locks" else RoundsCrowd
        self._crowd: LocksCrowd | RoundsCrowd = kind(
            self._target, positions, self.config, self.seed
        )
        self._phase_rule = PhaseRule(self.config)
        self._fields: torch.Tensor | None = None
        self._field_age = 0
        self._idle = 0
        self._repairing = False
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

    def _current_fields(self) -> torch.Tensor:
        if self._fields is None or self._field_age >= self.config.refresh:
            if self._repairing:
                grids = np.empty((2, *self._target.shape), dtype=np.float32)
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
        with _interrupt_deferred(), threads_for(self._target.size):
            begin = time.perf_counter()
            fields = self._current_fields()
            moved = self._crowd.advance(
                fields, self.early_probability, self._step_count, self._repairing
            )
            before, self._unoccupied = self._unoccupied, self._crowd.unoccupied
            self._step_count += 1
            self._field_age += 1
            gain = before - self._unoccupied
            self._phase_rule.observe(gain)
            self._watch_for_stall(gain)
            trace = self._trace
            trace.seconds.append(time.perf_counter() - begin)
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
        with tqdm(
            total=self._size,
            initial=self._size - self._unoccupied,
            unit="cell",
            disable=not progress,
        ) as bar:
            for _ in range(cap):
                if self.done or tail >= self.config.tail_steps:
                    break
                self.step(record)
                tail += self.missing <= self.config.tail_cells
                bar.update(self._size - self._unoccupied - bar.n)
        return self.trace

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


@contextmanager
def _interrupt_deferred() -> Iterator[None]:
    """Hold back Ctrl-C until the block has ended (main thread only)."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    caught: list[tuple[int, FrameType | None]] = []
    before = signal.signal(
        signal.SIGINT, lambda number, frame: caught.append((number, frame))
    )
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if caught and callable(before):
        before(*caught[-1])
