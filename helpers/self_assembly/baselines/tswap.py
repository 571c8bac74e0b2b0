"""TSWAP: one-step planning with target swapping (Okumura & Defago)."""

from __future__ import annotations

from time import process_time
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
from numba import njit

from helpers.names import unknown_name
from helpers.self_assembly.baselines.assignment import minimum_cost_assignment
from helpers.self_assembly.baselines.board import (
    Board,
    IntArray,
    make_board,
    run_board,
)
from helpers.self_assembly.trace import Trace

Initial = Literal["optimal", "random"]


@njit(cache=True)
def _blocker(agent, positions, goals, holder):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Agent on the next cell of a shortest path, -1 if that cell is free."""
    row, col = positions[agent]
    to_row = row + np.sign(goals[agent, 0] - row)
    to_col = col + np.sign(goals[agent, 1] - col)
    return holder[to_row, to_col]


@njit(cache=True)
def _arrived(agent, positions, goals):  # type: ignore[no-untyped-def]  # pragma: no cover
    return (
        positions[agent, 0] == goals[agent, 0]
        and positions[agent, 1] == goals[agent, 1]
    )


@njit(cache=True)
def _rotate_deadlock(agent, positions, goals, holder, decided, seen, stamp):  # type: ignore[no-untyped-def]  # pragma: no cover
    """If the agent is in a cycle of agents in each other's way, pass the goals on.

    Everyone's goal goes to the one who stands in the way to it, so every distance
    in the cycle falls by one.
    """
    other = agent
    while True:
        seen[other] = stamp
        other = _blocker(other, positions, goals, holder)
        if other == agent:
            break
        if (
            other < 0
            or decided[other]
            or seen[other] == stamp
            or _arrived(other, positions, goals)
        ):
            return False
    row, col = goals[agent]
    other = _blocker(agent, positions, goals, holder)
    while other != agent:
        following = _blocker(other, positions, goals, holder)
        next_row, next_col = goals[other]
        goals[other] = row, col
        row, col = next_row, next_col
        other = following
    goals[agent] = row, col
    return True


@njit(cache=True)
def _tswap_step(positions, goals, holder):  # type: ignore[no-untyped-def]  # pragma: no cover
    """One step; agents wait for their blocker's decision where that can help."""
    n = len(positions)
    decided = np.zeros(n, dtype=np.bool_)
    seen = np.full(n, -1, dtype=np.int64)
    open_agents = np.arange(n)
    left = n
    stamp = 0
    moved = 0
    while left:
        for turn in range(2):  # first those under way, then those that have arrived
            for index in range(left):
                agent = open_agents[index]
                if decided[agent]:
                    continue
                if _arrived(agent, positions, goals):
                    decided[agent] = turn == 1
                    continue
                other = _blocker(agent, positions, goals, holder)
                if other < 0:
                    row, col = positions[agent]
                    to_row = row + np.sign(goals[agent, 0] - row)
                    to_col = col + np.sign(goals[agent, 1] - col)
                    holder[row, col] = -1
                    holder[to_row, to_col] = agent
                    positions[agent] = to_row, to_col
                    decided[agent] = True
                    moved += 1
                elif _arrived(other, positions, goals):
                    row, col = goals[agent]
                    goals[agent] = goals[other]
                    goals[other] = row, col
                    decided[agent] = decided[other]
                elif decided[other]:
                    decided[agent] = True
                else:
                    _rotate_deadlock(
                        agent, positions, goals, holder, decided, seen, stamp
                    )
                    stamp += 1
        kept = 0
        for index in range(left):
            agent = open_agents[index]
            if not decided[agent]:
                open_agents[kept] = agent
                kept += 1
        left = kept
    return moved


def _initial_goals(board: Board, initial: Initial, seed: int) -> IntArray:
    """Goal cell of every agent; a surplus agent's goal is the cell it stands on.

    Agents inside the target are served first, so a surplus agent always stands
    outside and its goal is nobody else's.
    """
    cells = board.cells
    if initial == "optimal":
        agents, chosen = minimum_cost_assignment(cells, board.positions, "chebyshev")
    else:
        rng = np.random.default_rng(seed)
        inside = board.target[board.positions[:, 0], board.positions[:, 1]]
        shuffled = rng.permutation(board.n_agents)
        agents = shuffled[np.argsort(~inside[shuffled], kind="stable")][: len(cells)]
        chosen = rng.permutation(len(cells))[: len(agents)]
    goals = board.positions.copy()
    goals[agents] = cells[chosen]
    return goals


def run_tswap(
    target: npt.ArrayLike,
    positions: npt.ArrayLike,
    *,
    seed: int = 0,
    max_steps: int = 1000,
    record: bool = True,
    initial: Initial = "optimal",
) -> Trace:
    """Move greedily and swap goals where agents are in each other's way.

    Each step every agent that has not arrived looks at the next cell of its shortest
    path (diagonal first):

    * free: it moves there (the cell it leaves is free at once);
    * held by an agent that has arrived: the two swap goals;
    * part of a cycle of agents each waiting for the next: the goals of the cycle
      are passed on by one, so that everyone's goal gets one move nearer;
    * otherwise it waits: for its blocker's decision if that is still open, else
      until the next step.

    Complete from any initial assignment: moves and rotations shorten the summed
    distance, and a swap turns distances (d, 0) into (d - 1, 1), which lowers the sum
    of squares. No move is wasted, so an optimal assignment is carried out with the
    fewest moves; the number of steps is not optimal.

    Source: Okumura & Defago, ICAPS 2022 and Artificial Intelligence 2023; waiting for
    open decisions is in their published solver and halves the steps here. Surplus
    agents keep their start cell as goal, and with fewer agents than cells only as
    many cells are goals (ours).

    Parameters
    ----------
    target : bool array (H, W)
    positions : int array (n, 2)
        Start cells (row, column). Any n is allowed.
    seed : int
        Seeds the random initial assignment; otherwise the method is deterministic.
    max_steps : int
        Cap on the number of steps.
    record : bool
        Keep all states, or only the first and the last.
    initial : "optimal" or "random"
        Initial assignment: minimum total Chebyshev distance, or any.

    Raises
    ------
    ValueError
        If the instance is malformed (see `make_board`) or ``initial`` is unknown.
    """
    allowed = get_args(Initial)
    if initial not in allowed:
        raise unknown_name("initial assignment", str(initial), allowed)
    board = make_board(target, positions)
    # A call without agents compiles (or loads) the kernel outside the timed part.
    nobody = board.positions[:0]
    _tswap_step(nobody, nobody, board.holder)

    start = process_time()
    goals = _initial_goals(board, initial, seed)
    planning_seconds = process_time() - start

    def step() -> int:
        return int(_tswap_step(board.positions, goals, board.holder))

    return run_board(
        board,
        "TSWAP",
        step,
        max_steps=max_steps,
        record=record,
        planning_seconds=planning_seconds,
    )
