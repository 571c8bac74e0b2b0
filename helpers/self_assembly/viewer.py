"""Viewer of one run: play, step, light maps, and what a chosen agent would do.

The whole run is sent to the browser once, when a front end asks for it, as 4 bytes
per agent and state; playing and stepping then need no kernel and cannot flicker.
Light maps (2 bytes per cell and state) and priority lists are computed in Python
when they are looked at. Without a front end nothing is encoded or sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget
import numpy as np
import traitlets

if TYPE_CHECKING:
    from helpers.self_assembly.trace import Trace

_STATIC = Path(__file__).parent / "static"


def encode_positions(positions: Sequence[np.ndarray]) -> bytes:
    """Every state as int16 (row, column) pairs, (-1, -1) for an absent agent.

    Parameters
    ----------
    positions : sequence of int arrays (n_t, 2)
        One array per state; their lengths may differ.

    Returns
    -------
    bytes
        Little endian, T + 1 states of max(n_t) pairs: 4 bytes per agent and state.
    """
    agents = max((len(p) for p in positions), default=0)
    frames = np.full((len(positions), agents, 2), -1, dtype="<i2")
    for frame, state in zip(frames, positions, strict=True):
        frame[: len(state)] = np.asarray(state).reshape(-1, 2)
    return frames.tobytes()


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


def light_sources(target: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """Bool array (2, H, W): unoccupied target cells (blue), agents outside (red)."""
    occupied = np.zeros(target.shape, dtype=bool)
    rows, cols = np.asarray(positions, dtype=int).reshape(-1, 2).T
    occupied[rows, cols] = True
    return np.stack([target & ~occupied, occupied & ~target])


class AssemblyViewer(anywidget.AnyWidget):
    """Interactive viewer of a recorded run.

    Parameters
    ----------
    trace : Trace
        A run recorded with ``record=True``.
    blue, red : sequences of float arrays (H, W), optional
        Light of each state, if known. Otherwise it is computed from the positions
        when first looked at.
    options : mapping, optional
        Arguments of `Assembly` the run was made with (omega, kernel, ...). They
        decide the phase shown and the priority list of a selected agent.
    **traits
        Start values of `frame`, `speed` (1-10), `heat` ("off", "blue", "red" or
        "both") and `selected` (an agent's row, or -1).

    Raises
    ------
    ValueError
        If the trace holds no recorded states or a light has a wrong length.
    """

    _esm = _STATIC / "viewer.js"
    _css = _STATIC / "viewer.css"

    frame = traitlets.Int(0, min=0).tag(sync=True)
    speed = traitlets.Int(5, min=1, max=10).tag(sync=True)
    heat = traitlets.Enum(["off", "blue", "red", "both"], "off").tag(sync=True)
    selected = traitlets.Int(-1, min=-1).tag(sync=True)
    error = traitlets.Unicode("").tag(sync=True)

    # The run as the front end draws it; empty until a front end asks.
    trace_id = traitlets.Int(0).tag(sync=True)
    rows = traitlets.Int(0).tag(sync=True)
    cols = traitlets.Int(0).tag(sync=True)
    agents = traitlets.Int(0).tag(sync=True)
    target_cells = traitlets.Bytes(b"").tag(sync=True)
    frames = traitlets.Bytes(b"").tag(sync=True)
    empty = traitlets.List(traitlets.Int()).tag(sync=True)
    moved = traitlets.List(traitlets.Int()).tag(sync=True)
    late = traitlets.List(traitlets.Bool()).tag(sync=True)
    completed = traitlets.Bool(False).tag(sync=True)
    controls = traitlets.Bool(False).tag(sync=True)
    busy = traitlets.Bool(False).tag(sync=True)

    def __init__(
        self,
        trace: Trace | None = None,
        blue: Sequence[np.ndarray] | None = None,
        red: Sequence[np.ndarray] | None = None,
        *,
        options: Mapping[str, Any] | None = None,
        **traits: Any,
    ) -> None:
        super().__init__(**traits)
        self.trace: Trace | None = None
        self._options: dict[str, Any] = {}
        self._lights: tuple[Sequence[np.ndarray], Sequence[np.ndarray]] | None = None
        self._front_end = False
        self.on_msg(self._receive)
        if trace is not None:
            self.show(trace, blue, red, options=options, frame=self.frame)

    def show(
        self,
        trace: Trace,
        blue: Sequence[np.ndarray] | None = None,
        red: Sequence[np.ndarray] | None = None,
        *,
        options: Mapping[str, Any] | None = None,
        frame: int = 0,
    ) -> None:
        """Replace the run on screen; arguments as of the class."""
        states = len(trace.positions)
        if states != trace.steps + 1:
            raise ValueError(
                f"the trace holds {states} states for {trace.steps} steps; "
                "make the run with record=True to view it."
            )
        if (blue is None) != (red is None):
            raise ValueError("give both light maps, blue and red, or neither.")
        if blue is not None and red is not None:
            for name, light in (("blue", blue), ("red", red)):
                if len(light) != states:
                    raise ValueError(f"{name} has {len(light)} maps, not {states}.")
            self._lights = (blue, red)
        else:
            self._lights = None
        self.trace = trace
        self._options = dict(options or {})
        self._frame_count = states
        with self.hold_sync():
            self.frame = min(frame, states - 1)
            self.selected = -1
            self._encode()
            self.trace_id += 1

    def _encode(self) -> None:
        """Fill the traits the front end draws from, if there is a front end."""
        trace = self.trace
        if trace is None or not self._front_end:
            return
        size = int(trace.target.sum())
        threshold = self._options.get("omega", 0.15) * size
        self.rows, self.cols = trace.target.shape
        self.agents = max(len(p) for p in trace.positions)
        self.target_cells = trace.target.astype(np.uint8).tobytes()
        self.frames = encode_positions(trace.positions)
        self.empty = [int(u) for u in trace.unoccupied]
        self.moved = [int(m) for m in trace.moved]
        self.late = [u <= threshold for u in self.empty]
        self.completed = trace.completed

    def light(self, frame: int) -> tuple[np.ndarray, np.ndarray]:
        """Blue and red light (H, W) at a recorded state.

        Sum over unoccupied target cells (blue) or agents outside (red) of
        ``L / (1 + beta d)``, by fast Fourier transform unless given.
        """
        trace = self._shown()
        if self._lights is not None:
            return self._lights[0][frame], self._lights[1][frame]
        from helpers.self_assembly.light_field import FFTField

        if getattr(self, "_field_of", None) is not trace:
            names = {"kernel", "intensity", "beta"} & self._options.keys()
            known = {name: self._options[name] for name in names}
            self._field = FFTField(trace.target.shape, **known)
            self._field_of = trace
        blue, red = self._field(light_sources(trace.target, trace.positions[frame]))
        return blue.numpy(), red.numpy()

    def inspect(self, agent: int, frame: int) -> dict[str, Any]:
        """What an agent sees and does next: the panel's content.

        Returns
        -------
        dict
            ``rows``: cells of its neighbourhood in the order tried, each with
            ``row``, ``col``, ``blue``, ``red``, ``rank`` (0 if not in the list),
            ``chosen`` and ``note``; ``summary`` and ``outcome``: one sentence each.
        """
        raise NotImplementedError

    def _shown(self) -> Trace:
        if self.trace is None:
            raise ValueError("no run to show yet; call show(trace) first.")
        return self.trace

    def _receive(
        self, _: Any, message: dict[str, Any], buffers: Sequence[memoryview]
    ) -> None:
        if message["type"] == "ready":
            self._front_end = True
            with self.hold_sync():
                self._encode()
                self.trace_id = max(1, self.trace_id + 1)
        elif message["type"] == "light":
            self._send_light(message["frames"])
        elif message["type"] == "agent":
            answer = self.inspect(message["agent"], message["frame"])
            self.send({"type": "agent", "trace_id": self.trace_id, **answer})

    def _send_light(self, frames: Sequence[int]) -> None:
        buffers, ranges = [], []
        for frame in frames:
            maps = [quantise_light(light) for light in self.light(frame)]
            buffers.append(np.stack([levels for levels, _ in maps]).tobytes())
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
