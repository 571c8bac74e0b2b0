"""Film strip: snapshots of one run, drawn once as a static figure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.colors import LinearSegmentedColormap, ListedColormap, LogNorm
from matplotlib.figure import Figure
from matplotlib.patches import Patch

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from helpers.self_assembly.trace import Trace

# Okabe-Ito hues, readable with every common colour vision; the same as the viewer's.
GROUND, TARGET, INSIDE, OUTSIDE = "#ffffff", "#d4d7db", "#0072b2", "#e69f00"
BLUE, RED = "#0072b2", "#d55e00"
CELL_COLOURS = ListedColormap([GROUND, TARGET, INSIDE, OUTSIDE])
_LIGHTS = {
    "blue": LinearSegmentedColormap.from_list("blue light", [GROUND, BLUE]),
    "red": LinearSegmentedColormap.from_list("red light", [GROUND, RED]),
}


def snapshot_steps(trace: Trace, count: int) -> list[int]:
    """Steps at which a run looks most different: start, end, and between them.

    The states between are those at which the square root of the number of
    unoccupied target cells has fallen by equal parts, because most cells fill in
    the first steps and the last few take longest (ours).

    Returns
    -------
    list of int
        At most `count` increasing indices into ``trace.positions``.

    Raises
    ------
    ValueError
        If `count` is below 2.

    Examples
    --------
    >>> import numpy as np
    >>> from helpers.self_assembly.trace import Trace
    >>> run = Trace(np.ones((1, 100), bool), [np.zeros((0, 2), int)] * 5,
    ...             [100, 25, 16, 9, 0], [0] * 4)
    >>> snapshot_steps(run, 3)
    [0, 1, 4]
    """
    if count < 2:
        raise ValueError(f"count must be at least 2, got {count}.")
    last = len(trace.positions) - 1
    if last + 1 <= count:
        return list(range(last + 1))
    if len(trace.unoccupied) != last + 1:  # recorded with record=False
        return [0, last]
    depth = np.sqrt(np.asarray(trace.unoccupied, dtype=float))
    levels = np.linspace(depth[0], depth[-1], count)[1:-1]
    between = [int(np.argmax(depth <= level)) for level in levels]
    return sorted({0, *between, last})


def cell_states(target: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """What is on each cell: 0 free, 1 empty target, 2 agent inside, 3 outside.

    Parameters
    ----------
    target : bool array (H, W)
    positions : int array (n, 2)
        (row, column) per agent.

    Returns
    -------
    uint8 array (H, W)
    """
    states = target.astype(np.uint8)
    rows, cols = np.asarray(positions, dtype=int).reshape(-1, 2).T
    states[rows, cols] = np.where(target[rows, cols], 2, 3)
    return states


def film_strip(
    trace: Trace,
    steps: Sequence[int] | int = 6,
    *,
    blue: Sequence[np.ndarray] | None = None,
    red: Sequence[np.ndarray] | None = None,
    size: float = 1.75,
    columns: int = 6,
) -> Figure:
    """Draw snapshots of a run; with light maps, one more row for each light.

    Parameters
    ----------
    trace : Trace
        A recorded run.
    steps : list of int, or int
        Steps to draw, or how many (then chosen by `snapshot_steps`).
    blue, red : sequences of float arrays (H, W), optional
        Light at the drawn steps, in their order. Drawn on a logarithmic colour
        scale; a dark field (no source) is left white.
    size : float
        Width of one snapshot, in inches.
    columns : int
        Snapshots per row; more are wrapped.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If a step was not recorded, or a light has another length than `steps`.
    """
    recorded = len(trace.positions)
    if isinstance(steps, int):
        chosen = snapshot_steps(trace, steps)
        asked = [trace.steps if i == recorded - 1 else i for i in chosen]
    else:
        asked = list(steps)
        chosen = [_recorded_index(trace, step) for step in asked]
    lights = {
        name: list(maps)
        for name, maps in (("blue", blue), ("red", red))
        if maps is not None
    }
    for name, maps in lights.items():
        if len(maps) != len(chosen):
            raise ValueError(
                f"{name} has {len(maps)} maps for {len(chosen)} drawn steps."
            )
    columns = min(columns, len(chosen))
    blocks = -(-len(chosen) // columns)
    rows_per_block = 1 + len(lights)
    height, width = trace.target.shape
    panel = size * height / width
    figure = Figure(
        figsize=(columns * size, blocks * (rows_per_block * panel + 0.3) + 0.3),
        layout="constrained",
    )
    axes = figure.subplots(blocks * rows_per_block, columns, squeeze=False)
    for axis in axes.flat:
        axis.set_axis_off()
    for k, (index, step) in enumerate(zip(chosen, asked, strict=True)):
        row, column = divmod(k, columns)
        axis = axes[row * rows_per_block, column]
        states = cell_states(trace.target, trace.positions[index])
        axis.imshow(states, cmap=CELL_COLOURS, vmin=0, vmax=3, interpolation="nearest")
        empty = int((states == 1).sum())
        axis.set_title(f"step {step}: {empty} empty", fontsize=8, pad=3)
        _frame(axis)
        for offset, (name, maps) in enumerate(lights.items(), start=1):
            below = axes[row * rows_per_block + offset, column]
            _draw_light(below, maps[k], trace.target, name)
    entries = [
        Patch(facecolor=TARGET, label="empty target cell"),
        Patch(facecolor=INSIDE, label="agent inside"),
        Patch(facecolor=OUTSIDE, label="agent outside"),
    ]
    if "blue" in lights:
        entries.append(
            Patch(facecolor=BLUE, alpha=0.5, label="blue light (empty cells)")
        )
    if "red" in lights:
        entries.append(
            Patch(facecolor=RED, alpha=0.5, label="red light (agents outside)")
        )
    figure.legend(
        handles=entries,
        loc="outside lower center",
        ncols=min(len(entries), max(1, int(columns * size / 1.6))),
        fontsize=8,
        frameon=False,
    )
    return figure


def _recorded_index(trace: Trace, step: int) -> int:
    """Index into ``trace.positions`` of a step, also for unrecorded runs."""
    if 0 <= step <= trace.steps:
        if len(trace.positions) == trace.steps + 1:
            return step
        if step in (0, trace.steps):
            return 0 if step == 0 else len(trace.positions) - 1
        raise ValueError(
            f"step {step} was not recorded: only 0 and {trace.steps} were "
            "(run with record=True)."
        )
    raise ValueError(f"step {step} is outside 0 to {trace.steps}.")


def _frame(axis: Axes) -> None:
    axis.set_axis_on()
    axis.set(xticks=[], yticks=[])
    for spine in axis.spines.values():
        spine.set(color="#9aa0a6", linewidth=0.6)


def _draw_light(axis: Axes, light: np.ndarray, target: np.ndarray, name: str) -> None:
    """One light on a log scale, the outline of the target over it."""
    light = np.asarray(light, dtype=float)
    if light.max() > 0:
        low = light[light > 0].min()
        norm = LogNorm(low, max(light.max(), low * (1 + 1e-9)))
        shown = np.ma.masked_less_equal(light, 0)
        axis.imshow(shown, cmap=_LIGHTS[name], norm=norm, interpolation="nearest")
    else:
        axis.imshow(np.zeros_like(light), cmap=_LIGHTS[name], vmin=0, vmax=1)
        axis.text(
            0.5, 0.5, "dark", transform=axis.transAxes, ha="center", va="center",
            fontsize=8, color="#59636e",
        )  # fmt: skip
    if target.any() and not target.all():
        axis.contour(target, levels=[0.5], colors="#333333", linewidths=0.6)
    _frame(axis)
