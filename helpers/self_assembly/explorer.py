"""Explorer of the method: choose, type, draw or upload a shape, and watch it form."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets

from helpers.self_assembly.config import AssemblyConfig
from helpers.self_assembly.shape_raster import keep_components, rasterise
from helpers.self_assembly.shapes import (
    from_mask,
    named_shape,
    shape_names,
    text_shape,
)
from helpers.self_assembly.viewer import AssemblyViewer

if TYPE_CHECKING:
    from helpers.self_assembly.trace import Trace

WIDTHS = (16, 25, 40, 60, 80, 95, 135)
"""Grid sizes offered: most of those named in the authors' engine, and the paper's
largest (recalled)."""

CONTROLS = frozenset(
    {"source", "shape", "text", "picture_shape", "width", "gamma", "omega", "seed"}
    | {"repair", "morph", "frame"}
)
"""Traits that the browser sets when it asks for a run."""


def picture_ink(grey: np.ndarray) -> np.ndarray:
    """Shape in a grey picture, cropped to it: the side of the picture's contrast that
    does not make up its border.

    The threshold is Otsu's: the grey level that splits the pixels into two groups with
    the largest variance between them.

    Parameters
    ----------
    grey : uint8 array (h, w)

    Returns
    -------
    bool array
        True on the shape, without empty rows and columns around it.

    Raises
    ------
    ValueError
        If the picture is of one grey only.
    """
    counts = np.bincount(grey.ravel(), minlength=256).astype(float)
    below = counts.cumsum()
    total_below = (counts * np.arange(256)).cumsum()
    above = below[-1] - below
    split = (below > 0) & (above > 0)
    if not split.any():
        raise ValueError("the picture has one grey only, so there is no shape in it")
    mean_below = total_below / np.maximum(below, 1)
    mean_above = (total_below[-1] - total_below) / np.maximum(above, 1)
    between = np.where(split, below * above * (mean_below - mean_above) ** 2, -1.0)
    dark = grey <= int(between.argmax())
    border = np.concatenate([dark[0], dark[-1], dark[1:-1, 0], dark[1:-1, -1]])
    ink = ~dark if border.mean() > 0.5 else dark
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


class AssemblyExplorer(AssemblyViewer):
    """Controls around the viewer; use `assembly_explorer` to make one.

    Every control is a trait that can be set in Python too. `run` makes the run they
    ask for and raises if it cannot; in the browser the same error appears as a line
    beneath the picture.
    """

    source = traitlets.Enum(["named", "text", "drawn", "picture"], "named").tag(
        sync=True
    )
    shape = traitlets.Unicode("star").tag(sync=True)
    text = traitlets.Unicode("").tag(sync=True)
    picture = traitlets.Bytes(b"").tag(sync=True)
    picture_shape = traitlets.List(traitlets.Int()).tag(sync=True)
    width = traitlets.Int(80).tag(sync=True)
    gamma = traitlets.Float(0.2).tag(sync=True)
    omega = traitlets.Float(0.15).tag(sync=True)
    seed = traitlets.Int(0).tag(sync=True)
    morph = traitlets.Bool(False).tag(sync=True)
    repair = traitlets.Bool(False).tag(sync=True)
    shape_names = traitlets.List(traitlets.Unicode()).tag(sync=True)
    widths = traitlets.List(traitlets.Int()).tag(sync=True)

    def __init__(self, config: AssemblyConfig | None = None, **traits: Any) -> None:
        super().__init__(controls=True, **traits)
        self._base = config or AssemblyConfig()
        self.shape_names = list(shape_names())
        self.widths = sorted({*WIDTHS, self.width})

    @property
    def config(self) -> AssemblyConfig:
        """Configuration of the next run."""
        return replace(
            self._base,
            gamma=self.gamma,
            omega=self.omega,
            repair="geodesic" if self.repair else "none",
        )

    def target(self) -> np.ndarray:
        """Target of the next run, bool (H, W)."""
        if self.source == "named":
            return named_shape(self.shape, self.width)
        if self.source == "text":
            if not self.text.strip():
                raise ValueError("type a text to form")
            return text_shape(self.text.strip(), self.width)
        grid = np.frombuffer(self.picture, dtype=np.uint8)
        grid = grid.reshape(tuple(self.picture_shape) or (0, 0))
        if self.source == "drawn":
            if not grid.any():
                raise ValueError("the drawing is empty: paint at least one cell")
            mask = from_mask(grid)
            if mask.shape == (self.width, self.width):
                return mask
            # Drawn on another grid: the same part of this one.
            return from_mask(rasterise(mask, self.width, self.width, np.sqrt(2)))
        if grid.size == 0:
            raise ValueError("there is no picture yet: upload one")
        ink, _ = keep_components(picture_ink(grid))
        return from_mask(rasterise(ink, self.width, self.width))

    def run(self) -> Trace:
        """Make the run that the controls ask for, show it and return it.

        With `morph`, the agents start where they stand in the state on screen.

        Raises
        ------
        ValueError
            A control has a value that cannot be run; says which are allowed.
        """
        from helpers.self_assembly.assembly import Assembly

        self.error = ""
        self.busy = True
        try:
            config = self.config
            target = self.target()
            start = self._start(target)
            crowd = Assembly(target, positions=start, config=config, seed=self.seed)
            trace = crowd.run()
            self.show(trace, config=config)
        finally:
            self.busy = False
        return trace

    def _start(self, target: np.ndarray) -> np.ndarray | None:
        if not self.morph or self.trace is None:
            return None
        height, width = self.trace.target.shape
        if target.shape != (height, width):
            raise ValueError(
                f"morph needs the grid the agents stand on, {width} × {height}; "
                f"choose that grid or switch morph off"
            )
        return self.trace.positions[min(self.frame, self.trace.steps)]

    def _receive(
        self, widget: Any, message: dict[str, Any], buffers: Sequence[memoryview]
    ) -> None:
        first = message["type"] == "ready" and self.trace is None
        super()._receive(widget, message, buffers)
        if not first and message["type"] != "run":
            return
        try:
            for name, value in message.get("changes", {}).items():
                if name not in CONTROLS:
                    raise ValueError(f"{name!r} is not a control of the explorer")
                setattr(self, name, value)
            if buffers:
                self.picture = bytes(buffers[0])
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always", UserWarning)
                self.run()
            # Pieces that came off a coarse shape: said, but no failure.
            self.error = " ".join(str(w.message) for w in caught)
        except (ValueError, traitlets.TraitError) as error:
            # A value that the reader of the line can put right.
            self.error = str(error)
        except Exception as error:
            self.error = f"{type(error).__name__}: {error}"
            raise
        finally:
            self.send({"type": "ran"})


def assembly_explorer(
    width: int = 80,
    shape: str = "star",
    *,
    gamma: float = 0.2,
    omega: float = 0.15,
    seed: int = 0,
    max_steps: int = 400,
    speed: int = 6,
    heat: str = "off",
    **options: Any,
) -> AssemblyExplorer:
    """Interactive explorer of the method (ours; parity with the authors' web demo).

    Nothing is run until a front end shows it, or `run` is called.

    Parameters
    ----------
    width : int
        Cells per side of the grid.
    shape : str
        Stored shape to begin with, one of `shape_names`.
    gamma, omega : float
        Exploration probability; open share of the target at the phase switch.
    seed : int
    max_steps : int
        Cap on the steps of one run, so that stalled runs end while one waits.
    speed, heat
        As of `AssemblyViewer`.
    **options
        Further fields of `AssemblyConfig`.

    Raises
    ------
    ValueError
        For a value that is not allowed, or an unknown name (with the nearest).
    """
    repair = options.pop("repair", "none")
    config = AssemblyConfig.from_options(
        gamma=gamma, omega=omega, max_steps=max_steps, repair=repair, **options
    )
    explorer = AssemblyExplorer(
        config,
        width=width,
        shape=shape,
        gamma=gamma,
        omega=omega,
        seed=seed,
        repair=repair == "geodesic",
        speed=speed,
        heat=heat,
    )
    explorer.target()  # raises for a shape or a grid that cannot be
    return explorer
