"""When agents inside the target switch from following blue to fleeing red."""

from __future__ import annotations

import math
from collections import deque

from helpers.self_assembly.config import AssemblyConfig

_WINDOW = 10
_MEAN_GAIN = 10
_IDLE_STEPS = 2


class PhaseRule:
    """Probability that an agent inside is in the early phase, step by step.

    1 is the early phase for all, 0 the late phase for all; values between occur
    only under the annealing rules. The rules and their sources are listed in
    `AssemblyConfig`.
    """

    def __init__(self, config: AssemblyConfig) -> None:
        self._config = config
        self._gains: deque[int] = deque(maxlen=_WINDOW)
        self._latched = False

    def observe(self, gain: int) -> None:
        """Tell the rule how many targets the last step filled (net)."""
        self._gains.append(gain)
        idle = sum(g <= 0 for g in self._gains)
        if (
            len(self._gains) == _WINDOW
            and sum(self._gains) <= _MEAN_GAIN * _WINDOW
            and idle > _IDLE_STEPS
        ):
            self._latched = True

    def early_probability(self, unoccupied: int, size: int, agents: int) -> float:
        """Probability for the coming step.

        Parameters
        ----------
        unoccupied : int
            Open target cells U.
        size : int
            Target cells ``|T|``.
        agents : int
            Agents n.
        """
        config = self._config
        match config.phase_rule:
            case "fixed":
                # W < 1 - omega with W = 1 - U / |T|, free of rounding at 0 and 1.
                return float(unoccupied > config.omega * size)
            case "count":
                assert config.switch_count is not None
                return float(unoccupied > config.switch_count)
            case "feedback":
                return float(not self._latched)
        share = min(1.0, unoccupied / agents) if agents else 0.0
        match config.phase_rule:
            case "annealing-linear":
                return share
            case "annealing-log":
                return min(1.0, math.log1p(unoccupied) / math.log1p(max(agents, 1)))
            case _:
                return 0.5 * math.sin(math.pi * (share - 0.5)) + 0.5
