"""Edge following: the thousand-robot self-assembly rule on a grid."""

from __future__ import annotations

from time import process_time

import numpy as np
import numpy.typing as npt
from numba import njit

from helpers.self_assembly.baselines.board import (
    KING_COL,
    KING_ROW,
    IntArray,
    make_board,
    run_board,
)
from helpers.self_assembly.baselines.packed_start import seed_cells
from helpers.self_assembly.trace import Trace

START, WAIT, OUTSIDE, INSIDE, JOINED = range(5)
_FAR = 1 << 40  # gradient of an agent that has not heard of the seed


@njit(cache=True)
def _is_wall(row, col, holder, state):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Off the grid, or held by an agent that is not moving."""
    height, width = holder.shape
    if not (0 <= row < height and 0 <= col < width):
        return True
    agent = holder[row, col]
    return agent >= 0 and state[agent] != OUTSIDE and state[agent] != INSIDE


@njit(cache=True)
def _is_moving(row, col, holder, state):  # type: ignore[no-untyped-def]  # pragma: no cover
    height, width = holder.shape
    if not (0 <= row < height and 0 <= col < width):
        return False
    agent = holder[row, col]
    return agent >= 0 and (state[agent] == OUTSIDE or state[agent] == INSIDE)


@njit(cache=True)
def _find_wall(row, col, holder, state, step_row, step_col):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Direction of the nearest stationary neighbour, -1 if there is none."""
    height, width = holder.shape
    for first in range(2):
        for k in range(first, 8, 2):
            i, j = row + step_row[k], col + step_col[k]
            inside = 0 <= i < height and 0 <= j < width
            if inside and _is_wall(i, j, holder, state):
                return k
    return -1


@njit(cache=True)
def _next_move(row, col, wall, holder, state, step_row, step_col):  # type: ignore[no-untyped-def]  # pragma: no cover
    """First open direction counter-clockwise from the wall, -1 if walled in.

    Keeping the wall on the right leads clockwise round the structure, always at
    distance 1 from a stationary agent. There is no way diagonally between two
    stationary agents, else walkers could circle parts of the structure for ever.
    """
    for turn in range(1, 8):
        k = (wall - turn) % 8
        if _is_wall(row + step_row[k], col + step_col[k], holder, state):
            continue
        side = (k - 1) % 8
        if k % 2 == 0 or not _is_wall(
            row + step_row[side], col + step_col[side], holder, state
        ):
            return k
    return -1


@njit(cache=True)
def _wall_after(k):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Where the wall is after move ``k``: the last cell scanned before it."""
    return (k + 2) % 8 if k % 2 == 0 else (k + 3) % 8


@njit(cache=True)
def _listen(agent, positions, holder, state, gradient, step_row, step_col):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Update the agent's gradient; is a neighbour moving, has one joined as far out?"""
    height, width = holder.shape
    row, col = positions[agent]
    crowded = False
    nearest = _FAR
    outermost = -1
    for k in range(8):
        i, j = row + step_row[k], col + step_col[k]
        if 0 <= i < height and 0 <= j < width and holder[i, j] >= 0:
            other = holder[i, j]
            if state[other] == OUTSIDE or state[other] == INSIDE:
                crowded = True
            else:
                nearest = min(nearest, gradient[other])
            if state[other] == JOINED:
                outermost = max(outermost, gradient[other])
    gradient[agent] = min(nearest + 1, _FAR)
    return crowded, outermost >= gradient[agent]


