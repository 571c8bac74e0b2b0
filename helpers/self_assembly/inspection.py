"""What the agents of a recorded run saw and ranked, recomputed from the record."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import torch

from helpers.self_assembly.assembly import make_field
from helpers.self_assembly.config import AssemblyConfig
from helpers.self_assembly.geodesic import geodesic_fields
from helpers.self_assembly.locks import OCCUPIED, TARGET
from helpers.self_assembly.phases import PhaseRule
from helpers.self_assembly.priority import PriorityList, priority_list
from helpers.self_assembly.trace import Trace

Phase = Literal["early", "late", "mixed", "repair"]

QUEUES = {
    "BD": "outside the shape: most blue light first",
    "BD-RA": "inside, early phase: most blue light first, ties by least red",
    "RA": "inside, late phase: least red light first",
}


def grid_codes(target: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """Cells (H + 2, W + 2) in the engine's coding, with its occupied rim."""
    codes = np.full(np.add(target.shape, 2), OCCUPIED, dtype=np.uint8)
    codes[1:-1, 1:-1] = target.astype(np.uint8) * TARGET
    rows, columns = np.asarray(positions, dtype=int).reshape(-1, 2).T + 1
    codes[rows, columns] |= OCCUPIED
    return codes


class Inspection:
    """Phases, light and priority lists of a run made by `Assembly`.

    The phase rule is replayed on the record. A run in which agents were added or
    removed restarts that replay nowhere, which matters for the rule "feedback" and
    the geodesic repair only.

    Parameters
    ----------
    trace : Trace
        Recorded with ``record=True``.
    config : AssemblyConfig
        What the run was made with.

    Attributes
    ----------
    phases : list of str
        Phase in which the step after each state is decided (T + 1 values).
    """

    def __init__(self, trace: Trace, config: AssemblyConfig) -> None:
        self.trace = trace
        self.config = config
        self._light = make_field(trace.target.shape, config)
        self.phases = self._replay()

    def _replay(self) -> list[Phase]:
        size = int(self.trace.target.sum())
        rule = PhaseRule(self.config)
        phases: list[Phase] = []
        before, idle, repairing = None, 0, False
        for positions, empty in zip(
            self.trace.positions, self.trace.unoccupied, strict=True
        ):
            agents = len(positions)
            if before is not None:
                gain = before - empty
                rule.observe(gain)
                idle = 0 if gain > 0 else idle + 1
                missing = empty - max(0, size - agents)
                stalled = idle >= self.config.patience and missing > 0 and empty < size
                repairing |= stalled and self.config.repair == "geodesic"
            before = empty
            early = rule.early_probability(empty, size, agents)
            if repairing:
                phases.append("repair")
            elif 0 < early < 1:
                phases.append("mixed")
            else:
                phases.append("early" if early else "late")
        return phases

    def light(self, frame: int) -> tuple[np.ndarray, np.ndarray]:
        """Blue and red light (H, W) of a state: sums of f(d) over open targets and
        over agents outside.
        """
        cells = grid_codes(self.trace.target, self.trace.positions[frame])[1:-1, 1:-1]
        sources = np.stack((cells == TARGET, cells == OCCUPIED))
        blue, red = self._light(torch.from_numpy(sources)).cpu().numpy()
        return blue, red

    def fields(self, frame: int) -> tuple[np.ndarray, np.ndarray]:
        """Blue and red as the agents read them in the step after a state.

        They differ from `light` when the field is refreshed every k steps only, and
        under the geodesic repair, where they are distances with a minus sign.
        """
        if self.phases[frame] != "repair":
            return self.light(frame - frame % self.config.refresh)
        begin = self.phases.index("repair")
        frame -= (frame - begin) % self.config.refresh
        blue, red = np.empty((2, *self.trace.target.shape), dtype=np.float32)
        codes = grid_codes(self.trace.target, self.trace.positions[frame])
        geodesic_fields(codes, blue, red)
        return blue, red

    def describe(self, agent: int, frame: int) -> dict[str, Any]:
        """Priority list of one agent in one state, and what it did next.

        Returns
        -------
        dict
            ``rows``: the cells it may enter and its own, in the order of the list;
            each with ``row``, ``col``, ``blue``, ``red``, ``rank`` (1 is tried
            first, 0 is not in the list), ``chosen`` and ``note``. ``summary`` and
            ``outcome``: a sentence each.
        """
        trace, phase = self.trace, self.phases[frame]
        row, col = (int(v) for v in trace.positions[frame][agent])
        blue, red = self.fields(frame)
        # Under the mixed phase every agent draws; the early list is the likelier.
        rule: Literal["early", "late"] = (
            "early" if phase in ("early", "mixed") else "late"
        )
        ranked = priority_list(
            blue,
            red,
            trace.target,
            (row, col),
            rule,
            self.config.strict,
            improve=phase == "repair",
        )
        after = None
        if frame < trace.steps and agent < len(trace.positions[frame + 1]):
            r, c = trace.positions[frame + 1][agent]
            after = int(r), int(c)
        notes = dict.fromkeys(ranked.less_good, "if exploring")
        notes[row, col] = "here"
        if after is not None:
            notes[after] = "stays here" if after == (row, col) else "next"
        rows = [
            {
                "row": cell[0],
                "col": cell[1],
                "blue": float(blue[cell]),
                "red": float(red[cell]),
                "rank": ranked.good.index(cell) + 1 if cell in ranked.good else 0,
                "chosen": cell == after,
                "note": notes.get(cell, ""),
            }
            for cell in (*ranked.good, (row, col), *ranked.less_good)
        ]
        summary = f"At ({row}, {col}), {QUEUES[ranked.queue]}."
        if phase == "repair":
            summary += " Geodesic repair: B and R are minus walking distances."
        elif phase == "mixed":
            summary += " Mixed phase: some agents inside act by the late rule."
        return {
            "row": row,
            "col": col,
            "rows": rows,
            "summary": summary,
            "outcome": self._outcome(ranked, after),
        }

    def _outcome(self, ranked: PriorityList, after: tuple[int, int] | None) -> str:
        gamma = f"γ = {self.config.gamma:g}"
        if after is None:
            return "The run ends here."
        if after == ranked.cell:
            if not ranked.good:
                return "Stays: no neighbouring cell is as good as its own."
            return f"Stays: every cell of its list was {self._lost()}."
        if after not in ranked.good:
            return f"Explores, with probability {gamma}: its list was taken or empty."
        rank = ranked.good.index(after) + 1
        if rank == 1:
            return "Moves to the first cell of its list."
        return f"Moves to choice {rank}: the better cells were {self._lost()}."

    def _lost(self) -> str:
        """Why an agent did not enter a good cell."""
        if self.config.gamma_reading == "release":
            return f"taken, or given up with probability γ = {self.config.gamma:g}"
        return "taken"
