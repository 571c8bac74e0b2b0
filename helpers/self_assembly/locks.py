"""One step with sequential locks, compiled: the authors' engine's semantics."""

from __future__ import annotations

import numpy as np
from numba import njit

OCCUPIED = 1
TARGET = 2

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_S27, _S30, _S31, _S11 = (np.uint64(s) for s in (27, 30, 31, 11))
_TO_UNIT = 1.0 / (1 << 53)


@njit(cache=True, inline="always")
def _mix(z: np.uint64) -> np.uint64:  # pragma: no cover
    z = (z ^ (z >> _S30)) * _MIX_1
    z = (z ^ (z >> _S27)) * _MIX_2
    return z ^ (z >> _S31)


@njit(cache=True)
def agent_stream(seed: int, step: int, agent: int) -> np.uint64:  # pragma: no cover
    """State of the splitmix64 stream of one agent in one step.

    Counter-based, so agents that need no random number cost none, and skipping
    them changes nobody else's numbers.
    """
    key = _mix(np.uint64(seed) * _GOLDEN + np.uint64(step))
    return _mix(key + np.uint64(agent) * _GOLDEN)


@njit(cache=True, inline="always")
def _unit(state: np.uint64) -> float:  # pragma: no cover
    """Uniform float64 in [0, 1) for a stream state."""
    return np.float64(_mix(state) >> _S11) * _TO_UNIT


@njit(cache=True)
def shift_light(
    field: np.ndarray, table: np.ndarray, row: int, column: int, sign: int
) -> None:  # pragma: no cover
    """Add (sign 1) or remove (sign -1) one source at (row, column)."""
    height, width = field.shape
    for y in range(height):
        line = table[height - 1 + y - row]
        out = field[y]
        for x in range(width):
            out[x] += sign * line[width - 1 + x - column]


@njit(cache=True)
def permutation(count: int, seed: int, step: int) -> np.ndarray:  # pragma: no cover
    """Fisher-Yates shuffle of 0..count-1 from the step's own stream."""
    order = np.arange(count, dtype=np.int32)
    state = agent_stream(seed, step, count + 1)
    for i in range(count - 1, 0, -1):
        state += _GOLDEN
        j = int(_unit(state) * (i + 1))
        order[i], order[j] = order[j], order[i]
    return order


@njit(cache=True)
def step_locks(
    cells: np.ndarray,
    blue: np.ndarray,
    red: np.ndarray,
    positions: np.ndarray,
    order: np.ndarray,
    early_probability: float,
    strict: bool,
    gamma: float,
    release: bool,
    random_ties: bool,
    improve: bool,
    seed: int,
    step: int,
    table: np.ndarray,
) -> tuple[int, int]:  # pragma: no cover
    """Let every agent act once, in `order`; `cells` and `positions` change in place.

    Parameters
    ----------
    cells : uint8 array (H + 2, W + 2)
        Bits OCCUPIED and TARGET; the rim is occupied, so walls need no test.
    blue, red : float arrays (H, W)
        Changed in place too when `table` is given (live field).
    positions : int32 array (n, 2)
    order : int32 array
        Agents in the order they act.
    improve : bool
        Good cells must be better than the own one (repair); else as good will do.
    table : float array
        `Kernel.table` for a live field, else an empty array (0, 0).

    Returns
    -------
    moved, gain : int
        Agents that changed cell; net number of targets filled.
    """
    live = table.shape[0] > 0
    moved = 0
    gain = 0
    for agent in order:
        row = positions[agent, 0]
        column = positions[agent, 1]
        # Bit test of the eight neighbours: settled interiors end here.
        above, here, below = cells[row], cells[row + 1], cells[row + 2]
        everywhere = (
            above[column]
            & above[column + 1]
            & above[column + 2]
            & here[column]
            & here[column + 2]
            & below[column]
            & below[column + 1]
            & below[column + 2]
        )
        if everywhere & OCCUPIED:
            continue
        state = agent_stream(seed, step, agent)
        inside = (here[column + 1] & TARGET) != 0
        late = False
        if inside:
            late = early_probability <= 0.0
            if 0.0 < early_probability < 1.0:
                state += _GOLDEN
                late = _unit(state) >= early_probability
        confined = inside and (late or strict)
        use_red = inside and not late
        own = red[row, column] if late else blue[row, column]
        best = own
        best_red = own
        good_row = -1
        good_column = -1
        ties = 0
        others = 0
        for dy in range(-1, 2):
            for dx in range(-1, 2):
                code = cells[row + 1 + dy, column + 1 + dx]
                if code & OCCUPIED or (confined and not code & TARGET):
                    continue
                y = row + dy
                x = column + dx
                value = red[y, x] if late else blue[y, x]
                good = value <= own if late else value >= own
                if improve and value == own:
                    good = False
                if not good:
                    others += 1
                    continue
                if release:
                    state += _GOLDEN
                    if _unit(state) < gamma:
                        continue
                second = red[y, x] if use_red else own
                if good_row >= 0:
                    if value == best and second == best_red:
                        if not random_ties:
                            continue
                        ties += 1
                        state += _GOLDEN
                        if _unit(state) * ties >= 1.0:
                            continue
                    elif value == best:
                        if second > best_red:
                            continue
                        ties = 1
                    elif (value < best) != late:
                        continue
                    else:
                        ties = 1
                else:
                    ties = 1
                best = value
                best_red = second
                good_row = y
                good_column = x
        if good_row < 0:
            if release or others == 0:
                continue
            state += _GOLDEN
            if _unit(state) >= gamma:
                continue
            state += _GOLDEN
            skip = int(_unit(state) * others)
            for dy in range(-1, 2):
                for dx in range(-1, 2):
                    code = cells[row + 1 + dy, column + 1 + dx]
                    if code & OCCUPIED or (confined and not code & TARGET):
                        continue
                    if skip == 0:
                        good_row = row + dy
                        good_column = column + dx
                    skip -= 1
        enters = (cells[good_row + 1, good_column + 1] & TARGET) != 0
        cells[row + 1, column + 1] &= ~np.uint8(OCCUPIED)
        cells[good_row + 1, good_column + 1] |= np.uint8(OCCUPIED)
        positions[agent, 0] = good_row
        positions[agent, 1] = good_column
        moved += 1
        gain += int(enters) - int(inside)
        if live:
            # A vacated target lights up blue, an agent outside shines red.
            shift_light(
                blue if inside else red, table, row, column, 1 if inside else -1
            )
            shift_light(
                blue if enters else red,
                table,
                good_row,
                good_column,
                -1 if enters else 1,
            )
    return moved, gain
