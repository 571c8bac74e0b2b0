"""Viewer of one run: play, step, light maps, and what a chosen agent would do.

The whole run is sent to the browser once, when a front end asks for it; playing and
stepping then need no kernel and cannot flicker. The browser holds 4 bytes per agent
and state. Light maps (2 bytes per cell and state) and priority lists are computed in
Python when they are looked at. Without a front end nothing is encoded or sent.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget
import numpy as np
import traitlets

if TYPE_CHECKING:
    from helpers.self_assembly.config import AssemblyConfig
    from helpers.self_assembly.inspection import Inspection
    from helpers.self_assembly.trace import Trace

_STATIC = Path(__file__).parent / "static"


def encode_positions(positions: Sequence[np.ndarray]) -> bytes:
    """Every state as int16 (row, column) pairs, (-1, -1) for an absent agent.

    Little endian, T + 1 states of max(n_t) pairs; each state but the first as its
    difference from the one before, then compressed by zlib. A run shrinks tenfold:
    the Jupyter server drops messages beyond 1 MB/s on average.

    Parameters
    ----------
    positions : sequence of int arrays (n_t, 2)
        One array per state; their lengths may differ.
    """
    agents = max((len(p) for p in positions), default=0)
    frames = np.full((len(positions), agents, 2), -1, dtype="<i2")
    for frame, state in zip(frames, positions, strict=True):
        frame[: len(state)] = np.asarray(state).reshape(-1, 2)
    frames[1:] = np.diff(frames, axis=0)
    return zlib.compress(frames.tobytes(), 1)


def decode_positions(data: bytes, agents: int) -> np.ndarray:
    """Inverse of `encode_positions`: int16 array (T + 1, agents, 2)."""
    flat = np.frombuffer(zlib.decompress(data), dtype="<i2")
    frames = flat.reshape(-1, agents, 2)
    return np.cumsum(frames, axis=0, dtype=np.int16)


def quantise_light(light: np.ndarray) -> tuple[np.ndarray, tuple[float, float]]:
    """One light map as 256 levels on a logarithmic scale from its least to its most.

    ``q = round(255 (log v - log low) / (log high - log low))``; cells without any
    light are 0. A map of one value only is 255 where it is lit.

    Returns
    -------
    levels : uint8 array (H, W)
    ends : (low, high)
        Light at level 0 and 255; (0, 0) when there is no source.

    Examples
    --------
    >>> levels, ends = quantise_light(np.array([[1.0, 10.0, 100.0]]))
    >>> levels.tolist(), ends
    ([[0, 128, 255]], (1.0, 100.0))
    """
    light = np.asarray(light, dtype=float)
    lit = light > 0
    if not lit.any():
        return np.zeros(light.shape, np.uint8), (0.0, 0.0)
    low, high = float(light[lit].min()), float(light.max())
    depth = np.zeros(light.shape)
    span = np.log(high / low)
    depth[lit] = np.log(light[lit] / low) / span if span > 0 else 1.0
    return np.rint(255 * depth).astype(np.uint8), (low, high)


class AssemblyViewer(anywidget.AnyWidget):
    """Interactive viewer of a recorded run.

    Parameters
    ----------
    trace : Trace
        A run recorded with ``record=True``.
    blue, red : sequences of float arrays (H, W), optional
        Light of each state, if known. Otherwise it is computed from the positions
        when first looked at.
    config : AssemblyConfig, optional
        What the run was made with; decides the phases and the priority lists. The
        paper's defaults if not given. Runs of other methods have neither.
    **traits
        What is shown first: state ``frame``, ``speed`` (1-10), light map ``heat``
        ("off", "blue", "red" or "both") and agent ``selected`` (its row in
        ``trace.positions``, or -1). All are live.

    Raises
    ------
    ValueError
        If the trace lacks recorded states or a light has a wrong length.
    """

    _esm = _STATIC / "viewer.js"
    _css = _STATIC / "viewer.css"

    frame = traitlets.Int(0, min=0).tag(sync=True)
    speed = traitlets.Int(5, min=1, max=10).tag(sync=True)
    heat = traitlets.Enum(["off", "blue", "red", "both"], "off").tag(sync=True)
    selected = traitlets.Int(-1, min=-1).tag(sync=True)

    # The run as the front end draws it; empty until a front end asks.
    trace_id = traitlets.Int(0).tag(sync=True)
    rows = traitlets.Int(0).tag(sync=True)
    cols = traitlets.Int(0).tag(sync=True)
    agents = traitlets.Int(0).tag(sync=True)
    target_cells = traitlets.Bytes(b"").tag(sync=True)
    frames = traitlets.Bytes(b"").tag(sync=True)
    empty = traitlets.List(traitlets.Int()).tag(sync=True)
    moved = traitlets.List(traitlets.Int()).tag(sync=True)
    phases = traitlets.List(traitlets.Unicode()).tag(sync=True)
    completed = traitlets.Bool(False).tag(sync=True)
    controls = traitlets.Bool(False).tag(sync=True)
    busy = traitlets.Bool(False).tag(sync=True)
    error = traitlets.Unicode("").tag(sync=True)

    def __init__(
        self,
        trace: Trace | None = None,
        blue: Sequence[np.ndarray] | None = None,
        red: Sequence[np.ndarray] | None = None,
        *,
        config: AssemblyConfig | None = None,
        **traits: Any,
    ) -> None:
        super().__init__(**traits)
        self.trace: Trace | None = None
        self._config = config
        self._lights: tuple[Sequence[np.ndarray], Sequence[np.ndarray]] | None = None
        self._inspection: Inspection | None = None
        self._front_end = False
        self.on_msg(self._receive)
        if trace is not None:
            self.show(trace, blue, red, config=config, frame=self.frame)

    def show(
        self,
        trace: Trace,
        blue: Sequence[np.ndarray] | None = None,
        red: Sequence[np.ndarray] | None = None,
        *,
        config: AssemblyConfig | None = None,
        frame: int = 0,
    ) -> None:
        """Replace the run on screen; arguments and errors as of the class."""
        states = len(trace.positions)
        if states != trace.steps + 1:
            raise ValueError(
                f"the trace holds {states} states for {trace.steps} steps; "
                "make the run with record=True to view it"
            )
        if (blue is None) != (red is None):
            raise ValueError("give both light maps, blue and red, or neither")
        lights = None
        if blue is not None and red is not None:
            for name, light in (("blue", blue), ("red", red)):
                if len(light) != states:
                    raise ValueError(
                        f"{name} holds {len(light)} maps for {states} states"
                    )
            lights = blue, red
        self.trace, self._config, self._lights = trace, config, lights
        self._inspection = None
        with self.hold_sync():
            self.frame = min(frame, states - 1)
            self.selected = -1
            self._encode()
            self.trace_id += 1

    def light(self, frame: int) -> tuple[np.ndarray, np.ndarray]:
        """Blue and red light (H, W) of a state, as given or computed."""
        if self._lights is not None:
            return self._lights[0][frame], self._lights[1][frame]
        return self._inspect().light(frame)

    def inspect(self, agent: int, frame: int) -> dict[str, Any]:
        """What an agent sees and does next; see `Inspection.describe`."""
        trace = self._shown()
        if not 0 <= frame < len(trace.positions):
            raise ValueError(f"frame must be 0 to {trace.steps}, not {frame}")
        present = len(trace.positions[frame])
        if not 0 <= agent < present:
            raise ValueError(f"agent must be 0 to {present - 1}, not {agent}")
        if self._follows_light():
            return self._inspect().describe(agent, frame)
        row, col = (int(v) for v in trace.positions[frame][agent])
        return {
            "row": row,
            "col": col,
            "rows": [],
            "summary": f"At ({row}, {col}). {trace.method} has no priority lists.",
            "outcome": "",
        }

    def _shown(self) -> Trace:
        if self.trace is None:
            raise ValueError("there is no run to look at yet")
        return self.trace

    def _follows_light(self) -> bool:
        return self._config is not None or self._shown().method.startswith("ALF")

    def _inspect(self) -> Inspection:
        if self._inspection is None:
            # Not at the top: it brings torch and numba, which showing a run does not
            # need.
            from helpers.self_assembly.config import AssemblyConfig
            from helpers.self_assembly.inspection import Inspection

            config = self._config or AssemblyConfig()
            self._inspection = Inspection(self._shown(), config)
        return self._inspection

    def _encode(self) -> None:
        """Fill the traits the front end draws from, if there is a front end."""
        trace = self.trace
        if trace is None or not self._front_end:
            return
        self.rows, self.cols = trace.target.shape
        self.agents = max(len(p) for p in trace.positions)
        self.target_cells = trace.target.astype(np.uint8).tobytes()
        self.frames = encode_positions(trace.positions)
        self.empty = [int(u) for u in trace.unoccupied]
        self.moved = [int(m) for m in trace.moved]
        self.phases = list(self._inspect().phases) if self._follows_light() else []
        self.completed = trace.completed

    def _receive(
        self, _: Any, message: dict[str, Any], buffers: Sequence[memoryview]
    ) -> None:
        if message["type"] == "ready":
            self._front_end = True
            with self.hold_sync():
                self._encode()
                self.trace_id += 1
        elif message["type"] == "light":
            self._send_light(message["frames"])
        elif message["type"] == "agent":
            agent, frame = message["agent"], message["frame"]
            answer = self.inspect(agent, frame)
            self.send(
                {"type": "agent", "trace_id": self.trace_id, "agent": agent}
                | {"frame": frame, **answer}
            )

    def _send_light(self, frames: Sequence[int]) -> None:
        buffers, ranges = [], []
        for frame in frames:
            maps = [quantise_light(light) for light in self.light(frame)]
            levels = np.stack([levels for levels, _ in maps])
            buffers.append(zlib.compress(levels.tobytes(), 1))
            ranges.append([ends for _, ends in maps])
        self.send(
            {
                "type": "light",
                "trace_id": self.trace_id,
                "frames": list(frames),
                "ranges": ranges,
            },
            buffers,
        )