@njit(cache=True)
def _form_gradient(positions, holder, state, gradient, step_row, step_col):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Hop counts from the seed before anyone moves; who hears it waits to move."""
    changed = True
    while changed:
        changed = False
        for agent in range(4, len(positions)):
            before = gradient[agent]
            _listen(agent, positions, holder, state, gradient, step_row, step_col)
            changed = changed or gradient[agent] != before
    for agent in range(4, len(positions)):
        if gradient[agent] < _FAR:
            state[agent] = WAIT


@njit(cache=True)
def _edge_step(  # type: ignore[no-untyped-def]  # pragma: no cover
    target, positions, holder, state, gradient, wall, tie, leave, step_row, step_col
):
    """One step of all agents in id order."""
    height, width = holder.shape
    moved = 0
    for agent in range(4, len(positions)):
        if state[agent] == JOINED:
            continue
        row, col = positions[agent]
        crowded, layer_done = _listen(
            agent, positions, holder, state, gradient, step_row, step_col
        )
        if state[agent] == START and gradient[agent] < _FAR:
            state[agent] = WAIT
        if state[agent] < WAIT or (state[agent] == WAIT and crowded):
            continue

        if state[agent] == WAIT:
            # Highest gradient among those waiting within reach goes first.
            first = True
            for i in range(max(0, row - 2), min(height, row + 3)):
                for j in range(max(0, col - 2), min(width, col + 3)):
                    other = holder[i, j]
                    if other < 0 or other == agent or state[other] != WAIT:
                        continue
                    if gradient[other] > gradient[agent] or (
                        gradient[other] == gradient[agent] and tie[other] > tie[agent]
                    ):
                        first = False
            if not first:
                continue

        if state[agent] == OUTSIDE and target[row, col]:
            state[agent] = INSIDE
        if state[agent] == INSIDE and (layer_done or not target[row, col]):
            state[agent] = JOINED
            continue

        side = wall[agent]
        if side < 0 or not _is_wall(
            row + step_row[side], col + step_col[side], holder, state
        ):
            side = _find_wall(row, col, holder, state, step_row, step_col)
        if side < 0:
            continue
        k = _next_move(row, col, side, holder, state, step_row, step_col)
        if k < 0:
            continue
        to_row, to_col = row + step_row[k], col + step_col[k]
        if state[agent] == INSIDE and not leave and not target[to_row, to_col]:
            state[agent] = JOINED
            continue
        if _is_moving(to_row, to_col, holder, state):
            continue
        if state[agent] == WAIT:
            state[agent] = OUTSIDE
        else:
            # Yield to a mover one cell further on.
            ahead = _next_move(
                to_row, to_col, _wall_after(k), holder, state, step_row, step_col
            )
            i, j = to_row + step_row[ahead], to_col + step_col[ahead]
            if holder[i, j] != agent and _is_moving(i, j, holder, state):
                continue
        wall[agent] = _wall_after(k)
        holder[row, col] = -1
        holder[to_row, to_col] = agent
        positions[agent, 0] = to_row
        positions[agent, 1] = to_col
        moved += 1
    return moved


def run_edge_following(
    target: npt.ArrayLike,
    positions: npt.ArrayLike,
    *,
    seed: int = 0,
    max_steps: int = 100_000,
    record: bool = True,
    patience: int = 200,
    leave: bool = False,
) -> Trace:
    """Build the shape layer by layer from a seed, one walker behind the other.

    A gradient counts hops (king moves) from the seed through stationary agents; it
    is formed before anyone moves and kept up to date afterwards. An agent's state goes

    * *start* -> *wait to move* when it hears the gradient;
    * -> *move while outside* when no neighbour moves and its gradient is the
      largest among those waiting within two cells (ties: random local id). It
      follows the edge of the structure clockwise, at distance 1 from the nearest
      stationary agent, and yields to a mover up to two cells ahead;
    * -> *move while inside* on a cell of the target;
    * -> *joined* next to a joined neighbour whose gradient is at least its own, or
      when the edge leads out of the target.

    The run ends when all have joined or nobody has joined for ``patience`` steps
    (counted from the first one). Agents start one after the other and walk round
    everything built so far: steps grow like n or worse, and so does the wall time.

    Source: Rubenstein, Cornejo & Nagpal, Science 2014, on the grid as in the
    authors' published engine for the paper's comparison. Ours: only waiting agents
    are compared in the start rule and an enclosed agent does not start (otherwise
    the last ones near the seed never do), the border of the grid counts as an edge
    to follow, and by default a walker joins on its last cell inside.

    Parameters
    ----------
    target : bool array (H, W)
    positions : int array (n, 2)
        Start cells from `edge_following_start`, or any whose first four rows are
        the seeds.
    seed : int
        Seeds the local ids that break ties.
    max_steps : int
        Cap on the number of steps; far more are needed than by the other methods.
    record : bool
        Keep all states (memory: 8 n bytes per step), or only the first and the last.
    patience : int
        Steps without anyone joining after which the run is given up.
    leave : bool
        Join only after stepping out of the target, as in the published engine.

    Raises
    ------
    ValueError
        If the instance is malformed (see `make_board`), has no room for the seeds,
        or the first four agents are not on the seed cells.
    """
    board = make_board(target, positions)
    if patience < 1:
        raise ValueError(f"patience must be 1 step or more, got {patience}")
    n = board.n_agents
    if board.target.any():
        seeds = seed_cells(board.target)
        if not np.array_equal(board.positions[:4], seeds):
            raise ValueError(
                f"the first four agents must be the seeds at {seeds.tolist()}; "
                "make the start with edge_following_start(target, n)"
            )
    state = np.full(n, START, dtype=np.int64)
    state[:4] = JOINED
    gradient = np.full(n, _FAR, dtype=np.int64)
    gradient[:4] = (0, 1, 1, 1)[:n]
    wall = np.full(n, -1, dtype=np.int64)
    tie = np.random.default_rng(seed).permutation(n)

    def advance(agents: IntArray) -> int:
        return int(
            _edge_step(
                board.target,
                agents,
                board.holder,
                state,
                gradient,
                wall,
                tie,
                leave,
                KING_ROW,
                KING_COL,
            )
        )

    # A call without agents compiles (or loads) the kernel outside the timed part.
    advance(board.positions[:0])
    nobody = board.positions[:0]
    _form_gradient(nobody, board.holder, state, gradient, KING_ROW, KING_COL)
    start = process_time()
    _form_gradient(board.positions, board.holder, state, gradient, KING_ROW, KING_COL)
    planning_seconds = process_time() - start
    joined, idle = 4, 0

    def step() -> int:
        nonlocal joined, idle
        moved = advance(board.positions)
        now = int((state == JOINED).sum())
        idle = 0 if now > joined or now == 4 else idle + 1
        joined = now
        return moved

    return run_board(
        board,
        "Edge following",
        step,
        max_steps=max_steps,
        record=record,
        planning_seconds=planning_seconds,
        stop=lambda: joined == n or idle >= patience,
    )
